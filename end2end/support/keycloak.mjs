// Starts a real Keycloak with copies of deploy/keycloak/realm.json and changes it while it runs. Knows nothing of the
// portal but the addresses it has to tell Keycloak. scripts/setup installs the server; without it `available()` says why.
import { spawn } from "node:child_process";
import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { freePort, temporaryDirectory, until } from "./portal.mjs";

const REALM = fileURLToPath(new URL("../../deploy/keycloak/realm.json", import.meta.url));
/** The name that realm.json gives the provider in the portal's addresses. */
const PROVIDER = "keycloak";
/** The people of realm.json and their passwords. */
export const USERS = { ana: "test-only-ana", gus: "test-only-gus", nil: "test-only-nil" };

// One thread of compilation and no profile-guided code: a test server does not live long enough to earn more back.
const JVM = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"];

/** Whether Keycloak can be started here: {ok} or {ok: false, why}. */
export function available() {
  const home = process.env.KEYCLOAK_HOME;
  if (!home) return { ok: false, why: "KEYCLOAK_HOME is not set; run this through scripts/test" };
  if (!fs.existsSync(path.join(home, ".stamp"))) return { ok: false, why: "not installed; scripts/setup keycloak gets it" };
  return { ok: true };
}

/**
 * A copy of deploy/keycloak/realm.json for a portal of these tests, and what that portal must be told about its client.
 * `realm` names the realm, `provider` is the provider's name in the portal's addresses, `baseUrl` the portal itself;
 * `change(representation)` may alter anything else. Placeholders without a value become their default, or with `leave`
 * stay for Keycloak to fill in.
 */
export function realmCopy({ realm = "obstack", provider = PROVIDER, baseUrl, secret, accessTokenSecs, change } = {}, { leave = false } = {}) {
  const values = { OBSTACK_PUBLIC_URL: baseUrl, OBSTACK_OIDC_SECRET: secret, OBSTACK_ACCESS_TOKEN_SECS: accessTokenSecs };
  const json = fs.readFileSync(REALM, "utf8")
    .replace(/\$\{(\w+)(?::([^}]*))?\}/g, (placeholder, name, otherwise) => values[name] ?? (leave ? placeholder : otherwise ?? placeholder))
    .replaceAll(`/oidc/${PROVIDER}/`, `/oidc/${provider}/`);
  const representation = { ...JSON.parse(json), realm };
  change?.(representation);
  const [client] = representation.clients;
  return { representation, client: { id: client.clientId, secret: client.secret, redirectUri: client.redirectUris[0] } };
}

/**
 * Starts Keycloak on a free loopback port with one realm for each patch (see `realmCopy`); without any, with one as it
 * is in the file. Answers {url, issuer, realms, realm, …, stop()}: `realm` is the first of `realms`, each a `Realm`.
 */
