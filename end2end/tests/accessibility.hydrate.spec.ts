// No serious finding of axe on any page, in both themes.
import AxeBuilder from "@axe-core/playwright";

import { expect, open, test } from "../support/fixtures";
import { ADMIN_PAGES, OPERATOR_PAGES, PAGES, PUBLIC_PAGES } from "./pages";

for (const theme of ["light", "dark"] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    for (const { name, path } of PAGES) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await open(page, path);
        await check(page);
      });
    }

    for (const { name, path } of ADMIN_PAGES) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await page.goto(path);
        await check(page);
      });
    }

    test.describe("for who runs the installation", () => {
      test.use({ who: "operator" });
      for (const { name, path } of OPERATOR_PAGES) {
        test(`${name} has no serious finding`, async ({ page }) => {
          await page.goto(path);
          await check(page);
        });
      }
    });

    test.describe("for strangers", () => {
      test.use({ who: "nobody" });
      for (const { name, path } of PUBLIC_PAGES) {
        test(`${name} has no serious finding`, async ({ page }) => {
          await page.goto(path);
          await check(page);
        });
      }
    });
  });
}

async function check(page: import("@playwright/test").Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const serious = violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
    .map((violation) => `${violation.id}: ${violation.help}\n  ${violation.nodes.slice(0, 5).map((node) => node.target.join(" ") + "  " + node.html.slice(0, 160)).join("\n  ")}`);
  expect(serious).toEqual([]);
}
