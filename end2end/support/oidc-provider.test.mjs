// That the light provider behaves as the portal may expect of any, and that its control port can cause what tests need.
// Nothing of the portal runs here. `scripts/test providers` runs it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ID_DEFECTS, LOGOUT_DEFECTS } from "./forged-tokens.mjs";
import * as rp from "./relying-party.mjs";

let channel, process_, control, client, metadata;

/** As a test in another language starts it. */
async function launch(config) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("oidc-provider.mjs", import.meta.url)), "--port", "0", "--config", JSON.stringify(config)], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout })) return { child, ...JSON.parse(line) };
  throw new Error("the provider ended before it was ready");
}

/** A call to the control port. */
async function tell(method, path, body, at = control) {
  const answer = await fetch(at + path, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

before(async () => {
  channel = await rp.backChannel();
  const started = await launch({
    base_url: channel.origin,
    accounts: [
      { sub: "ana", email: "ana@acme.test", email_verified: true, name: "Ana", groups: ["/acme/admins"] },
      { sub: "gus", email: "gus@globex.test", email_verified: false, name: "Gus", groups: ["/globex/editors"] },
    ],
  });
  process_ = started.child;
  control = started.control;
  client = { id: started.client_id, secret: started.client_secret, redirectUri: started.redirect_uri };
  metadata = await rp.discover(started.issuer);
});
after(async () => {
  process_?.kill();
  await channel?.stop();
});

const signIn = (sub, options) => rp.signInCompletely(metadata, client, { subject: sub }, options);

test("a sign-in with code and PKCE ends in tokens with the account's claims", async () => {
  const { attempt, callback, tokens } = await signIn("ana");
  const query = new URL(callback).searchParams;
  assert.deepEqual([query.get("state"), query.get("iss")], [attempt.state, metadata.issuer]);
  const { claims } = await rp.verified(metadata, tokens.id_token);
  assert.deepEqual([claims.iss, claims.aud, claims.sub, claims.nonce], [metadata.issuer, client.id, "ana", attempt.nonce]);
  assert.deepEqual([claims.email, claims.email_verified, claims.name, claims.groups], ["ana@acme.test", true, "Ana", ["/acme/admins"]]);
  assert.ok(claims.sid);
  const info = await rp.userinfo(metadata, tokens.access_token);
  assert.deepEqual([info.status, info.sub, info.groups], [200, "ana", ["/acme/admins"]]);
  // By e-mail address as well, and without a browser through the control port.
  assert.equal(rp.decode((await signIn("gus@globex.test")).tokens.id_token).claims.sub, "gus");
  const second = rp.authorization(metadata, client);
  const { callback: direct } = await tell("POST", "/sign-in", { url: second.url, sub: "gus" });
  assert.equal((await rp.exchange(metadata, client, direct, second.verifier)).status, 200);
});

test("without PKCE, with a wrong verifier or for a stranger there is no sign-in", async () => {
  const { url } = rp.authorization(metadata, client, { code_challenge: undefined, code_challenge_method: undefined });
  const answer = await fetch(url, { redirect: "manual" });
  assert.equal(new URL(answer.headers.get("location")).searchParams.get("error"), "invalid_request");
  const attempt = rp.authorization(metadata, client);
  const callback = await rp.signIn(attempt.url, { subject: "ana" });
  assert.equal((await rp.exchange(metadata, client, callback, "x".repeat(43))).error, "invalid_grant");
  await assert.rejects(signIn("mallory"), /Nobody here has that name/);
});

test("a refresh shows changed claims and spends the token", async () => {
  const { tokens } = await signIn("ana");
  await tell("PUT", "/accounts/ana", { groups: ["/acme/viewers"], department: "ops" });
  const next = await rp.refresh(metadata, client, tokens.refresh_token);
  const { claims } = rp.decode(next.id_token);
  assert.deepEqual([claims.groups, claims.department], [["/acme/viewers"], "ops"]);
  await tell("PUT", "/accounts/ana", { groups: ["/acme/admins"], department: null });
  assert.equal((await rp.refresh(metadata, client, tokens.refresh_token)).error, "invalid_grant");
});

test("a refresh after the grants were revoked is an invalid grant", async () => {
  const { tokens } = await signIn("ana");
  assert.ok((await tell("POST", "/revoke", { sub: "ana" })).revoked > 0);
  assert.equal((await rp.refresh(metadata, client, tokens.refresh_token)).error, "invalid_grant");
  await tell("PUT", "/accounts/tmp", { email: "tmp@acme.test" });
  const temporary = (await signIn("tmp")).tokens;
  await tell("DELETE", "/accounts/tmp");
  assert.equal((await rp.refresh(metadata, client, temporary.refresh_token)).error, "invalid_grant");
});

test("rotation changes the key that signs, and sessions live on", async () => {
  const visitor = new rp.Visitor();
  const before = (await signIn("ana", { visitor })).tokens;
  const { kid } = await tell("POST", "/rotate-keys", {});
  const after = (await rp.signInCompletely(metadata, client, {}, { visitor })).tokens;
  assert.equal((await rp.verified(metadata, after.id_token)).header.kid, kid);
  await rp.verified(metadata, before.id_token);
  const refreshed = await rp.refresh(metadata, client, before.refresh_token);
  assert.equal(rp.decode(refreshed.id_token).header.kid, kid);
  const last = await tell("POST", "/rotate-keys", { keep_old: false });
  assert.deepEqual((await rp.keys(metadata)).map((key) => key.kid), [last.kid]);
});

test("ended sessions reach the back-channel", async () => {
  await tell("POST", "/end-sessions", { sub: "gus" });
  const { tokens } = await signIn("gus");
  const { sid } = rp.decode(tokens.id_token).claims;
  assert.deepEqual(await tell("GET", "/sessions").then((all) => all.filter((one) => one.sub === "gus")), [{ sub: "gus", client_id: client.id, sid }]);
  const heard = channel.next();
  assert.deepEqual(await tell("POST", "/end-sessions", { sub: "gus" }), [{ client_id: client.id, sid, delivered: true }]);
  const post = await heard;
  assert.equal(post.path, "/api/v1/auth/oidc/keycloak/backchannel-logout");
  const { header, claims } = await rp.verified(metadata, post.form.get("logout_token"));
  assert.equal(header.typ, "logout+jwt");
  assert.deepEqual([claims.iss, claims.aud, claims.sub, claims.sid], [metadata.issuer, client.id, "gus", sid]);
  assert.equal((await rp.refresh(metadata, client, tokens.refresh_token)).error, "invalid_grant");
});

test("a browser that leaves with its ID token comes back at once", async () => {
  const visitor = new rp.Visitor();
  const { tokens } = await signIn("gus", { visitor });
  const home = `${channel.origin}/login`;
  const heard = channel.next();
  const leave = rp.endSession(metadata, { id_token_hint: tokens.id_token, post_logout_redirect_uri: home, state: "s-1" });
  const page = await visitor.open(leave, { stop: (url) => url.startsWith(home) });
  assert.equal(page.url, `${home}?state=s-1`);
  assert.equal(rp.decode((await heard).form.get("logout_token")).claims.sub, "gus");
  assert.match((await visitor.open(rp.authorization(metadata, client).url)).html, /name="subject"/);
  // Without one it is asked.
  await signIn("gus", { visitor });
  const asked = await visitor.open(metadata.end_session_endpoint);
  assert.match(asked.html, /<h1>Sign out<\/h1>/);
});

test("logout tokens come with every defect there is, one at a time", async () => {
  const { tokens } = await signIn("ana");
  const { sid } = rp.decode(tokens.id_token).claims;
  const good = await tell("POST", "/logout-token", { sub: "ana" });
  assert.deepEqual(good.sent, [{ status: 200, body: "" }]);
  assert.equal((await rp.verified(metadata, channel.posts.at(-1).form.get("logout_token"))).claims.sid, sid);
  for (const defect of Object.keys(LOGOUT_DEFECTS)) {
    const posts = channel.posts.length;
    const { token, sent } = await tell("POST", "/logout-token", { sub: "ana", defect });
    assert.equal(channel.posts.length - posts, defect === "replayed" ? 2 : 1);
    assert.equal(sent.length, channel.posts.length - posts);
    const unsound = await rp.verified(metadata, token).then(() => false, () => true);
    assert.equal(unsound, ["wrong_alg", "alg_none", "wrong_key", "unknown_kid"].includes(defect), defect);
  }
  const { claims, sent } = await tell("POST", "/logout-token", { sub: "ana", sid: null, send: false, claims: { iat: 1 } });
  assert.deepEqual([claims.sid, claims.iat, sent], [undefined, 1, []]);
});

test("ID tokens come with defects when asked, and answers fail when asked", async () => {
  for (const defect of Object.keys(ID_DEFECTS)) {
    await tell("POST", "/id-token-defect", { defect });
    const { tokens, attempt } = await signIn("ana");
    const { claims } = rp.decode(tokens.id_token);
    if (defect === "wrong_nonce") assert.notEqual(claims.nonce, attempt.nonce);
    if (defect === "wrong_key") await assert.rejects(rp.verified(metadata, tokens.id_token), /signature/);
  }
  await rp.verified(metadata, (await signIn("ana")).tokens.id_token);
  await tell("POST", "/fail", { path: "/token", status: 503 });
  assert.equal((await signIn("ana")).tokens.status, 503);
  await tell("DELETE", "/calls");
  await signIn("ana");
  assert.deepEqual((await tell("GET", "/calls")).filter((call) => call.path === "/token"), [{ method: "POST", path: "/token", status: 200, grant_type: "authorization_code" }]);
});

test("clients can move, and access tokens can be signed ones for an audience", async () => {
  const jwt = await launch({ provider: "second", access_tokens: "jwt", access_token_secs: 20 });
  try {
    await tell("PUT", `/clients/${jwt.client_id}`, { redirect_uris: ["http://127.0.0.1:4000/callback"] }, jwt.control);
    const there = await rp.discover(jwt.issuer);
    const { tokens } = await rp.signInCompletely(there, { id: jwt.client_id, secret: jwt.client_secret, redirectUri: "http://127.0.0.1:4000/callback" }, { subject: "ana" });
    const { claims } = await rp.verified(there, tokens.access_token);
    assert.deepEqual([claims.aud, claims.sub, claims.groups, claims.exp - claims.iat], ["obstack", "ana", ["/acme/admins"], 20]);
  } finally {
    jwt.child.kill();
  }
});
