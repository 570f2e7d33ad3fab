// The frame once the browser has taken over: palette, keys, navigation without reload.
import { expect, open, test } from "../support/fixtures";

const palette = /search|jump|palette|command/i;

test("the palette opens by key, finds a page and goes there", async ({ page }) => {
  await open(page, "/t/acme");
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: palette });
  await expect(dialog).toBeVisible();
  await page.keyboard.type("topol");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/t\/acme\/topology/);
  await expect(dialog).toBeHidden();
});

test("the palette finds a service of the mesh", async ({ page }) => {
  await open(page, "/t/acme");
  await page.getByRole("button", { name: /search or jump to/i }).click();
  const dialog = page.getByRole("dialog", { name: palette });
  await dialog.getByRole("combobox").or(dialog.getByRole("searchbox")).or(dialog.getByRole("textbox")).first().fill("payments");
  await expect(dialog.getByRole("option", { name: /payments/i }).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

test("? shows the keys, Escape puts them away", async ({ page }) => {
  await open(page, "/t/acme");
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: /keys/i });
  await expect(sheet).toBeVisible();
  await expect(sheet).toContainText(/topology/i);
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
});

test("g t and g h go to pages without a reload", async ({ page }) => {
  await open(page, "/t/acme");
  await page.evaluate(() => { (window as unknown as { kept: boolean }).kept = true; });
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(/\/t\/acme\/topology/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/topology/i);
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/overview/i);
  expect(await page.evaluate(() => (window as unknown as { kept?: boolean }).kept)).toBe(true);
});

test("keys typed into a field stay there", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await page.getByLabel(/^time range/i).click();
  await page.getByLabel("From", { exact: true }).fill("gt?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(/\/topology$/);
});

test("the page says that data arrives, and that the connection is lost", async ({ page, context, complaints }) => {
  complaints.allow(/ERR_INTERNET_DISCONNECTED|WebSocket|disconnected/i);
  await open(page, "/t/acme/topology");
  const lamp = page.getByRole("link", { name: /^live$/i });
  await expect(lamp).toHaveClass(/is-on/, { timeout: 15_000 });
  await context.setOffline(true);
  // Chromium leaves an open socket alone when it goes offline, so cut this one.
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await context.setOffline(false);
  await expect(lamp).toHaveClass(/is-on/, { timeout: 30_000 });
});
