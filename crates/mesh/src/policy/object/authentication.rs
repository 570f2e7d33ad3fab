//! PeerAuthentication and RequestAuthentication as they are written.

use super::{Meta, Selector, Target};
use crate::policy::place::{Spot, Text};

/// A PeerAuthentication mode; `Unset` inherits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MtlsMode {
    /// Inherits.
    #[default]
    Unset,
    /// Plaintext only.
    Disable,
    /// Both.
    Permissive,
    /// Mutual TLS only.
    Strict,
}

/// A PeerAuthentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAuthentication {
    /// Name, namespace, position.
    pub meta: Meta,
    /// `selector`.
    pub selector: Option<Selector>,
    /// `mtls.mode`.
    pub mode: MtlsMode,
    /// Where the mode stands, or the object when it has none.
    pub mode_at: Spot,
    /// `portLevelMtls`; nothing when missing.
    pub ports: Option<Vec<PortMtls>>,
}

impl PeerAuthentication {
    /// Whether it has no labels to select by, and so covers a namespace or the mesh.
    pub fn is_wide(&self) -> bool {
        self.selector.as_ref().is_none_or(|selector| selector.labels.is_empty())
    }
}

/// One port of `portLevelMtls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortMtls {
    /// Where it stands.
    pub at: Spot,
    /// The workload port.
    pub port: u32,
    /// Its mode.
    pub mode: MtlsMode,
}

/// A RequestAuthentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestAuthentication {
    /// Name, namespace, position.
    pub meta: Meta,
    /// What it applies to.
    pub target: Target,
    /// `jwtRules`.
    pub rules: Vec<JwtRule>,
}

/// One `jwtRules` entry, as far as it decides anything offline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwtRule {
    /// Where it starts.
    pub at: Spot,
    /// `issuer`; empty accepts any.
    pub issuer: Text,
    /// `audiences`; empty accepts any.
    pub audiences: Vec<Text>,
    /// `jwksUri`.
    pub jwks_uri: Option<Text>,
    /// `jwks`.
    pub jwks: Option<Text>,
    /// `spaceDelimitedClaims` (R52).
    pub space_delimited: Vec<Text>,
    /// Header names of `fromHeaders`, empty where the name is missing.
    pub from_headers: Vec<Text>,
    /// `fromParams` and `fromCookies`.
    pub from_others: Vec<Text>,
    /// Header and claim of `outputClaimToHeaders`.
    pub outputs: Vec<(Text, Text)>,
}
