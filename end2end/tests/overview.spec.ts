// The home page of a tenant: a sentence first, then what hurts, what changed and the stores.
import { expect, open, test } from "../support/fixtures";

test("a sentence says how things are, and the numbers under it are links that keep the time", async ({ page }) => {
  await open(page, "/t/acme?from=now-3h");
  const main = page.getByRole("main");
  // The verdict is the first heading below the page's name.
  await expect(main.getByRole("heading", { level: 2 }).first()).toHaveText(/\w+.*\w+/);
  const links = main.getByRole("link", { name: /payments|checkout|catalog/i });
  await expect(links.first()).toBeVisible();
  expect(await links.first().getAttribute("href")).toContain("from=now-3h");
});

test("services are listed with rate, latency and errors, worst first", async ({ page }) => {
  await open(page, "/t/acme");
  const table = page.getByRole("table").filter({ hasText: /checkout/ }).first();
  await expect(table).toBeVisible();
  await expect(table.getByRole("row", { name: /checkout/i })).toContainText(/\d/);
});

test("the charts are drawn on the server", async ({ request }) => {
  const html = await (await request.get("/t/acme")).text();
  // With 24 hours of history they are full at once: lines of many points, not empty frames.
  const longest = Math.max(...[...html.matchAll(/<(?:path|polyline)[^>]*\s(?:d|points)="([^"]+)"/g)].map((match) => match[1].length));
  expect(longest).toBeGreaterThan(300);
  expect(html).toMatch(/role="img"/);
});

test("the API tells the same", async ({ request }) => {
  const page = await (await request.get("/api/v1/t/acme/overview")).json();
  expect(page.services.length).toBeGreaterThan(5);
  expect(page.stats.requests_per_s).toBeGreaterThan(1);
  expect(page.verdict.sentence.length).toBeGreaterThan(0);
  expect(page.stores.length).toBeGreaterThan(0);
});
