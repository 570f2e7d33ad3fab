//! What each plan includes, in one table. `docs/plans.md` is made from it; a test compares. Where something is made, the
//! service that makes it asks [`Plan::allow`] or [`Plan::include`] first. Single sign-on and the audit log are in every
//! plan: security is not for sale.

use std::str::FromStr;

use crate::Error;

/// What a tenant has paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Free.
    Community,
    /// Hosted by us.
    Saas,
    /// Hosted by the customer.
    Enterprise,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// People, and invitations nobody has answered yet.
    Members,
    /// API keys that are neither revoked nor expired.
    ApiKeys,
    /// Service accounts.
    ServiceAccounts,
    /// Sign-in providers of the tenant's own.
    SignInProviders,
    /// Clusters that the mesh scope names.
    Clusters,
}

/// What a plan has or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Signing in with a provider, the installation's or the tenant's own.
    SingleSignOn,
    /// The audit log with verification and export.
    AuditLog,
    /// The isolation proof.
    IsolationProof,
    /// Telemetry in stores beside the embedded one.
    ExternalStores,
}

/// One plan's row.
struct Included {
    limits: [Option<u32>; Limit::ALL.len()],
    features: [bool; Feature::ALL.len()],
}

impl Limit {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] =
        [Self::Members, Self::ApiKeys, Self::ServiceAccounts, Self::SignInProviders, Self::Clusters];

    /// What is counted, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::ApiKeys => "API keys",
            Self::ServiceAccounts => "service accounts",
            Self::SignInProviders => "own sign-in providers",
            Self::Clusters => "named clusters",
        }
    }
}

impl Feature {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::SingleSignOn, Self::AuditLog, Self::IsolationProof, Self::ExternalStores];

    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::SingleSignOn => "single sign-on",
            Self::AuditLog => "audit log with export",
            Self::IsolationProof => "isolation proof",
            Self::ExternalStores => "stores beside the embedded one",
        }
    }
}

impl Plan {
    /// All of them, as written in files.
    pub const NAMES: [&str; 3] = ["community", "saas", "enterprise"];
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Community, Self::Saas, Self::Enterprise];

    /// The word used in files and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Community => "community",
            Self::Saas => "saas",
            Self::Enterprise => "enterprise",
        }
    }

    /// The table. Limits in the order of [`Limit::ALL`], features in that of [`Feature::ALL`].
    fn included(self) -> Included {
        match self {
            Self::Community => {
                Included { limits: [Some(25), Some(20), Some(5), Some(1), Some(1)], features: [true, true, true, true] }
            }
            Self::Saas => Included {
                limits: [Some(250), Some(200), Some(50), Some(5), Some(20)],
                features: [true, true, true, true],
            },
            Self::Enterprise => Included { limits: [None; Limit::ALL.len()], features: [true; Feature::ALL.len()] },
        }
    }

    /// How many there may be; `None` for any number.
    pub fn limit(self, limit: Limit) -> Option<u32> {
        self.included().limits[limit as usize]
    }

    /// Whether it is included.
    pub fn has(self, feature: Feature) -> bool {
        self.included().features[feature as usize]
    }

    /// Refuses one more when there are `have` already, naming plan and limit.
    pub fn allow(self, limit: Limit, have: i64) -> Result<(), Error> {
        match self.limit(limit) {
            Some(most) if have >= i64::from(most) => Err(Error::Conflict {
                why: format!(
                    "The plan {} includes {most} {}, and there are {have} already. Remove some, or ask the people who run \
                     this installation for another plan.",
                    self.as_str(),
                    limit.words()
                ),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses what the plan does not include, naming both.
    pub fn include(self, feature: Feature) -> Result<(), Error> {
        if self.has(feature) {
            return Ok(());
        }
        Err(Error::Conflict { why: format!("The plan {} does not include {}.", self.as_str(), feature.words()) })
    }
}

impl FromStr for Plan {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or("a plan is community, saas or enterprise")
    }
}

/// `docs/plans.md`, from the table above.
pub fn plans_document() -> String {
    let mut text = String::from(
        "# Plans\n\nWhat each plan includes. Made from `crates/backend/src/tenants/plan.rs`; a test compares. Limits hold where \
         something is\nmade: nothing that exists is taken away by a smaller plan. What a configuration file provisions is not \
         limited.\n\n| | community | saas | enterprise |\n|---|---|---|---|\n",
    );
    for limit in Limit::ALL {
        let cells = Plan::ALL.map(|plan| plan.limit(limit).map_or("any".to_owned(), |most| most.to_string()));
        text.push_str(&format!("| {} | {} |\n", limit.words(), cells.join(" | ")));
    }
    for feature in Feature::ALL {
        let cells = Plan::ALL.map(|plan| if plan.has(feature) { "yes" } else { "" });
        text.push_str(&format!("| {} | {} |\n", feature.words(), cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_is_in_every_plan() {
        for plan in Plan::ALL {
            assert!(plan.has(Feature::SingleSignOn) && plan.has(Feature::AuditLog), "{plan:?}");
            assert!(plan.limit(Limit::SignInProviders) != Some(0), "{plan:?}");
        }
    }

    #[test]
    fn a_refusal_names_plan_and_limit() {
        assert!(Plan::Community.allow(Limit::ServiceAccounts, 4).is_ok());
        let refused = Plan::Community.allow(Limit::ServiceAccounts, 5).expect_err("full").to_string();
        assert!(refused.contains("community includes 5 service accounts"), "{refused}");
        assert!(Plan::Enterprise.allow(Limit::Members, 1_000_000).is_ok());
    }

    #[test]
    fn the_committed_table_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plans.md");
        let made = plans_document();
        if std::env::var_os("OBSTACK_WRITE_DOCS").is_some() {
            std::fs::write(path, &made).expect("written");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == made, "docs/plans.md is not what the code says; run the tests with OBSTACK_WRITE_DOCS=1");
    }
}
