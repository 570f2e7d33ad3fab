// The graph without scripts: complete SVG, links, table, exports.
import { expect, open, test } from "../support/fixtures";

/** A node of the drawing, by name. */
const node = (page: import("@playwright/test").Page, name: string) => page.locator("svg a[data-node]").filter({ has: page.locator(`text="${name}"`) }).first();

test("the graph is complete before any script runs", async ({ request }) => {
  const html = await (await request.get("/t/acme/topology")).text();
  const svg = html.slice(html.indexOf("<svg", html.indexOf("<main")), html.lastIndexOf("</svg>"));
  for (const name of ["storefront", "catalog", "cart", "checkout", "payments", "reviews", "ratings"]) expect(svg).toContain(`>${name}<`);
  expect([...svg.matchAll(/<a[^>]*data-node=/g)].length).toBeGreaterThan(7);
  expect([...svg.matchAll(/class="topo-edge/g)].length).toBeGreaterThan(7);
  // Laid out: not all in one place.
  expect(new Set([...svg.matchAll(/translate\(([\d.]+ [\d.]+)\)/g)].map((match) => match[1])).size).toBeGreaterThan(7);
});

test("a node is a link that opens its panel", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await node(page, "checkout").click();
  await expect(page).toHaveURL(/[?&]sel=app:shop\/checkout|sel=app%3Ashop%2Fcheckout/);
  const panel = page.getByRole("complementary", { name: /checkout/i });
  await expect(panel).toBeVisible();
  await expect(panel).toContainText(/payments/);
  await expect(panel.locator("svg[role=img]").first()).toBeVisible();
});

test("the table at the same address has the same services and calls", async ({ page }) => {
  await open(page, "/t/acme/topology");
  const drawn = await page.locator("svg a[data-node]").count();
  await page.getByRole("link", { name: /^table$/i }).click();
  await expect(page).toHaveURL(/[?&]view=table/);
  await expect(page.getByRole("table").first()).toBeVisible();
  await expect(page.getByRole("row", { name: /checkout/i }).first()).toBeVisible();
  const rows = await page.getByRole("table").first().locator("tbody tr").count();
  expect(Math.abs(rows - drawn), "one row per node, save for some that came or went").toBeLessThanOrEqual(2);
  await page.getByRole("link", { name: /^graph$/i }).click();
  await expect(page.locator("svg a[data-node]").first()).toBeVisible();
});

test("what is chosen stands in the address, and the back button undoes it", async ({ page }) => {
  await open(page, "/t/acme/topology?graph=versioned_app&box=none&edges=p95");
  await expect(node(page, "payments")).toBeVisible();
  await open(page, "/t/acme/topology?find=ns:shop%20err%3E1%25");
  await expect(page.getByRole("searchbox", { name: /find/i })).toHaveValue("ns:shop err>1%");
});

test("a node and its neighbours alone", async ({ page }) => {
  await open(page, "/t/acme/topology?focus=app:shop/payments");
  await expect(node(page, "payments")).toBeVisible();
  await expect(node(page, "checkout")).toBeVisible();
  await expect(node(page, "ratings")).toHaveCount(0);
});

for (const [kind, type, start] of [["svg", "image/svg+xml", /^<(\?xml|svg)/], ["dot", "text/vnd.graphviz", /^(strict )?digraph/], ["csv", "text/csv", /^\w/]] as const) {
  test(`the graph as ${kind}`, async ({ page, request }) => {
    await open(page, "/t/acme/topology");
    await page.locator("summary", { hasText: "More" }).click();
    const href = await page.getByRole("link", { name: new RegExp(`\\(${kind}\\)`, "i") }).getAttribute("href");
    const response = await request.get(href!);
    expect(response.status()).toBe(200);
    expect(response.headers()["content-type"]).toContain(type);
    const text = await response.text();
    expect(text.trimStart()).toMatch(start);
    expect(text).toContain("checkout");
  });
}

test("the answer of the API is a graph as documented", async ({ request }) => {
  const graph = await (await request.get("/api/v1/t/acme/topology?layout=true")).json();
  expect(graph.duration_s).toBe(600);
  const ids = new Set(graph.nodes.map((n: { id: string }) => n.id));
  for (const edge of graph.edges) {
    expect(ids.has(edge.source) && ids.has(edge.target), `${edge.id} joins nodes of the graph`).toBe(true);
    expect(["http", "grpc", "tcp"]).toContain(edge.protocol);
  }
  expect(new Set(graph.edges.map((edge: { protocol: string }) => edge.protocol)).size, "HTTP, gRPC and TCP").toBe(3);
  expect(graph.layout).toBeTruthy();
  const again = await (await request.get("/api/v1/t/acme/topology?layout=true")).json();
  expect(again.nodes.map((n: { id: string }) => n.id)).toEqual(graph.nodes.map((n: { id: string }) => n.id));
});

test("an unknown parameter is refused with its name", async ({ request }) => {
  const response = await request.get("/api/v1/t/acme/topology?grahp=app");
  expect(response.status()).toBe(400);
  expect(response.headers()["content-type"]).toContain("application/problem+json");
  expect(await response.text()).toContain("grahp");
});
