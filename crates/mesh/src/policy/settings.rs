//! The inputs besides the policies that decide a verdict: which proxy decides, its release, the mesh configuration, the
//! workload. Plain values; reading them from files is `cases`' business.

use std::collections::BTreeMap;

use serde::Serialize;

/// The proxy that decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// The sidecar beside the workload, inbound (R76).
    #[default]
    Sidecar,
    /// A gateway, classic or Gateway API.
    Gateway,
    /// A waypoint, for the service it serves.
    Waypoint,
    /// The node proxy of ambient mode.
    Ztunnel,
}

impl Enforcement {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Sidecar, Self::Gateway, Self::Waypoint, Self::Ztunnel];

    /// As in case files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Gateway => "gateway",
            Self::Waypoint => "waypoint",
            Self::Ztunnel => "ztunnel",
        }
    }
}

/// MeshConfig `pathNormalization` (R29); DEFAULT is BASE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Normalization {
    /// The path as sent.
    None,
    /// RFC 3986.
    #[default]
    Base,
    /// And repeated slashes merged.
    MergeSlashes,
    /// And escaped slashes decoded first.
    DecodeAndMergeSlashes,
}

impl Normalization {
    /// From MeshConfig's word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "NONE" => Some(Self::None),
            "BASE" | "DEFAULT" => Some(Self::Base),
            "MERGE_SLASHES" => Some(Self::MergeSlashes),
            "DECODE_AND_MERGE_SLASHES" => Some(Self::DecodeAndMergeSlashes),
            _ => None,
        }
    }
}

/// An Envoy release; verdicts depend on it in three places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProxyVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl ProxyVersion {
    /// The newest release, assumed where none is named.
    pub const NEWEST: Self = Self { major: u16::MAX, minor: 0, patch: 0 };

    /// From `1.39.1` or `1.39`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u16>().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch = numbers.next().unwrap_or(Some(0))?;
        numbers.next().is_none().then_some(Self { major, minor, patch })
    }

    fn at_least(self, minor: u16, patch: u16) -> bool {
        self >= Self { major: 1, minor, patch }
    }

    /// Whether `.;x` and `..;x` are dot segments (R29; CVE-2026-73551, 1.39.1).
    pub fn resolves_dots_with_parameters(self) -> bool {
        self.at_least(39, 1)
    }

    /// Whether every value of a repeated header is tested alone (R50; CVE-2026-26308, after 1.37.0).
    pub fn tests_header_values_alone(self) -> bool {
        self.at_least(37, 1)
    }

    /// Whether a template operator takes a `*` of the request (R31; CVE-2025-46821 and its backports).
    pub fn takes_star_in_template(self) -> bool {
        match self.minor {
            31 if self.major == 1 => self.patch >= 8,
            32 if self.major == 1 => self.patch >= 6,
            33 if self.major == 1 => self.patch >= 3,
            _ => self.at_least(34, 1),
        }
    }
}

/// What kind of external authorizer a provider is (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Provider {
    /// `envoyExtAuthzHttp`: without effect on TCP.
    Http,
    /// `envoyExtAuthzGrpc`.
    Grpc,
    /// Defined, but with an error (R8).
    Invalid,
}

/// Istiod's switches that change verdicts; all as they are by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features {
    /// `PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS` (R8).
    pub multiple_custom_providers: bool,
    /// `ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY` (R21).
    pub selector_based_gateway_policy: bool,
    /// `AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY` (R69).
    pub ambient_dry_run: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { multiple_custom_providers: false, selector_based_gateway_policy: true, ambient_dry_run: false }
    }
}

/// The mesh-wide settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    /// `rootNamespace` (R18).
    pub root_namespace: String,
    /// `trustDomain` (R40).
    pub trust_domain: String,
    /// `trustDomainAliases` (R40).
    pub trust_domain_aliases: Vec<String>,
    /// `pathNormalization` (R29).
    pub path_normalization: Normalization,
    /// `extensionProviders` that authorize, by name (R8).
    pub extension_providers: BTreeMap<String, Provider>,
    /// Release of the proxies.
    pub proxy_version: ProxyVersion,
    /// Istiod's switches.
    pub features: Features,
}

impl Default for Mesh {
    fn default() -> Self {
        Self {
            root_namespace: "istio-system".to_owned(),
            trust_domain: "cluster.local".to_owned(),
            trust_domain_aliases: Vec::new(),
            path_normalization: Normalization::Base,
            extension_providers: BTreeMap::new(),
            proxy_version: ProxyVersion::NEWEST,
            features: Features::default(),
        }
    }
}

impl Mesh {
    /// The trust domain first, then its aliases (trustdomain/bundle.go NewBundle).
    pub fn trust_domains(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.trust_domain.as_str()).chain(self.trust_domain_aliases.iter().map(String::as_str))
    }
}

/// What a waypoint's chain serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it comes from a ServiceEntry.
    pub entry: bool,
}

/// The workload whose proxy decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Pod labels.
    pub labels: BTreeMap<String, String>,
    /// The service a waypoint chain serves.
    pub service: Option<Service>,
}
