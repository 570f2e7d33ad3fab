// Signs tokens with exactly one thing wrong about them, for tests that a portal refuses each of them. Knows the forms of
// tokens only; who sends them where is not its business.
import * as crypto from "node:crypto";

export const now = () => Math.floor(Date.now() / 1000);

/** A new key: {kid, privateKey, jwk (public), private (the JWK with its private half)}. */
export function newKey() {
  const { privateKey, publicKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { kty, n, e } = publicKey.export({ format: "jwk" });
  const kid = crypto.createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
  return { kid, privateKey, private: { ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" } };
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signs as the header's `alg` says: RS256, HS256 or none. */
export function sign({ header, claims, key, secret }) {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = {
    RS256: () => crypto.sign("RSA-SHA256", Buffer.from(input), key.privateKey),
    HS256: () => crypto.createHmac("sha256", secret).update(input).digest(),
    none: () => Buffer.alloc(0),
  }[header.alg]();
  return `${input}.${signature.toString("base64url")}`;
}

export const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** What a good logout token says. */
export function logoutToken({ issuer, clientId, sub, sid, key }) {
  const claims = { iss: issuer, aud: clientId, sub, sid, iat: now(), exp: now() + 120, jti: crypto.randomUUID(), events: { [LOGOUT_EVENT]: {} } };
  return { header: { alg: "RS256", typ: "logout+jwt", kid: key.kid }, claims, key };
}

// Each changes one thing of {header, claims, key, secret}.
const ANY = {
  wrong_alg: (t) => { t.header.alg = "HS256"; },
  alg_none: (t) => { t.header.alg = "none"; },
  wrong_key: (t) => { t.key = newKey(); },
  unknown_kid: (t) => { t.key = newKey(); t.header.kid = t.key.kid; },
  wrong_iss: (t) => { t.claims.iss += "/other"; },
  wrong_aud: (t) => { t.claims.aud = "somebody-else"; },
  expired: (t) => { t.claims.iat = now() - 1200; t.claims.exp = now() - 600; },
  future: (t) => { t.claims.iat = now() + 3600; t.claims.exp = now() + 7200; },
  no_exp: (t) => { delete t.claims.exp; },
  no_iat: (t) => { delete t.claims.iat; },
};
/** What can be wrong with a logout token. `replayed` is a good one that is sent twice. */
export const LOGOUT_DEFECTS = {
  ...ANY,
  wrong_typ: (t) => { t.header.typ = "at+jwt"; },
  plain_typ: (t) => { t.header.typ = "JWT"; },
  no_typ: (t) => { delete t.header.typ; },
  no_jti: (t) => { delete t.claims.jti; },
  no_events: (t) => { delete t.claims.events; },
  wrong_event: (t) => { t.claims.events = { "http://schemas.openid.net/event/other": {} }; },
  with_nonce: (t) => { t.claims.nonce = "n-1"; },
  no_subject: (t) => { delete t.claims.sub; delete t.claims.sid; },
  replayed: () => {},
};
/** What can be wrong with an ID token. */
export const ID_DEFECTS = {
  ...ANY,
  wrong_nonce: (t) => { t.claims.nonce = "another-nonce"; },
  no_nonce: (t) => { delete t.claims.nonce; },
  wrong_sub: (t) => { t.claims.sub += "-other"; },
  other_azp: (t) => { t.claims.aud = [t.claims.aud, "somebody-else"].flat(); t.claims.azp = "somebody-else"; },
};

/** Signs the token with that defect, or as it is without one. */
export function forge(token, defect, defects) {
  if (defect) {
    if (!Object.hasOwn(defects, defect)) throw new Error(`no such defect: ${defect} (there are: ${Object.keys(defects).join(", ")})`);
    defects[defect](token);
  }
  return sign(token);
}
