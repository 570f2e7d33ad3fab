//! Whether a store keeps tenants apart as its settings say, tried with a tenant that does not exist.

use contract::store_admin::{Check, Grade};

use super::{NOBODY, SAMPLE, Trial, answer, confined, fix, kind::called, tenant_label};
use crate::{
    Error,
    config::{StoreKind, Tenancy},
    upstream::{Http, Unreachable},
};

/// Labels that often carry the tenant; the rest only shows how much of a mesh is in it.
const TENANT_LABELS: [&str; 3] = ["tenant_id", "tenant", "org_id"];
const MESH_LABELS: [&str; 2] = ["cluster", "namespace"];
/// Values counted at most. Old servers do not know the limit; their answers are cut off by size.
const VALUES: &str = "1000";
/// How far back values are looked for.
const BACK_SECS: u64 = 3600;
/// And how far ahead: the newest samples count, also those of a clock that is a little ahead of ours.
const AHEAD_SECS: i64 = 60;
/// Tenants tried.
const TENANTS: usize = 5;

/// The values of a label on the store's series.
enum Values {
    These(Vec<String>),
    /// More than is worth counting.
    Many,
    /// No answer that could be read.
    Unknown,
}

impl Trial<'_> {
    pub(super) async fn tenancy(&mut self, http: &Http) -> Result<(), Error> {
        match self.store.tenancy.clone() {
            Tenancy::Label(label) => self.by_label(http, &label).await,
            Tenancy::Header => self.by_header().await,
            Tenancy::Single => {
                self.alone(http).await;
                Ok(())
            }
        }
    }

    async fn values(&self, http: &Http, label: &str) -> Values {
        let now = self.clock.now();
        let (start, end) = (now.minus_secs(BACK_SECS).as_secs().to_string(), (now.as_secs() + AHEAD_SECS).to_string());
        let query = [("start", start.as_str()), ("end", end.as_str()), ("limit", VALUES)];
        match http.look_get(&format!("api/v1/label/{label}/values"), &query, self.left()).await {
            Ok(look) if answer::is_success(&look) => Values::These(answer::names(&look)),
            Err(Unreachable::TooLarge) => Values::Many,
            Ok(_) | Err(_) => Values::Unknown,
        }
    }

    async fn by_label(&mut self, http: &Http, label: &str) -> Result<(), Error> {
        let tenants = self.tenants;
        match self.values(http, label).await {
            Values::These(values) if values.is_empty() => {
                let sentence =
                    format!("No series of the last hour carries the label {label}: every tenant would see nothing.");
                let better = self.label_of_tenants(http, label).await;
                let better = better.and_then(|other| fix(&format!("Use {other}"), [("tenancy/label", &other)]));
                self.fixable(Check::Tenancy, Grade::Bad, sentence, better);
                return Ok(());
            }
            Values::These(values) => {
                let count = values.len();
                let many = if count == 1 { "one value".to_owned() } else { format!("{count} values") };
                self.found(
                    Check::Tenancy,
                    Grade::Ok,
                    format!("The label {label} is there, with {many} in the last hour."),
                );
                let without: Vec<&str> =
                    tenants.iter().filter(|slug| !values.contains(slug)).map(String::as_str).take(TENANTS).collect();
                // A list that was cut off says nothing of those who are not on it.
                if without.is_empty() && !tenants.is_empty() {
                    self.found(Check::Tenancy, Grade::Ok, "Every tenant bound to it has data.");
                } else if !without.is_empty() && count < 1000 {
                    let sentence = format!(
                        "No series of the last hour carries {label} with the slug of {}: they see nothing. The value has to be \
                         exactly the slug.",
                        without.join(", ")
                    );
                    self.found(Check::Tenancy, Grade::Warn, sentence);
                }
            }
            Values::Many => {
                self.found(Check::Tenancy, Grade::Ok, format!("The label {label} is there, with very many values."))
            }
            Values::Unknown => self.found(
                Check::Tenancy,
                Grade::Warn,
                format!("It does not list the values of {label}, so whether tenants have data was not looked at."),
            ),
        }
        let nobody = tenant_label(label, NOBODY)?;
        match self.ask(http, &confined(SAMPLE, Some(&nobody))?).await {
            Ok(look) if answer::is_success(&look) => match answer::total(&look) {
                0 => self.found(Check::Tenancy, Grade::Ok, "A question confined to a tenant that does not exist finds nothing."),
                found => {
                    let sentence = format!(
                        "A question confined to a tenant that does not exist finds {found} series: the store, or something in \
                         front of it, does not honour matchers. Do not let tenants share it."
                    );
                    self.found(Check::Tenancy, Grade::Bad, sentence);
                }
            },
            Ok(_) | Err(_) => self.found(
                Check::Tenancy,
                Grade::Bad,
                "It did not answer the question as a tenant that does not exist, so nothing shows that tenants are kept apart.",
            ),
        }
        Ok(())
    }

    /// Another label that carries the slug of a tenant who is bound.
    async fn label_of_tenants(&self, http: &Http, not: &str) -> Option<String> {
        for label in TENANT_LABELS.into_iter().filter(|label| *label != not) {
            if let Values::These(values) = self.values(http, label).await
                && self.tenants.iter().any(|slug| values.contains(slug))
            {
                return Some(label.to_owned());
            }
        }
        None
    }

    async fn by_header(&mut self) -> Result<(), Error> {
        let url = self.url()?.clone();
        let anonymous = self.client(&url, None)?;
        let alone = self.tenants.len() <= 1;
        let sample = confined(SAMPLE, None)?;
        match self.ask(&anonymous, &sample).await {
            Ok(look) if look.status.as_u16() == 401 => {
                self.found(Check::Tenancy, Grade::Ok, "Without the header it refuses, with 401.");
            }
            Ok(look) if answer::is_success(&look) => {
                let sentence = "It answers also without X-Scope-OrgID: the store does not enforce tenants. Switch on its \
                                multi-tenancy, or give it to one tenant.";
                let single = fix("It belongs to one tenant", [("tenancy/mode", "none")]).filter(|_| alone);
                self.fixable(Check::Tenancy, Grade::Warn, sentence, single);
            }
            Ok(look) => {
                let sentence =
                    format!("Without the header it answers with status {}, not with 401.", look.status.as_u16());
                self.found(Check::Tenancy, Grade::Warn, sentence);
            }
            Err(_) => self.found(Check::Tenancy, Grade::Warn, "Without the header it did not answer in time."),
        }
        let mut seen = Vec::new();
        for slug in self.tenants.iter().take(TENANTS) {
            let client = self.client(&url, Some(slug))?;
            match self.ask(&client, &sample).await {
                Ok(look) if answer::is_success(&look) => seen.push((slug.clone(), answer::total(&look))),
                Ok(look) => {
                    let sentence = format!("As {slug} it answers with status {}.", look.status.as_u16());
                    self.found(Check::Tenancy, Grade::Bad, sentence);
                }
                Err(_) => self.found(Check::Tenancy, Grade::Bad, format!("As {slug} it did not answer in time.")),
            }
        }
        let (with, without): (Vec<_>, Vec<_>) = seen.iter().partition(|(_, count)| *count > 0);
        if !with.is_empty() {
            let each: Vec<String> = with.iter().map(|(slug, count)| format!("{slug} {count}")).collect();
            self.found(
                Check::Tenancy,
                Grade::Ok,
                format!("With the header it answers; series by tenant: {}.", each.join(", ")),
            );
        }
        if !without.is_empty() {
            let slugs: Vec<&str> = without.iter().map(|(slug, _)| slug.as_str()).collect();
            let sentence =
                format!("With the header of {} it finds nothing: is data written with that id?", slugs.join(", "));
            self.found(Check::Tenancy, Grade::Warn, sentence);
        }
        let nobody = self.client(&url, Some(NOBODY))?;
        match self.ask(&nobody, &sample).await {
            Ok(look) if answer::is_success(&look) => match answer::total(&look) {
                0 => self.found(Check::Tenancy, Grade::Ok, "An id that nobody has finds nothing."),
                found => {
                    let sentence = format!(
                        "An id that nobody has finds {found} series: the header is not honoured, and tenants would see each other."
                    );
                    let (single, kind) = ([("tenancy/mode", "none")], called(StoreKind::Mimir));
                    let set = fix(&format!("It is no multi-tenant {kind}: one tenant only"), single).filter(|_| alone);
                    self.fixable(Check::Tenancy, Grade::Bad, sentence, set);
                }
            },
            // Some refuse ids they do not know, which keeps them out as well.
            Ok(look) if look.status.is_client_error() => {
                self.found(Check::Tenancy, Grade::Ok, "An id that nobody has is refused.");
            }
            Ok(_) | Err(_) => {
                self.found(Check::Tenancy, Grade::Warn, "As an id that nobody has it did not answer.");
            }
        }
        Ok(())
    }

    /// Nobody is kept apart: what of the data looks as if it belonged to several.
    async fn alone(&mut self, http: &Http) {
        let mut counted = Vec::new();
        let mut shared = None;
        for label in TENANT_LABELS.into_iter().chain(MESH_LABELS) {
            let count = match self.values(http, label).await {
                Values::These(values) => {
                    let mine = self.tenants.is_empty() || self.tenants.iter().any(|slug| values.contains(slug));
                    if values.len() > 1 && TENANT_LABELS.contains(&label) && shared.is_none() {
                        shared = Some((label, values.len(), mine));
                    }
                    values.len().to_string()
                }
                Values::Many => "very many".to_owned(),
                Values::Unknown => "unknown".to_owned(),
            };
            if count != "0" {
                counted.push(format!("{label} {count}"));
            }
        }
        let each = if counted.is_empty() { "none of the usual labels is there".to_owned() } else { counted.join(", ") };
        let each = format!("Values by label in the last hour: {each}.");
        if let Some((label, count, mine)) = shared {
            let sentence = format!(
                "{label} has {count} values, so the store looks shared, and nothing keeps its one tenant from seeing all of it. {each}"
            );
            let apart = fix(&format!("Keep apart by {label}"), [("tenancy/mode", "label"), ("tenancy/label", label)]);
            self.fixable(Check::Tenancy, Grade::Warn, sentence, apart.filter(|_| mine));
            return;
        }
        let sentence =
            format!("It keeps nobody apart, so it belongs to one tenant; nothing in it speaks of several. {each}");
        self.found(Check::Tenancy, Grade::Ok, sentence);
    }
}
