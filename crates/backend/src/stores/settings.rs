//! The settings of a store as somebody typed them: every field checked, every complaint at its field.

use std::time::Duration;

use contract::{FieldError, store_admin::StoreSettings};
use reqwest::Url;

use crate::{
    Error,
    config::{Secret, StoreAuth, StoreConfig, StoreKind, Tenancy, check_label, check_name, check_user_name},
};

/// Longest token or password.
const SECRET_MAX: usize = 8 * 1024;

/// What is wrong, by field.
#[derive(Default)]
struct Complaints(Vec<FieldError>);

impl Complaints {
    fn add<T>(&mut self, field: &str, outcome: Result<T, String>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(detail) => {
                self.0.push(FieldError { pointer: format!("/{field}"), detail });
                None
            }
        }
    }
}

/// The store of these settings; `saved` is what it is now, whose secret an empty one keeps.
///
/// # Errors
/// [`Error::InvalidFields`] with every field that cannot be used.
pub(super) fn check(settings: &StoreSettings, saved: Option<&StoreConfig>) -> Result<StoreConfig, Error> {
    let mut wrong = Complaints::default();
    let name = wrong.add("name", check_name(settings.name.trim()));
    // In the API the word stands for the test of a store that is not saved.
    let name = name.and_then(|name| {
        let free =
            if name == "test" { Err("test is taken by the portal; choose another name.".to_owned()) } else { Ok(name) };
        wrong.add("name", free)
    });
    let kind = wrong.add("kind", kind(&settings.kind));
    let url = wrong.add("url", url(settings.url.trim()));
    let timeout = wrong.add("timeout_ms", timeout(settings.timeout_ms));
    let tenancy = match settings.tenancy.mode.as_str() {
        "none" | "header" | "label" if settings.tenancy.mode != "label" && !settings.tenancy.label.is_empty() => {
            let why = format!("The label means nothing with {}; leave it empty.", settings.tenancy.mode);
            wrong.add("tenancy/label", Err(why))
        }
        "none" => Some(Tenancy::Single),
        "header" if kind.is_some_and(|kind| !kind.takes_header()) => {
            let why = "Only Mimir keeps tenants apart by header. Choose label, or none for a store of one tenant.";
            wrong.add("tenancy/mode", Err(why.to_owned()))
        }
        "header" => Some(Tenancy::Header),
        "label" => wrong.add("tenancy/label", check_label(settings.tenancy.label.trim())).map(Tenancy::Label),
        _ => wrong.add("tenancy/mode", Err("Choose none, label or header.".to_owned())),
    };
    let auth = auth(settings, saved, &mut wrong);
    if !wrong.0.is_empty() {
        return Err(Error::InvalidFields(wrong.0));
    }
    let complete = || {
        Some(StoreConfig {
            name: name?,
            kind: kind?,
            url: Some(url?),
            tenancy: tenancy?,
            auth: auth?,
            timeout: timeout?,
        })
    };
    complete().ok_or_else(|| Error::internal("a store without complaints is not complete"))
}

fn kind(text: &str) -> Result<StoreKind, String> {
    StoreKind::from_name(text)
        .filter(|kind| StoreKind::REMOTE.contains(kind))
        .ok_or_else(|| format!("Choose one of {}.", StoreKind::REMOTE.map(StoreKind::as_str).join(", ")))
}

/// An address that carries nothing else. What was typed is not repeated: it may hold a password.
fn url(text: &str) -> Result<Url, String> {
    let whole = "Write a whole address, such as http://prometheus:9090.";
    if text.len() > 2000 {
        return Err("Write at most 2000 characters.".to_owned());
    }
    let url = Url::parse(text).map_err(|_| whole.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("Write an address that begins with http:// or https://.".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Take user and password out of the address and write them into their own fields.".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("Remove everything from the first ? or #.".to_owned());
    }
    Ok(url)
}

fn timeout(millis: u32) -> Result<Duration, String> {
    let duration = Duration::from_millis(u64::from(millis));
    let fits = (1000..=300_000).contains(&millis);
    fits.then_some(duration).ok_or_else(|| "Write milliseconds from 1000 to 300000.".to_owned())
}

fn auth(settings: &StoreSettings, saved: Option<&StoreConfig>, wrong: &mut Complaints) -> Option<StoreAuth> {
    let kind = if settings.auth.is_empty() { "none" } else { settings.auth.as_str() };
    // A secret that was given for one address is not sent to another by somebody who does not know it.
    let kept = saved.and_then(|saved| {
        let (saved_kind, saved_user, secret) = saved.auth.parts();
        let origin = |url: &Url| url.origin();
        let same_place = saved.url.as_ref().map(origin) == Url::parse(settings.url.trim()).ok().as_ref().map(origin);
        let same_user = kind != "basic" || saved_user == settings.username;
        (saved_kind == kind && same_place && same_user).then(|| secret.cloned()).flatten()
    });
    let secret = |wrong: &mut Complaints, what: &str| {
        let given = settings.secret.as_str();
        let outcome = match (given.is_empty(), kept) {
            (false, _) if given.len() > SECRET_MAX || given.chars().any(char::is_control) => {
                Err(format!("Write the {what} on one line."))
            }
            (false, _) => Ok(Secret::new(given)),
            (true, Some(kept)) if !kept.expose().is_empty() => Ok(kept),
            (true, _) if saved.is_some() => {
                Err(format!("Write the {what}; the one that is saved was for another address or user."))
            }
            (true, _) => Err(format!("Write the {what}.")),
        };
        wrong.add("secret", outcome)
    };
    let stray = |wrong: &mut Complaints, field: &str, text: &str, what: &str| {
        if !text.is_empty() {
            wrong.add::<()>(field, Err(what.to_owned()));
        }
    };
    match kind {
        "none" => {
            stray(wrong, "username", &settings.username, "Without authentication there is no user; leave it empty.");
            stray(wrong, "secret", &settings.secret, "Without authentication there is no secret; leave it empty.");
            Some(StoreAuth::None)
        }
        "bearer" => {
            stray(wrong, "username", &settings.username, "A bearer token has no user; leave it empty.");
            secret(wrong, "token").map(StoreAuth::Bearer)
        }
        "basic" => {
            let username = wrong.add("username", check_user_name(&settings.username));
            let password = secret(wrong, "password");
            Some(StoreAuth::Basic { username: username?, password: password? })
        }
        _ => wrong.add("auth", Err("Choose none, bearer or basic.".to_owned())),
    }
}
