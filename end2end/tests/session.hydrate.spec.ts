// A session that ends while its page is open.
import { expect, hydrated, test, user } from "../support/fixtures";

test.use({ who: "nobody" });

test("a session that ended closes the page's socket and leads to the login", async ({ page, complaints, baseURL }) => {
  complaints.allow(/40[01]|4401/);
  const { email, password } = user("acme");
  const headers = { "x-obstack-csrf": "1", origin: baseURL! };
  // A session of its own, in this browser's cookies.
  expect((await page.request.post("/api/v1/auth/login", { headers, data: { email, password } })).status()).toBe(204);
  await page.goto("/t/acme/topology");
  await hydrated(page);
  expect((await page.request.post("/api/v1/auth/logout", { headers })).status()).toBe(204);
  await expect(page.getByRole("link", { name: /(sign|log) in/i }).first()).toBeVisible({ timeout: 30_000 });
  await page.goto("/t/acme/topology");
  await expect(page).toHaveURL(/\/login\?return=/);
});
