// The frame around every page, as far as it works without scripts: pages, tenants, time range, theme, live switch.
import { expect, open, running, test } from "../support/fixtures";

test("the sidebar leads to the pages and marks the current one", async ({ page }) => {
  await open(page, "/t/acme?from=now-3h");
  const pages = page.getByRole("navigation", { name: "Pages" });
  await expect(pages.getByRole("link", { name: /overview/i })).toHaveAttribute("aria-current", "page");
  await pages.getByRole("link", { name: /topology/i }).click();
  await expect(page).toHaveURL(/\/t\/acme\/topology\?from=now-3h$/);
  await expect(pages.getByRole("link", { name: /topology/i })).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/topology/i);
});

test("a time range is chosen in the top bar and kept in the address", async ({ page }) => {
  await open(page, "/t/acme");
  await page.getByLabel(/^time range/i).click();
  await page.getByRole("link", { name: "Last 6 h" }).click();
  await expect(page).toHaveURL(/[?&]from=now-6h/);
  await expect(page.getByLabel(/^time range/i)).toContainText("Last 6 h");
  await page.goBack();
  await expect(page.getByLabel(/^time range/i)).toContainText("Last 1 h");
});

test("live mode is a link: off and on again", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await page.getByRole("link", { name: /^live$/i }).click();
  await expect(page).toHaveURL(/[?&]live=0/);
  await page.getByRole("link", { name: /paused/i }).click();
  await expect(page).not.toHaveURL(/live=0/);
});

for (const theme of ["light", "dark"] as const) {
  test(`the theme ${theme} is in the first byte of every page: no flash`, async ({ page }) => {
    await open(page, "/t/acme");
    await page.getByLabel(/^account of/i).click();
    await page.getByRole("button", { name: new RegExp(`^${theme}$`, "i") }).click();
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    for (const path of ["/t/acme", "/t/acme/topology", "/"]) {
      const html = await (await page.request.get(path)).text();
      expect(html.slice(0, 500), path).toMatch(new RegExp(`<html[^>]*data-theme="${theme}"`));
    }
  });
}

test("somebody with one tenant is offered no other", async ({ page }) => {
  await open(page, "/t/acme");
  await page.getByLabel(/^tenant acme/i).click();
  await expect(page.getByRole("link", { name: /globex/i })).toHaveCount(0);
});

test.describe("operator", () => {
  test.use({ who: "operator" });
  test("switches tenants", async ({ page }) => {
    await open(page, "/t/acme");
    await page.getByLabel(/^tenant acme/i).click();
    await page.getByRole("link", { name: /globex/i }).click();
    await expect(page).toHaveURL(new RegExp(`${running().url}/t/globex/?$`));
    await expect(page.getByLabel(/^tenant globex/i)).toBeVisible();
  });
});

test("an address that leads nowhere answers 404 and offers a way back", async ({ page, complaints }) => {
  complaints.allow(/404/);
  const response = await page.goto("/t/acme/no-such-page");
  expect(response?.status()).toBe(404);
  await expect(page.getByText(/does not exist|not found/i).first()).toBeVisible();
  await expect(page.getByRole("link", { name: /start page/i })).toBeVisible();
});

test("the stores and how quick they answer stand at the foot of the sidebar", async ({ page }) => {
  await open(page, "/t/acme");
  const stores = page.getByRole("group", { name: "Stores" });
  await expect(stores).toContainText(/metrics|embedded|prometheus/i);
  await expect(stores).toContainText(/\d+(\.\d+)?\s?(µs|ms|s)|ok/);
});
