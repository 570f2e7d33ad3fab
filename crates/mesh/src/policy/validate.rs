//! What Istio's webhook and `istioctl` say about policies (pkg/config/validation/validation.go, pkg/config/security), under
//! the same conditions and in the same words, and what the CRD's schema refuses. Our own advice is in `lint`.

mod authentication;
mod authorization;
mod schema;
mod target;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use super::{
    finding::{Finding, Findings, Severity},
    object::{Kind, Meta, PolicySet},
    place::Spot,
};

pub use schema::schema;

/// The validator's errors (IST0106) and warnings (IST0133).
pub fn istio(set: &PolicySet) -> Vec<Finding> {
    let mut all = Vec::new();
    for policy in &set.authorization {
        let mut out = Report::new(&policy.meta);
        authorization::check(policy, &mut out);
        all.extend(out.finish());
    }
    for object in &set.peer {
        let mut out = Report::new(&object.meta);
        unsupported_dry_run(&object.meta, Kind::PeerAuthentication, &mut out);
        authentication::peer(object, &mut out);
        all.extend(out.finish());
    }
    for object in &set.request {
        let mut out = Report::new(&object.meta);
        unsupported_dry_run(&object.meta, Kind::RequestAuthentication, &mut out);
        authentication::request(object, &mut out);
        all.extend(out.finish());
    }
    all
}

/// Findings about one object.
struct Report {
    findings: Findings,
}

impl Report {
    fn new(meta: &Meta) -> Self {
        let mut findings = Findings::new(&Arc::clone(&meta.file));
        findings.about(meta.id());
        Self { findings }
    }

    fn error(&mut self, at: Spot, path: &str, message: impl Into<String>, remedy: &str) {
        self.findings.error("IST0106", at, path, message, remedy);
    }

    fn warning(&mut self, at: Spot, path: &str, message: impl Into<String>, remedy: &str) {
        self.findings.add("IST0133", Severity::Warning, at, path, message, remedy);
    }

    fn finish(self) -> Vec<Finding> {
        self.findings.into_list()
    }
}

/// Where the dry-run annotation is reported.
const DRY_RUN_PATH: &str = "metadata.annotations.istio.io/dry-run";

/// checkDryRunAnnotation for kinds that do not know it.
fn unsupported_dry_run(meta: &Meta, kind: Kind, out: &mut Report) {
    if let Some(value) = &meta.dry_run {
        let message =
            format!("{} has unsupported annotation istio.io/dry-run, please remove the annotation", meta.id());
        let remedy = format!("Remove the annotation; {} has no dry run.", kind.name());
        out.error(value.at, DRY_RUN_PATH, message, &remedy);
    }
}
