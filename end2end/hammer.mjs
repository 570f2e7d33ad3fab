// Many page requests at once: fails on any answer that is cut short, hangs, or is not a page.
// Usage: node hammer.mjs [--requests 1000] [--parallel 20] [--core 0]; SERVER_BIN names the server.
// The server runs on one core, where streamed pages that wait for each other would stall first.
import * as http from "node:http";
import * as fs from "node:fs";
import { pathToFileURL } from "node:url";

import { signIn, startDemo } from "./support/portal.mjs";

const PATHS = ["", "/topology", "/topology?view=table", "/topology?sel=app:shop/checkout", "/topology?graph=workload&edges=p95"];

/** A page ends here: what comes after `</html>` is the data for the browser. */
export const PAGE_END = "__INCOMPLETE_CHUNKS=[];</script>";

/** Reads a page to its end over a connection of its own pool; answers how long it took and whether it was whole. */
function get(agent, url, cookie, seconds) {
  const from = performance.now();
  return new Promise((resolve) => {
    const done = (problem, extra = {}) => resolve({ problem, ms: performance.now() - from, ...extra });
    const request = http.get(url, { agent, headers: { cookie } }, (response) => {
      const firstByteMs = performance.now() - from;
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", (error) => done(`cut short: ${error.message}`));
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        if (!response.complete) done("cut short");
        else if (response.statusCode !== 200) done(`status ${response.statusCode}`);
        else if (!body.trimEnd().endsWith(PAGE_END)) done(`ends in ${JSON.stringify(body.slice(-40))}`);
        else done(null, { firstByteMs, bytes: body.length });
      });
    });
    request.setTimeout(seconds * 1000, () => request.destroy(new Error(`no answer within ${seconds} s`)));
    request.on("error", (error) => done(error.message));
  });
}

/** Runs `requests` page requests, `parallel` at a time. */
export async function hammer(url, cookie, { requests = 1000, parallel = 20, seconds = 30, paths = PATHS, tenant = "acme" } = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: parallel });
  const problems = [];
  const times = [];
  const firstBytes = [];
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < requests) {
        const path = `/t/${tenant}${paths[next++ % paths.length]}`;
        const answer = await get(agent, url + path, cookie, seconds);
        if (answer.problem) problems.push(`${path}: ${answer.problem}`);
        else { times.push(answer.ms); firstBytes.push(answer.firstByteMs); }
      }
    }),
  );
  agent.destroy();
  return { problems, times, firstBytes, seconds: (performance.now() - from) / 1000 };
}

/** The value below which `share` of the values lie. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const core = option("core", 0);
  const demo = await startDemo({ name: "hammer", wrap: ["taskset", "-c", String(core)] });
  let failed = 0;
  const requests = option("requests", 1000), parallel = option("parallel", 20);
  try {
    const cookie = await signIn(demo.url, demo.logins[0]);
    const { problems, times, seconds } = await hammer(demo.url, cookie, { requests, parallel });
    failed = problems.length;
    for (const problem of problems.slice(0, 20)) console.log(problem);
    console.log(`${requests} page requests, ${parallel} at a time, server on core ${core}: ${(requests / seconds).toFixed(0)}/s, p50 ${quantile(times, 0.5).toFixed(0)} ms, p95 ${quantile(times, 0.95).toFixed(0)} ms, slowest ${quantile(times, 1).toFixed(0)} ms`);
    console.log(`\n${requests - failed} passed, ${failed} failed`);
  } finally {
    await demo.stop();
    fs.rmSync(demo.dir, { recursive: true, force: true });
  }
  process.exit(failed ? 1 : 0);
}
