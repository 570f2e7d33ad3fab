//! What can be done inside a tenant, the least role that may, and what a key must have been given for it. The whole table
//! is printed into `docs/access-matrix.md`; a test compares.

use contract::ids::Role;

/// What a caller may want to do inside a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at the overview, the topology and the stores.
    ViewMesh,
    /// Try out authorization policies: evaluate, lint, compare.
    TryPolicies,
    /// Switch faults of the demo mesh.
    BreakDemo,
    /// Make, rotate and revoke keys of one's own in this tenant.
    ManageOwnKeys,
    /// See who belongs to the tenant and who is invited.
    ViewMembers,
    /// Invite people, change and end memberships.
    ManageMembers,
    /// Make, rotate and revoke keys of everybody, and service accounts.
    ManageKeys,
    /// See the tenant's settings: plan, mesh scope, stores, sign-in.
    ViewSettings,
    /// Change the tenant's name, the domains of invitations, and whether single sign-on is a must.
    ManageSettings,
    /// Change the tenant's own sign-in providers.
    ManageSignIn,
    /// Read the tenant's audit log.
    ViewAudit,
    /// Run the isolation proof.
    ProveIsolation,
}

/// What a key can be given. A key can do nothing that is not in this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyScope {
    /// Metrics and what is made of them: overview, topology, state of the stores.
    MetricsRead,
    /// Logs.
    LogsRead,
    /// Traces.
    TracesRead,
    /// Authorization policies: what they do, tried out.
    PoliciesRead,
    /// Switch faults of the demo mesh.
    DemoWrite,
    /// Members and invitations.
    MembersRead,
    /// Change members and invitations.
    MembersWrite,
    /// Settings of the tenant.
    SettingsRead,
    /// The audit log.
    AuditRead,
}

impl KeyScope {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 9] = [
        Self::MetricsRead,
        Self::LogsRead,
        Self::TracesRead,
        Self::PoliciesRead,
        Self::DemoWrite,
        Self::MembersRead,
        Self::MembersWrite,
        Self::SettingsRead,
        Self::AuditRead,
    ];

    /// The word in files, forms and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetricsRead => "metrics:read",
            Self::LogsRead => "logs:read",
            Self::TracesRead => "traces:read",
            Self::PoliciesRead => "policies:read",
            Self::DemoWrite => "demo:write",
            Self::MembersRead => "members:read",
            Self::MembersWrite => "members:write",
            Self::SettingsRead => "settings:read",
            Self::AuditRead => "audit:read",
        }
    }

    /// The scope of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// Whether it is about running a tenant rather than looking into it.
    pub fn is_administration(self) -> bool {
        match self {
            Self::MetricsRead | Self::LogsRead | Self::TracesRead | Self::PoliciesRead | Self::DemoWrite => false,
            Self::MembersRead | Self::MembersWrite | Self::SettingsRead | Self::AuditRead => true,
        }
    }

    /// The least role somebody needs to give it away.
    pub fn least_role(self) -> Role {
        match self {
            Self::MetricsRead | Self::LogsRead | Self::TracesRead | Self::PoliciesRead => Role::Viewer,
            Self::DemoWrite => Role::Editor,
            Self::MembersRead | Self::MembersWrite | Self::SettingsRead | Self::AuditRead => Role::Admin,
        }
    }
}

