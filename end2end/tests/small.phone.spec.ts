// 360 pixels: nothing is cut off to the side, the menu opens, topology comes as a list that starts with the worst.
import { expect, hydrated, test } from "../support/fixtures";
import { ADMIN_PAGES, PAGES } from "./pages";

for (const { name, path, heading } of [...PAGES, ...ADMIN_PAGES]) {
  test(`${name} fits a phone`, async ({ page }) => {
    await page.goto(path);
    if (!ADMIN_PAGES.some((page) => page.path === path)) await hydrated(page);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    const { content, window: width } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, window: window.innerWidth }));
    expect(content, "no sideways scrolling").toBeLessThanOrEqual(width);
    const clipped = await page.evaluate(() => {
      const main = document.querySelector("main")!;
      return main.scrollWidth - main.clientWidth;
    });
    expect(clipped, "nor inside the page").toBeLessThanOrEqual(1);
  });
}

test("the menu opens and leads on", async ({ page }) => {
  await page.goto("/t/acme");
  await hydrated(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: /topology/i }).click();
  await expect(page).toHaveURL(/\/t\/acme\/topology/);
});

test("what can be tapped is at least 24 pixels high", async ({ page }) => {
  await page.goto("/t/acme");
  await hydrated(page);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, summary, nav a, .btn")]
      .map((element) => ({ rect: element.getBoundingClientRect(), name: element.getAttribute("aria-label") ?? element.innerText }))
      .filter(({ rect }) => rect.width > 0 && rect.height > 0 && rect.height < 24)
      .map(({ rect, name }) => `${name.trim()} (${rect.height.toFixed(0)} px)`),
  );
  expect(small).toEqual([]);
});
