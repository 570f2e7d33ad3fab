// What a browser and a portal do during a sign-in with OpenID Connect, with plain fetch: for tests of the providers
// themselves and for tests that want a code without a browser. Checks nothing on the portal's behalf: that is its own work.
import * as crypto from "node:crypto";
import * as http from "node:http";

/** A browser without scripts: keeps cookies, follows redirects, fills in forms. */
export class Visitor {
  // By host and not by port, as in a browser; so all that runs on 127.0.0.1 shares them.
  #cookies = [];

  async #fetch(url, init = {}) {
    const { hostname, pathname } = new URL(url);
    const cookie = this.#cookies
      .filter((c) => c.hostname === hostname && `${pathname}/`.startsWith(c.path.endsWith("/") ? c.path : `${c.path}/`))
      .map((c) => `${c.name}=${c.value}`).join("; ");
    const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, ...(cookie && { cookie }) } });
    for (const line of answer.headers.getSetCookie()) this.#keep(hostname, line);
    return answer;
  }

  #keep(hostname, line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const named = Object.fromEntries(attributes.map((text) => [text.split("=")[0].toLowerCase(), text.slice(text.indexOf("=") + 1)]));
    const cookie = { hostname, name: pair.slice(0, at), value: pair.slice(at + 1), path: named.path ?? "/" };
    this.#cookies = this.#cookies.filter((c) => c.hostname !== hostname || c.name !== cookie.name || c.path !== cookie.path);
    const gone = named["max-age"] === "0" || (named.expires && Date.parse(named.expires) < Date.now());
    if (!gone) this.#cookies.push(cookie);
  }

  /** Opens a page, through all redirects. One to an address that `stop` names is answered and not followed. */
  async open(url, { stop = () => false, init } = {}) {
    for (let hops = 0; hops < 20; hops += 1) {
      const answer = await this.#fetch(url, init);
      const location = answer.headers.get("location");
      if (!location) return { url, status: answer.status, html: await answer.text() };
      await answer.arrayBuffer();
      url = new URL(location, url).href;
      if (stop(url)) return { url, stopped: true };
      init = undefined;
    }
    throw new Error(`too many redirects, the last one to ${url}`);
  }

  /** Sends the only form of a page, with its hidden fields and the ones given. */
  async submit(page, fields, options = {}) {
    const forms = [...page.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)];
    if (forms.length !== 1) throw new Error(`${forms.length} forms instead of one on ${page.url.split("?")[0]} (${page.status}): ${text(page.html)}`);
    const [, head, inner] = forms[0];
    const body = new URLSearchParams();
    for (const [input] of inner.matchAll(/<input\b[^>]*>/g)) {
      if (attribute(input, "type") === "hidden") body.set(attribute(input, "name"), attribute(input, "value") ?? "");
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const url = new URL(attribute(head, "action") ?? page.url, page.url).href;
    return this.open(url, { ...options, init: { method: "POST", body } });
  }
}

