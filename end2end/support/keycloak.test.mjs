// That a real Keycloak with deploy/keycloak/realm.json does what the portal relies on, and that the harness can cause what
// tests need: seen from outside, by plain HTTP. Nothing of the portal runs here. `scripts/test providers` runs it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { available, start, USERS } from "./keycloak.mjs";
import * as rp from "./relying-party.mjs";

const can = available();
const options = { skip: can.ok ? false : can.why };
const as = (username) => ({ username, password: USERS[username] });

let channel, keycloak, realm, metadata;
before(async () => {
  if (!can.ok) return;
  channel = await rp.backChannel();
  // Two at once; the second one keeps the portal's default address.
  keycloak = await start({ baseUrl: channel.origin }, { realm: "other", provider: "other", secret: "test-only-other" });
  realm = keycloak.realm;
  metadata = await rp.discover(realm.issuer);
});
after(async () => {
  await keycloak?.stop();
  await channel?.stop();
});

test("a sign-in with code and PKCE ends in tokens with groups and audience", options, async () => {
  const { attempt, callback, tokens } = await rp.signInCompletely(metadata, realm.client, as("ana"));
  const query = new URL(callback).searchParams;
  assert.equal(query.get("state"), attempt.state);
  assert.equal(query.get("iss"), realm.issuer);
  const id = await rp.verified(metadata, tokens.id_token);
  assert.equal(id.claims.iss, realm.issuer);
  assert.equal(id.claims.aud, "obstack");
  assert.equal(id.claims.nonce, attempt.nonce);
  assert.equal(id.claims.sub, await realm.userId("ana"));
  assert.deepEqual([id.claims.email, id.claims.email_verified, id.claims.name], ["ana@acme.test", true, "Ana Test"]);
  assert.deepEqual(id.claims.groups, ["/acme/admins"]);
  assert.ok(id.claims.sid);
  const access = await rp.verified(metadata, tokens.access_token);
  assert.deepEqual([access.claims.aud, access.claims.groups, access.claims.typ], ["obstack", ["/acme/admins"], "Bearer"]);
  assert.equal(access.claims.exp - access.claims.iat, 300);
  assert.deepEqual((await rp.userinfo(metadata, tokens.access_token)).groups, ["/acme/admins"]);
});

test("who is in no group has no claim for them", options, async () => {
  const { tokens } = await rp.signInCompletely(metadata, realm.client, as("nil"));
  assert.equal(rp.decode(tokens.id_token).claims.groups, undefined);
});

test("nothing but the code flow with S256 is possible", options, async () => {
  const refused = async (extra) => {
    const { url } = rp.authorization(metadata, realm.client, extra);
    const answer = await fetch(url, { redirect: "manual" });
    return new URLSearchParams(new URL(answer.headers.get("location")).search || new URL(answer.headers.get("location")).hash.slice(1)).get("error");
  };
  assert.equal(await refused({ code_challenge: undefined, code_challenge_method: undefined }), "invalid_request");
  assert.equal(await refused({ code_challenge_method: "plain" }), "invalid_request");
  assert.equal(await refused({ response_type: "id_token" }), "unauthorized_client");
  const elsewhere = await fetch(rp.authorization(metadata, realm.client, { redirect_uri: `${channel.origin}/elsewhere` }).url, { redirect: "manual" });
  assert.equal(elsewhere.status, 400);
  const password = await rp.token(metadata, realm.client, { grant_type: "password", username: "ana", password: USERS.ana });
  assert.equal(password.error, "unauthorized_client");

  const attempt = rp.authorization(metadata, realm.client);
  const callback = await rp.signIn(attempt.url, as("ana"));
  assert.equal((await rp.exchange(metadata, realm.client, callback, "x".repeat(43))).error, "invalid_grant");
  assert.equal((await rp.exchange(metadata, { ...realm.client, secret: "wrong" }, callback, attempt.verifier)).error, "unauthorized_client");
});

test("a refresh shows new groups and spends the token", options, async () => {
  await realm.createUser({ username: "eve", password: "test-only-eve", groups: ["/acme/viewers"] });
  const { tokens } = await rp.signInCompletely(metadata, realm.client, { username: "eve", password: "test-only-eve" });
  assert.deepEqual(rp.decode(tokens.id_token).claims.groups, ["/acme/viewers"]);
  await realm.createGroup("/initech/viewers");
  await realm.join("eve", "/initech/viewers");
  await realm.leave("eve", "/acme/viewers");
  await realm.setAccessTokenSecs(60);
  const next = await rp.refresh(metadata, realm.client, tokens.refresh_token);
  assert.equal(next.status, 200);
  assert.deepEqual(rp.decode(next.id_token).claims.groups, ["/initech/viewers"]);
  const { exp, iat } = rp.decode(next.access_token).claims;
  assert.equal(exp - iat, 60);
  assert.equal((await rp.refresh(metadata, realm.client, tokens.refresh_token)).error, "invalid_grant");
  await realm.deleteUser("eve");
});

