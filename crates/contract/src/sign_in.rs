//! Sign-in providers (OpenID Connect) as they are administered: what is set, how claims become roles, and what a test of
//! it says.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Role;

/// One rule from claims to a role. Exactly one of `equals` and `pattern` is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingRule {
    /// Where the values stand: `groups`, or a path such as `realm_access.roles`.
    pub claim: String,
    /// The value that counts, letter by letter.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub equals: Option<String>,
    /// What the whole value must look like; `*` stands for anything but `/`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pattern: Option<String>,
    /// Slug of the tenant it gives rights in.
    pub tenant: String,
    /// The role it gives there.
    pub role: Role,
}

impl MappingRule {
    /// The value or pattern that is asked for.
    pub fn wanted(&self) -> &str {
        self.equals.as_deref().or(self.pattern.as_deref()).unwrap_or_default()
    }
}

/// `groups = /acme/admins -> acme admin`; with `~` for a pattern.
impl fmt::Display for MappingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.pattern.is_some() { '~' } else { '=' };
        write!(f, "{} {sign} {} -> {} {}", self.claim, self.wanted(), self.tenant, self.role.as_str())
    }
}

impl FromStr for MappingRule {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "write claim = value -> tenant role, for example groups = /acme/admins -> acme admin; ~ instead of = for a pattern";
        let (condition, given) = line.rsplit_once("->").ok_or(SHAPE)?;
        let mut given = given.split_whitespace();
        let (Some(tenant), Some(role), None) = (given.next(), given.next(), given.next()) else { return Err(SHAPE) };
        let at = condition.find(['=', '~']).ok_or(SHAPE)?;
        let (claim, value) = (condition[..at].trim(), condition[at + 1..].trim().to_owned());
        if claim.is_empty() || value.is_empty() {
            return Err(SHAPE);
        }
        let is_pattern = condition.as_bytes()[at] == b'~';
        Ok(Self {
            claim: claim.to_owned(),
            equals: (!is_pattern).then(|| value.clone()),
            pattern: is_pattern.then_some(value),
            tenant: tenant.to_owned(),
            role: role.parse()?,
        })
    }
}

/// A sign-in provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityProvider {
    /// Name in addresses; never changes.
    pub name: String,
    /// Slug of the tenant it belongs to; absent for the whole installation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    /// What the button says.
    pub title: String,
    /// The provider's issuer, exactly as its discovery document says it.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Whether a client secret is kept. It is never shown.
    pub has_secret: bool,
    /// Asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Audience that bearer tokens for the API must name; absent when the API takes none of this provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_audience: Option<String>,
    /// Who gets which role.
    pub mappings: Vec<MappingRule>,
    /// People can sign in with it.
    pub enabled: bool,
    /// The file that manages it; it can only be changed there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provisioned_by: Option<String>,
    /// To be registered at the provider as redirect address.
    pub callback_url: String,
    /// To be registered at the provider as address of back-channel logout.
    pub backchannel_logout_url: String,
    /// What works and should be thought about, for example rules for tenants that do not exist.
    pub warnings: Vec<String>,
}

/// Sign-in providers by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityProviders {
    /// The providers.
    pub items: Vec<IdentityProvider>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What can be set of a provider.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderSettings {
    /// What the button says.
    pub title: String,
    /// The provider's issuer.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there. Absent keeps the one that is kept; empty removes it, for public clients.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Asked for beside `openid`; `profile` and `email` when absent.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Audience that bearer tokens for the API must name.
    #[serde(default)]
    pub api_audience: Option<String>,
    /// Who gets which role.
    #[serde(default)]
    pub mappings: Vec<MappingRule>,
    /// People can sign in with it; true when absent.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A new provider.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewIdentityProvider {
    /// Name in addresses: a-z, 0-9 and inner hyphens, at most 63.
    pub name: String,
    /// Everything else.
    #[serde(flatten)]
    pub settings: IdentityProviderSettings,
}

/// A token to try the rules on.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenToPreview {
    /// An id or access token of the provider. Neither kept nor logged.
    pub token: String,
}

/// What one rule makes of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleResult {
    /// The rule.
    pub rule: MappingRule,
    /// The value that met it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub matched: Option<String>,
    /// Whether it gives the role.
    pub counts: bool,
    /// Why, one sentence.
    pub why: String,
}

/// A role that somebody would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Slug of the tenant.
    pub tenant: String,
    /// The role.
    pub role: Role,
}

/// What the rules make of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingPreview {
    /// The token is signed by this provider.
    pub signed: bool,
    /// What is wrong with the signature, or that nothing is; one sentence.
    pub signature: String,
    /// What else would keep the token from being accepted: issuer, audience, time.
    pub problems: Vec<String>,
    /// Each rule in order.
    pub rules: Vec<RuleResult>,
    /// What would come of it; nobody gets in with nothing.
    pub grants: Vec<Grant>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// It works and should be thought about.
    Warning,
    /// Signing in does not work.
    Failed,
}

/// One check of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionCheck {
    /// What was checked.
    pub what: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, one sentence.
    pub detail: String,
}

/// What a test of a provider's connection found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionReport {
    /// Nothing failed.
    pub ok: bool,
    /// Every check.
    pub checks: Vec<ConnectionCheck>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_written_and_read_back() {
        for line in ["groups = /acme/admins -> acme admin", "realm_access.roles ~ obstack-* -> globex viewer"] {
            assert_eq!(line.parse::<MappingRule>().map(|rule| rule.to_string()), Ok(line.to_owned()));
        }
        let odd: MappingRule = "groups = a=b -> c -> acme viewer".parse().expect("a rule");
        assert_eq!(odd.equals.as_deref(), Some("a=b -> c"));
        for bad in ["", "groups", "groups = x", "groups = x -> acme", "groups -> acme admin", "groups = x -> acme boss"]
        {
            assert!(bad.parse::<MappingRule>().is_err(), "{bad:?}");
        }
    }
}
