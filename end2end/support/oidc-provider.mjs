// A light OpenID provider for fast tests: certified software, everything in memory, and a second port on which a test
// makes happen what a real provider does by itself. Not for anything but tests: whoever asks may sign in as anybody.
//
//   node oidc-provider.mjs --port 0 --config '{"base_url": "http://127.0.0.1:3000", "accounts": [{"sub": "ana"}]}'
//
// prints {"issuer": …, "control": …, …} on one line when it listens, and ends with the process that started it.
// `DEFAULTS` below is the configuration; `routes` are the calls of the control port.
import * as crypto from "node:crypto";
import * as http from "node:http";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

import Provider from "oidc-provider";

import { forge, ID_DEFECTS, LOGOUT_DEFECTS, logoutToken, newKey } from "./forged-tokens.mjs";
import { decode, signIn } from "./relying-party.mjs";

const DEFAULTS = {
  port: 0,
  control_port: 0,
  // The portal, and the provider's name in its addresses: they make the one client when `clients` is absent.
  base_url: "http://127.0.0.1:3000",
  provider: "keycloak",
  client_id: "obstack",
  client_secret: "test-only-secret",
  // Client metadata of OpenID Connect's registration, in full, instead of the above.
  clients: null,
  // {sub, email, email_verified, name, groups, …}: every further member is a claim.
  accounts: [
    { sub: "ana", email: "ana@acme.test", email_verified: true, name: "Ana Test", groups: ["/acme/admins"] },
    { sub: "gus", email: "gus@globex.test", email_verified: true, name: "Gus Test", groups: ["/globex/editors"] },
    { sub: "nil", email: "nil@nowhere.test", email_verified: true, name: "Nil Test" },
  ],
  access_token_secs: 300,
  id_token_secs: 300,
  refresh_token_secs: 1800,
  session_secs: 36000,
  // "jwt": signed access tokens for the audience `access_token_audience`, which userinfo then refuses.
  access_tokens: "opaque",
  access_token_audience: "obstack",
};

/** Starts a provider in this process: {issuer, control, client, stop()}. */
export async function startProvider(given = {}) {
  for (const name of Object.keys(given)) if (!(name in DEFAULTS)) throw new Error(`unknown setting: ${name}`);
  const config = { ...DEFAULTS, ...given };
  const provider = await new LightProvider(config).listen();
  const { issuer, control } = provider;
  const { client_id: id, client_secret: secret, redirect_uris: [redirectUri] } = provider.clients[0];
  return { issuer, control, client: { id, secret, redirectUri }, stop: () => provider.stop() };
}

function onlyClient({ base_url, provider, client_id, client_secret }) {
  const prefix = `${base_url}/api/v1/auth/oidc/${provider}`;
  return {
    client_id, client_secret,
    redirect_uris: [`${prefix}/callback`],
    post_logout_redirect_uris: [`${base_url}/`, `${base_url}/login`],
    backchannel_logout_uri: `${prefix}/backchannel-logout`,
  };
}

class LightProvider {
  clients;
  keys = [newKey()];
  accounts;
  /** Everything the provider remembers: "model:id" to {payload, expires}. Outlives the provider, see `build`. */
  store = new Map();
  cookieKeys = [crypto.randomBytes(32).toString("hex")];
  calls = [];
  failures = [];
  /** The defect of the next ID tokens, and of how many. */
  idDefect = { times: 0 };

  constructor(config) {
    this.config = config;
    this.clients = config.clients ?? [onlyClient(config)];
    this.accounts = new Map(config.accounts.map((account) => [account.sub, account]));
  }

