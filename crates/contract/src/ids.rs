//! Identifiers and roles.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Words that can never be a tenant: paths of the portal and words a store would understand.
const RESERVED: &[&str] = &[
    "admin", "api", "auth", "embed", "fake", "login", "logout", "metrics", "pkg", "public", "system", "t", "ui",
    "unknown",
];

/// The name of a tenant in URLs and towards the stores: `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, never renamed. The charset
/// leaves out everything a store gives a meaning (`|` joins tenants in Mimir and Loki, `:` starts metadata, `*` is a wildcard).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
pub struct TenantSlug(String);

impl TenantSlug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no tenant slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// A character or the length is wrong.
    #[error("a tenant slug has 1 to 63 characters a-z, 0-9 and inner hyphens")]
    Shape,
    /// The word has another meaning.
    #[error("this slug is reserved; choose another")]
    Reserved,
}

impl FromStr for TenantSlug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let bytes = text.as_bytes();
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let shaped = (1..=63).contains(&bytes.len())
            && bytes.iter().all(|b| inner(*b))
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-');
        if !shaped {
            return Err(BadSlug::Shape);
        }
        if RESERVED.contains(&text) {
            return Err(BadSlug::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TenantSlug {
    type Error = BadSlug;

    fn try_from(text: String) -> Result<Self, BadSlug> {
        text.parse()
    }
}

impl From<TenantSlug> for String {
    fn from(slug: TenantSlug) -> Self {
        slug.0
    }
}

impl fmt::Display for TenantSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a member may do in a tenant; each role includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees.
    Viewer,
    /// Sees and changes what the team works with.
    Editor,
    /// Also manages members and settings.
    Admin,
}

impl Role {
    /// The word used in URLs, files and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            "admin" => Ok(Self::Admin),
            _ => Err("a role is viewer, editor or admin"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_to_the_safe_charset() {
        for good in ["a", "acme", "a-b", "0x", &"a".repeat(63)] {
            assert!(good.parse::<TenantSlug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Acme", "a|b", "a:b", "a*", "a.b", "ä", "a b", &"a".repeat(64)] {
            assert_eq!(bad.parse::<TenantSlug>(), Err(BadSlug::Shape), "{bad}");
        }
        assert_eq!("api".parse::<TenantSlug>(), Err(BadSlug::Reserved));
    }
}
