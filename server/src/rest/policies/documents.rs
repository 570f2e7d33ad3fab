//! What the documents of these questions look like, for the API's description only: the engine reads them itself, strictly.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Policies, requests and, where one wishes, expected verdicts: the case format of `obstack policy test`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub struct PolicyCases {
    /// Always 1.
    pub format: u32,
    /// Named lists of objects: AuthorizationPolicy, PeerAuthentication, RequestAuthentication. None when left out.
    pub policy_sets: Option<BTreeMap<String, Vec<BTreeMap<String, serde_json::Value>>>>,
    /// Requests. Each has `id`, `enforcement` (`sidecar`, `gateway`, `waypoint` or `ztunnel`), `mesh` (as in the other
    /// questions), `policies` (the name of a set, or a list of objects), `workload` (`{namespace, labels, service}`),
    /// `request` (what is left out is unknown) and `expect` (may be left out).
    pub cases: Option<Vec<BTreeMap<String, serde_json::Value>>>,
    /// Objects and what Istio's validator says of them: `id`, `policies`, `validation`.
    pub validation_cases: Option<Vec<BTreeMap<String, serde_json::Value>>>,
    /// Request paths and what policies see of them: `mode`, `in`, `out`, `proxy`.
    pub normalization: Option<Vec<BTreeMap<String, serde_json::Value>>>,
}

/// A text of manifests, or texts by file name.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub enum PolicyManifests {
    /// One text; it may hold several documents.
    Text(String),
    /// Texts by file name.
    Files(BTreeMap<String, String>),
}

/// The mesh that policies are for. What is left out is as Istio has it by default.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub struct PolicyMesh {
    /// `istio-system` when left out.
    pub root_namespace: Option<String>,
    /// `cluster.local` when left out.
    pub trust_domain: Option<String>,
    /// None when left out.
    pub trust_domain_aliases: Option<Vec<String>>,
    /// `NONE`, `BASE`, `MERGE_SLASHES` or `DECODE_AND_MERGE_SLASHES`; `BASE` when left out.
    pub path_normalization: Option<String>,
    /// External authorizers by name, `http` or `grpc`; none when left out.
    pub extension_providers: Option<BTreeMap<String, String>>,
    /// Release of the proxies, as `1.39.1`; the newest when left out.
    pub proxy_version: Option<String>,
    /// istiod's switches by name, where they are not as by default.
    pub features: Option<BTreeMap<String, bool>>,
}

/// Manifests to check.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub struct PolicyLintQuestion {
    /// Policies, and whatever surrounds them: Services, Deployments, Namespaces.
    pub manifests: PolicyManifests,
    /// Whether to look for rules that do nothing, too; `false` when left out.
    pub analyze: Option<bool>,
    /// Namespace of objects that name none; `default` when left out.
    pub namespace: Option<String>,
    /// Whether ztunnels decide instead of sidecars; `false` when left out.
    pub ambient: Option<bool>,
    /// The mesh.
    pub mesh: Option<PolicyMesh>,
}

/// Two sets of manifests to compare.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub struct PolicyDiffQuestion {
    /// As it is.
    pub before: PolicyManifests,
    /// As it shall be.
    pub after: PolicyManifests,
    /// Namespace of objects that name none; `default` when left out.
    pub namespace: Option<String>,
    /// Whether ztunnels decide instead of sidecars; `false` when left out.
    pub ambient: Option<bool>,
    /// The mesh.
    pub mesh: Option<PolicyMesh>,
    /// Replays what the proxies of this tenant have seen, when it is there. Needs the scope `metrics:read`, too.
    pub traffic: Option<PolicyTraffic>,
}

/// Which traffic is replayed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a document that the engine reads")]
pub struct PolicyTraffic {
    /// That of so long until now, between `1m` and `1d`; `10m` when left out.
    pub duration: Option<String>,
}

pub const CASES_EXAMPLE: &str = "format: 1
cases:
- id: the shop may call the cart
  enforcement: sidecar
  workload: {namespace: shop, labels: {app: cart}}
  policies:
  - apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      rules:
      - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
  request: {source: {principal: cluster.local/ns/shop/sa/web}, destination: {port: 8080}, method: GET, host: cart, path: /}
  expect: {verdict: ALLOW}
";

pub const LINT_EXAMPLE: &str = "analyze: true
manifests: |
  apiVersion: security.istio.io/v1
  kind: AuthorizationPolicy
  metadata: {name: cart, namespace: shop}
  spec: {rules: [{to: [{operation: {methods: [get]}}]}]}
";

pub const DIFF_EXAMPLE: &str = "traffic: {duration: 1h}
before: ''
after: |
  apiVersion: security.istio.io/v1
  kind: AuthorizationPolicy
  metadata: {name: cart, namespace: shop}
  spec:
    selector: {matchLabels: {app: cart}}
    rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
";
