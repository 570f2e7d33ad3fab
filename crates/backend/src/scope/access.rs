//! Where a caller's rights in a tenant come from, and what they add up to.

use std::{collections::BTreeSet, sync::Arc};

use contract::ids::Role;

use super::{KeyScope, Permission};

/// A caller's rights in one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A person.
    Person {
        /// Role as a member; none for a platform administrator who is no member.
        role: Option<Role>,
        /// Runs the installation.
        platform_admin: bool,
    },
    /// Somebody with the right to, looking at the tenant as a viewer.
    Observer,
    /// An API key.
    Key {
        /// The lesser of the key's role and, for a person's key, the person's role now.
        role: Role,
        /// What it was given.
        scopes: Arc<BTreeSet<KeyScope>>,
    },
}

impl Access {
    /// A member with this role.
    pub fn member(role: Role) -> Self {
        Self::Person { role: Some(role), platform_admin: false }
    }

    /// Whether this may be done.
    pub fn allows(&self, permission: Permission) -> bool {
        match self {
            Self::Person { role, platform_admin } => {
                role.is_some_and(|role| role >= permission.least_role())
                    || (*platform_admin && permission.is_administration())
            }
            Self::Observer => permission.is_observation(),
            Self::Key { role, scopes } => {
                *role >= permission.least_role() && permission.key_scope().is_some_and(|scope| scopes.contains(&scope))
            }
        }
    }

    /// The highest role whose rights the caller can give to others.
    pub fn grantable_role(&self) -> Option<Role> {
        match self {
            Self::Person { platform_admin: true, .. } => Some(Role::Admin),
            Self::Person { role, .. } => *role,
            Self::Observer => None,
            Self::Key { role, .. } => Some(*role),
        }
    }

    /// Whether a key with this scope can be given away: nobody gives what they cannot do themselves.
    pub fn may_give(&self, scope: KeyScope) -> bool {
        match self {
            Self::Person { role, platform_admin } => {
                role.is_some_and(|role| role >= scope.least_role()) || (*platform_admin && scope.is_administration())
            }
            Self::Observer => false,
            Self::Key { role, scopes } => *role >= scope.least_role() && scopes.contains(&scope),
        }
    }

    /// The role that pages show.
    pub(crate) fn shown_role(&self) -> Role {
        match self {
            Self::Person { role, .. } => role.unwrap_or(Role::Viewer),
            Self::Observer => Role::Viewer,
            Self::Key { role, .. } => *role,
        }
    }

    /// Why something is refused, and what it takes.
    pub(crate) fn refusal(&self, permission: Permission, tenant: &str) -> String {
        let least = permission.least_role().as_str();
        match self {
            Self::Person { role: None, .. } => {
                format!(
                    "You run this installation and are no member of {tenant}. View it as a viewer, or have yourself invited."
                )
            }
            Self::Person { role: Some(role), .. } => {
                format!(
                    "This needs the role {least} in {tenant}; yours is {}. Its administrators can change that.",
                    role.as_str()
                )
            }
            Self::Observer => {
                "You are viewing this tenant as a viewer: nothing can be changed. Leave the view to go on.".to_owned()
            }
            Self::Key { .. } => match permission.key_scope() {
                Some(scope) => format!("The key needs the scope {} and at least the role {least}.", scope.as_str()),
                None => "This cannot be done with an API key. Sign in to do it.".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_no_right_without_its_scope() {
        let key =
            |scopes: &[KeyScope]| Access::Key { role: Role::Admin, scopes: Arc::new(scopes.iter().copied().collect()) };
        for permission in Permission::ALL {
            assert!(!key(&[]).allows(permission), "{permission:?}");
            assert_eq!(key(&KeyScope::ALL).allows(permission), permission.key_scope().is_some(), "{permission:?}");
        }
    }

    #[test]
    fn nobody_gives_a_scope_that_they_could_not_use_themselves() {
        let people = [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin)]
            .into_iter()
            .flat_map(|role| [false, true].map(|platform_admin| Access::Person { role, platform_admin }));
        for access in people.chain([Access::Observer]) {
            for scope in KeyScope::ALL {
                let needed = Permission::ALL.into_iter().filter(|permission| permission.key_scope() == Some(scope));
                if access.may_give(scope) {
                    assert!(needed.into_iter().all(|permission| access.allows(permission)), "{access:?} {scope:?}");
                }
            }
        }
        assert!(!Access::Person { role: None, platform_admin: true }.may_give(KeyScope::LogsRead));
        assert!(Access::member(Role::Viewer).may_give(KeyScope::MetricsRead));
    }

    #[test]
    fn who_runs_the_installation_does_not_look_into_tenants() {
        let operator = Access::Person { role: None, platform_admin: true };
        assert!(operator.allows(Permission::ManageMembers));
        assert!(!operator.allows(Permission::ViewMesh));
        assert!(Access::Observer.allows(Permission::ViewMesh));
        let seen = Permission::ALL.into_iter().filter(|permission| Access::Observer.allows(*permission));
        assert_eq!(seen.collect::<Vec<_>>(), [Permission::ViewMesh, Permission::TryPolicies]);
    }

    #[test]
    fn the_committed_matrix_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access-matrix.md");
        let made = super::super::access_matrix();
        if std::env::var_os("OBSTACK_WRITE_DOCS").is_some() {
            std::fs::write(path, &made).expect("written");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == made,
            "docs/access-matrix.md is not what the code says; run the tests with OBSTACK_WRITE_DOCS=1"
        );
    }
}
