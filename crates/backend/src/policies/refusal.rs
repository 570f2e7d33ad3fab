//! A document that the engine refuses, as the API tells it: each error with a JSON pointer into the document, and with its
//! line and column, because nobody counts list items in YAML.

use std::sync::Arc;

use contract::FieldError;
use mesh::policy::{
    ask::Refused,
    finding::{Finding, Findings},
    yaml::{self, Node, Value},
};

use crate::Error;

/// The most errors that are told.
const MAX_ERRORS: usize = 50;
/// The name of the document itself among the files of findings.
const DOCUMENT: &str = "document";

/// Why there is no answer.
pub(super) fn refused(why: Refused, document: &str) -> Error {
    let findings = match why {
        Refused::TooMuch => {
            let why = "The question is too large for one answer. Send fewer cases, or smaller sets of policies, in one \
                       document; `obstack policy` on the command line has no such limit.";
            return Error::invalid("", why);
        }
        Refused::Unreadable(findings) => findings,
    };
    let file: Arc<str> = Arc::from(DOCUMENT);
    let documents = yaml::read(&file, document, &mut Findings::new(&file));
    let shown = if findings.len() > MAX_ERRORS { MAX_ERRORS - 1 } else { findings.len() };
    let mut errors: Vec<FieldError> = findings[..shown].iter().map(|finding| field(finding, &documents)).collect();
    if shown < findings.len() {
        let detail = format!("And {} more errors.", findings.len() - shown);
        errors.push(FieldError { pointer: String::new(), detail });
    }
    if errors.is_empty() {
        return Error::invalid("", "The document cannot be read.");
    }
    Error::InvalidFields(errors)
}

fn field(finding: &Finding, documents: &[Node]) -> FieldError {
    let Finding { place, path, message, remedy, .. } = finding;
    let pointer = match place.file.as_ref() {
        DOCUMENT => pointer(&segments(path, documents)),
        // A text within the document: `before`, or `before/a.yaml`.
        file => pointer(&file.splitn(2, '/').map(str::to_owned).collect::<Vec<_>>()),
    };
    FieldError { pointer, detail: format!("line {}, column {}: {message}. {remedy}", place.line, place.column) }
}

/// RFC 6901.
fn pointer(segments: &[String]) -> String {
    segments.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
}

/// The steps of a finding's path. Keys may have dots and brackets in them, so the document is asked where one ends.
fn segments(path: &str, documents: &[Node]) -> Vec<String> {
    let first = documents.iter().find_map(|document| walk(document, path));
    first.unwrap_or_else(|| split(path))
}

fn walk(node: &Node, path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    let (segment, next, rest) = match &node.value {
        Value::List(items) => {
            let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
            (index.to_owned(), items.get(index.parse::<usize>().ok()?)?, rest)
        }
        Value::Map(entries) => {
            let fits =
                |key: &str| path.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            let named = entries.iter().filter_map(|entry| Some((entry, fits(&entry.key.value)?)));
            match named.min_by_key(|(_, rest)| rest.len()) {
                Some((entry, rest)) => (entry.key.value.clone(), &entry.value, rest),
                // What is missing is named by its path, too.
                None => return Some(split(path)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => return None,
    };
    let mut segments = vec![segment];
    segments.extend(walk(next, rest).unwrap_or_else(|| split(rest)));
    Some(segments)
}

/// The same by the looks of it.
fn split(path: &str) -> Vec<String> {
    path.split(['.', '['])
        .map(|part| part.strip_suffix(']').unwrap_or(part))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, document: &str) -> String {
        let file: Arc<str> = Arc::from(DOCUMENT);
        let mut findings = Findings::new(&file);
        let documents = yaml::read(&file, document, &mut findings);
        pointer(&segments(path, &documents))
    }

    #[test]
    fn a_path_becomes_a_pointer() {
        let document = "cases:\n- workload: {labels: {app.kubernetes.io/name: 1, 'a~b': 2, 'x[0].y': 3}}\n";
        for (path, pointer) in [
            ("", ""),
            ("format", "/format"),
            ("cases[0]", "/cases/0"),
            ("cases[0].request.sni", "/cases/0/request/sni"),
            ("cases[0].workload.labels.app.kubernetes.io/name", "/cases/0/workload/labels/app.kubernetes.io~1name"),
            ("cases[0].workload.labels.a~b", "/cases/0/workload/labels/a~0b"),
            ("cases[0].workload.labels.x[0].y", "/cases/0/workload/labels/x[0].y"),
            ("cases[7].id", "/cases/7/id"),
        ] {
            assert_eq!(told(path, document), pointer, "{path}");
            assert!(told(path, "").starts_with('/') || path.is_empty(), "{path} without a document");
        }
    }

    #[test]
    fn many_errors_are_counted_and_not_all_told() {
        let document =
            format!("{{manifests: '', {}}}", (0..80).map(|i| format!("x{i}: 1")).collect::<Vec<_>>().join(", "));
        let why =
            mesh::policy::ask::lint(&document, &mesh::policy::effort::Effort::new(1)).expect_err("unknown fields");
        let Error::InvalidFields(errors) = refused(why, &document) else { panic!("fields") };
        assert_eq!(errors.len(), MAX_ERRORS);
        assert_eq!((errors[0].pointer.as_str(), errors[49].detail.as_str()), ("/x0", "And 31 more errors."));
        assert!(errors[0].detail.starts_with("line 1, column 17: unknown field `x0`. "), "{}", errors[0].detail);
    }

    #[test]
    fn an_error_in_a_manifest_points_at_the_text_it_stands_in() {
        let document = "{before: {'a/b.yaml': '', c: ''}, after: {'a/b.yaml': 'a: ['}}";
        let why = mesh::policy::ask::read_diff(document).expect_err("unreadable");
        let Error::InvalidFields(errors) = refused(why, document) else { panic!("fields") };
        assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), ["/after/a~1b.yaml"]);
        let too_much = refused(Refused::TooMuch, "");
        assert!(matches!(too_much, Error::Invalid { why, .. } if why.contains("fewer cases")));
    }
}
