//! What a store really is, by what it says of itself and how it says it.

use contract::store_admin::{Check, Grade};

use super::{Trial, answer, fix};
use crate::{
    config::{StoreKind, Tenancy},
    upstream::{Http, Look},
};

impl Trial<'_> {
    pub(super) async fn kind(&mut self, http: &Http, first: &Look) {
        let look = http.look_get("api/v1/status/buildinfo", &[], self.left()).await.ok();
        let build = look.as_ref().and_then(answer::build);
        let victoria = |look: &Look| !look.header("x-server-hostname").is_empty();
        let is_victoria = victoria(first) || look.as_ref().is_some_and(victoria);
        let Some(build) = build else {
            match is_victoria {
                true => self.is(StoreKind::Victoriametrics, ""),
                false => self.found(Check::Kind, Grade::Warn, "It does not say what it is, nor its version."),
            }
            return;
        };
        let application = build.application.to_lowercase();
        if application.contains("mimir") {
            self.is(StoreKind::Mimir, &build.version);
        } else if !application.is_empty() && !application.contains("prometheus") {
            let known =
                application.chars().all(|c| c.is_ascii_alphanumeric() || " -_.".contains(c)) && application.len() < 60;
            let name = if known { application.as_str() } else { "something unknown" };
            let sentence =
                format!("It calls itself {name}, which this version does not know. It may work all the same.");
            self.found(Check::Kind, Grade::Warn, sentence);
            self.version = shown(&build.version);
        } else if is_victoria || (build.revision.is_empty() && build.go_version.is_empty()) {
            // It pretends to be a certain Prometheus, so that clients which look at the version are content.
            self.is(StoreKind::Victoriametrics, "");
        } else if build.version.starts_with("0.") && self.has_thanos_stores(http).await {
            self.is(StoreKind::Thanos, &build.version);
        } else {
            self.is(StoreKind::Prometheus, &build.version);
        }
    }

    async fn has_thanos_stores(&self, http: &Http) -> bool {
        http.look_get("api/v1/stores", &[], self.left()).await.is_ok_and(|look| answer::is_success(&look))
    }

    fn is(&mut self, real: StoreKind, version: &str) {
        self.version = shown(version);
        let name = match (called(real), self.version.as_str()) {
            (name, "") => format!("{name}, which does not tell its version here"),
            (name, version) => format!("{name} {version}"),
        };
        let chosen = self.store.kind;
        if real == chosen {
            self.found(Check::Kind, Grade::Ok, format!("It is {name}."));
            return;
        }
        let sentence = format!("It is {name}, and {} is written here.", called(chosen));
        // Another kind cannot keep tenants apart by header, so changing it alone would be refused.
        let certain = real.takes_header() || self.store.tenancy != Tenancy::Header;
        let label = format!("It is {}", called(real));
        let set = fix(&label, [("kind", real.as_str())]).filter(|_| certain);
        self.fixable(Check::Kind, Grade::Warn, sentence, set);
    }
}

pub(super) fn called(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Prometheus => "Prometheus",
        StoreKind::Mimir => "Mimir",
        StoreKind::Thanos => "Thanos",
        StoreKind::Victoriametrics => "VictoriaMetrics",
        StoreKind::Embedded => "the built-in store",
    }
}

/// A version as it may be shown: others write it.
fn shown(version: &str) -> String {
    version.chars().filter(|c| c.is_ascii_alphanumeric() || ".-+_".contains(*c)).take(40).collect()
}
