// Signing in with a real Keycloak: two realms as two providers of one portal. Skipped, and said so in the closing line of
// scripts/test, where Keycloak cannot be had.
import * as fs from "node:fs";
import * as path from "node:path";

import { expect, test, type Browser, type BrowserContext, type Page } from "@playwright/test";

import { available, start, USERS } from "../support/keycloak.mjs";
import { freePort, launch, temporaryDirectory, until } from "../support/portal.mjs";

const can = available();
test.skip(!can.ok, `Keycloak: ${can.why}`);
// Each waits for a real Keycloak and, at the end, for its tokens to run out.
test.describe.configure({ mode: "default", timeout: 150_000 });
test.use({ navigationTimeout: 15_000, actionTimeout: 15_000 });

let keycloak: Awaited<ReturnType<typeof start>>;
let run: ReturnType<typeof launch>;
let url: string;
let dir: string;

const MAPPINGS = `
      - {claim: groups, equals: /acme/admins, tenant: acme, role: admin}
      - {claim: groups, equals: /acme/viewers, tenant: acme, role: viewer}
      - {claim: groups, equals: /globex/editors, tenant: globex, role: editor}`;

test.beforeAll(async () => {
  test.setTimeout(240_000);
  dir = temporaryDirectory("sso");
  const [port, ops] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  keycloak = await start({ baseUrl: url, secret: "first-secret" }, { realm: "other", provider: "other", baseUrl: url, secret: "second-secret" });
  const provider = (name: string, title: string, issuer: string, secret: string) => `
  - name: ${name}
    title: ${title}
    issuer: ${issuer}
    client_id: obstack
    client_secret_env: ${secret}
    api_audience: obstack
    mappings:${MAPPINGS}`;
  const file = path.join(dir, "obstack.yaml");
  fs.writeFileSync(file, `
listen: 127.0.0.1:${port}
ops_listen: 127.0.0.1:${ops}
data_dir: ${dir}/data
tenants:
  - {slug: acme, name: Acme, mesh: [{cluster: "*", namespaces: [shop]}]}
  - {slug: globex, name: Globex, mesh: [{cluster: "*", namespaces: [ai]}]}
users:
  - {email: ada@example.test, name: Ada, password_env: ADA, platform_admin: true, memberships: [{tenant: acme, role: admin}]}
identity_providers:${provider("keycloak", "Keycloak", keycloak.realms[0].issuer, "KC_FIRST")}${provider("other", "Other company", keycloak.realms[1].issuer, "KC_SECOND")}
`);
  run = launch(["serve", "--config", file], {
    log: path.join(dir, "log"),
    env: { ADA: "correct horse battery", KC_FIRST: "first-secret", KC_SECOND: "second-secret" },
  });
  await until("the portal answers /readyz", 60, async () => {
    if (run.exit) throw Object.assign(new Error(run.output().slice(-3000)), { fatal: true });
    return (await fetch(`${url}/readyz`)).ok;
  });
});

test.afterAll(async () => {
  await run?.stop();
  await keycloak?.stop();
  if (!process.env.KEEP_DATA) fs.rmSync(dir, { recursive: true, force: true });
});

/** A browser of its own for each person. */
async function fresh(browser: Browser): Promise<[BrowserContext, Page]> {
  const context = await browser.newContext();
  return [context, await context.newPage()];
}

/** Signs in the way a person does, through the button and Keycloak's own form. */
async function signIn(page: Page, who: keyof typeof USERS, button = "Keycloak") {
  await page.goto(`${url}/login`);
  await page.getByRole("link", { name: button }).or(page.getByRole("button", { name: button })).first().click();
  await page.locator("#username").fill(who);
  await page.locator("#password").fill(USERS[who]);
  await page.locator("#kc-login").click();
}

const me = async (page: Page) => {
  const answer = await page.request.get(`${url}/api/v1/auth/me`);
  return { status: answer.status(), body: answer.ok() ? await answer.json() : undefined };
};

