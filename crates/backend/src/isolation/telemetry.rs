//! Asking the stores as the tenant: metrics through the same door as every page, logs and traces through theirs.

use contract::{
    Timestamp,
    isolation::{Canary, CanaryOutcome, Wall},
};
use query::MeshScope;
use tokio::time::{Instant, timeout};

use super::{
    CALL, SOMEONE_ELSES, WHOLE,
    judge::Fence,
    questions::{self, Labels, Question},
};
use crate::{
    Backend, Error, Scope,
    ask::Ask,
    logs::{LogQuery, LogStore},
    metrics::Sample,
    scope::describe,
    traces::{TraceQuery, TraceStore},
};

/// After so many questions without an answer the rest is not asked: the store is gone.
const PATIENCE: usize = 3;
/// Records that are looked at.
const RECORDS: u32 = 500;
/// Traces that are looked into.
const TRACES: usize = 10;
const HOUR_SECS: u64 = 3600;

/// What came of a question.
struct Told {
    outcome: CanaryOutcome,
    answer: String,
    seen: Option<u64>,
}

impl Told {
    fn new(outcome: CanaryOutcome, answer: impl Into<String>) -> Self {
        Self { outcome, answer: answer.into(), seen: None }
    }

    fn seeing(self, count: usize) -> Self {
        Self { seen: u64::try_from(count).ok(), ..self }
    }
}

fn not_answered(error: &Error) -> Told {
    let why = match error {
        Error::Upstream { store, why, .. } => format!("The store {store} cannot be used: {why}."),
        Error::Timeout { .. } => "The store did not answer in time.".to_owned(),
        Error::RateLimited { .. } => "The store has too many requests.".to_owned(),
        _ => "It could not be asked, see the log.".to_owned(),
    };
    Told::new(CanaryOutcome::NotAnswered, why)
}

/// The questions to the metrics store, one after the other.
pub(super) async fn metrics(backend: &Backend, scope: &Scope, foreign: &str, at: Timestamp) -> Vec<Canary> {
    let ask = match backend.stores().ask(scope) {
        Ok(ask) => ask,
        Err(error) => {
            let Told { outcome, answer, .. } = not_answered(&error);
            let (title, question) = ("The metrics store".to_owned(), String::new());
            return vec![Canary {
                wall: Wall::Metrics,
                title,
                question,
                rewritten: Vec::new(),
                outcome,
                answer,
                seen: None,
            }];
        }
    };
    let own = own_namespace(scope.mesh());
    let label = ask.label_name().map(|name| (name, scope.slug().as_str()));
    let fence = Fence { mesh: scope.mesh(), label, foreign };
    let ends = Instant::now() + WHOLE;
    let (mut canaries, mut unanswered, mut plain) = (Vec::new(), 0, None);
    for question in questions::all(&own, foreign, label) {
        let told = if unanswered >= PATIENCE || Instant::now() >= ends {
            Told::new(CanaryOutcome::NotAnswered, "Not asked: the store does not answer.")
        } else {
            one(&ask, &fence, &question, at, plain).await
        };
        match told.outcome {
            CanaryOutcome::NotAnswered => unanswered += 1,
            CanaryOutcome::Held => unanswered = 0,
            CanaryOutcome::Refused | CanaryOutcome::Broken => {}
        }
        // The first question is the plain one.
        plain = plain.or(told.seen);
        canaries.push(Canary {
            wall: Wall::Metrics,
            title: question.title.to_owned(),
            rewritten: rewritten(&ask, &question),
            question: match question.values_of {
                Some(name) => format!("values of {name} on {}", question.shown),
                None => question.shown,
            },
            outcome: told.outcome,
            answer: told.answer,
            seen: told.seen,
        });
    }
    canaries
}

/// What leaves for the store, of the question as it is shown.
fn rewritten(ask: &Ask, question: &Question) -> Vec<String> {
    match question.values_of {
        Some(_) => {
            ask.confined_selector(&question.shown, question.side).map(|all| all.get().clone()).unwrap_or_default()
        }
        None => {
            ask.confined(&question.shown, question.side).map(|text| vec![text.get().to_string()]).unwrap_or_default()
        }
    }
}

async fn one(ask: &Ask, fence: &Fence<'_>, question: &Question, at: Timestamp, plain: Option<u64>) -> Told {
    match question.values_of {
        Some(name) => values(ask, fence, question, name, at).await,
        None => expression(ask, fence, question, at, plain).await,
    }
}

