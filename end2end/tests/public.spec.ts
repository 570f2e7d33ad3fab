// The landing page and the login: plain documents that need no script and download no wasm.
import { expect, test } from "../support/fixtures";
import { PUBLIC_PAGES } from "./pages";

test.use({ who: "nobody" });

for (const { name, path } of PUBLIC_PAGES) {
  test(`${name}: no wasm, no script of ours`, async ({ page }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const response = await page.goto(path, { waitUntil: "networkidle" });
    expect(response?.status()).toBe(200);
    expect(asked.filter((url) => /\.wasm|\/pkg\/.*\.js/.test(url))).toEqual([]);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page).toHaveTitle(/Obstack/);
  });
}

test("a page that does not exist says so", async ({ page, complaints }) => {
  complaints.allow(/404/);
  const response = await page.goto("/no/such/page");
  expect(response?.status()).toBe(404);
});

test("a missing file of the site is a plain 404, never a page", async ({ request }) => {
  const response = await request.get("/pkg/obstack.nothing.js");
  expect(response.status()).toBe(404);
  expect(await response.text()).not.toContain("<html");
});

test("security headers are on every answer", async ({ request }) => {
  for (const path of ["/", "/login", "/api/v1/version", "/no/such/page"]) {
    const headers = (await request.get(path)).headers();
    expect(headers["content-security-policy"], path).toContain("frame-ancestors 'none'");
    expect(headers["content-security-policy"], path).not.toContain("unsafe-inline");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
  }
});
