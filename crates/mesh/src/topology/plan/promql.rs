//! Writing PromQL text. Only forms that Prometheus 2.42, Mimir and the embedded engine all understand.

use crate::topology::View;

/// A selector under construction.
#[derive(Clone, Debug)]
pub(super) struct Select {
    metric: String,
    matchers: Vec<String>,
}

impl Select {
    pub(super) fn new(metric: &str) -> Self {
        Self { metric: metric.to_owned(), matchers: Vec::new() }
    }

    /// Adds a matcher; the value is escaped as a PromQL string.
    pub(super) fn with(mut self, label: &str, operator: &str, value: &str) -> Self {
        let mut quoted = String::with_capacity(value.len() + 2);
        for character in value.chars() {
            match character {
                '\\' => quoted.push_str("\\\\"),
                '"' => quoted.push_str("\\\""),
                '\n' => quoted.push_str("\\n"),
                other => quoted.push(other),
            }
        }
        self.matchers.push(format!("{label}{operator}\"{quoted}\""));
        self
    }

    /// Only series whose label names nobody: missing, empty or `unknown`.
    pub(super) fn unknown(self, label: &str) -> Self {
        self.with(label, "=~", "(unknown)?")
    }

    /// Only series whose label names somebody.
    pub(super) fn known(self, label: &str) -> Self {
        self.with(label, "!~", "(unknown)?")
    }

    /// Only series of a namespace, where `unknown` also stands for a missing one.
    pub(super) fn place(self, label: &str, namespace: &str) -> Self {
        if namespace == "unknown" { self.unknown(label) } else { self.with(label, "=", namespace) }
    }

    /// The per-second rate over the window.
    pub(super) fn rate(&self, window_secs: u64) -> String {
        format!("rate({}{{{}}}[{}s])", self.metric, self.matchers.join(","), window_secs.max(1))
    }
}

/// `sum by (labels) (inner)`.
pub(super) fn sum_by<'a>(labels: impl IntoIterator<Item = &'a str>, inner: &str) -> String {
    let labels: Vec<&str> = labels.into_iter().collect();
    format!("sum by ({}) ({inner})", labels.join(","))
}

/// Gives every row of the expression a fixed label.
pub(super) fn tagged(inner: &str, label: &str, value: &str) -> String {
    format!("label_replace({inner}, \"{label}\", \"{value}\", \"\", \"\")")
}

/// Leaves rows without traffic out unless the view wants them.
pub(super) fn positive(inner: String, view: &View) -> String {
    if view.wants_idle() { inner } else { format!("{inner} > 0") }
}

/// All rows of all expressions; their label sets never meet.
pub(super) fn either(arms: Vec<String>) -> String {
    if arms.len() == 1 {
        arms.concat()
    } else {
        arms.iter().map(|arm| format!("({arm})")).collect::<Vec<_>>().join(" or ")
    }
}
