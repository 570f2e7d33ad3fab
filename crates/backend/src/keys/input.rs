//! What people ask for when they make a key: checked, field by field, before anything is looked up.

use std::collections::BTreeSet;

use contract::{FieldError, Role, keys::NewApiKey};

use crate::{
    Error, Scope,
    scope::{Access, KeyScope},
};

/// Lifetimes that forms offer, days.
pub const DAYS_OFFERED: [u32; 3] = [30, 90, 365];
/// How long a rotated key may keep working: the word, and seconds.
pub const OVERLAPS: [(&str, u64); 3] = [("1h", 3600), ("24h", 86_400), ("7d", 7 * 86_400)];
/// Where nothing is said.
const USUAL_DAYS: u32 = 90;
const USUAL_OVERLAP: u64 = 86_400;
const NAME_MAX: usize = 100;

/// A key that can be made, as far as can be seen from the outside.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) scopes: BTreeSet<KeyScope>,
    pub(super) days: u32,
}

/// Checks everything at once, so that a form comes back with all that is wrong.
pub(super) fn wanted(scope: &Scope, asked: &NewApiKey, longest_days: u32) -> Result<Wanted, Error> {
    let mut wrong = Vec::new();
    let name = keep(&mut wrong, name(&asked.name));
    let role = keep(&mut wrong, role(scope.access(), &asked.role));
    let scopes = keep(&mut wrong, scopes(scope.access(), role, &asked.scopes));
    let days = keep(&mut wrong, days(asked.expires_in_days, longest_days));
    match (name, role, scopes, days) {
        (Some(name), Some(role), Some(scopes), Some(days)) => Ok(Wanted { name, role, scopes, days }),
        _ => Err(Error::InvalidFields(wrong)),
    }
}

pub(super) type Checked<T> = Result<T, FieldError>;

/// Collects what is wrong.
pub(super) fn keep<T>(wrong: &mut Vec<FieldError>, checked: Checked<T>) -> Option<T> {
    checked.map_err(|error| wrong.push(error)).ok()
}

fn refuse<T>(pointer: &str, detail: impl Into<String>) -> Checked<T> {
    Err(FieldError { pointer: pointer.to_owned(), detail: detail.into() })
}

/// A name for people, on one line.
pub(super) fn name(text: &str) -> Checked<String> {
    let text = text.trim();
    if text.is_empty() {
        return refuse("/name", "Give it a name that says what it is for.");
    }
    if text.chars().count() > NAME_MAX || text.chars().any(char::is_control) {
        return refuse("/name", format!("Write at most {NAME_MAX} characters on one line."));
    }
    Ok(text.to_owned())
}

/// A role that the caller can give.
pub(super) fn role(access: &Access, text: &str) -> Checked<Role> {
    let Ok(role) = text.parse::<Role>() else { return refuse("/role", "Choose viewer, editor or admin.") };
    match access.grantable_role() {
        Some(own) if role <= own => Ok(role),
        Some(own) => refuse("/role", format!("You can give at most your own role, {}.", own.as_str())),
        None => refuse("/role", "You have no role here that you could give."),
    }
}

/// Scopes that the caller can give and the role can use.
fn scopes(access: &Access, role: Option<Role>, words: &[String]) -> Checked<BTreeSet<KeyScope>> {
    let mut scopes = BTreeSet::new();
    for word in words {
        let Some(scope) = KeyScope::from_name(word) else {
            let known = KeyScope::ALL.map(KeyScope::as_str).join(", ");
            return refuse("/scopes", format!("There is no scope {word:?}. Choose among {known}."));
        };
        if !access.may_give(scope) {
            return refuse("/scopes", format!("You cannot give {word}: you do not have that right yourself."));
        }
        if let Some(role) = role
            && role < scope.least_role()
        {
            return refuse("/scopes", format!("{word} needs at least the role {}.", scope.least_role().as_str()));
        }
        scopes.insert(scope);
    }
    if scopes.is_empty() {
        return refuse("/scopes", "Choose what the key may do.");
    }
    Ok(scopes)
}

/// Days until the key ends.
pub(super) fn days(asked: Option<u32>, longest: u32) -> Checked<u32> {
    match asked {
        None => Ok(USUAL_DAYS.min(longest)),
        Some(days) if (1..=longest).contains(&days) => Ok(days),
        Some(_) => {
            refuse("/expires_in_days", format!("Write 1 to {longest} days; keys of this installation live no longer."))
        }
    }
}

/// Seconds that the old key keeps working.
pub(super) fn overlap(asked: Option<&str>) -> Checked<u64> {
    let Some(word) = asked else { return Ok(USUAL_OVERLAP) };
    match OVERLAPS.into_iter().find(|(known, _)| *known == word) {
        Some((_, secs)) => Ok(secs),
        None => refuse("/overlap", "Choose 1h, 24h or 7d."),
    }
}
