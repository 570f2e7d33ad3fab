// Measures what the portal promises and compares it with the budgets. Usage: node bench.mjs [PART…]
// Parts: topology auth page push size demo hammer (all of them without arguments).
// SERVER_BIN names the release server, SITE its site; scripts/bench sets both.
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

import { family, freePort, launch, signIn, startDemo, temporaryDirectory, until } from "../support/portal.mjs";
import { hammer, quantile } from "../hammer.mjs";
import { SPAN_SECS, STEP_SECS, write } from "./istio.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const MB = 1024 * 1024;
/** What was measured: name, figure, its unit, the budget, and how it was got. */
const rows = [];
function record(name, value, unit, budget, how) {
  rows.push({ name, value, unit, budget, how });
  const verdict = budget === undefined ? "" : value <= budget ? "ok" : "OVER";
  console.log(`  ${name}: ${print(value)} ${unit} ${verdict}`);
}
const print = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

/** A Prometheus on loopback over `dir`, and a way to stop it. */
async function startPrometheus(dir) {
  const port = await freePort();
  fs.writeFileSync(path.join(dir, "prometheus.yml"), "global: {scrape_interval: 15s}\n");
  const child = spawn("prometheus", [
    `--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/tsdb`, `--web.listen-address=127.0.0.1:${port}`,
    "--storage.tsdb.retention.time=10y", "--log.level=error",
  ], { stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  await until("Prometheus answers", 60, async () => (await fetch(`${url}/-/ready`)).ok);
  return { url, stop: () => new Promise((resolve) => { child.once("exit", resolve); child.kill("SIGTERM"); }) };
}

/** Passes requests on to `target` and keeps when they began and ended: what is left of a call is the portal's share. */
async function startWatch(target) {
  const spans = [];
  const server = http.createServer((request, response) => {
    const span = { from: performance.now(), to: Infinity };
    spans.push(span);
    const onward = http.request(target + request.url, { method: request.method, headers: { ...request.headers, host: new URL(target).host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("finish", () => { span.to = performance.now(); });
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, spans, stop: () => { server.closeAllConnections(); server.close(); } };
}

/** How long at least one of the spans was open. */
function covered(spans) {
  let total = 0, end = -Infinity;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    total += Math.max(0, span.to - Math.max(span.from, end));
    end = Math.max(end, span.to);
  }
  return total;
}

/** A portal over one Prometheus, with a tenant that sees all namespaces of the mesh. */
async function startPortal(prometheus, namespaces) {
  const dir = temporaryDirectory("bench");
  const [port, ops] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const names = Array.from({ length: namespaces }, (_, n) => `ns-${String(n).padStart(3, "0")}`);
  fs.writeFileSync(path.join(dir, "obstack.yaml"), `
listen: 127.0.0.1:${port}
public_url: ${url}
ops_listen: 127.0.0.1:${ops}
data_dir: ${dir}/data
limits: {address: {rate: 100000, burst: 100000}, account: {rate: 100000, burst: 100000}, key: {rate: 100000, burst: 100000}, tenant: {rate: 100000, burst: 100000}}
stores:
  - {name: prom, kind: prometheus, url: "${prometheus}", tenancy: {mode: none}}
tenants:
  - slug: bench
    name: Bench
    plan: enterprise
    stores: {metrics: prom, logs: embedded, traces: embedded}
    mesh: [{cluster: "*", namespaces: [${names.join(", ")}]}]
users:
  - {email: bench@bench.test, name: Bench, password_env: BENCH_PASSWORD, memberships: [{tenant: bench, role: admin}]}
`);
  const password = "a-long-enough-password-for-bench";
  const run = launch(["serve", "--config", path.join(dir, "obstack.yaml")], { log: path.join(dir, "server.log"), env: { BENCH_PASSWORD: password }, cwd: dir });
  try {
    await until("the portal answers /readyz", 60, async () => {
      if (run.exit) throw new Error("it ended");
      return (await fetch(`${url}/readyz`)).ok;
    });
  } catch (error) {
    run.child.kill("SIGKILL");
    throw new Error(`${error.message}\n${run.output().slice(-3000)}`);
  }
  const cookie = await signIn(url, { email: "bench@bench.test", password });
  return { url, cookie, async stop() { await run.stop(); fs.rmSync(dir, { recursive: true, force: true }); } };
}

/** Asks for the graph at one instant after the other, so that no cache answers; keeps all times. */
async function askGraphs(portal, end, count, spans) {
  // The share is parsing, building and writing; what a client has compressed for it comes on top, in the whole.
  const encoding = spans ? { "accept-encoding": "identity" } : {};
  const times = [], own = [];
  let size = 0, nodes = 0, edges = 0;
  for (let i = 0; i < count + 3; i += 1) {
    const at = new Date((end - (i % (SPAN_SECS - 600))) * 1000).toISOString();
    const before = spans?.length ?? 0;
    const from = performance.now();
    const answer = await fetch(`${portal.url}/api/v1/t/bench/topology?graph=versioned_app&duration=10m&at=${at}`, { headers: { cookie: portal.cookie, ...encoding } });
    const text = await answer.text();
    const ms = performance.now() - from;
    if (!answer.ok) throw new Error(`topology: ${answer.status} ${text.slice(0, 500)}`);
    const graph = JSON.parse(text);
    if (graph.partial || graph.edges.length === 0) throw new Error(`not a whole graph: ${graph.edges.length} edges, ${JSON.stringify(graph.warnings)}`);
    ({ length: size } = text);
    nodes = graph.nodes.length; edges = graph.edges.length;
    // The first few warm up connections and Prometheus' own caches.
    if (i >= 3) { times.push(ms); if (spans) own.push(ms - covered(spans.slice(before))); }
  }
  return { times, own, size, nodes, edges };
}

const parts = {
  async topology() {
    for (const [namespaces, budget] of [[50, 250], [200, 1500]]) {
      const dir = temporaryDirectory("prometheus");
      const end = Math.floor(Date.now() / 1000 / STEP_SECS) * STEP_SECS;
      const text = path.join(dir, "mesh.om");
      const count = await write(namespaces, text, end);
      execFileSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", text, path.join(dir, "tsdb")], { stdio: ["ignore", "ignore", "inherit"] });
      fs.rmSync(text);
      const prometheus = await startPrometheus(dir);
      try {
        const portal = await startPortal(prometheus.url, namespaces);
        const direct = await askGraphs(portal, end, 40);
        await portal.stop();
        const what = `${namespaces} namespaces, ${count} series`;
        record(`topology through the API, ${what}, p95`, quantile(direct.times, 0.95), "ms", budget,
          `40 requests one after the other, each for another instant; ${direct.nodes} nodes, ${direct.edges} edges, ${(direct.size / 1024).toFixed(0)} KB of JSON; p50 ${print(quantile(direct.times, 0.5))} ms`);
        // Once more through a proxy that keeps the time, for the share alone: the proxy itself costs some.
        const watch = await startWatch(prometheus.url);
        const watched = await startPortal(watch.url, namespaces);
        const shares = await askGraphs(watched, end, 40, watch.spans);
        await watched.stop();
        watch.stop();
        record(`  of that the portal itself, p95`, quantile(shares.own, 0.95), "ms", namespaces === 200 ? 60 : undefined,
          `time of a call in which no query was open at Prometheus; p50 ${print(quantile(shares.own, 0.5))} ms, ${(watch.spans.length / 43).toFixed(0)} queries per graph`);
      } finally {
        await prometheus.stop();
        fs.rmSync(dir, { recursive: true, force: true });
      }
    }
  },

  async auth() {
    // Nobody asks the store: it need not be there.
    const portal = await startPortal("http://127.0.0.1:9", 1);
    try {
      const made = await fetch(`${portal.url}/api/v1/t/bench/api-keys`, {
        method: "POST",
        headers: { cookie: portal.cookie, origin: portal.url, "x-obstack-csrf": "1", "content-type": "application/json" },
        body: JSON.stringify({ name: "bench", role: "viewer", scopes: ["metrics:read"] }),
      });
      if (made.status !== 201) throw new Error(`no key: ${made.status} ${await made.text()}`);
      const { secret } = await made.json();
      const asks = {
        open: ["/api/v1/version", {}],
        session: ["/api/v1/t/bench/stores", { cookie: portal.cookie }],
        key: ["/api/v1/t/bench/stores", { authorization: `Bearer ${secret}` }],
      };
      const times = { open: [], session: [], key: [] };
      // Taken in turns, so that what disturbs one disturbs all.
      for (let i = 0; i < 1050; i += 1) {
        for (const [kind, [path, headers]] of Object.entries(asks)) {
          const from = performance.now();
          const answer = await fetch(portal.url + path, { headers });
          await answer.text();
          if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
          if (i >= 50) times[kind].push(performance.now() - from);
        }
      }
      const base = quantile(times.open, 0.95);
      for (const [kind, what] of [["session", "a session"], ["key", "an API key"]]) {
        record(`share of ${what} in a request, p95`, Math.max(0, quantile(times[kind], 0.95) - base), "ms", 2,
          `who asks, their place in the tenant, and the limits: 1,000 requests for the state of the stores (p95 ${quantile(times[kind], 0.95).toFixed(2)} ms, p50 ${quantile(times[kind], 0.5).toFixed(2)} ms) less as many for the version (p95 ${base.toFixed(2)} ms, p50 ${quantile(times.open, 0.5).toFixed(2)} ms), one after the other, in turns`);
      }
    } finally {
      await portal.stop();
    }
  },

  async page() {
    await withDemo(async (demo, cookie) => {
      const paths = ["", "/topology"];
      await hammer(demo.url, cookie, { requests: 60, parallel: 20, paths });
      const { problems, firstBytes } = await hammer(demo.url, cookie, { requests: 600, parallel: 20, paths });
      if (problems.length) throw new Error(problems.slice(0, 5).join("\n"));
      record("first byte of a signed-in page, 20 at once, p95", quantile(firstBytes, 0.95), "ms", 100, `600 requests for overview and topology of the running demo; p50 ${print(quantile(firstBytes, 0.5))} ms`);
    });
  },

  async push() {
    await withDemo(async (demo, cookie) => {
      const lags = [];
      const socket = new WebSocket(`${demo.url.replace("http", "ws")}/api/v1/t/acme/live`, { headers: { cookie, origin: demo.url } });
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${lags.length} pushes in 120 s`)), 120_000);
        socket.on("open", () => socket.send(JSON.stringify({ subscribe: ["topology", "overview"] })));
        socket.on("error", reject);
        let first = true;
        socket.on("message", (data) => {
          const now = Date.now();
          const push = JSON.parse(String(data));
          // The very first answer may come from the cache, with the age it has there.
          if (!first) lags.push(now - Date.parse(push.at));
          first = false;
          if (lags.length >= 30) { clearTimeout(timer); resolve(); }
        });
      });
      socket.close();
      record("update from collector to client, p95", quantile(lags, 0.95), "ms", 50, `30 pushes over the WebSocket on loopback, from the push's own instant to its arrival; p50 ${print(quantile(lags, 0.5))} ms`);
    });
  },

  async size() {
    let json;
    try {
      json = execFileSync("node", [path.join(here, "../../scripts/node/sizes.mjs"), process.env.SITE, "--json"], { encoding: "utf8" });
    } catch (error) {
      json = error.stdout;
    }
    for (const { kind, br, alarm } of JSON.parse(json)) record(`first load, ${kind}`, br / 1024, "KB", alarm / 1024, kind === "fonts" ? "as files" : "after brotli");
  },

  async demo() {
    const demo = await startDemo({ name: "rest" });
    try {
      const cookie = await signIn(demo.url, demo.logins[0]);
      const from = Date.now() - demo.readyMs;
      // A chart moves when a later look shows another figure than the one before.
      let before;
      await until("the first figure moves", 60, async () => {
        const answer = await fetch(`${demo.url}/api/v1/t/acme/topology?graph=app&duration=1m`, { headers: { cookie } });
        if (!answer.ok) return false;
        const { edges } = await answer.json();
        const now = JSON.stringify(edges.map((edge) => edge.rate));
        const moved = before !== undefined && edges.length > 0 && now !== before;
        if (edges.length > 0) before = now;
        return moved;
      });
      record("from start to the first moving figure", (Date.now() - from) / 1000, "s", 15, `from the command to two different topologies of acme; answered /readyz after ${(demo.readyMs / 1000).toFixed(1)} s`);
      // At rest: nobody looks; a minute for allocators and back-filling to settle.
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      let pss = 0, rss = 0, postgres = 0, count = 0;
      for (const pid of family(demo.child.pid)) {
        try {
          const name = fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
          const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
          const kb = (field) => Number(rollup.match(new RegExp(`^${field}:\\s+(\\d+)`, "m"))[1]);
          if (name.startsWith("postgres")) { postgres += kb("Pss"); continue; }
          pss += kb("Pss"); rss += kb("Rss"); count += 1;
        } catch {
          // It ended while we looked.
        }
      }
      record("memory of the demo at rest", pss / 1024, "MB", 350, `proportional set size over ${count} processes without Postgres (${(postgres / 1024).toFixed(0)} MB); resident sizes added up: ${(rss / 1024).toFixed(0)} MB`);
    } finally {
      await demo.stop();
      fs.rmSync(demo.dir, { recursive: true, force: true });
    }
  },

  async hammer() {
    const demo = await startDemo({ name: "hammer", wrap: ["taskset", "-c", "0"] });
    try {
      const cookie = await signIn(demo.url, demo.logins[0]);
      const { problems, times, seconds } = await hammer(demo.url, cookie, { requests: 1000, parallel: 20 });
      for (const problem of problems.slice(0, 10)) console.log(`    ${problem}`);
      record("page requests cut short or hanging, one core", problems.length, "of 1000", 0, `1,000 requests, 20 at a time, server pinned to one core; ${(1000 / seconds).toFixed(0)} pages/s, p95 ${print(quantile(times, 0.95))} ms`);
    } finally {
      await demo.stop();
      fs.rmSync(demo.dir, { recursive: true, force: true });
    }
  },
};

/** A demo that has been running for a little while. */
async function withDemo(work) {
  const demo = await startDemo({ name: "bench" });
  try {
    const cookie = await signIn(demo.url, demo.logins[0]);
    await until("the mesh shows", 60, async () => {
      const answer = await fetch(`${demo.url}/api/v1/t/acme/topology?graph=app&duration=1m`, { headers: { cookie } });
      return answer.ok && (await answer.json()).edges.length > 3;
    });
    await work(demo, cookie);
  } finally {
    await demo.stop();
    fs.rmSync(demo.dir, { recursive: true, force: true });
  }
}

const chosen = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(parts);
let broken = 0;
for (const name of chosen) {
  if (!parts[name]) { console.error(`no such part: ${name} (there are: ${Object.keys(parts).join(", ")})`); process.exit(2); }
  console.log(`▸ ${name}`);
  try {
    await parts[name]();
  } catch (error) {
    broken += 1;
    console.error(`  not measured: ${error.message}`);
  }
}

const cpu = os.cpus();
console.log(`\n${cpu.length} cores (${cpu[0]?.model ?? "unknown"}), ${(os.totalmem() / MB / 1024).toFixed(0)} GB, ${os.type()} ${os.release()}`);
console.log(`command: make bench${chosen.length < Object.keys(parts).length ? ` ONLY="${chosen.join(" ")}"` : ""}\n`);
const width = Math.max(...rows.map((row) => row.name.length), 4);
console.log(`${"name".padEnd(width)}  ${"figure".padStart(14)}  ${"budget".padStart(14)}  `);
for (const { name, value, unit, budget, how } of rows) {
  const verdict = budget === undefined ? "" : value <= budget ? "ok" : "OVER";
  console.log(`${name.padEnd(width)}  ${`${print(value)} ${unit}`.padStart(14)}  ${(budget === undefined ? "" : `${print(budget)} ${unit}`).padStart(14)}  ${verdict}`);
  console.log(`${"".padEnd(width)}  ${how}`);
}
const over = rows.filter((row) => row.budget !== undefined && row.value > row.budget).length;
console.log(`\n${rows.length - over} within budget, ${over} over, ${broken} parts not measured`);
process.exit(broken > 0 ? 1 : 0);
