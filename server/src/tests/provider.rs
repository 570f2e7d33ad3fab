//! A sign-in provider in the test's process: it signs with keys of its own, changes them when told, and lies when told. What
//! a person would do at it, the test does by calling `authorize`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{
    Json, Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use backend::clock::{Clock, MockClock};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Map, Value, json};

/// Our secret at the provider.
pub const SECRET: &str = "s3cret+with/odd=chars";
/// Our id there.
pub const CLIENT: &str = "obstack";

/// What the provider does wrong with its next id tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    None,
    Issuer,
    Audience,
    Expired,
    Nonce,
    NoNonce,
    Unsigned,
    SharedSecret,
    OwnKey,
    UnknownKey,
    Subject,
    OtherAccessToken,
}

/// A key and its name.
pub struct Key {
    pub kid: String,
    pub private: EncodingKey,
    pub algorithm: Algorithm,
}

impl Key {
    pub fn new(kid: &str, algorithm: Algorithm) -> Self {
        let private = match algorithm {
            Algorithm::ES256 => {
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
                EncodingKey::from_ec_der(der.as_ref())
            }
            _ => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                // The key itself begins after the 26 bytes that say it is an RSA key of this size.
                EncodingKey::from_rsa_der(&der.as_ref()[26..])
            }
        };
        Self { kid: kid.to_owned(), private, algorithm }
    }

    /// Signs with this key and a header that says so, unless `change` says otherwise.
    pub fn sign(&self, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.clone());
        change(&mut header);
        encode(&header, claims, &self.private).unwrap()
    }

    pub fn public(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.private, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = self.kid.clone().into();
        jwk["use"] = "sig".into();
        jwk
    }
}

struct Code {
    nonce: String,
    challenge: String,
    claims: Map<String, Value>,
}

pub struct Inner {
    pub key: Arc<Key>,
    /// The person who signs in next, or whose claims are renewed.
    pub claims: Map<String, Value>,
    pub lie: Lie,
    /// Answers nothing but errors.
    pub down: bool,
    /// Says that it names itself in its answers.
    pub names_itself: bool,
    /// Calls itself by this instead.
    pub other_issuer: Option<String>,
    /// Claims of the person are told at the userinfo endpoint only.
    pub by_userinfo: bool,
    /// Refresh tokens that work.
    pub refresh: HashMap<String, ()>,
    /// How often each endpoint was asked.
    pub asked: BTreeMap<&'static str, u32>,
    codes: HashMap<String, Code>,
    counter: u32,
}

/// The provider. Stops with the test's runtime.
#[derive(Clone)]
pub struct Idp {
    pub issuer: String,
    pub clock: Arc<MockClock>,
    inner: Arc<Mutex<Inner>>,
}

impl Idp {
    pub async fn start(clock: Arc<MockClock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            key: Arc::new(Key::new("one", Algorithm::ES256)),
            claims: Map::new(),
            lie: Lie::None,
            down: false,
            names_itself: false,
            other_issuer: None,
            by_userinfo: false,
            refresh: HashMap::new(),
            asked: BTreeMap::new(),
            codes: HashMap::new(),
            counter: 0,
        };
        let issuer = format!("http://{}/realms/test", listener.local_addr().unwrap());
        let this = Self { issuer, clock, inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route("/realms/test/.well-known/openid-configuration", get(discovery))
            .route("/realms/test/jwks", get(jwks))
            .route("/realms/test/token", post(token))
            .route("/realms/test/userinfo", get(userinfo))
            .with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this.person("ana-there", &["/acme/admins"]);
        this
    }

