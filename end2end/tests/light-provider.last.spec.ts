// The portal against certified provider software that lies on request: every ID token and every logout token that is wrong
// in one point. No browser: the protocol alone. What a person sees is in keycloak.last.spec.ts.
import * as fs from "node:fs";
import * as path from "node:path";

import { expect, test } from "@playwright/test";

import { ID_DEFECTS, LOGOUT_DEFECTS } from "../support/forged-tokens.mjs";
import { startProvider } from "../support/oidc-provider.mjs";
import { freePort, launch, temporaryDirectory, until } from "../support/portal.mjs";

test.describe.configure({ timeout: 120_000 });

let provider: Awaited<ReturnType<typeof startProvider>>;
let run: ReturnType<typeof launch>;
let url: string;
let dir: string;

test.beforeAll(async () => {
  dir = temporaryDirectory("light");
  const [port, ops] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  provider = await startProvider({ base_url: url, provider: "light" });
  const file = path.join(dir, "obstack.yaml");
  fs.writeFileSync(file, `
listen: 127.0.0.1:${port}
ops_listen: 127.0.0.1:${ops}
data_dir: ${dir}/data
tenants: [{slug: acme, name: Acme, mesh: [{cluster: "*", namespaces: [shop]}]}]
identity_providers:
  - name: light
    issuer: ${provider.issuer}
    client_id: ${provider.client.id}
    client_secret_env: LIGHT_SECRET
    mappings: [{claim: groups, equals: /acme/admins, tenant: acme, role: admin}]
`);
  run = launch(["serve", "--config", file], { log: path.join(dir, "log"), env: { LIGHT_SECRET: provider.client.secret } });
  await until("the portal answers /readyz", 60, async () => {
    if (run.exit) throw Object.assign(new Error(run.output().slice(-3000)), { fatal: true });
    return (await fetch(`${url}/readyz`)).ok;
  });
});

test.afterAll(async () => {
  await run?.stop();
  await provider?.stop();
  if (!process.env.KEEP_DATA) fs.rmSync(dir, { recursive: true, force: true });
});

async function tell(method: string, route: string, body: unknown) {
  const answer = await fetch(`${provider.control}${route}`, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const pairs = (answer: Response) => answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).filter((pair) => !pair.endsWith("="));

/** From the button to the callback; the session's cookie when there is one. */
async function signIn(sub = "ana") {
  const begun = await fetch(`${url}/api/v1/auth/oidc/light/login?return=/t/acme`, { redirect: "manual" });
  const { callback } = await tell("POST", "/sign-in", { url: begun.headers.get("location"), sub });
  const arrived = await fetch(callback, { redirect: "manual", headers: { cookie: pairs(begun).join("; ") } });
  const cookie = pairs(arrived).find((pair) => pair.startsWith("obstack_session="));
  return { status: arrived.status, location: arrived.headers.get("location"), cookie };
}

const alive = async (cookie = "") => (await fetch(`${url}/api/v1/auth/me`, { headers: { cookie } })).status === 200;

test("an ID token that is wrong in one point signs nobody in", async () => {
  const right = await signIn();
  expect(right.location).toBe("/t/acme");
  expect(await alive(right.cookie)).toBe(true);
  // A provider that signs for another person has said so: that is somebody else, which no check could tell.
  for (const defect of Object.keys(ID_DEFECTS).filter((defect) => defect !== "wrong_sub")) {
    await tell("POST", "/id-token-defect", { defect, times: 1 });
    const wrong = await signIn();
    expect(wrong.location, defect).not.toBe("/t/acme");
    expect(await alive(wrong.cookie), defect).toBe(false);
    expect((await signIn()).location, `after ${defect}`).toBe("/t/acme");
  }
});

test("a logout token that is wrong in one point ends nothing, a right one ends the session once", async () => {
  // Said to be optional by the specification, and left out by providers in the field.
  const harmless = ["no_typ", "plain_typ"];
  let { cookie } = await signIn();
  for (const defect of Object.keys(LOGOUT_DEFECTS)) {
    const { sent } = await tell("POST", "/logout-token", { sub: "ana", defect });
    const states = sent.map((answer: { status: number }) => answer.status);
    const ends = defect === "replayed" || harmless.includes(defect);
    expect(states, defect).toEqual(defect === "replayed" ? [200, 400] : [ends ? 200 : 400]);
    expect(await alive(cookie), defect).toBe(!ends);
    if (ends) ({ cookie } = await signIn());
  }
  await tell("POST", "/logout-token", { sub: "gus" });
  expect(await alive(cookie), "somebody else's end").toBe(true);
  await tell("POST", "/logout-token", { sub: "ana" });
  expect(await alive(cookie)).toBe(false);
});

test("a provider that does not answer is said to be unreachable, and comes back by itself", async () => {
  await tell("POST", "/fail", { path: "/token", status: 503, times: 1 });
  const failed = await signIn();
  expect(failed.status).toBeGreaterThanOrEqual(400);
  expect(failed.cookie === undefined || !(await alive(failed.cookie))).toBe(true);
  expect((await signIn()).location).toBe("/t/acme");
});