test("groups decide about tenant and role, and no token reaches the browser", async ({ browser }) => {
  const [context, page] = await fresh(browser);
  await signIn(page, "ana");
  await page.waitForURL(`${url}/t/acme**`);
  expect((await me(page)).body.memberships).toEqual([{ tenant: "acme", name: "Acme", role: "admin" }]);
  const cookies = (await context.cookies(url)).map((cookie) => cookie.name).sort();
  expect(cookies, "the cookie of the attempt is gone").toEqual(["obstack_session"]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(kept).not.toMatch(/eyJ/);
  expect((await page.request.get(`${url}/api/v1/t/globex/overview`)).status()).toBe(404);
  await context.close();
});

test("whoever has no group is told which would be needed", async ({ browser }) => {
  const [context, page] = await fresh(browser);
  await signIn(page, "nil");
  await expect(page.getByText("/acme/admins")).toBeVisible();
  expect((await me(page)).status).toBe(401);
  await context.close();
});

test("signing out ends the session here and there", async ({ browser }) => {
  await keycloak.realm.endSessions("ana");
  const [context, page] = await fresh(browser);
  await signIn(page, "ana");
  await page.waitForURL(`${url}/t/acme**`);
  expect((await keycloak.realm.sessions("ana")).length).toBeGreaterThan(0);
  await page.goto(`${url}/account`);
  await page.locator("details.who summary").click();
  await page.locator("details.who").getByRole("button", { name: "Sign out", exact: true }).click();
  // Keycloak asks nothing when the id token came along.
  await page.waitForURL(`${url}/`);
  expect((await me(page)).status).toBe(401);
  expect(await keycloak.realm.sessions("ana"), "nothing is left there").toHaveLength(0);
  await page.goto(`${url}/login`);
  await page.getByRole("link", { name: "Keycloak" }).or(page.getByRole("button", { name: "Keycloak" })).first().click();
  await expect(page.locator("#password"), "Keycloak asks for the password again").toBeVisible();
  await context.close();
});

test("a logout at Keycloak ends the session here, with its open view", async ({ browser }) => {
  const [context, page] = await fresh(browser);
  await signIn(page, "ana");
  await page.waitForURL(`${url}/t/acme**`);
  const closed = page.evaluate(
    (address) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(address);
        socket.onopen = () => socket.send(JSON.stringify({ subscribe: ["stores"] }));
        socket.onclose = (event) => resolve(event.code);
        (window as unknown as { ready: Promise<void> }).ready = new Promise((open) => socket.addEventListener("message", () => open()));
      }),
    `${url.replace("http", "ws")}/api/v1/t/acme/live`,
  );
  await expect.poll(() => page.evaluate(() => "ready" in window)).toBe(true);
  await page.evaluate(() => (window as unknown as { ready: Promise<void> }).ready);
  await keycloak.realm.endSessions("ana");
  await until("the session is over", 10, async () => (await me(page)).status === 401);
  expect(await closed).toBe(4401);
  await context.close();
});

test("new keys of the provider need no restart", async ({ browser }) => {
  await keycloak.realm.rotateKeys({ keepOld: false });
  const [context, page] = await fresh(browser);
  await signIn(page, "gus");
  await page.waitForURL(`${url}/t/globex**`);
  await context.close();
});

test("two providers at once: the same name is somebody else", async ({ browser }) => {
  const [one, first] = await fresh(browser);
  await signIn(first, "ana");
  await first.waitForURL(`${url}/t/acme**`);
  const [two, second] = await fresh(browser);
  await signIn(second, "ana", "Other company");
  await second.waitForURL(`${url}/t/acme**`);
  const [a, b] = [(await me(first)).body.user, (await me(second)).body.user];
  expect(a.email).toBe(b.email);
  expect(a.id).not.toBe(b.id);
  // The end of one is not the end of the other.
  await keycloak.realms[1].endSessions("ana");
  await until("the other's session is over", 10, async () => (await me(second)).status === 401);
  expect((await me(first)).status).toBe(200);
  await Promise.all([one.close(), two.close()]);
});

test("an access token for the portal is accepted by the API, another one is not", async () => {
  const { discover, signInCompletely } = await import("../support/relying-party.mjs");
  const { client, issuer } = keycloak.realm;
  const { tokens } = await signInCompletely(await discover(issuer), client, { username: "gus", password: USERS.gus });
  const ask = async (token: string, tenant: string) =>
    (await fetch(`${url}/api/v1/t/${tenant}/stores`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await ask(tokens.access_token, "globex")).toBe(200);
  expect(await ask(tokens.access_token, "acme")).toBe(404);
  expect(await ask(`${tokens.access_token.slice(0, -8)}AAAAAAAA`, "globex")).toBe(401);
});

test("a group that is taken away takes effect at the next refresh, a disabled account ends the session", async ({ browser }) => {
  await keycloak.realm.setAccessTokenSecs(35);
  const [one, gus] = await fresh(browser);
  await signIn(gus, "gus");
  await gus.waitForURL(`${url}/t/globex**`);
  const [two, ana] = await fresh(browser);
  await signIn(ana, "ana");
  await ana.waitForURL(`${url}/t/acme**`);
  await keycloak.realm.leave("gus", "/globex/editors");
  await keycloak.realm.join("gus", "/acme/viewers");
  await keycloak.realm.updateUser("ana", { enabled: false });
  await until("the new group counts", 90, async () => {
    const { body } = await me(gus);
    return body?.memberships.some((m: { tenant: string; role: string }) => m.tenant === "acme" && m.role === "viewer");
  });
  expect((await me(gus)).body.memberships.map((m: { tenant: string }) => m.tenant)).toEqual(["acme"]);
  await until("the disabled account is out", 90, async () => (await me(ana)).status === 401);
  await Promise.all([one.close(), two.close()]);
});