  async listen() {
    const front = http.createServer((request, response) => this.handle(request, response));
    const control = http.createServer((request, response) => this.controlled(request, response));
    this.servers = [front, control];
    await Promise.all([[front, this.config.port], [control, this.config.control_port]].map(([server, port]) => new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    })));
    this.issuer = `http://127.0.0.1:${front.address().port}`;
    this.control = `http://127.0.0.1:${control.address().port}`;
    this.build();
    return this;
  }

  async stop() {
    await Promise.all(this.servers.map((server) => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); }));
  }

  /** Makes the provider anew around what it remembers: its keys and clients can only be given at its start. */
  build() {
    const { config } = this;
    const jwt = config.access_tokens === "jwt";
    const port = new URL(this.issuer).port;
    const provider = new Provider(this.issuer, {
      adapter: adapterFor(this.store),
      // The first key signs.
      jwks: { keys: this.keys.map((key) => key.private) },
      clients: this.clients.map((client) => ({
        grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], backchannel_logout_session_required: true, ...client,
      })),
      responseTypes: ["code"],
      findAccount: (ctx, sub) => {
        const account = this.accounts.get(sub);
        return account && { accountId: sub, claims: () => account };
      },
      // As Keycloak does it with our realm: groups need no scope of their own, and the ID token has the claims itself.
      claims: { openid: ["sub", ...this.claimNames()], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
      conformIdTokenClaims: false,
      scopes: ["openid", "offline_access"],
      pkce: { required: () => true },
      issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
      rotateRefreshToken: () => true,
      extraTokenClaims: (ctx, token) => (jwt && token.accountId ? withoutSub(this.accounts.get(token.accountId)) : undefined),
      // Nobody is asked for consent. One grant per session: tokens die with theirs.
      loadExistingGrant: async (ctx) => {
        const { provider, client: { clientId }, session } = ctx.oidc;
        const held = session.grantIdFor(clientId);
        const grant = (held && (await provider.Grant.find(held))) || new provider.Grant({ clientId, accountId: session.accountId });
        const scope = [...ctx.oidc.requestParamScopes].join(" ");
        grant.addOIDCScope(scope);
        if (jwt) grant.addResourceScope("urn:obstack", scope);
        await grant.save();
        return grant;
      },
      // Without the library's own connections, which refuse loopback addresses: here there is nothing else.
      fetch: (url, { dispatcher, ...options }) => fetch(url, options),
      interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
      // A browser does not tell ports apart: two providers on one host would take each other's cookies.
      cookies: { keys: this.cookieKeys, names: { session: `_session_${port}`, interaction: `_interaction_${port}`, resume: `_resume_${port}` } },
      ttl: { AccessToken: config.access_token_secs, IdToken: config.id_token_secs, RefreshToken: config.refresh_token_secs, Session: config.session_secs, Grant: config.session_secs, AuthorizationCode: 60, Interaction: 600 },
      features: {
        devInteractions: { enabled: false },
        revocation: { enabled: true },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (ctx, form) => { ctx.body = page("Sign out", `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`); },
          postLogoutSuccessSource: (ctx) => { ctx.body = page("Signed out", "<p>You are signed out.</p>"); },
        },
        resourceIndicators: {
          enabled: jwt,
          defaultResource: () => "urn:obstack",
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({ scope: "openid profile email offline_access", audience: config.access_token_audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
        },
      },
      renderError: (ctx, out) => { ctx.type = "html"; ctx.body = page("Refused", `<p>${escape(out.error)}: ${escape(out.error_description ?? "")}</p>`); },
    });
    provider.use((ctx, next) => this.around(ctx, next));
    provider.on("server_error", (ctx, error) => console.error(error));
    this.provider = provider;
    this.callback = provider.callback();
  }

  /** Claims beyond the standard ones that any account has. */
  claimNames() {
    const standard = ["sub", "email", "email_verified", "name", "preferred_username"];
    return [...new Set(["groups", ...[...this.accounts.values()].flatMap(Object.keys)])].filter((name) => !standard.includes(name));
  }

  /** What happens around each request to the provider: the record, the failures asked for, and two short cuts. */
  async around(ctx, next) {
    const failure = this.failures.find((one) => one.path === ctx.path && one.times > 0);
    if (failure) {
      failure.times -= 1;
      await new Promise((resolve) => setTimeout(resolve, failure.delay_ms ?? 0));
    }
    if (failure?.status) {
      ctx.status = failure.status;
      ctx.body = { error: "server_error", error_description: "asked for by the test" };
    } else {
      await next();
    }
    this.calls.push({ method: ctx.method, path: ctx.path, status: ctx.status, grant_type: ctx.oidc?.params?.grant_type });
    if (ctx.path === "/token" && ctx.body?.id_token && this.idDefect.times > 0) {
      this.idDefect.times -= 1;
      const client = this.clients.find((one) => one.client_id === ctx.oidc.client.clientId);
      const token = { ...decode(ctx.body.id_token), key: this.keys[0], secret: client.client_secret };
      ctx.body = { ...ctx.body, id_token: forge(token, this.idDefect.defect, ID_DEFECTS) };
    }
    if (ctx.path === "/session/end" && ctx.status === 200 && ctx.oidc?.entities?.IdTokenHint) await this.confirmLogout(ctx);
  }

  /** Who leaves with an ID token in the hand is not asked whether that is meant, as with Keycloak. */
  async confirmLogout(ctx) {
    const xsrf = /name="xsrf" value="([^"]*)"/.exec(`${ctx.body}`)?.[1];
    const jar = new Map((ctx.get("cookie") || "").split("; ").filter(Boolean).map((pair) => [pair.split("=")[0], pair]));
    for (const line of [ctx.response.get("set-cookie")].flat().filter(Boolean)) jar.set(line.split("=")[0], line.split(";")[0]);
    const answer = await fetch(`${this.issuer}/session/end/confirm`, {
      method: "POST", redirect: "manual", headers: { cookie: [...jar.values()].join("; ") }, body: new URLSearchParams({ xsrf, logout: "yes" }),
    });
    ctx.body = null;
    ctx.status = answer.status;
    ctx.set("location", answer.headers.get("location"));
    ctx.append("set-cookie", answer.headers.getSetCookie());
  }

  /** The login form is ours, all else the provider's. */
  async handle(request, response) {
    if (!request.url.startsWith("/interaction/")) return this.callback(request, response);
    try {
      const { prompt, params } = await this.provider.interactionDetails(request, response);
      if (prompt.name === "consent") return await this.provider.interactionFinished(request, response, { consent: {} }, { mergeWithLastSubmission: true });
      if (request.method === "POST") {
        const name = new URLSearchParams(await read(request)).get("subject");
        const account = [...this.accounts.values()].find((one) => one.sub === name || one.email === name);
        if (account) return await this.provider.interactionFinished(request, response, { login: { accountId: account.sub } }, { mergeWithLastSubmission: false });
      }
      const wrong = request.method === "POST" ? "<p role=\"alert\">Nobody here has that name.</p>" : "";
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(page("Sign in to the test provider", `${wrong}<form method="post" action="${escape(request.url)}"><label>Subject <input name="subject" value="${escape(params.login_hint ?? "")}" autofocus></label> <button>Sign in</button></form>`));
    } catch (error) {
      response.writeHead(error.statusCode ?? 500, { "content-type": "text/html; charset=utf-8" }).end(page("Refused", `<p>${escape(error.error_description ?? error.message)}</p>`));
    }
  }

  async controlled(request, response) {
    const [, first, name] = new URL(request.url, this.control).pathname.split("/").map(decodeURIComponent);
    let status = 200;
    let answer;
    try {
      const route = this.routes[`${request.method} /${first}${name ? "/" : ""}`];
      if (!route) throw new Error(`no such call; there are: ${Object.keys(this.routes).join(", ")}`);
      const text = await read(request);
      answer = await route(text ? JSON.parse(text) : {}, name);
    } catch (error) {
      status = 400;
      answer = { error: error.message };
    }
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  }

  routes = {
    /** A new key signs from now on. {"keep_old": false} takes the old ones away. Answers {kid}. */
    "POST /rotate-keys": ({ keep_old = true }) => {
      this.keys = [newKey(), ...(keep_old ? this.keys : [])];
      this.build();
      return { kid: this.keys[0].kid };
    },
    /** Adds an account or changes claims of one; null takes a claim away. Answers the account. */
    "PUT /accounts/": (claims, sub) => {
      const account = { ...this.accounts.get(sub), ...claims, sub };
      for (const [claim, value] of Object.entries(account)) if (value === null) delete account[claim];
      this.accounts.set(sub, account);
      this.build();
      return account;
    },
    /** Nobody can sign in or refresh as that account any more. */
    "DELETE /accounts/": (_, sub) => { this.accounts.delete(sub); },
    /** Adds a client or changes metadata of one, such as addresses that become known late. Answers the client. */
    "PUT /clients/": (metadata, id) => {
      const client = { ...this.clients.find((one) => one.client_id === id), ...metadata, client_id: id };
      this.clients = [...this.clients.filter((one) => one.client_id !== id), client];
      this.build();
      return client;
    },
    /** Forgets all tokens and grants of {"sub"}, so that a refresh answers invalid_grant. Its session stays. Answers {revoked}. */
    "POST /revoke": ({ sub }) => ({ revoked: this.forget(sub, ["RefreshToken", "AccessToken", "AuthorizationCode", "Grant"]) }),
    /** The living sessions: [{sub, client_id, sid}]. */
    "GET /sessions": () => this.sessions(),
    /** Ends all sessions of {"sub"} as an administrator would: clients are told. Answers [{client_id, sid, delivered, error}]. */
    "POST /end-sessions": async ({ sub }) => {
      const ended = this.sessions().filter((session) => session.sub === sub);
      this.forget(sub, ["Session", "RefreshToken", "AccessToken", "AuthorizationCode", "Grant"]);
      return Promise.all(ended.map(async ({ client_id, sid }) => {
        try {
          await (await this.provider.Client.find(client_id)).backchannelLogout(sub, sid);
          return { client_id, sid, delivered: true };
        } catch (error) {
          return { client_id, sid, delivered: false, error: error.message };
        }
      }));
    },
    /**
     * Makes a logout token for {"sub", "sid", "client_id"} with a {"defect"} and sends it to the client's back-channel, or
     * to {"uri"}; {"send": false} does not. Without a sid it is the one of the subject's session; null leaves it out, as
     * for sub. {"claims": {…}} go over the good ones. Answers {token, claims, sent: [{status, body}]}.
     */
    "POST /logout-token": async ({ sub, sid, client_id = this.clients[0].client_id, defect, uri, send = true, claims = {} }) => {
      const client = this.clients.find((one) => one.client_id === client_id);
      if (!client) throw new Error(`no client ${client_id}`);
      if (sid === undefined) sid = this.sessions().findLast((session) => session.sub === sub && session.client_id === client_id)?.sid;
      const token = { ...logoutToken({ issuer: this.issuer, clientId: client_id, sub, sid, key: this.keys[0] }), secret: client.client_secret };
      Object.assign(token.claims, claims);
      for (const claim of ["sub", "sid"]) if (token.claims[claim] === null) delete token.claims[claim];
      const jwt = forge(token, defect, LOGOUT_DEFECTS);
      const sent = [];
      for (let times = send ? (defect === "replayed" ? 2 : 1) : 0; times > 0; times -= 1) {
        const answer = await fetch(uri ?? client.backchannel_logout_uri, { method: "POST", redirect: "manual", body: new URLSearchParams({ logout_token: jwt }) });
        sent.push({ status: answer.status, body: await answer.text() });
      }
      return { token: jwt, claims: token.claims, sent };
    },
    /** The next {"times"} ID tokens have the {"defect"}. */
    "POST /id-token-defect": ({ defect, times = 1 }) => {
      if (!Object.hasOwn(ID_DEFECTS, defect)) throw new Error(`no such defect: ${defect} (there are: ${Object.keys(ID_DEFECTS).join(", ")})`);
      this.idDefect = { defect, times };
    },
    /** Goes through the authorization at {"url"} as {"sub"} in the place of a browser. Answers {callback}, which it does not open. */
    "POST /sign-in": async ({ url, sub }) => ({ callback: await signIn(url, { subject: sub }) }),
    /** The next {"times"} requests to {"path"} ("/token", "/jwks", …) wait {"delay_ms"} and, with a {"status"}, fail with it. */
    "POST /fail": ({ path, status, delay_ms, times = 1 }) => { this.failures.push({ path, status, delay_ms, times }); },
    /** What was asked of the provider so far: [{method, path, status, grant_type}]. */
    "GET /calls": () => this.calls,
    "DELETE /calls": () => { this.calls = []; },
  };

  sessions() {
    return [...this.store].filter(([key]) => key.startsWith("Session:")).map(([, { payload }]) => payload)
      .flatMap(({ accountId, authorizations = {} }) => Object.entries(authorizations).map(([client_id, { sid }]) => ({ sub: accountId, client_id, sid })));
  }

  forget(sub, models) {
    const found = [...this.store].filter(([key, { payload }]) => models.includes(key.split(":")[0]) && payload.accountId === sub);
    for (const [key] of found) this.store.delete(key);
    return found.length;
  }
}

