// What holds for every page, with scripts and without: it answers 200, has one first heading and a title, validates in
// the points that break hydration, and does not complain (the fixture looks after that).
import { expect, open, scripts, test } from "../support/fixtures";
import { PAGES } from "./pages";

for (const { name, path, heading } of PAGES) {
  test(`${name} is readable`, async ({ page }) => {
    const response = await open(page, path);
    expect(response?.status()).toBe(200);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    await expect(page).toHaveTitle(/Obstack/);
    await expect(page.getByRole("main")).toBeVisible();
    await expect(page.getByRole("navigation").first()).toBeVisible();
  });

  test(`${name}: complete, well-formed HTML without inline styles`, async ({ request }) => {
    const response = await request.get(path);
    const html = await response.text();
    // The data for the browser follows the document; its last piece says that nothing is missing.
    expect(html).toContain("</html>");
    expect(html.trimEnd().endsWith("__INCOMPLETE_CHUNKS=[];</script>")).toBe(true);
    // The content security policy refuses them, so they would be dead letters.
    expect(html.match(/<[a-z][^>]*\sstyle="/g) ?? []).toEqual([]);
    expect(html.match(/<[a-z][^>]*\son[a-z]+="/g) ?? []).toEqual([]);
    const ids = [...html.matchAll(/<[a-z][^>]*\sid="([^"]+)"/g)].map((match) => match[1]);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at), "ids that occur twice").toEqual([]);
  });

  test(`${name} stays within 60 KB of compressed HTML`, async ({ request }) => {
    const response = await request.get(path, { headers: { "accept-encoding": "br" } });
    expect(response.headers()["content-encoding"]).toBe("br");
    const { brotliCompressSync } = await import("node:zlib");
    expect(brotliCompressSync(await response.body()).length).toBeLessThan(60 * 1024);
  });
}

test("scripts are what this project says", async ({ page }) => {
  await open(page, "/t/acme");
  const marked = (await page.locator("html[data-hydrated]").count()) === 1;
  expect(marked).toBe(await scripts(page));
});
