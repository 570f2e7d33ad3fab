// Start, stop, and what must survive in between. No browser: the binary alone.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type * as net from "node:net";
import * as path from "node:path";

import { expect, test as base } from "@playwright/test";

import { binary, family, freePort, launch, memberships, processesNaming, signIn, startDemo, temporaryDirectory, until } from "../support/portal.mjs";

// Each starts servers of its own: one after the other is enough for two cores.
base.describe.configure({ mode: "serial", timeout: 180_000 });

const test = base.extend<{ dir: string }>({
  dir: async ({}, use) => {
    const dir = temporaryDirectory("life");
    await use(dir);
    fs.rmSync(dir, { recursive: true, force: true });
  },
});

const alive = (pid: number) => fs.existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));

test("a killed demo leaves no process behind, and the next start finds everything", async ({ dir }) => {
  const data = path.join(dir, "data");
  const first = await startDemo({ name: "killed", dataDir: data });
  const cookie = await signIn(first.url, first.logins[0]);
  const [tenant] = await memberships(first.url, cookie);
  await until("metrics are kept", 60, async () => {
    const answer = await fetch(`${first.url}/api/v1/t/${tenant}/topology?graph=app&duration=5m`, { headers: { cookie } });
    return answer.ok && (await answer.json()).edges.length > 3;
  });
  const before = family(first.child.pid!);
  expect(before.length, "the mesh runs as processes of its own").toBeGreaterThan(5);
  first.child.kill("SIGKILL");
  await first.ended;
  await until("everything the server had started is gone", 30, () => [...before.filter(alive), ...processesNaming(data)].length === 0);

  const second = await startDemo({ name: "again", dataDir: data });
  try {
    expect(await memberships(second.url, cookie), "the session outlived the server").toContain(tenant);
    const answer = await fetch(`${second.url}/api/v1/t/${tenant}/topology?graph=app&duration=1h`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    expect((await answer.json()).edges.length, "what was measured before is still there").toBeGreaterThan(3);
  } finally {
    const { code } = await second.stop();
    expect(code, "SIGTERM ends it in good order").toBe(0);
    expect(processesNaming(data)).toEqual([]);
    for (const used of [first.dir, second.dir]) fs.rmSync(used, { recursive: true, force: true });
  }
});

test("a directory with somebody else's files is refused", async ({ dir }) => {
  const data = path.join(dir, "holiday-pictures");
  fs.mkdirSync(path.join(data, "postgres"), { recursive: true });
  fs.writeFileSync(path.join(data, "postgres", "beach.jpg"), "not ours");
  const run = launch(["demo", "--data-dir", data, "--listen", `127.0.0.1:${await freePort()}`, "--ops-listen", `127.0.0.1:${await freePort()}`], { log: path.join(dir, "log") });
  const { code } = await run.ended;
  expect(code).not.toBe(0);
  expect(run.output()).toContain("holiday-pictures");
  expect(fs.readFileSync(path.join(data, "postgres", "beach.jpg"), "utf8")).toBe("not ours");
});

test("the demo stays on this machine: its password is no secret", async ({ dir }) => {
  const run = launch(["demo", "--data-dir", path.join(dir, "data"), "--listen", `0.0.0.0:${await freePort()}`], { log: path.join(dir, "log") });
  const { code } = await run.ended;
  expect(code).not.toBe(0);
  expect(run.output()).toMatch(/--listen 0\.0\.0\.0.*127\.0\.0\.1/s);
});

/** A configuration for `obstack serve`. */
function config(dir: string, name: string, more: string): string {
  const file = path.join(dir, `${name}.yaml`);
  fs.writeFileSync(file, more);
  return file;
}

for (const [name, text, said] of [
  ["an unknown key", "listen: 127.0.0.1:0\nlisten_adress: x\n", /unknown\.yaml.*2.*listen_adress/is],
  ["a bad URL", "stores:\n  - {name: prom, kind: prometheus, url: 'not a url', tenancy: {mode: none}}\n", /unknown\.yaml.*url/is],
  ["a missing secret", "users:\n  - {email: ana@acme.test, name: Ana, password_env: NOT_SET_ANYWHERE, memberships: []}\n", /NOT_SET_ANYWHERE/],
] as const) {
  test(`${name} in the configuration stops the start and says where`, async ({ dir }) => {
    const file = config(dir, "unknown", text);
    const run = launch(["serve", "--config", file], { log: path.join(dir, "log") });
    const { code } = await run.ended;
    expect(code).not.toBe(0);
    expect(run.output()).toMatch(said);
  });
}

test("two instances starting at once share one database and its sessions", async ({ dir }) => {
  const database = process.env.DATABASE_URL;
  expect(database, "run through scripts/test, which starts a Postgres").toBeTruthy();
  const name = `two_${Date.now()}`;
  execFileSync("psql", ["-q", database!, "-c", `create database ${name}`]);
  const url = database!.replace(/\/[^/]+$/, `/${name}`);
  const instances = await Promise.all(
    ["a", "b"].map(async (id) => {
      const port = await freePort();
      const file = config(dir, id, `
listen: 127.0.0.1:${port}
public_url: http://127.0.0.1:${port}
ops_listen: 127.0.0.1:${await freePort()}
data_dir: ${dir}/data-${id}
database_url: ${url}
tenants:
  - {slug: acme, name: Acme, plan: enterprise, mesh: [{cluster: "*", namespaces: [shop]}]}
users:
  - {email: ana@acme.test, name: Ana, password_env: ANA_PASSWORD, memberships: [{tenant: acme, role: admin}]}
`);
      return { url: `http://127.0.0.1:${port}`, run: launch(["serve", "--config", file], { log: path.join(dir, `${id}.log`), env: { ANA_PASSWORD: "correct horse battery" } }) };
    }),
  );
  try {
    for (const { url, run } of instances) {
      await until("it answers /readyz", 60, async () => {
        expect(run.exit, run.output().slice(-2000)).toBeUndefined();
        return (await fetch(`${url}/readyz`)).ok;
      });
    }
    const [a, b] = instances;
    const cookie = await signIn(a.url, { email: "ana@acme.test", password: "correct horse battery" });
    expect(await memberships(b.url, cookie)).toEqual(["acme"]);
    const out = await fetch(`${a.url}/api/v1/auth/logout`, { method: "POST", headers: { cookie, origin: a.url, "x-obstack-csrf": "1" } });
    expect(out.status).toBe(204);
    expect((await fetch(`${b.url}/api/v1/auth/me`, { headers: { cookie } })).status).toBe(401);
  } finally {
    await Promise.all(instances.map(({ run }) => run.stop()));
  }
});

test("its own spans go to a collector, as part of the caller's trace", async ({ dir }) => {
  const spans: Buffer[] = [];
  const collector = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      if (request.url === "/v1/traces") spans.push(Buffer.concat(parts));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const port = await freePort();
  const file = config(dir, "spans", `
listen: 127.0.0.1:${port}
ops_listen: 127.0.0.1:${await freePort()}
data_dir: ${dir}/data
tracing: {otlp_endpoint: "http://127.0.0.1:${(collector.address() as net.AddressInfo).port}"}
`);
  const run = launch(["serve", "--config", file], { log: path.join(dir, "log") });
  try {
    await until("it answers /readyz", 60, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
    const trace = "0af7651916cd43dd8448eb211c80319c";
    await fetch(`http://127.0.0.1:${port}/api/v1/auth/me`, { headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } });
    const told = () => Buffer.concat(spans);
    await until("the span has arrived", 20, () => told().includes(Buffer.from(trace, "hex")));
    expect(told().includes("http.request")).toBe(true);
    expect(told().includes("/api/v1/auth/me")).toBe(true);
  } finally {
    await run.stop();
    collector.close();
  }
});

test("the commands that need no server", async () => {
  expect(execFileSync(binary(), ["version"], { encoding: "utf8" })).toMatch(/\d+\.\d+\.\d+/);
  const openapi = JSON.parse(execFileSync(binary(), ["openapi"], { encoding: "utf8" }));
  expect(openapi.openapi).toMatch(/^3\.1/);
});