function attribute(tag, name) {
  const value = tag.match(new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`, "i"))?.[1];
  return value?.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** What a page says, for messages. */
function text(html) {
  return html.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/g, " ").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 400);
}

/**
 * Signs in at a provider as somebody and answers the address it sends the browser back to, with the code in it.
 * `fields` fill in the login form; a visitor with a session at the provider is not asked.
 */
export async function signIn(authorizationUrl, fields, { visitor = new Visitor() } = {}) {
  const back = new URL(authorizationUrl).searchParams.get("redirect_uri");
  const stop = (url) => back !== null && url.split("?")[0] === back;
  let page = await visitor.open(authorizationUrl, { stop });
  if (!page.stopped) page = await visitor.submit(page, fields, { stop });
  if (!page.stopped) throw new Error(`the sign-in ended at ${page.url.split("?")[0]} (${page.status}): ${text(page.html)}`);
  return page.url;
}

const random = () => crypto.randomBytes(32).toString("base64url");

export async function discover(issuer) {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error(`discovery of ${issuer}: ${answer.status}`);
  return answer.json();
}

/** The address that starts a sign-in, and what has to be remembered until the answer. `client`: {id, secret, redirectUri}. */
export function authorization(metadata, client, extra = {}) {
  const attempt = { verifier: random(), state: random(), nonce: random() };
  const url = new URL(metadata.authorization_endpoint);
  const parameters = {
    response_type: "code", client_id: client.id, redirect_uri: client.redirectUri, scope: "openid profile email",
    state: attempt.state, nonce: attempt.nonce, code_challenge_method: "S256",
    code_challenge: crypto.createHash("sha256").update(attempt.verifier).digest("base64url"), ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { ...attempt, url: url.href };
}

/** Asks the token endpoint: {status, ...answer}. */
export async function token(metadata, client, form) {
  const answer = await fetch(metadata.token_endpoint, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`).toString("base64")}` },
    body: new URLSearchParams(form),
  });
  return { status: answer.status, ...(await answer.json()) };
}

/** Exchanges the code of a callback address. */
export function exchange(metadata, client, callback, verifier) {
  const code = new URL(callback).searchParams.get("code");
  return token(metadata, client, { grant_type: "authorization_code", code, redirect_uri: client.redirectUri, ...(verifier && { code_verifier: verifier }) });
}

export function refresh(metadata, client, refreshToken) {
  return token(metadata, client, { grant_type: "refresh_token", refresh_token: refreshToken });
}

/** A whole sign-in: {tokens, attempt, callback}. */
export async function signInCompletely(metadata, client, fields, options) {
  const attempt = authorization(metadata, client);
  const callback = await signIn(attempt.url, fields, options);
  return { attempt, callback, tokens: await exchange(metadata, client, callback, attempt.verifier) };
}

export async function userinfo(metadata, accessToken) {
  const answer = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${accessToken}` } });
  return { status: answer.status, ...(answer.ok ? await answer.json() : {}) };
}

/** Where to send a browser that wants to leave. */
export function endSession(metadata, parameters) {
  return `${metadata.end_session_endpoint}?${new URLSearchParams(parameters)}`;
}

/** Header and claims of a JWT, believed without looking. */
export function decode(jwt) {
  const [header, claims] = jwt.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  return { header, claims };
}

export async function keys(metadata) {
  return (await (await fetch(metadata.jwks_uri)).json()).keys;
}

/** Header and claims of a JWT whose RS256 signature is by one of the provider's keys. */
export async function verified(metadata, jwt) {
  const { header, claims } = decode(jwt);
  const jwk = (await keys(metadata)).find((key) => key.kid === header.kid);
  if (!jwk || header.alg !== "RS256") throw new Error(`no key for ${JSON.stringify(header)}`);
  const at = jwt.lastIndexOf(".");
  const signature = Buffer.from(jwt.slice(at + 1), "base64url");
  const good = crypto.verify("RSA-SHA256", Buffer.from(jwt.slice(0, at)), crypto.createPublicKey({ key: jwk, format: "jwk" }), signature);
  if (!good) throw new Error("the signature is wrong");
  return { header, claims };
}

/** A local listener in the place of the portal's back-channel: {origin, url, next(is), posts, stop()}. */
export async function backChannel({ path = "/", status = 200 } = {}) {
  const posts = [];
  const waiting = new Set();
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const post = { method: request.method, path: request.url, type: request.headers["content-type"], form: new URLSearchParams(Buffer.concat(chunks).toString()) };
    response.writeHead(status, { "cache-control": "no-store" }).end();
    posts.push(post);
    for (const one of waiting) one(post);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin, url: origin + path, posts,
    /** The next POST for which `is` holds, of those that arrive from now on: ask for it before causing it. */
    next(is = () => true, seconds = 10) {
      return new Promise((resolve, reject) => {
        const one = (post) => { if (is(post)) { clearTimeout(timer); waiting.delete(one); resolve(post); } };
        const timer = setTimeout(() => { waiting.delete(one); reject(new Error(`no such back-channel logout within ${seconds} s`)); }, seconds * 1000);
        waiting.add(one);
      });
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
