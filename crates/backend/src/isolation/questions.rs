//! What is asked of the metrics store: what people ask, and what somebody would try who wants to see more. Every question
//! is grouped or counted, so that no store has to send many series for it.

use query::Side;

use super::SOMEONE_ELSES;

/// What of an answer can be checked by its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// The labels are those of the series: each must lie in what the tenant sees.
    True,
    /// The question writes labels itself, so they prove nothing. The number of series must not exceed the plain question's.
    Written,
    /// There is nothing to check but what left for the store.
    Unchecked,
}

/// One question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// What it tries.
    pub title: &'static str,
    /// As it is shown.
    pub shown: String,
    /// As it is asked: with the true name of somebody else's namespace.
    pub asked: String,
    /// Which labels carry the tenant's namespaces.
    pub side: Side,
    pub labels: Labels,
    /// A selector for the endpoint that lists values of a label, not an expression.
    pub values_of: Option<&'static str>,
}

const METRIC: &str = "istio_requests_total";

/// The questions. `own` is a namespace the tenant sees, `foreign` one that only others see, `label` the label that keeps
/// tenants apart in a shared store, with this tenant's value.
pub(super) fn all(own: &str, foreign: &str, label: Option<(&str, &str)>) -> Vec<Question> {
    let side = Side::Destination;
    let (cluster, namespace) = (side.cluster_label(), side.namespace_label());
    let tenant = label.map(|(name, _)| format!(", {name}")).unwrap_or_default();
    let by = format!("by ({cluster}, {namespace}{tenant})");
    let plain = format!("count {by} ({METRIC})");
    let theirs = format!("{METRIC}{{{namespace}=\"{SOMEONE_ELSES}\"}}");
    let any = format!("{METRIC}{{{namespace}=~\".*\"}}");
    let mut questions = Vec::new();
    let mut ask = |title: &'static str, labels: Labels, shown: String| {
        let asked = shown.replace(SOMEONE_ELSES, foreign);
        questions.push(Question { title, shown, asked, side, labels, values_of: None });
    };
    use Labels::{True, Unchecked, Written};
    ask("The plain question", True, plain.clone());
    ask("Somebody else's namespace by name", True, format!("count {by} ({theirs})"));
    ask("Somebody else's namespace joined with or", True, format!("{plain} or count {by} ({theirs})"));
    ask("Somebody else's namespace behind unless", True, format!("count {by} ({any}) unless count {by} ({theirs})"));
    ask("Every namespace by pattern", True, format!("count {by} ({any})"));
    ask(
        "Somebody else's namespace in a pattern",
        True,
        format!("count {by} ({METRIC}{{{namespace}=~\"{SOMEONE_ELSES}|.*\"}})"),
    );
    ask("Everything but one's own", True, format!("count {by} ({METRIC}{{{namespace}!=\"{own}\"}})"));
    ask(
        "Or between matchers of one selector",
        True,
        format!("count {by} ({METRIC}{{{namespace}=\"{own}\" or {namespace}=~\".*\"}})"),
    );
    ask("Whether somebody else has data, by absent()", Unchecked, format!("absent({theirs})"));
    ask("Whether anybody has data, by absent()", Unchecked, format!("absent({any})"));
    ask(
        "Labels rewritten by label_replace()",
        Written,
        format!("label_replace(count {by} ({any}), \"{namespace}\", \"{own}\", \"{namespace}\", \".*\")"),
    );
    ask(
        "Labels rewritten by label_join()",
        Written,
        format!("label_join(count {by} ({any}), \"{namespace}\", \"-\", \"{cluster}\", \"{cluster}\")"),
    );
    ask(
        "Namespaces as values, by count_values()",
        Unchecked,
        format!("count_values(\"{namespace}\", count {by} ({any}))"),
    );
    ask("A subquery", True, format!("max_over_time((count {by} ({any}))[5m:1m])"));
    ask("A selector in the parameter of topk()", True, format!("topk(scalar(count({any})), {plain})"));
    ask(
        "Somebody else's namespace in the parameter of topk()",
        True,
        format!("topk(scalar(count({theirs})), {plain})"),
    );
    ask(
        "Both sides of an arithmetic with group_left",
        True,
        format!("{plain} + on() group_left() sum(count {by} ({any}))"),
    );
    ask("Another metric by a pattern on its name", True, format!("count {by} ({{__name__=~\"istio_requests.*\"}})"));
    ask("The past, by offset", True, format!("count {by} ({METRIC} offset 10m)"));
    ask("Text after a comment sign", True, format!("{plain} # {{{namespace}=\"{SOMEONE_ELSES}\"}}"));
    ask("Series the store adds by itself, by info()", Unchecked, format!("info({plain})"));
    ask("Total of everybody, without labels", Unchecked, format!("sum(rate({any}[5m]))"));
    if let Some((name, value)) = label {
        ask(
            "The label of tenants, with another value",
            True,
            format!("count {by} ({METRIC}{{{name}=\"somebody-else\"}})"),
        );
        ask("The label of tenants, with any value", True, format!("count {by} ({METRIC}{{{name}=~\".*\"}})"));
        ask("Not the tenant's own label", True, format!("count {by} ({METRIC}{{{name}!=\"{value}\"}})"));
    }
    let other_side = |title, side: Side, shown: String| Question {
        title,
        asked: shown.clone(),
        shown,
        side,
        labels: True,
        values_of: None,
    };
    let grouped = |side: Side| format!("by ({}, {}{tenant})", side.cluster_label(), side.namespace_label());
    questions.push(other_side(
        "The calling side of all calls",
        Side::Source,
        format!("count {} ({METRIC})", grouped(Side::Source)),
    ));
    questions.push(other_side(
        "What runs where",
        Side::Resource,
        format!(
            "count {} ({{__name__=~\"up|kube_pod_info|container_cpu_usage_seconds_total\"}})",
            grouped(Side::Resource)
        ),
    ));
    for (title, selector) in [
        ("Names of namespaces, from the list of label values", METRIC.to_owned()),
        ("The same, asked with somebody else's namespace", theirs),
    ] {
        let asked = selector.replace(SOMEONE_ELSES, foreign);
        questions.push(Question { title, shown: selector, asked, side, labels: True, values_of: Some(namespace) });
    }
    questions
}
