// Faults of the demo mesh: they show where they should, and pages keep what they know when a store goes down.
import { expect, hydrated, open, test } from "../support/fixtures";

test.describe.configure({ mode: "serial", timeout: 120_000 });

async function fault(page: import("@playwright/test").Page, name: string, on: boolean) {
  const { protocol, host } = new URL(page.url() === "about:blank" ? (test.info().project.use.baseURL ?? "") : page.url());
  const answer = await page.request.fetch(`/api/v1/t/acme/demo/faults/${name}`, {
    method: on ? "PUT" : "DELETE",
    headers: { "x-obstack-csrf": "1", origin: `${protocol}//${host}` },
  });
  expect(answer.status()).toBe(204);
}

interface Edge { source: string; target: string; protocol: string; percent_error: number; health: string; latency_ms: { p95: number | null }; mtls: { percent: number | null } }
interface Node { id: string; kind: string; app: string | null }

/** The edge between two apps as the API tells it; of several, in several clusters, the slowest. */
async function edge(page: import("@playwright/test").Page, from: string, to: string): Promise<Edge | undefined> {
  const answer = await page.request.get("/api/v1/t/acme/topology?graph=app&duration=1m");
  if (!answer.ok()) return undefined;
  const graph: { nodes: Node[]; edges: Edge[] } = await answer.json();
  const ids = (app: string) => graph.nodes.filter((node) => (node.app ?? node.kind) === app).map((node) => node.id);
  const [sources, targets] = [ids(from), ids(to)];
  const between = graph.edges.filter((edge) => sources.includes(edge.source) && targets.includes(edge.target));
  return between.sort((a, b) => (b.latency_ms.p95 ?? 0) - (a.latency_ms.p95 ?? 0))[0];
}

test("failing payments show on the open topology without a reload, and heal", async ({ page }) => {
  await open(page, "/t/acme/topology");
  await page.evaluate(() => { (window as unknown as { kept: boolean }).kept = true; });
  await fault(page, "errors50", true);
  await expect.poll(async () => (await edge(page, "checkout", "payments"))?.health, { timeout: 45_000 }).toBe("failure");
  // The same on screen, pushed: the link of the edge or node says so in words, not only in colour.
  await expect(page.getByRole("link", { name: /^payments, failing/ }).first()).toBeVisible({ timeout: 30_000 });
  expect(await page.evaluate(() => (window as unknown as { kept?: boolean }).kept), "the page was not reloaded").toBe(true);
  await fault(page, "errors50", false);
  await expect.poll(async () => (await edge(page, "checkout", "payments"))?.percent_error ?? 100, { timeout: 100_000 }).toBeLessThan(5);
});

test("the overview names what hurts", async ({ page }) => {
  await open(page, "/t/acme");
  await fault(page, "payments-slow", true);
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText(/payments/, { timeout: 60_000 });
  await expect.poll(async () => (await edge(page, "checkout", "payments"))?.latency_ms.p95 ?? 0, { timeout: 60_000 }).toBeGreaterThan(200);
  await fault(page, "payments-slow", false);
});

test("a caller without mutual TLS is told from the others", async ({ page }) => {
  await open(page, "/t/acme/topology?edges=mtls");
  await fault(page, "plaintext-caller", true);
  // A workload without sidecar has no identity: to the mesh its calls come from nowhere.
  await expect.poll(async () => (await edge(page, "unknown", "catalog"))?.mtls.percent, { timeout: 60_000 }).toBe(0);
  await fault(page, "plaintext-caller", false);
});

test("a store that is down takes its cards with it, not the page", async ({ page, complaints }) => {
  complaints.allow(/50[234]/);
  await open(page, "/t/acme/topology");
  await expect(page.getByRole("link", { name: /payments/i }).first()).toBeVisible();
  await fault(page, "store-down", true);
  try {
    // On the page that is open, and on one that is opened now.
    await expect(page.getByRole("group", { name: "Stores" }).getByText(/down since/)).toBeVisible({ timeout: 40_000 });
    const response = await page.goto("/t/acme/topology");
    expect(response?.status()).toBe(200);
    await hydrated(page);
    await expect(page.getByRole("link", { name: /payments/i }).first(), "the last good graph").toBeVisible();
    await expect(page.getByRole("status").filter({ hasText: /Showing what was known at/ }).first(), "with its age").toBeVisible();
    for (const path of ["/t/acme", "/t/acme/topology?view=table"]) {
      expect((await page.goto(path))?.status(), path).toBe(200);
    }
  } finally {
    await fault(page, "store-down", false);
  }
  await expect
    .poll(async () => {
      const stores: { state: string }[] = await (await page.request.get("/api/v1/t/acme/stores")).json();
      return stores.map((store) => store.state);
    }, { timeout: 60_000 })
    .not.toContain("down");
});