export async function start(...patches) {
  const can = available();
  if (!can.ok) throw new Error(`Keycloak: ${can.why}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(process.env.KEYCLOAK_HOME, patches.length > 0 ? patches : [{}]);
    } catch (error) {
      // It listens seconds after the port was found free, and other tests look for ports as well.
      if (attempt === 3 || !/already bound|already in use/i.test(error.message)) throw error;
    }
  }
}

async function launch(dist, patches, { jvm = [] } = {}) {
  // The secret that reaches Keycloak the way of an operator: from its environment, while it imports.
  const secret = crypto.randomBytes(24).toString("base64url");
  const dir = temporaryDirectory("keycloak");
  const seed = path.join(dist, "seed");
  const classes = path.join(seed, "classes.jsa");
  const seeded = fs.existsSync(path.join(seed, "admin.json"));
  const admin = seeded ? JSON.parse(fs.readFileSync(path.join(seed, "admin.json"), "utf8")) : { id: "obstack-tests", secret: crypto.randomBytes(24).toString("base64url") };

  // A home of its own for each, with the distribution's parts linked into it.
  for (const name of ["lib", "providers", "conf", "themes"]) fs.symlinkSync(path.join(dist, name), path.join(dir, name));
  fs.mkdirSync(path.join(dir, "data/import"), { recursive: true });
  if (seeded) {
    fs.mkdirSync(path.join(dir, "data/h2"));
    fs.copyFileSync(path.join(seed, "keycloakdb.mv.db"), path.join(dir, "data/h2/keycloakdb.mv.db"));
  }
  for (const patch of patches) {
    const { representation } = realmCopy(patch, { leave: true });
    fs.writeFileSync(path.join(dir, "data/import", `${representation.realm}.json`), JSON.stringify(representation));
  }
  // kc.sh has Java as its child. With this in between, neither outlives the one who started it, however that ends.
  const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, "bin/java") : "java";
  const leashed = path.join(dir, "java");
  fs.writeFileSync(leashed, `#!/bin/sh\nexec setpriv --pdeathsig KILL '${java}' "$@"\n`, { mode: 0o755 });

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = path.join(dir, "keycloak.log");
  const out = fs.openSync(log, "a");
  const from = Date.now();
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", path.join(dist, "bin/kc.sh"), "start", "--optimized", "--import-realm", `-Dkc.home.dir=${dir}`,
      "--http-enabled=true", "--http-host=127.0.0.1", `--http-port=${port}`, `--hostname=${url}`, "--cache=local",
      // Each answer of "not yet" would be a line.
      "--log-level=info,io.smallrye.health:off"],
    {
      // Nothing else of our environment: Keycloak reads every KC_ variable and kc.sh several more.
      env: {
        PATH: process.env.PATH, HOME: dir, JAVA: leashed,
        JAVA_OPTS: [...JVM, ...(fs.existsSync(classes) ? [`-XX:SharedArchiveFile=${classes}`] : []), ...jvm].join(" "),
        KC_BOOTSTRAP_ADMIN_CLIENT_ID: admin.id, KC_BOOTSTRAP_ADMIN_CLIENT_SECRET: admin.secret,
        OBSTACK_OIDC_SECRET: secret,
      },
      stdio: ["ignore", out, out],
    },
  );
  fs.closeSync(out);
  let exit;
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(exit = { error: error.message }));
    child.once("exit", (code, signal) => resolve(exit = { code, signal }));
  });
  const output = () => fs.readFileSync(log, "utf8");
  const remove = () => { if (!process.env.KEEP_DATA) fs.rmSync(dir, { recursive: true, force: true }); };

  try {
    await until("Keycloak is ready", 180, async () => {
      if (exit) throw Object.assign(new Error(`Keycloak ended: ${JSON.stringify(exit)}`), { fatal: true });
      return (await fetch(`${url}/health/ready`)).ok;
    });
    const readyMs = Date.now() - from;
    const call = adminOf(url, admin);
    const realms = patches.map((patch) => realmCopy({ secret, ...patch })).map(({ representation, client }) => new Realm(url, call, representation.realm, client));
    for (const realm of realms) {
      if (!(await fetch(`${realm.issuer}/.well-known/openid-configuration`)).ok) throw new Error(`the realm ${realm.name} was not imported`);
    }
    return {
      url, realms, realm: realms[0], issuer: realms[0]?.issuer, dir, log, output, readyMs, admin,
      pid: child.pid,
      /** The administration's HTTP interface, for what `Realm` has no word for: call("GET", "/realms"). */
      call,
      /** One more realm while it runs. Its client has a secret of its own. */
      async createRealm(patch = {}) {
        const { representation, client } = realmCopy({ secret: crypto.randomBytes(24).toString("base64url"), ...patch });
        await call("POST", "/realms", representation);
        const realm = new Realm(url, call, representation.realm, client);
        realms.push(realm);
        return realm;
      },
      async stop({ keep = false } = {}) {
        if (!exit) {
          child.kill("SIGTERM");
          const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
          await ended;
          clearTimeout(timer);
        }
        if (!keep) remove();
        return exit;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    const tail = output().slice(-4000);
    remove();
    throw new Error(`${error.message}\n--- end of Keycloak's log ---\n${tail}`);
  }
}

/** Calls to the administration, signed in as the service account that Keycloak was started with. */
function adminOf(url, admin) {
  let held = { until: 0 };
  const bearer = async () => {
    if (held.until < Date.now()) {
      const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
        method: "POST",
        body: new URLSearchParams({ grant_type: "client_credentials", client_id: admin.id, client_secret: admin.secret }),
      });
      if (!answer.ok) throw new Error(`signing in as administrator: ${answer.status} ${await answer.text()}`);
      const { access_token, expires_in } = await answer.json();
      held = { token: access_token, until: Date.now() + expires_in * 500 };
    }
    return held.token;
  };
  return async (method, route, body) => {
    const answer = await fetch(`${url}/admin${route}`, {
      method,
      headers: { authorization: `Bearer ${await bearer()}`, ...(body !== undefined && { "content-type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
    // What is created has its id at the end of its address.
    const created = answer.status === 201 ? answer.headers.get("location")?.split("/").pop() : undefined;
    return text ? JSON.parse(text) : created;
  };
}

/** One realm of a running Keycloak. Users are named by their user name, groups by their path. */
export class Realm {
  #call;

  constructor(url, call, name, client) {
    this.name = name;
    this.issuer = `${url}/realms/${name}`;
    /** What the portal must know: {id, secret, redirectUri}. */
    this.client = client;
    this.#call = (method, route, body) => call(method, `/realms/${name}${route}`, body);
  }

  async #one(what, route, is) {
    const found = (await this.#call("GET", route)).find(is);
    if (!found) throw new Error(`the realm ${this.name} has no ${what}`);
    return found.id;
  }

  /** The user's id, which is the `sub` of its tokens. */
  userId(username) {
    return this.#one(`user ${username}`, `/users?exact=true&username=${encodeURIComponent(username)}`, (user) => user.username === username);
  }

  async #groupId(group) {
    return (await this.#call("GET", `/group-by-path${group}`)).id;
  }

  delete() {
    return this.#call("DELETE", "");
  }

  /** Changes settings of the realm, by the names of a realm export. */
  update(settings) {
    return this.#call("PUT", "", settings);
  }

  /** How long access tokens live from now on. */
  setAccessTokenSecs(secs) {
    return this.update({ accessTokenLifespan: secs });
  }

  /** Moves the client to another portal, of which only now is known where it listens. */
  async pointAt(baseUrl, provider = PROVIDER) {
    const { representation, client } = realmCopy({ baseUrl, provider, secret: this.client.secret });
    const [wanted] = representation.clients;
    const id = await this.#one(`client ${this.client.id}`, `/clients?clientId=${this.client.id}`, () => true);
    const now = await this.#call("GET", `/clients/${id}`);
    await this.#call("PUT", `/clients/${id}`, { ...now, redirectUris: wanted.redirectUris, attributes: { ...now.attributes, ...wanted.attributes } });
    this.client.redirectUri = client.redirectUri;
  }

  /** Answers the new user's id. Without a password nobody can sign in as it. */
  async createUser({ username, password, email = `${username}@example.test`, emailVerified = true, firstName = username, lastName = "Test", groups = [] }) {
    const credentials = password ? [{ type: "password", value: password, temporary: false }] : [];
    await this.#call("POST", "/users", { username, enabled: true, email, emailVerified, firstName, lastName, credentials, groups });
    return this.userId(username);
  }

  async updateUser(username, change) {
    const id = await this.userId(username);
    await this.#call("PUT", `/users/${id}`, { ...(await this.#call("GET", `/users/${id}`)), ...change });
  }

  async deleteUser(username) {
    await this.#call("DELETE", `/users/${await this.userId(username)}`);
  }

  /** A group with all that is missing above it. */
  async createGroup(group) {
    let parent;
    let above = "";
    for (const name of group.split("/").slice(1)) {
      above += `/${name}`;
      const here = await this.#groupId(above).catch(() => undefined);
      parent = here ?? (await this.#call("POST", parent ? `/groups/${parent}/children` : "/groups", { name }).then((made) => made?.id ?? made));
    }
  }

  async join(username, group) {
    await this.#call("PUT", `/users/${await this.userId(username)}/groups/${await this.#groupId(group)}`);
  }

  async leave(username, group) {
    await this.#call("DELETE", `/users/${await this.userId(username)}/groups/${await this.#groupId(group)}`);
  }

  /** Makes a new key the one that signs; answers its kid. Without `keepOld`, what older ones signed is worth nothing. */
  async rotateKeys({ keepOld = true } = {}) {
    const { id } = await this.#call("GET", "");
    const type = "org.keycloak.keys.KeyProvider";
    const old = (await this.#call("GET", `/components?type=${type}`)).filter((component) => component.providerId === "rsa-generated");
    const priority = Math.max(...old.map((component) => Number(component.config.priority?.[0] ?? 0))) + 1;
    await this.#call("POST", "/components", {
      name: `rotated-${priority}`, providerId: "rsa-generated", providerType: type, parentId: id,
      config: { priority: [`${priority}`], enabled: ["true"], active: ["true"], algorithm: ["RS256"], keySize: ["2048"] },
    });
    if (!keepOld) for (const component of old) await this.#call("DELETE", `/components/${component.id}`);
    return (await this.#call("GET", "/keys")).active.RS256;
  }

  /** The user's sessions: [{id, clients, start, …}]; `id` is the `sid` of its tokens. */
  async sessions(username) {
    return this.#call("GET", `/users/${await this.userId(username)}/sessions`);
  }

  /** Ends all sessions of a user; Keycloak tells the clients of them through their back-channel. */
  async endSessions(username) {
    await this.#call("POST", `/users/${await this.userId(username)}/logout`);
  }

  /** Ends one session, by its `sid`; likewise. */
  async endSession(sid) {
    await this.#call("DELETE", `/sessions/${sid}`);
  }
}

/**
 * What scripts/setup does once with a freshly built distribution: keeps the database of a first start and the classes it
 * loaded, so that later starts need neither make the one nor read the others anew.
 */
async function makeSeed(dist) {
  const seed = path.join(dist, "seed");
  fs.mkdirSync(seed);
  // A realm that is imported and deleted again, so that the classes for it are among them.
  const server = await launch(dist, [{ realm: "seed" }], { jvm: [`-XX:ArchiveClassesAtExit=${path.join(seed, "classes.jsa")}`] });
  try {
    await server.realm.rotateKeys();
    await server.realm.delete();
  } finally {
    await server.stop({ keep: true });
  }
  fs.copyFileSync(path.join(server.dir, "data/h2/keycloakdb.mv.db"), path.join(seed, "keycloakdb.mv.db"));
  fs.rmSync(server.dir, { recursive: true });
  fs.writeFileSync(path.join(seed, "admin.json"), JSON.stringify(server.admin), { mode: 0o600 });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [word, dist] = process.argv.slice(2);
  if (word !== "--seed" || !dist) throw new Error("usage: node keycloak.mjs --seed DISTRIBUTION");
  await makeSeed(dist);
}