/// Why a question was not let through, in the words for the one that is shown.
fn refusal(shown: Option<query::Refused>) -> Told {
    let why = shown.map_or_else(|| "it selects nothing the tenant may see".to_owned(), |refused| refused.to_string());
    Told::new(CanaryOutcome::Refused, format!("Refused before anything left: {why}."))
}

async fn expression(ask: &Ask, fence: &Fence<'_>, question: &Question, at: Timestamp, plain: Option<u64>) -> Told {
    let Ok(confined) = ask.confined(&question.asked, question.side) else {
        return refusal(ask.confined(&question.shown, question.side).err());
    };
    if let Err(why) = fence.expression(confined.get().as_str(), question.side) {
        return Told::new(CanaryOutcome::Broken, format!("It was not asked: {why}."));
    }
    let samples = match timeout(CALL, ask.asked(&confined, at)).await {
        Ok(Ok(answer)) => answer.samples,
        // A store need not know every function; what it does not know it does not answer.
        Ok(Err(Error::Invalid { .. })) => {
            return Told::new(
                CanaryOutcome::Refused,
                "It left confined; the store does not take this kind of question.",
            );
        }
        Ok(Err(error)) => return not_answered(&error),
        Err(_) => return Told::new(CanaryOutcome::NotAnswered, "The store did not answer within 5 s."),
    };
    judged(fence, question, &samples, plain)
}

/// What an answer shows.
fn judged(fence: &Fence<'_>, question: &Question, samples: &[Sample], plain: Option<u64>) -> Told {
    let count = samples.len();
    let told = match question.labels {
        Labels::True => match fence.foreign_series(samples, question.side) {
            0 if count == 0 => Told::new(CanaryOutcome::Held, "Nothing."),
            0 => Told::new(CanaryOutcome::Held, format!("{}, all of the tenant.", series(count))),
            foreign => {
                Told::new(CanaryOutcome::Broken, format!("{foreign} of {} are not of the tenant.", series(count)))
            }
        },
        Labels::Written => match plain {
            Some(plain) if count as u64 > plain => {
                let answer = format!("{}, more than the {plain} of the plain question.", series(count));
                Told::new(CanaryOutcome::Broken, answer)
            }
            _ => Told::new(CanaryOutcome::Held, format!("{}, as many as are the tenant's or fewer.", series(count))),
        },
        Labels::Unchecked => {
            Told::new(CanaryOutcome::Held, format!("{}; every selector that left is confined.", series(count)))
        }
    };
    told.seeing(count)
}

fn series(count: usize) -> String {
    if count == 1 { "1 series".to_owned() } else { format!("{count} series") }
}

async fn values(ask: &Ask, fence: &Fence<'_>, question: &Question, name: &str, at: Timestamp) -> Told {
    let Ok(confined) = ask.confined_selector(&question.asked, question.side) else {
        return refusal(ask.confined_selector(&question.shown, question.side).err());
    };
    for selector in confined.get() {
        if let Err(why) = fence.expression(selector, question.side) {
            return Told::new(CanaryOutcome::Broken, format!("It was not asked: {why}."));
        }
    }
    match timeout(CALL, ask.label_values(name, &confined, at.minus_secs(HOUR_SECS), at)).await {
        Ok(Ok(names)) => {
            let foreign = fence.foreign_names(&names);
            let count = names.len();
            let told = match foreign {
                0 => Told::new(CanaryOutcome::Held, format!("{count} names, all of the tenant.")),
                foreign => {
                    Told::new(CanaryOutcome::Broken, format!("{foreign} of {count} names are not of the tenant."))
                }
            };
            told.seeing(count)
        }
        Ok(Err(error)) => not_answered(&error),
        Err(_) => Told::new(CanaryOutcome::NotAnswered, "The store did not answer within 5 s."),
    }
}

fn own_namespace(mesh: &MeshScope) -> String {
    let named = mesh.selectors().iter().find_map(|selector| match selector.namespaces() {
        query::Namespaces::All => None,
        query::Namespaces::Only(names) => names.first().cloned(),
    });
    named.unwrap_or_else(|| "default".to_owned())
}

