//! The engine's side: the same sets and requests in its own terms, and what it expects a proxy to answer.

use std::{net::IpAddr, sync::Arc};

use mesh::policy::{
    attach::Point,
    decode::manifests,
    evaluate::{BY_BAD_PATH, BY_NO_ALLOW, Verdict},
    finding::Findings,
    normalize,
    object::PolicySet,
    plan::Plan,
    request::{Given, Headers, Peer, Protocol, Request, Token, Tree},
    settings::{Enforcement, Mesh, ProxyVersion, Workload},
    validate, yaml,
};
use serde_json::Value;

use crate::{
    model::{Sent, Set},
    proxy::Seen,
};

/// A set as the engine reads it.
pub struct Judge<'s> {
    set: &'s Set,
    policies: PolicySet,
    point: Point,
    claims: Tree,
    metadata: Tree,
}

impl<'s> Judge<'s> {
    pub fn new(set: &'s Set, version: ProxyVersion) -> Self {
        let decoded = manifests("set.yaml", &set.yaml(), "default");
        assert_eq!(decoded.findings, [], "{}", set.yaml());
        let mesh = Mesh {
            path_normalization: set.normalization,
            trust_domain: set.trust_domain.clone(),
            trust_domain_aliases: set.aliases.clone(),
            proxy_version: version,
            ..Mesh::default()
        };
        let workload = Workload { namespace: "foo".to_owned(), ..Workload::default() };
        let point = Point { enforcement: Enforcement::Sidecar, mesh, workload };
        let (claims, metadata) = (tree(&set.claims), tree(&serde_json::json!({"envoy.filters.x": set.metadata})));
        Self { set, policies: decoded.set, point, claims, metadata }
    }

    /// What Istio's validation would refuse is not worth comparing.
    pub fn refused(&self) -> Vec<String> {
        use mesh::policy::finding::Severity;
        let findings = validate::istio(&self.policies);
        findings
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.message)
            .collect()
    }

    pub fn plan(&self) -> Plan<'_> {
        let plan = Plan::new(&self.policies, &self.point, self.protocol());
        assert_eq!(plan.refused, Vec::<String>::new(), "{}", self.set.yaml());
        plan
    }

    fn protocol(&self) -> Protocol {
        if self.set.tcp { Protocol::Tcp } else { Protocol::Http }
    }

    /// Compares an answer with the engine's. `Err` says what the engine expected.
    pub fn compare(&self, plan: &Plan<'_>, sent: &Sent, seen: &Seen) -> Result<(), String> {
        let outcome = plan.explain(&self.request(sent));
        let by = format!("{} by {}", outcome.verdict.name(), outcome.decided_by);
        let agrees = match seen {
            Seen::Tcp { open } => outcome.verdict == if *open { Verdict::Allow } else { Verdict::Deny },
            Seen::Http { status, path, details } => match outcome.verdict {
                Verdict::Depends => false,
                Verdict::Allow => {
                    let mesh = &self.point.mesh;
                    let wanted = normalize::normalize(&sent.path, mesh.path_normalization, mesh.proxy_version);
                    if *status == 200 && *path != wanted.clone().ok() {
                        return Err(format!("path {wanted:?}"));
                    }
                    *status == 200
                }
                Verdict::Deny if outcome.decided_by == BY_BAD_PATH => matches!(status, 400 | 404),
                Verdict::Deny => *status == 403 && (sent.method == "HEAD" || *details == refusal(&outcome.decided_by)),
            },
        };
        if agrees { Ok(()) } else { Err(by) }
    }

    fn request(&self, sent: &Sent) -> Request {
        let known = |ip: IpAddr| Given::Known(ip);
        let mut headers = Headers::default();
        for (name, value) in &sent.headers {
            let values = headers.known.entry(name.to_ascii_lowercase()).or_insert(Given::Known(Vec::new()));
            if let Given::Known(values) = values {
                values.push(value.trim().to_owned());
            }
        }
        // Envoy takes the last address of the header, unless it is none.
        let forwarded = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for"));
        let remote =
            forwarded.filter(|_| !self.set.tcp).and_then(|(_, list)| list.rsplit(',').next()?.trim().parse().ok());
        let claims = self.set.claims.get("iss").is_some();
        Request {
            protocol: self.protocol(),
            peer: Given::Known(match &sent.identity {
                Some(identity) => Peer::Mtls(Given::Known(identity.clone())),
                None => Peer::Plaintext,
            }),
            source_ip: known(sent.source.into()),
            remote_ip: known(remote.unwrap_or(sent.source.into())),
            destination_ip: known(self.set.address.into()),
            destination_port: Given::Known(self.set.port),
            sni: Given::Known(sent.sni.clone().unwrap_or_default()),
            method: Given::Known(sent.method.clone()),
            host: Given::Known(sent.host.clone()),
            path: Given::Known(sent.path.clone()),
            headers,
            token: Given::Known(claims.then(|| Token { valid: Given::Known(true), claims: self.claims.clone() })),
            metadata: self.metadata.clone(),
            ..Request::default()
        }
    }
}

/// What Envoy says when this rule refused.
fn refusal(decided_by: &str) -> String {
    if decided_by == BY_NO_ALLOW {
        return "rbac_access_denied_matched_policy[none]".to_owned();
    }
    let name = decided_by.trim_start_matches("foo/").replace(" rule[", "]-rule[");
    format!("rbac_access_denied_matched_policy[ns[foo]-policy[{name}]")
}

fn tree(value: &Value) -> Tree {
    let file: Arc<str> = Arc::from("tree");
    let mut findings = Findings::new(&file);
    let nodes = yaml::read(&file, &value.to_string(), &mut findings);
    Tree { entries: nodes.first().map(|node| node.entries().to_vec()).unwrap_or_default(), open: false }
}