/** The provider's storage, in a map of ours: one that can be looked through and outlives the provider. */
function adapterFor(store) {
  const living = (key) => {
    const entry = store.get(key);
    if (entry && entry.expires < Date.now()) store.delete(key);
    return store.get(key)?.payload;
  };
  return class {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      store.set(`${this.model}:${id}`, { payload, expires: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
    }
    async find(id) {
      return living(`${this.model}:${id}`);
    }
    async findByUid(uid) {
      const found = [...store].find(([key, { payload }]) => key.startsWith(`${this.model}:`) && payload.uid === uid);
      return found && living(found[0]);
    }
    async findByUserCode() {}
    async consume(id) {
      store.get(`${this.model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000);
    }
    async destroy(id) {
      store.delete(`${this.model}:${id}`);
    }
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of store) if (key.startsWith(`${this.model}:`) && payload.grantId === grantId) store.delete(key);
    }
  };
}

function withoutSub({ sub, ...claims } = {}) {
  return claims;
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const escape = (text) => `${text}`.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({ options: { port: { type: "string" }, config: { type: "string", default: "{}" } } });
  // The standard output is for the one line; what the library has to say goes to the other.
  console.info = console.log = console.error;
  const config = JSON.parse(values.config);
  const { issuer, control, client } = await startProvider(values.port === undefined ? config : { ...config, port: Number(values.port) });
  process.stdout.write(`${JSON.stringify({ issuer, control, client_id: client.id, client_secret: client.secret, redirect_uri: client.redirectUri })}\n`);
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 500);
}
