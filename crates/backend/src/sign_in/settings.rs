//! What can be set of a provider, and what must not be. The same for forms, the API and the configuration.

use std::net::IpAddr;

use contract::{
    FieldError, TenantSlug,
    sign_in::{IdentityProviderSettings, MappingRule},
};
use reqwest::Url;

use super::net::is_public;
use crate::Error;

const NAME_MAX: usize = 63;
const TITLE_MAX: usize = 100;
const ISSUER_MAX: usize = 2000;
const CLIENT_ID_MAX: usize = 255;
const SECRET_MAX: usize = 4096;
const SCOPES_MAX: usize = 20;
const RULES_MAX: usize = 500;
const WORD_MAX: usize = 500;

/// Settings that can be kept.
pub(super) struct Checked {
    pub(super) title: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    pub(super) api_audience: Option<String>,
    pub(super) mappings: Vec<MappingRule>,
    pub(super) enabled: bool,
}

/// A name that can stand in addresses.
pub(crate) fn provider_name(text: &str) -> Result<String, &'static str> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let bytes = text.as_bytes();
    let shaped = (1..=NAME_MAX).contains(&bytes.len())
        && bytes.iter().all(|b| inner(*b))
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-');
    shaped.then(|| text.to_owned()).ok_or("write 1 to 63 characters a-z, 0-9 and inner hyphens")
}

/// An address that can be an issuer.
pub(crate) fn is_issuer(text: &str) -> Result<(), &'static str> {
    const SHAPE: &str =
        "write the whole address as the provider gives it, for example https://sso.example.com/realms/main";
    let url = Url::parse(text).map_err(|_| SHAPE)?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || text.len() > ISSUER_MAX || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(SHAPE);
    }
    Ok(())
}

/// A rule that can give something.
pub(crate) fn check_mapping(rule: &MappingRule) -> Result<(), String> {
    let word = |text: &str| !text.is_empty() && text.len() <= WORD_MAX && !text.chars().any(char::is_control);
    if !word(&rule.claim) {
        return Err("the claim is missing; write for example groups or realm_access.roles".to_owned());
    }
    match (&rule.equals, &rule.pattern) {
        (Some(value), None) if word(value) => {}
        (None, Some(pattern)) if word(pattern) => {
            // Everybody the provider knows: nobody means that by a pattern of nothing but stars.
            if pattern.bytes().all(|b| b == b'*') {
                return Err("the pattern fits every value; write more than stars".to_owned());
            }
        }
        (Some(_), Some(_)) => return Err("give either equals or pattern, not both".to_owned()),
        (None, None) | (Some(_), None) | (None, Some(_)) => {
            return Err("the value is missing; give equals or pattern".to_owned());
        }
    }
    rule.tenant.parse::<TenantSlug>().map(|_| ()).map_err(|error| format!("the tenant {}: {error}", rule.tenant))
}

