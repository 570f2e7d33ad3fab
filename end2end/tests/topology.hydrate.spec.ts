// The graph once the browser has taken over: pan, zoom, keyboard, search, live data.
import type { Page } from "@playwright/test";

import { expect, hydrated, open, test } from "../support/fixtures";

const svg = (page: Page) => page.locator("main svg").filter({ has: page.locator("a[data-node]") });
const node = (page: Page, name: string) => page.locator("svg a[data-node]").filter({ has: page.locator(`text="${name}"`) }).first();
const camera = (page: Page) => svg(page).locator(":scope > g").first().getAttribute("transform");

test("what the server drew is what the browser takes over", async ({ page, request, browser }) => {
  // Pushes off: nothing but the takeover may change the drawing.
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const still = await context.newPage();
  const at = `now-2m`;
  const path = `/t/acme/topology?live=0&from=now-30m&to=${at}`;
  await still.goto(new URL(path, test.info().project.use.baseURL ?? (await request.get("/healthz")).url()).href);
  const before = await still.locator("svg a[data-node] .topo-name").allInnerTexts();
  await context.close();
  await open(page, path);
  expect(await page.locator("svg a[data-node] .topo-name").allInnerTexts()).toEqual(before);
});

test("it can be dragged, zoomed and brought back", async ({ page }) => {
  await open(page, "/t/acme/topology?live=0");
  const drawing = svg(page);
  const box = (await drawing.boundingBox())!;
  const start = await camera(page);
  // An empty corner, so that no node is caught.
  await page.mouse.move(box.x + 6, box.y + 6);
  await page.mouse.down();
  await page.mouse.move(box.x + 126, box.y + 66, { steps: 6 });
  await page.mouse.up();
  await expect.poll(() => camera(page)).not.toBe(start);
  const moved = await camera(page);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -400);
  await expect.poll(() => camera(page)).not.toBe(moved);
  await page.getByRole("button", { name: /^fit$/i }).click();
  await expect.poll(() => camera(page)).toBe(start);
});

test("hovering a node leaves its neighbours and dims the rest", async ({ page }) => {
  await open(page, "/t/acme/topology?live=0");
  await node(page, "payments").hover();
  await expect(page.locator("svg .topo-node.is-far").first()).toBeAttached();
  await expect(node(page, "checkout").locator("xpath=..")).not.toHaveClass(/is-far/);
  await expect(node(page, "ratings").locator("xpath=..")).toHaveClass(/is-far/);
});

test("the panel opens without a reload and closes with Escape", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await page.evaluate(() => { (window as unknown as { kept: boolean }).kept = true; });
  await node(page, "payments").click();
  const panel = page.getByRole("complementary", { name: /payments/i });
  await expect(panel).toBeVisible();
  await expect(panel.locator("svg[role=img]").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page).not.toHaveURL(/sel=/);
  expect(await page.evaluate(() => (window as unknown as { kept?: boolean }).kept)).toBe(true);
});

test("arrows walk along the calls, Enter opens", async ({ page }) => {
  await open(page, "/t/acme/topology?live=0");
  await node(page, "checkout").focus();
  const name = () => page.evaluate(() => document.activeElement?.querySelector(".topo-name")?.textContent ?? "");
  expect(await name()).toBe("checkout");
  await page.keyboard.press("ArrowRight");
  const callee = await name();
  expect(callee).not.toBe("checkout");
  await page.keyboard.press("ArrowLeft");
  expect(await name()).not.toBe(callee);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/sel=/);
});

test("the find box marks what it finds and keeps it in the address", async ({ page }) => {
  await open(page, "/t/acme/topology?live=0");
  const find = page.getByRole("searchbox", { name: /find/i });
  await find.fill("payments");
  await find.press("Enter");
  await expect(page).toHaveURL(/find=payments/);
  await expect(node(page, "payments").locator("xpath=..")).not.toHaveClass(/is-far|is-gone/);
  await expect(node(page, "ratings").locator("xpath=..")).toHaveClass(/is-far|is-gone/);
});

test("v switches to the table and back", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await page.keyboard.press("v");
  await expect(page).toHaveURL(/view=table/);
  await expect(page.getByRole("table").first()).toBeVisible();
  await page.keyboard.press("v");
  await expect(svg(page)).toBeVisible();
});

test("new data arrives by itself, without a reload and without a jump", async ({ page }) => {
  const frames: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await open(page, "/t/acme/topology");
  await page.evaluate(() => { (window as unknown as { kept: boolean }).kept = true; });
  const place = async () => {
    const box = await node(page, "checkout").boundingBox();
    return box && [Math.round(box.x), Math.round(box.y)].join();
  };
  const before = await place();
  expect(before).toBeTruthy();
  const text = () => page.locator("svg .topo-edge text").allTextContents();
  const first = (await text()).join("|");
  await expect.poll(async () => (await text()).join("|"), { timeout: 30_000, message: "rates on the edges change" }).not.toBe(first);
  expect(frames.filter((frame) => frame.includes('"topology"')).length).toBeGreaterThan(0);
  expect(await place(), "the same node is in the same place").toBe(before);
  expect(await page.evaluate(() => (window as unknown as { kept?: boolean }).kept)).toBe(true);
});

test("a table stays sorted and keeps its place while data arrives", async ({ page }) => {
  await open(page, "/t/acme/topology?view=table&sort=name");
  await hydrated(page);
  const names = () => page.getByRole("table").first().getByRole("rowheader").allInnerTexts();
  const before = (await names()).map((name) => name.split("\n")[0].trim().toLowerCase());
  expect([...before].sort()).toEqual(before);
});

test("the strip shows the mesh as it was, and the way back to now", async ({ page }) => {
  await open(page, "/t/acme/topology");
  const handle = page.getByRole("slider", { name: "Instant to look at" });
  await expect(handle).toHaveAttribute("aria-valuetext", "now");
  await handle.focus();
  await page.keyboard.press("PageDown");
  await expect(page).toHaveURL(/[?&]at=\d{4}-/);
  const at = new URL(page.url()).searchParams.get("at")!;
  await expect(page.locator(".topo-foot")).toContainText(`As of ${at.slice(11, 19)} UTC, rates over 5 min`);
  await expect(page.getByRole("main").getByRole("link", { name: /payments/ }).first()).toBeVisible();
  await expect(page.getByRole("link", { name: /Paused/ }), "nothing new may come in").toBeVisible();
  await page.goBack();
  await expect(page).not.toHaveURL(/at=/);
  await expect(handle).toHaveAttribute("aria-valuetext", "now");
  // The address alone is enough, and the way back needs no keyboard.
  await open(page, `/t/acme/topology?at=${at}`);
  await expect(page.locator(".topo-foot")).toContainText(at.slice(11, 19));
  await page.getByRole("link", { name: "Now", exact: true }).click();
  await expect(page).not.toHaveURL(/at=/);
  await expect(page.locator(".topo-foot")).toContainText("rates over 1 min");
});
