// Administration: documents and forms, the same with scripts and without.
import { expect, test } from "../support/fixtures";
import { ADMIN_PAGES, OPERATOR_PAGES, type KnownPage } from "./pages";

function isADocument({ name, path, heading }: KnownPage) {
  test(`${name} is a plain document`, async ({ page, request }) => {
    const response = await page.goto(path);
    expect(response?.status()).toBe(200);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    await expect(page).toHaveTitle(/Obstack$/);
    const html = await (await request.get(path)).text();
    expect(html.match(/<script|<[a-z][^>]*\sstyle="|<[a-z][^>]*\son[a-z]+="/g) ?? []).toEqual([]);
    const ids = [...html.matchAll(/<[a-z][^>]*\sid="([^"]+)"/g)].map((match) => match[1]);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at), "ids that occur twice").toEqual([]);
  });
}

test.describe("a tenant's", () => {
  for (const page of ADMIN_PAGES) isADocument(page);
});

test.describe("the installation's", () => {
  test.use({ who: "operator" });
  for (const page of OPERATOR_PAGES) isADocument(page);

  test("a tenant is made, somebody is invited, comes in, and is out again", async ({ page, browser, complaints }, info) => {
    complaints.allow(/40[014]/);
    const slug = `made-${info.project.name}-${Date.now() % 100_000}`;
    await page.goto("/admin");
    await page.getByRole("textbox", { name: "Slug" }).fill("Not A Slug");
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("Made Up");
    await page.getByRole("button", { name: "Make tenant" }).first().click();
    await expect(page.getByRole("textbox", { name: "Slug" })).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByRole("textbox", { name: "Slug" }), "nothing that was typed is lost").toHaveValue("Not A Slug");
    await page.getByRole("textbox", { name: "Slug" }).fill(slug);
    await page.getByRole("button", { name: "Make tenant" }).first().click();
    await expect(page.getByText(slug).first()).toBeVisible();

    await page.goto(`/t/${slug}/settings/members`);
    const email = `new-${slug}@example.test`;
    await page.getByLabel(/e-?mail/i).first().fill(email);
    await page.getByRole("button", { name: /invite/i }).first().click();
    const link = await page.locator(".secret").filter({ hasText: "/invite/" }).first().innerText();

    const guest = await browser.newContext({ javaScriptEnabled: info.project.use.javaScriptEnabled, storageState: { cookies: [], origins: [] } });
    const visitor = await guest.newPage();
    await visitor.goto(link.trim());
    await visitor.getByLabel("Your name").fill("New Person");
    await visitor.getByLabel("Choose a password").fill("quiet river under seven lamps");
    await visitor.getByRole("button").filter({ hasText: "Make account and accept" }).first().click();
    await expect(visitor).toHaveURL(new RegExp(`/t/${slug}`));
    expect((await visitor.request.get(`/api/v1/t/acme/stores`)).status(), "and into no other tenant").toBe(404);

    await page.goto(`/admin/tenants/${slug}`);
    await page.locator("details.confirm summary").filter({ hasText: /delete/i }).click();
    await page.locator("details.confirm[open] input[name=confirm]").fill(slug);
    await page.locator("details.confirm[open] button").filter({ hasText: /delete/i }).click();
    await expect(page).toHaveURL(/\/admin\?done=deleted/);
    expect((await visitor.request.get(`/api/v1/t/${slug}/stores`)).status(), "out at once").toBe(404);
    await guest.close();
  });
});