test("rotation changes the key that signs", options, async () => {
  const before = (await rp.signInCompletely(metadata, realm.client, as("gus"))).tokens;
  const kid = await realm.rotateKeys();
  assert.notEqual(kid, rp.decode(before.id_token).header.kid);
  const after = (await rp.signInCompletely(metadata, realm.client, as("gus"))).tokens;
  assert.equal((await rp.verified(metadata, after.id_token)).header.kid, kid);
  await rp.verified(metadata, before.id_token);
  const last = await realm.rotateKeys({ keepOld: false });
  assert.deepEqual((await rp.keys(metadata)).filter((key) => key.use === "sig").map((key) => key.kid), [last]);
});

test("an administrator ends sessions, and the back-channel hears of it", options, async () => {
  const { tokens } = await rp.signInCompletely(metadata, realm.client, as("ana"));
  const { sid, sub } = rp.decode(tokens.id_token).claims;
  const heard = channel.next();
  await realm.endSession(sid);
  const post = await heard;
  assert.deepEqual([post.method, post.path], ["POST", "/api/v1/auth/oidc/keycloak/backchannel-logout"]);
  assert.match(post.type, /^application\/x-www-form-urlencoded/);
  const logout = await rp.verified(metadata, post.form.get("logout_token"));
  assert.deepEqual([logout.claims.iss, logout.claims.aud, logout.claims.sub, logout.claims.sid], [realm.issuer, "obstack", sub, sid]);
  assert.deepEqual(logout.claims.events["http://schemas.openid.net/event/backchannel-logout"], {});
  assert.equal(logout.claims.nonce, undefined);
  assert.ok(logout.claims.jti && logout.claims.iat && logout.claims.exp);
  assert.equal(logout.header.typ, "logout+jwt");
  assert.equal((await rp.refresh(metadata, realm.client, tokens.refresh_token)).error, "invalid_grant");

  const second = (await rp.signInCompletely(metadata, realm.client, as("ana"))).tokens;
  const again = channel.next((post) => rp.decode(post.form.get("logout_token")).claims.sid === rp.decode(second.id_token).claims.sid);
  await realm.endSessions("ana");
  await again;
  assert.deepEqual(await realm.sessions("ana"), []);
});

test("a browser that leaves through us comes back, and the session is gone", options, async () => {
  const visitor = new rp.Visitor();
  const { tokens } = await rp.signInCompletely(metadata, realm.client, as("gus"), { visitor });
  // While the session lasts, nobody is asked again.
  await rp.signIn(rp.authorization(metadata, realm.client).url, {}, { visitor });
  const home = `${channel.origin}/login`;
  const heard = channel.next();
  const page = await visitor.open(
    rp.endSession(metadata, { id_token_hint: tokens.id_token, post_logout_redirect_uri: home, state: "s-1" }),
    { stop: (url) => url.startsWith(home) },
  );
  assert.equal(page.url, `${home}?state=s-1`);
  await heard;
  const asked = await visitor.open(rp.authorization(metadata, realm.client).url);
  assert.match(asked.html, /<input[^>]*name="password"/);
  const refused = await fetch(rp.endSession(metadata, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${channel.origin}/elsewhere` }), { redirect: "manual" });
  assert.equal(refused.status, 400);
});

test("one process has two realms, and more when asked", options, async () => {
  const other = keycloak.realms[1];
  assert.equal(other.issuer, `${keycloak.url}/realms/other`);
  assert.deepEqual(other.client, { id: "obstack", secret: "test-only-other", redirectUri: "http://127.0.0.1:3000/api/v1/auth/oidc/other/callback" });
  const { tokens } = await rp.signInCompletely(await rp.discover(other.issuer), other.client, as("gus"));
  assert.equal(rp.decode(tokens.id_token).claims.iss, other.issuer);
  await assert.rejects(rp.verified(metadata, tokens.id_token), /no key/);

  const third = await keycloak.createRealm({ realm: "third", provider: "third", accessTokenSecs: 20, change: (it) => { it.users = []; } });
  await third.pointAt("http://127.0.0.1:4000", "third");
  await third.createUser({ username: "zoe", password: "test-only-zoe", groups: ["/globex/editors"] });
  const zoe = await rp.signInCompletely(await rp.discover(third.issuer), third.client, { username: "zoe", password: "test-only-zoe" });
  assert.ok(zoe.callback.startsWith("http://127.0.0.1:4000/api/v1/auth/oidc/third/callback?"));
  assert.equal(zoe.tokens.expires_in, 20);
  await third.delete();
  assert.equal((await fetch(`${third.issuer}/.well-known/openid-configuration`)).status, 404);
});
