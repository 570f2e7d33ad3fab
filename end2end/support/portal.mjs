// Starts the real binary with a demo of its own and stops it again. Used by the browser tests and by the measurements.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";

/** A loopback port that nobody listens on right now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Calls `probe` until it answers something true; fails after `seconds` with what it was waiting for. */
export async function until(what, seconds, probe) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      if (error.fatal) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s${last ? ` (${last.message})` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The binary that scripts/test chose. */
export function binary() {
  const file = process.env.SERVER_BIN;
  if (!file || !fs.existsSync(file)) throw new Error("SERVER_BIN does not name a built server; run this through scripts/test or scripts/bench");
  return file;
}

/** A temporary directory that any user may enter: the private Postgres runs as an unprivileged one. */
export function temporaryDirectory(name) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), `obstack-${name}-`));
  fs.chmodSync(dir, 0o755);
  return dir;
}

/** Ids of all processes whose command line or environment names `word`. */
export function processesNaming(word) {
  const found = [];
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (Number(pid) !== process.pid && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word)) found.push(Number(pid));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** All processes below `pid`, itself included. */
export function family(pid) {
  const children = new Map();
  for (const name of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const all = [];
  const walk = (id) => { all.push(id); (children.get(id) ?? []).forEach(walk); };
  walk(pid);
  return all;
}

/**
 * Starts `obstack ARGS`. `wrap` is put in front of it (`["taskset", "-c", "0"]`).
 * Its output goes to `log`; `output()` reads it back.
 */
export function launch(args, { env = {}, log, wrap = [], cwd } = {}) {
  const [program, ...rest] = [...wrap, binary(), ...args];
  const out = fs.openSync(log, "a");
  const child = spawn(program, rest, { cwd, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: ["ignore", out, out] });
  fs.closeSync(out);
  let exit;
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => { exit = { code, signal }; resolve(exit); }));
  return {
    child, ended, log,
    get exit() { return exit; },
    output: () => fs.readFileSync(log, "utf8"),
    /** Asks it to stop and waits; kills it when it does not within 20 s, which counts as a failure. */
    async stop() {
      if (exit) return exit;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
      const result = await ended;
      clearTimeout(timer);
      if (result.signal === "SIGKILL") throw new Error(`the server did not stop within 20 s of SIGTERM; its log is ${log}`);
      return result;
    },
  };
}

/** Starts `obstack demo` on free ports with a data directory of its own and waits until it answers. */
export async function startDemo({ name = "e2e", dataDir, env = {}, wrap = [] } = {}) {
  const dir = temporaryDirectory(name);
  const [listen, ops, sample, llm] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const data = dataDir ?? path.join(dir, "data");
  const from = Date.now();
  const run = launch(
    ["demo", "--data-dir", data, "--listen", `127.0.0.1:${listen}`, "--ops-listen", `127.0.0.1:${ops}`, "--sample-port", `${sample}`, "--llm-port", `${llm}`],
    { env, log: path.join(dir, "server.log"), wrap },
  );
  const url = `http://127.0.0.1:${listen}`;
  try {
    await until("the demo answers /readyz", 120, async () => {
      if (run.exit) throw Object.assign(new Error(`the server ended: ${JSON.stringify(run.exit)}\n${run.output().slice(-4000)}`), { fatal: true });
      return (await fetch(`${url}/readyz`)).ok;
    });
    await until("the demo prints its logins", 30, () => logins(run.output()).length >= 3);
  } catch (error) {
    run.child.kill("SIGKILL");
    throw new Error(`${error.message}\n--- end of the server's log ---\n${run.output().slice(-4000)}`);
  }
  return { ...run, stop: run.stop, output: run.output, url, ops: `http://127.0.0.1:${ops}`, dir, data, readyMs: Date.now() - from, logins: logins(run.output()) };
}

/** The logins that a demo prints: one password for all, then a line per e-mail address. */
export function logins(output) {
  const password = output.match(/^\s*password[^:\n]*:\s*(\S+)\s*$/m)?.[1];
  if (!password) return [];
  return [...output.matchAll(/^\s+([\w.+-]+@[\w.-]+\.\w+)\s/gm)].map(([, email]) => ({ email, password }));
}

/** Signs in through the API and answers the cookie header. */
export async function signIn(url, { email, password }) {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-obstack-csrf": "1", origin: url },
    body: JSON.stringify({ email, password }),
  });
  if (answer.status !== 204) throw new Error(`signing in as ${email}: ${answer.status} ${await answer.text()}`);
  return answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
}

/** The tenants of the one who is signed in. */
export async function memberships(url, cookie) {
  const answer = await fetch(`${url}/api/v1/auth/me`, { headers: { cookie } });
  if (!answer.ok) throw new Error(`who am I: ${answer.status}`);
  return (await answer.json()).memberships.map((m) => m.tenant);
}