/// A canary of logs or traces.
fn canary(wall: Wall, title: &str, question: &str, mesh: &MeshScope, told: Told) -> Canary {
    let rewritten = match mesh.is_empty() {
        true => "nothing is left that may be seen, so nothing is read".to_owned(),
        false => format!("only {}", describe(mesh)),
    };
    Canary {
        wall,
        title: title.to_owned(),
        question: question.to_owned(),
        rewritten: vec![rewritten],
        outcome: told.outcome,
        answer: told.answer,
        seen: told.seen,
    }
}

/// What is left of the tenant's part of the mesh for somebody else's namespace.
fn narrowed(scope: &Scope, foreign: &str) -> MeshScope {
    scope.mesh().narrow(&[foreign.to_owned()], &[])
}

fn counted(what: &str, all: usize, foreign: usize) -> Told {
    let told = match (all, foreign) {
        (0, _) => Told::new(CanaryOutcome::Held, "Nothing."),
        (_, 0) => Told::new(CanaryOutcome::Held, format!("{all} {what}, all of the tenant.")),
        _ => Told::new(CanaryOutcome::Broken, format!("{foreign} of {all} {what} are not of the tenant.")),
    };
    told.seeing(all)
}

/// The questions to the log store.
pub(super) async fn logs(backend: &Backend, scope: &Scope, foreign: &str, at: Timestamp) -> Vec<Canary> {
    let mut canaries = Vec::new();
    let theirs = format!("records of the last hour in {SOMEONE_ELSES}");
    for (title, question, mesh) in [
        ("All log records", "the newest 500 records of the last hour", scope.mesh().clone()),
        ("Log records of somebody else's namespace", theirs.as_str(), narrowed(scope, foreign)),
    ] {
        let query = LogQuery { limit: RECORDS, ..LogQuery::new(mesh.clone(), at.minus_secs(HOUR_SECS), at) };
        let page = backend.stores().with_logs(|store| async move { store.search(&query).await });
        let told = match timeout(CALL, page).await {
            Ok(Ok(page)) => {
                let outside = |record: &&crate::logs::LogRecord| !scope.mesh().sees(&record.cluster, &record.namespace);
                counted("records", page.records.len(), page.records.iter().filter(outside).count())
            }
            Ok(Err(error)) => not_answered(&error),
            Err(_) => Told::new(CanaryOutcome::NotAnswered, "The store did not answer within 5 s."),
        };
        canaries.push(canary(Wall::Logs, title, question, &mesh, told));
    }
    canaries
}

/// The questions to the trace store.
pub(super) async fn traces(backend: &Backend, scope: &Scope, foreign: &str, at: Timestamp) -> Vec<Canary> {
    let mut canaries = Vec::new();
    let theirs = format!("traces of the last hour with spans in {SOMEONE_ELSES}");
    for (title, question, mesh) in [
        (
            "Spans of the newest traces",
            "the newest 10 traces of the last hour, with all their spans",
            scope.mesh().clone(),
        ),
        ("Traces of somebody else's namespace", theirs.as_str(), narrowed(scope, foreign)),
    ] {
        let told = match timeout(CALL, spans(backend, &mesh, at)).await {
            Ok(Ok(places)) => {
                let outside = |(cluster, namespace): &&(String, String)| !scope.mesh().sees(cluster, namespace);
                counted("spans", places.len(), places.iter().filter(outside).count())
            }
            Ok(Err(error)) => not_answered(&error),
            Err(_) => Told::new(CanaryOutcome::NotAnswered, "The store did not answer within 5 s."),
        };
        canaries.push(canary(Wall::Traces, title, question, &mesh, told));
    }
    canaries
}

/// Where the spans are that one gets to see.
async fn spans(backend: &Backend, mesh: &MeshScope, at: Timestamp) -> Result<Vec<(String, String)>, Error> {
    let mut places = Vec::new();
    let query = TraceQuery::new(mesh.clone(), at.minus_secs(HOUR_SECS), at);
    let found = backend.stores().with_traces(|store| async move { store.search(&query).await }).await?;
    for summary in found.into_iter().take(TRACES) {
        let whole =
            backend.stores().with_traces(|store| async move { store.find(mesh, summary.trace_id).await }).await?;
        places.extend(whole.into_iter().flat_map(|trace| trace.spans).map(|span| (span.cluster, span.namespace)));
    }
    Ok(places)
}

#[cfg(test)]
pub(super) fn outcome_of(
    fence: &Fence<'_>,
    question: &Question,
    samples: &[Sample],
    plain: Option<u64>,
) -> CanaryOutcome {
    judged(fence, question, samples, plain).outcome
}