    pub fn set(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Who signs in from now on.
    pub fn person(&self, sub: &str, groups: &[&str]) {
        let claims = json!({ "sub": sub, "name": format!("{sub} there"), "email": "ana@acme.test", "email_verified": true,
                             "groups": groups, "sid": format!("sid-{sub}") });
        self.set().claims = claims.as_object().unwrap().clone();
    }

    pub fn asked(&self, what: &str) -> u32 {
        self.set().asked.get(what).copied().unwrap_or(0)
    }

    pub fn secs(&self) -> i64 {
        self.clock.now().0 / 1000
    }

    /// Signing in at the provider, and agreeing: the query it sends the browser back with.
    pub fn authorize(&self, location: &str) -> Vec<(String, String)> {
        let (_, query) = location.split_once('?').expect("a query");
        let query: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(query["code_challenge_method"], "S256");
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
        let mut inner = self.set();
        inner.counter += 1;
        let code = format!("code-{}", inner.counter);
        let claims = inner.claims.clone();
        let kept = Code { nonce: query["nonce"].clone(), challenge: query["code_challenge"].clone(), claims };
        inner.codes.insert(code.clone(), kept);
        let mut answer = vec![("code".to_owned(), code), ("state".to_owned(), query["state"].clone())];
        if inner.names_itself {
            answer.push(("iss".to_owned(), self.issuer.clone()));
        }
        answer
    }

    fn id_token(&self, inner: &Inner, claims: &Map<String, Value>, nonce: Option<&str>, access: &str) -> String {
        let now = self.secs();
        let mut all = if inner.by_userinfo {
            Map::from_iter([("sub".to_owned(), claims["sub"].clone()), ("sid".to_owned(), claims["sid"].clone())])
        } else {
            claims.clone()
        };
        let hash = backend::vault::sha256(if inner.lie == Lie::OtherAccessToken { b"x" } else { access.as_bytes() });
        for (name, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(CLIENT)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
            ("at_hash", json!(URL_SAFE_NO_PAD.encode(&hash[..16]))),
        ] {
            all.insert(name.to_owned(), value);
        }
        if let Some(nonce) = nonce {
            all.insert("nonce".to_owned(), nonce.into());
        }
        match inner.lie {
            Lie::Issuer => drop(all.insert("iss".to_owned(), json!("https://evil.test"))),
            Lie::Audience => drop(all.insert("aud".to_owned(), json!("another-client"))),
            Lie::Expired => drop(all.insert("exp".to_owned(), json!(now - 400))),
            Lie::Nonce => drop(all.insert("nonce".to_owned(), json!("guessed"))),
            Lie::NoNonce => drop(all.remove("nonce")),
            Lie::Subject => drop(all.insert("sub".to_owned(), json!("somebody-else"))),
            _ => {}
        }
        let all = Value::Object(all);
        match inner.lie {
            Lie::Unsigned => unsigned(&all),
            Lie::SharedSecret => with_public_key_as_secret(&inner.key, &all),
            Lie::OwnKey => Key::new(&inner.key.kid, Algorithm::ES256).sign(&all, |_| {}),
            Lie::UnknownKey => Key::new("never-published", Algorithm::ES256).sign(&all, |_| {}),
            _ => inner.key.sign(&all, |_| {}),
        }
    }
}

/// `alg: none`.
pub fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(claims))
}

/// HS256 with what everybody can read as the secret: the algorithm confusion.
pub fn with_public_key_as_secret(key: &Key, claims: &Value) -> String {
    let public = key.public();
    let secret = public["n"].as_str().or(public["x"].as_str()).unwrap().as_bytes();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(key.kid.clone());
    encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn count(idp: &Idp, what: &'static str) -> Option<Response> {
    let mut inner = idp.set();
    *inner.asked.entry(what).or_default() += 1;
    inner.down.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

async fn discovery(State(idp): State<Idp>) -> Response {
    if let Some(down) = count(&idp, "discovery") {
        return down;
    }
    let inner = idp.set();
    let at = |path: &str| format!("{}/{path}", idp.issuer);
    let mut document = json!({
        "issuer": inner.other_issuer.as_ref().unwrap_or(&idp.issuer),
        "authorization_endpoint": at("auth"), "token_endpoint": at("token"), "jwks_uri": at("jwks"),
        "end_session_endpoint": at("logout"), "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"], "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "authorization_response_iss_parameter_supported": inner.names_itself,
    });
    if inner.by_userinfo {
        document["userinfo_endpoint"] = at("userinfo").into();
    }
    Json(document).into_response()
}

async fn jwks(State(idp): State<Idp>) -> Response {
    if let Some(down) = count(&idp, "jwks") {
        return down;
    }
    let keys = json!({ "keys": [idp.set().key.public(), {"kty": "RSA", "use": "enc", "kid": "not-for-signing", "n": "AQAB", "e": "AQAB"}] });
    Json(keys).into_response()
}

async fn userinfo(State(idp): State<Idp>, headers: HeaderMap) -> Response {
    if let Some(down) = count(&idp, "userinfo") {
        return down;
    }
    assert!(headers[header::AUTHORIZATION].to_str().unwrap().starts_with("Bearer access-"));
    Json(Value::Object(idp.set().claims.clone())).into_response()
}

async fn token(State(idp): State<Idp>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    if let Some(down) = count(&idp, "token") {
        return down;
    }
    let wrong = |code: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response();
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret: String = serde_urlencoded::to_string([("s", SECRET)]).unwrap().split_off(2);
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{secret}"));
    if basic != format!("Basic {expected}") {
        return wrong("invalid_client");
    }
    let mut inner = idp.set();
    inner.counter += 1;
    let (access, refresh) = (format!("access-{}", inner.counter), format!("refresh-{}", inner.counter));
    let id_token = match form["grant_type"].as_str() {
        "authorization_code" => {
            let Some(code) = inner.codes.remove(&form["code"]) else { return wrong("invalid_grant") };
            let verifier = backend::vault::sha256(form["code_verifier"].as_bytes());
            if URL_SAFE_NO_PAD.encode(verifier) != code.challenge {
                return wrong("invalid_grant");
            }
            idp.id_token(&inner, &code.claims, Some(&code.nonce), &access)
        }
        _ => {
            if inner.refresh.remove(&form["refresh_token"]).is_none() {
                return wrong("invalid_grant");
            }
            *inner.asked.entry("refresh").or_default() += 1;
            let claims = inner.claims.clone();
            idp.id_token(&inner, &claims, None, &access)
        }
    };
    inner.refresh.insert(refresh.clone(), ());
    Json(json!({ "access_token": access, "refresh_token": refresh, "id_token": id_token, "token_type": "Bearer", "expires_in": 60 }))
        .into_response()
}
