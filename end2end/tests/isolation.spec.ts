// Two tenants look at the same mesh. Whatever one of them does not own must not show: not in pages, not in the API, not
// in what is pushed.
import { WebSocket } from "ws";

import { expect, open, running, test, user } from "../support/fixtures";

/** Words that only the other tenant may see. */
const FOREIGN = {
  acme: /llm-app|model-stub|sample-app|\bglobex\b/,
  globex: /checkout|payments|storefront|ratings|reviews|\bacme\b/,
};

for (const who of ["acme", "globex"] as const) {
  const other = who === "acme" ? "globex" : "acme";

  test.describe(who, () => {
    test.use({ who });

    for (const page_ of ["", "/topology", "/topology?view=table", "/topology?graph=workload&box=none", "/topology?graph=service"]) {
      test(`nothing of ${other} in /t/${who}${page_}`, async ({ page }) => {
        await open(page, `/t/${who}${page_}`);
        expect(await page.content()).not.toMatch(FOREIGN[who]);
      });
    }

    for (const path of ["topology", "topology?graph=workload", "topology?graph=service&service_nodes=true", "topology?namespaces=shop,ai,platform&idle_nodes=true&idle_edges=true", "topology.svg", "topology.dot", "topology.csv", "overview", "stores"]) {
      test(`nothing of ${other} in the API's ${path}`, async ({ request }) => {
        const response = await request.get(`/api/v1/t/${who}/${path}`);
        expect(response.status()).toBe(200);
        const text = await response.text();
        expect(text.length).toBeGreaterThan(10);
        expect(text).not.toMatch(FOREIGN[who]);
      });
    }

    test(`${other} does not exist for ${who}`, async ({ page, request, complaints }) => {
      complaints.allow(/404/);
      for (const path of ["topology", "overview", "stores", "topology.svg"]) {
        expect((await request.get(`/api/v1/t/${other}/${path}`)).status(), path).toBe(404);
        expect((await request.get(`/api/v1/t/no-such-tenant/${path}`)).status(), path).toBe(404);
      }
      const response = await page.goto(`/t/${other}/topology`);
      expect(response?.status()).toBe(404);
      expect(await page.content()).not.toMatch(FOREIGN[who]);
    });

    test(`nothing of ${other} is pushed to ${who}`, async () => {
      const { url } = running();
      const { cookie } = user(who);
      const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/t/${who}/live`, { headers: { cookie, origin: url } });
      const pushes: string[] = [];
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${pushes.length} pushes came`)), 40_000);
        socket.on("open", () => socket.send(JSON.stringify({ subscribe: ["topology", "overview", "stores"] })));
        socket.on("error", reject);
        socket.on("message", (data) => {
          pushes.push(String(data));
          const topics = new Set(pushes.map((text) => JSON.parse(text).topic));
          if (topics.size >= 3 && pushes.length >= 5) { clearTimeout(timer); resolve(); }
        });
      });
      socket.close();
      for (const push of pushes) expect(push).not.toMatch(FOREIGN[who]);
    });

    test(`${who} cannot listen to ${other}`, async () => {
      const { url } = running();
      const { cookie } = user(who);
      const status = await new Promise<number>((resolve, reject) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/t/${other}/live`, { headers: { cookie, origin: url } });
        socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
        socket.on("open", () => reject(new Error("it was let in")));
        socket.on("error", () => {});
      });
      expect(status).toBe(404);
    });
  });
}

test("a socket opened by another site's page is refused", async () => {
  const { url } = running();
  const { cookie } = user("acme");
  const status = await new Promise<number>((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/t/acme/live`, { headers: { cookie, origin: "https://evil.test" } });
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("open", () => reject(new Error("it was let in")));
    socket.on("error", () => {});
  });
  expect(status).toBe(403);
});

test.describe("operator", () => {
  test.use({ who: "operator" });
  test("sees both tenants, each on its own page", async ({ page }) => {
    await open(page, "/t/acme/topology");
    expect(await page.content()).toContain("checkout");
    await open(page, "/t/globex/topology");
    expect(await page.content()).toContain("llm-app");
    expect(await page.content()).not.toContain("checkout");
  });
});