impl Permission {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 12] = [
        Self::ViewMesh,
        Self::TryPolicies,
        Self::BreakDemo,
        Self::ManageOwnKeys,
        Self::ViewMembers,
        Self::ManageMembers,
        Self::ManageKeys,
        Self::ViewSettings,
        Self::ManageSettings,
        Self::ManageSignIn,
        Self::ViewAudit,
        Self::ProveIsolation,
    ];

    /// What it is about and what is done to it.
    pub fn resource_and_action(self) -> (&'static str, &'static str) {
        match self {
            Self::ViewMesh => ("mesh", "view"),
            Self::TryPolicies => ("policies", "evaluate, lint, compare"),
            Self::BreakDemo => ("demo", "switch faults"),
            Self::ManageOwnKeys => ("own keys", "make, rotate, revoke"),
            Self::ViewMembers => ("members", "view"),
            Self::ManageMembers => ("members", "invite, change, remove"),
            Self::ManageKeys => ("keys and service accounts", "make, rotate, revoke"),
            Self::ViewSettings => ("settings", "view"),
            Self::ManageSettings => ("settings", "change"),
            Self::ManageSignIn => ("sign-in providers", "change"),
            Self::ViewAudit => ("audit log", "read, verify, export"),
            Self::ProveIsolation => ("isolation proof", "run"),
        }
    }

    /// The least role that has it.
    pub fn least_role(self) -> Role {
        match self {
            Self::ViewMesh | Self::TryPolicies | Self::ManageOwnKeys => Role::Viewer,
            Self::BreakDemo => Role::Editor,
            Self::ViewMembers
            | Self::ManageMembers
            | Self::ManageKeys
            | Self::ViewSettings
            | Self::ManageSettings
            | Self::ManageSignIn
            | Self::ViewAudit
            | Self::ProveIsolation => Role::Admin,
        }
    }

    /// Whether platform administrators have it in tenants they do not belong to: running a tenant, not looking into it.
    pub fn is_administration(self) -> bool {
        match self {
            Self::ViewMesh | Self::TryPolicies | Self::BreakDemo | Self::ManageOwnKeys => false,
            Self::ViewMembers
            | Self::ManageMembers
            | Self::ManageKeys
            | Self::ViewSettings
            | Self::ManageSettings
            | Self::ManageSignIn
            | Self::ViewAudit
            | Self::ProveIsolation => true,
        }
    }

    /// Whether somebody who views the tenant as a viewer has it: a viewer's eyes, and no hands.
    pub fn is_observation(self) -> bool {
        match self {
            Self::ViewMesh | Self::TryPolicies => true,
            Self::BreakDemo
            | Self::ManageOwnKeys
            | Self::ViewMembers
            | Self::ManageMembers
            | Self::ManageKeys
            | Self::ViewSettings
            | Self::ManageSettings
            | Self::ManageSignIn
            | Self::ViewAudit
            | Self::ProveIsolation => false,
        }
    }

    /// What a key must have been given for it; none for what no key may do, whoever made it.
    pub fn key_scope(self) -> Option<KeyScope> {
        match self {
            Self::ViewMesh => Some(KeyScope::MetricsRead),
            Self::TryPolicies => Some(KeyScope::PoliciesRead),
            Self::BreakDemo => Some(KeyScope::DemoWrite),
            Self::ViewMembers => Some(KeyScope::MembersRead),
            Self::ManageMembers => Some(KeyScope::MembersWrite),
            Self::ViewSettings => Some(KeyScope::SettingsRead),
            Self::ViewAudit => Some(KeyScope::AuditRead),
            Self::ManageOwnKeys
            | Self::ManageKeys
            | Self::ManageSettings
            | Self::ManageSignIn
            | Self::ProveIsolation => None,
        }
    }
}

/// `docs/access-matrix.md`: who may do what, from the table above.
pub fn access_matrix() -> String {
    let mark = |yes: bool| if yes { "yes" } else { "" };
    let mut text = String::from(
        "# Access matrix\n\nWho may do what inside a tenant. Made from `crates/backend/src/scope/permission.rs`; a test compares. \
         A tenant somebody does\nnot belong to does not exist for them, whatever their role elsewhere.\n\n\
         `platform admin` is somebody who runs the installation and is no member of the tenant. `view as viewer` is a platform\n\
         administrator or the tenant's administrator looking at it as a viewer: read-only, marked on every page, and in the\n\
         audit log. A key needs the scope named and a role that is high enough.\n\n\
         | resource | action | viewer | editor | admin | platform admin | view as viewer | API key |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for permission in Permission::ALL {
        let (resource, action) = permission.resource_and_action();
        let by_role = [Role::Viewer, Role::Editor, Role::Admin].map(|role| mark(role >= permission.least_role()));
        text.push_str(&format!(
            "| {resource} | {action} | {} | {} | {} | {} | {} | {} |\n",
            by_role[0],
            by_role[1],
            by_role[2],
            mark(permission.is_administration()),
            mark(permission.is_observation()),
            permission.key_scope().map(|scope| format!("`{}`", scope.as_str())).unwrap_or_default(),
        ));
    }
    text
}
