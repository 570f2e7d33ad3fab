//! Trying a provider before people do: what its rules make of a token, and whether it answers as it should. A token that is
//! pasted here is neither kept nor logged, and nothing of it is shown but what the rules look at.

use contract::sign_in::{CheckState, ConnectionCheck, ConnectionReport, Grant, MappingPreview};

use super::{
    SignIn, Whose,
    discovery::Discovered,
    jwt,
    mapping::{Claims, evaluate},
    provider::Provider,
    store,
};
use crate::{Error, scope::Permission};

impl SignIn {
    /// What the rules make of a token. It need not be valid, but has to be one.
    pub async fn preview(&self, whose: Whose<'_>, name: &str, token: &str) -> Result<MappingPreview, Error> {
        let provider = self.kept(whose, Permission::ManageSignIn, name).await?;
        let token = token.trim();
        let claims = jwt::unchecked(token).ok_or_else(|| {
            Error::invalid(
                "/token",
                "This is no token: paste an id or access token of the provider, three parts joined by dots.",
            )
        })?;
        let (signed, signature) = self.signature(&provider, token).await;
        let rules = provider.rules();
        let slugs: Vec<String> = rules.iter().map(|rule| rule.tenant.clone()).collect();
        let tenants = store::existing_tenants(&self.db, &slugs).await?;
        let (results, grants) = evaluate(&rules, &claims, provider.own_tenant(), &tenants);
        Ok(MappingPreview {
            signed,
            signature,
            problems: problems(&provider, &claims, self.clock.now().0.div_euclid(1000)),
            rules: results,
            grants: grants.into_iter().map(|(tenant, role)| Grant { tenant, role }).collect(),
        })
    }

    async fn signature(&self, provider: &Provider, token: &str) -> (bool, String) {
        let header = match jwt::header(token) {
            Ok(header) => header,
            Err(_) => return (false, "Its algorithm is not accepted: RS256, PS256 and ES256 are.".to_owned()),
        };
        let found = match self.with_key(provider, header.kid.as_deref()).await {
            Ok(found) => found,
            Err(why) => return (false, format!("It could not be checked: the provider cannot be used, {why}.")),
        };
        // Whatever it is for: here it opens nothing.
        let kind = header.typ.clone().unwrap_or_default();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        match jwt::verify(token, &header, &found.keys, &[kind]) {
            Ok(_) => (true, "It is signed by this provider.".to_owned()),
            Err(jwt::BadToken::UnknownKey) => (false, "It names a key this provider does not have.".to_owned()),
            Err(_) => (false, "Its signature is not this provider's.".to_owned()),
        }
    }

    /// Whether the provider answers as it should, without anybody signing in.
    pub async fn test(&self, whose: Whose<'_>, name: &str) -> Result<ConnectionReport, Error> {
        let provider = self.kept(whose, Permission::ManageSignIn, name).await?;
        let mut checks = Vec::new();
        match self.read(&provider.issuer, provider.reach(), self.clock.now()).await {
            Err(why) => {
                let detail = format!("The provider cannot be used: {why}.");
                checks.push(ConnectionCheck { what: "Discovery".to_owned(), state: CheckState::Failed, detail });
            }
            Ok(found) => checks.extend(checks_of(&found)),
        }
        let has_secret = provider.client_secret_sealed.is_some();
        let (state, detail) = match has_secret {
            true => (CheckState::Ok, "A client secret is kept. Whether it is right shows at the first sign-in."),
            false => (
                CheckState::Warning,
                "No client secret is kept: the client must be a public one, guarded by PKCE alone.",
            ),
        };
        checks.push(ConnectionCheck { what: "Client secret".to_owned(), state, detail: detail.to_owned() });
        Ok(ConnectionReport { ok: checks.iter().all(|check| check.state != CheckState::Failed), checks })
    }
}

/// What else would keep a token from being accepted.
fn problems(provider: &Provider, claims: &Claims, now_secs: i64) -> Vec<String> {
    let mut problems = Vec::new();
    if jwt::text(claims, "iss") != Some(&provider.issuer) {
        problems.push("It names another issuer, or none.".to_owned());
    }
    let audience = provider.api_audience.as_deref();
    if !jwt::is_for(claims, &provider.client_id) && !audience.is_some_and(|audience| jwt::is_for(claims, audience)) {
        problems.push("It is meant for another audience than our client id or the audience of the API.".to_owned());
    }
    match jwt::secs(claims, "exp") {
        Some(expires) if expires <= now_secs => problems.push("It has expired.".to_owned()),
        Some(_) => {}
        None => problems.push("It does not say when it expires.".to_owned()),
    }
    if jwt::text(claims, "sub").is_none_or(str::is_empty) {
        problems.push("It names no person (sub).".to_owned());
    }
    problems
}

fn checks_of(found: &Discovered) -> Vec<ConnectionCheck> {
    let metadata = &found.metadata;
    let check =
        |what: &str, state, detail: &str| ConnectionCheck { what: what.to_owned(), state, detail: detail.to_owned() };
    let has =
        |list: &Option<Vec<String>>, wanted: &str| list.as_ref().is_some_and(|all| all.iter().any(|one| one == wanted));
    let either = |yes: bool, what: &str, good: &str, otherwise: &str| match yes {
        true => check(what, CheckState::Ok, good),
        false => check(what, CheckState::Warning, otherwise),
    };
    let algorithms = &metadata.id_token_signing_alg_values_supported;
    let signs = ["RS256", "PS256", "ES256"].into_iter().any(|algorithm| has(algorithms, algorithm));
    let usable = !found.keys.all.is_empty();
    vec![
        check("Discovery", CheckState::Ok, "The document was read, and names exactly this issuer."),
        match usable {
            true => check("Keys", CheckState::Ok, &format!("Keys for signatures: {}.", found.keys.all.len())),
            false => check("Keys", CheckState::Failed, "The key set holds no key for signatures."),
        },
        match signs || algorithms.is_none() {
            true => check("Signatures", CheckState::Ok, "Id tokens can be signed with RS256, PS256 or ES256."),
            false => {
                check("Signatures", CheckState::Failed, "Id tokens are signed with none of RS256, PS256 and ES256.")
            }
        },
        either(
            has(&metadata.code_challenge_methods_supported, "S256"),
            "PKCE",
            "S256 is supported.",
            "The provider does not say that it supports S256. It is sent in any case; a provider that ignores it is less safe.",
        ),
        either(
            metadata.end_session_endpoint.is_some(),
            "Signing out",
            "Signing out here signs out there too.",
            "The provider names no logout endpoint: signing out here leaves its own session open.",
        ),
        either(
            metadata.backchannel_logout_supported && metadata.backchannel_logout_session_supported,
            "Back-channel logout",
            "Signing out there ends sessions here, when the back-channel logout address is registered there.",
            "The provider does not offer it with session ids: who signs out there stays signed in here until the next renewal.",
        ),
    ]
}
