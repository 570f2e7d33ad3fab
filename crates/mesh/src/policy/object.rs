//! The policy objects as they are written, each value with its position. Nothing is interpreted here: a wildcard is still
//! a text.

mod authentication;
mod route;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::place::{Place, Spot, Text};

pub use authentication::{JwtRule, MtlsMode, PeerAuthentication, PortMtls, RequestAuthentication};
pub use route::ClaimRoute;

/// The three kinds of security.istio.io that decide about requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// AuthorizationPolicy.
    AuthorizationPolicy,
    /// PeerAuthentication.
    PeerAuthentication,
    /// RequestAuthentication.
    RequestAuthentication,
}

impl Kind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::AuthorizationPolicy, Self::PeerAuthentication, Self::RequestAuthentication];

    /// As in `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationPolicy => "AuthorizationPolicy",
            Self::PeerAuthentication => "PeerAuthentication",
            Self::RequestAuthentication => "RequestAuthentication",
        }
    }
}

/// What every object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its file.
    pub file: Arc<str>,
    /// Where the object starts.
    pub at: Spot,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.creationTimestamp`; RFC 3339 texts sort by time.
    pub created: Option<String>,
    /// `istio.io/dry-run`, as written.
    pub dry_run: Option<Text>,
    /// `status.conditions`, which only objects that come from a cluster have.
    pub conditions: Vec<StatusCondition>,
}

/// What a controller says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusCondition {
    /// Where it stands.
    pub at: Spot,
    /// `type`.
    pub kind: String,
    /// `status`: `True`, `False` or `Unknown`.
    pub status: String,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

impl Meta {
    /// `namespace/name`, as verdicts name a policy.
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The position of something inside the object.
    pub fn place(&self, at: Spot) -> Place {
        Place::new(&self.file, at)
    }
}

/// `selector.matchLabels`; an empty list is `selector: {}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Where it stands.
    pub at: Spot,
    /// Labels and their values.
    pub labels: Vec<(Text, Text)>,
}

/// One `targetRefs` entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetRef {
    /// Where it stands.
    pub at: Spot,
    /// API group; empty is `core`.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; only the empty one is supported.
    pub namespace: String,
}

/// What a policy applies to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `selector`.
    pub selector: Option<Selector>,
    /// The older `targetRef`.
    pub single: Option<TargetRef>,
    /// `targetRefs`.
    pub refs: Vec<TargetRef>,
}

impl Target {
    /// The effective targetRefs: the list, or the older single one (policyattachment.go GetTargetRefs).
    pub fn effective(&self) -> &[TargetRef] {
        if self.refs.is_empty() { self.single.as_slice() } else { &self.refs }
    }
}

/// `action`; ALLOW when omitted (R9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PolicyAction)]
pub enum Action {
    /// Lets matching requests pass.
    #[default]
    Allow,
    /// Rejects matching requests.
    Deny,
    /// Marks matching requests.
    Audit,
    /// Asks an external authorizer about matching requests.
    Custom,
}

impl Action {
    /// As in `action:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
            Self::Audit => "AUDIT",
            Self::Custom => "CUSTOM",
        }
    }
}

/// An AuthorizationPolicy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// Name, namespace, position.
    pub meta: Meta,
    /// What it applies to.
    pub target: Target,
    /// What it does.
    pub action: Action,
    /// Where `action` stands.
    pub action_at: Spot,
    /// `provider.name`; an empty text when `provider` is there without a name.
    pub provider: Option<Text>,
    /// `rules`; nothing when the field is missing.
    pub rules: Option<Vec<Rule>>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Where it starts.
    pub at: Spot,
    /// Whether it is written as nothing at all, which Istio skips.
    pub null: bool,
    /// `from`; nothing when missing.
    pub from: Option<Vec<Part>>,
    /// `to`; nothing when missing.
    pub to: Option<Vec<Part>>,
    /// `when`.
    pub when: Vec<Condition>,
}

/// One entry of `from` (a source) or `to` (an operation).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Where it starts.
    pub at: Spot,
    /// Whether the entry, or its `source`/`operation`, is missing or null.
    pub missing: Missing,
    /// Its fields in the order written.
    pub fields: Vec<FieldValues>,
}

