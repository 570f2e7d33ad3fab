// Starts one demo for the whole run, signs its users in, and makes sure that nothing of it is left afterwards.
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

import { memberships, processesNaming, signIn, startDemo, until } from "./portal.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
/** What the tests need to know about the demo. */
export const RUN_FILE = path.join(here, "../.run/portal.json");

export default async function setup() {
  const demo = await startDemo();
  const users: { email: string; password: string; cookie: string; tenants: string[] }[] = [];
  try {
    for (const login of demo.logins) {
      const cookie = await signIn(demo.url, login);
      users.push({ ...login, cookie, tenants: await memberships(demo.url, cookie) });
    }
    fs.mkdirSync(path.dirname(RUN_FILE), { recursive: true });
    fs.writeFileSync(RUN_FILE, JSON.stringify({ url: demo.url, data: demo.data, log: demo.log, pid: demo.child.pid, users }));
    // The graph needs two scrapes and a little traffic before it shows the mesh.
    const operator = users.find((user) => user.tenants.length > 1) ?? users[0];
    await until("the demo mesh shows on the topology", 60, async () => {
      const answer = await fetch(`${demo.url}/api/v1/t/${operator.tenants[0]}/topology?graph=app&duration=1m`, { headers: { cookie: operator.cookie } });
      return answer.ok && (await answer.json()).edges.length >= 5;
    });
  } catch (error) {
    await demo.stop();
    throw new Error(`${(error as Error).message}\n--- end of the server's log ---\n${demo.output().slice(-3000)}`);
  }

  return async () => {
    await demo.stop();
    const orphans = processesNaming(demo.data);
    if (orphans.length > 0) throw new Error(`processes of the demo are left after it stopped: ${orphans.join(", ")}`);
    if (!process.env.KEEP_DATA) fs.rmSync(demo.dir, { recursive: true, force: true });
  };
}