/// Everything that is wrong, at its field.
pub(super) fn check(settings: &IdentityProviderSettings, own: Option<&str>) -> Result<Checked, Error> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut note = |pointer: &str, detail: String| wrong.push(FieldError { pointer: pointer.to_owned(), detail });
    let title = settings.title.trim().to_owned();
    if title.is_empty() || title.chars().count() > TITLE_MAX || title.chars().any(char::is_control) {
        note("/title", format!("Write what the button says, 1 to {TITLE_MAX} characters on one line."));
    }
    let issuer = settings.issuer.trim().to_owned();
    if let Err(why) = is_issuer(&issuer) {
        note("/issuer", format!("This is no issuer: {why}."));
    } else if own.is_some() && !is_for_tenants(&issuer) {
        note("/issuer", "A tenant's own provider must be reached with https:// at a public address.".to_owned());
    }
    let client_id = settings.client_id.trim().to_owned();
    if client_id.is_empty() || client_id.len() > CLIENT_ID_MAX || client_id.chars().any(char::is_control) {
        note("/client_id", format!("Write the client id the provider gave, at most {CLIENT_ID_MAX} characters."));
    }
    if settings
        .client_secret
        .as_ref()
        .is_some_and(|secret| secret.len() > SECRET_MAX || secret.chars().any(char::is_control))
    {
        note("/client_secret", format!("A client secret has at most {SECRET_MAX} characters on one line."));
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in settings.scopes.clone().unwrap_or_else(|| vec!["profile".to_owned(), "email".to_owned()]) {
        let usable = !scope.is_empty()
            && scope.len() <= 100
            && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if !usable || scopes.len() >= SCOPES_MAX {
            note(
                "/scopes",
                format!("Write up to {SCOPES_MAX} scopes with a space between them, for example profile email groups."),
            );
            break;
        }
        if scope != "openid" && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let api_audience =
        settings.api_audience.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if api_audience.as_ref().is_some_and(|text| text.len() > CLIENT_ID_MAX || text.chars().any(char::is_control)) {
        note("/api_audience", format!("An audience has at most {CLIENT_ID_MAX} characters."));
    }
    if settings.mappings.len() > RULES_MAX {
        note("/mappings", format!("At most {RULES_MAX} rules; patterns say more with less."));
    }
    for (i, rule) in settings.mappings.iter().take(RULES_MAX).enumerate() {
        let why = match check_mapping(rule) {
            Err(why) => Some(why),
            Ok(()) => own
                .filter(|own| *own != rule.tenant)
                .map(|own| format!("this provider belongs to {own} and can give roles there only")),
        };
        if let Some(why) = why {
            note("/mappings", format!("Rule {}: {why}.", i + 1));
            break;
        }
    }
    if !wrong.is_empty() {
        return Err(Error::InvalidFields(wrong));
    }
    Ok(Checked {
        title,
        issuer,
        client_id,
        scopes,
        api_audience,
        mappings: settings.mappings.clone(),
        enabled: settings.enabled.unwrap_or(true),
    })
}

/// What can be told before anybody is asked; names are looked up at every call.
fn is_for_tenants(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        url.scheme() == "https" && host != "localhost" && literal.map_or(true, is_public)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(settings: &IdentityProviderSettings, own: Option<&str>) -> Vec<String> {
        match check(settings, own) {
            Ok(_) => Vec::new(),
            Err(Error::InvalidFields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            Err(error) => panic!("{error}"),
        }
    }

    fn good() -> IdentityProviderSettings {
        IdentityProviderSettings {
            title: "Keycloak".to_owned(),
            issuer: "https://sso.example.com/realms/main".to_owned(),
            client_id: "obstack".to_owned(),
            mappings: vec!["groups = /acme/admins -> acme admin".parse().expect("a rule")],
            ..IdentityProviderSettings::default()
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_its_field() {
        assert_eq!(pointers(&good(), None), Vec::<String>::new());
        assert_eq!(pointers(&IdentityProviderSettings::default(), None), ["/title", "/issuer", "/client_id"]);
        let issuer = |text: &str| IdentityProviderSettings { issuer: text.to_owned(), ..good() };
        for bad in ["sso.example.com", "ftp://x/", "https://u:p@x/", "https://x/?a", "https://x/#a", "https://x/ y"] {
            assert_eq!(pointers(&issuer(bad), None), ["/issuer"], "{bad}");
        }
        let rule = |line: &str| IdentityProviderSettings { mappings: vec![line.parse().expect("a rule")], ..good() };
        assert_eq!(pointers(&rule("groups ~ ** -> acme admin"), None), ["/mappings"]);
        assert_eq!(pointers(&rule("groups = x -> Acme admin"), None), ["/mappings"]);
    }

    #[test]
    fn a_tenants_own_provider_is_public_and_speaks_for_the_tenant() {
        assert_eq!(pointers(&good(), Some("acme")), Vec::<String>::new());
        assert_eq!(pointers(&good(), Some("globex")), ["/mappings"]);
        for bad in [
            "http://sso.example.com",
            "https://127.0.0.1",
            "https://[::1]/",
            "https://169.254.169.254/",
            "https://localhost/",
        ] {
            let settings = IdentityProviderSettings { issuer: bad.to_owned(), ..good() };
            assert_eq!(pointers(&settings, Some("acme")), ["/issuer"], "{bad}");
            assert_eq!(pointers(&settings, None), Vec::<String>::new(), "{bad}");
        }
    }
}