/// What of a `from` or `to` entry is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Nothing is.
    #[default]
    Nothing,
    /// The entry itself is null.
    Entry,
    /// `source` or `operation`.
    Inner,
}

/// A field of a source or an operation, without its `not` form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `principals`.
    Principals,
    /// `requestPrincipals`.
    RequestPrincipals,
    /// `namespaces`.
    Namespaces,
    /// `serviceAccounts`.
    ServiceAccounts,
    /// `trustDomains`.
    TrustDomains,
    /// `ipBlocks`.
    IpBlocks,
    /// `remoteIpBlocks`.
    RemoteIpBlocks,
    /// `hosts`.
    Hosts,
    /// `ports`.
    Ports,
    /// `methods`.
    Methods,
    /// `paths`.
    Paths,
}

impl Field {
    /// The fields of a source.
    pub const SOURCE: [Self; 7] = [
        Self::Principals,
        Self::RequestPrincipals,
        Self::Namespaces,
        Self::ServiceAccounts,
        Self::TrustDomains,
        Self::IpBlocks,
        Self::RemoteIpBlocks,
    ];
    /// The fields of an operation.
    pub const OPERATION: [Self; 4] = [Self::Hosts, Self::Ports, Self::Methods, Self::Paths];

    /// Its name in YAML.
    pub fn name(self, negated: bool) -> &'static str {
        match (self, negated) {
            (Self::Principals, false) => "principals",
            (Self::Principals, true) => "notPrincipals",
            (Self::RequestPrincipals, false) => "requestPrincipals",
            (Self::RequestPrincipals, true) => "notRequestPrincipals",
            (Self::Namespaces, false) => "namespaces",
            (Self::Namespaces, true) => "notNamespaces",
            (Self::ServiceAccounts, false) => "serviceAccounts",
            (Self::ServiceAccounts, true) => "notServiceAccounts",
            (Self::TrustDomains, false) => "trustDomains",
            (Self::TrustDomains, true) => "notTrustDomains",
            (Self::IpBlocks, false) => "ipBlocks",
            (Self::IpBlocks, true) => "notIpBlocks",
            (Self::RemoteIpBlocks, false) => "remoteIpBlocks",
            (Self::RemoteIpBlocks, true) => "notRemoteIpBlocks",
            (Self::Hosts, false) => "hosts",
            (Self::Hosts, true) => "notHosts",
            (Self::Ports, false) => "ports",
            (Self::Ports, true) => "notPorts",
            (Self::Methods, false) => "methods",
            (Self::Methods, true) => "notMethods",
            (Self::Paths, false) => "paths",
            (Self::Paths, true) => "notPaths",
        }
    }
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValues {
    /// Which field.
    pub field: Field,
    /// Whether it is the `not` form.
    pub negated: bool,
    /// Where it stands.
    pub at: Spot,
    /// What it lists.
    pub values: Vec<Text>,
}

/// One `when` entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Where it starts.
    pub at: Spot,
    /// Whether it is written as nothing at all.
    pub null: bool,
    /// `key`; empty when missing.
    pub key: Text,
    /// `values`.
    pub values: Vec<Text>,
    /// `notValues`.
    pub not_values: Vec<Text>,
}

/// Every object that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySet {
    /// AuthorizationPolicies in the order read.
    pub authorization: Vec<AuthorizationPolicy>,
    /// PeerAuthentications in the order read.
    pub peer: Vec<PeerAuthentication>,
    /// RequestAuthentications in the order read.
    pub request: Vec<RequestAuthentication>,
    /// VirtualServices that route by claims. They are no policies and do not count as such.
    pub routes: Vec<ClaimRoute>,
}

impl PolicySet {
    /// Adds all of another set.
    pub fn extend(&mut self, other: Self) {
        self.authorization.extend(other.authorization);
        self.peer.extend(other.peer);
        self.request.extend(other.request);
        self.routes.extend(other.routes);
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.authorization.len() + self.peer.len() + self.request.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
