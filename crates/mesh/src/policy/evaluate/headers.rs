//! Request headers as rules see them after Envoy's connection manager: repeated ones joined, some cleaned (R49, R50).

use std::borrow::Cow;

/// Headers that Envoy keeps in slots of their own, sorted; a slot has one value, so repetitions are joined with a comma
/// whatever the release (envoy/http/header_map.h INLINE_REQ_HEADERS, CustomInlineHeaderRegistry; HeaderMapImpl::appendToHeader).
const SLOTS: [&str; 38] = [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "authorization",
    "cache-control",
    "cdn-loop",
    "content-encoding",
    "content-type",
    "expect",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "referer",
    "te",
    "user-agent",
    "via",
    "x-client-trace-id",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-external-address",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
    "x-user-agent",
];

/// The values that are compared, each alone. `joins` is whether this release joins all repeated headers.
pub fn compared<'v>(name: &str, values: &[&'v str], joins: bool) -> Vec<Cow<'v, str>> {
    let slot = SLOTS.binary_search(&name).is_ok();
    if name == "te" && values.iter().any(|value| !value.is_empty()) {
        // Of what may be in it, only this is left; an empty one stays (ConnectionManagerUtility::mutateRequestHeaders).
        let trailers = values.iter().flat_map(|value| value.split(',')).any(|value| value.trim() == "trailers");
        return trailers.then_some(Cow::Borrowed("trailers")).into_iter().collect();
    }
    if values.len() < 2 || !(slot || joins) {
        return values.iter().map(|value| Cow::Borrowed(*value)).collect();
    }
    // A slot takes no comma for a value that is empty.
    let kept: Vec<&str> = values.iter().copied().filter(|value| !slot || !value.is_empty()).collect();
    vec![Cow::Owned(kept.join(","))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_slots_have_one_value() {
        assert!(SLOTS.is_sorted());
        assert_eq!(compared("user-agent", &["a", "b"], false), ["a,b"]);
        assert_eq!(compared("authorization", &["a", "", "b"], false), ["a,b"]);
        assert_eq!(compared("x-role", &["a", "", "b"], false), ["a", "", "b"]);
        assert_eq!(compared("cookie", &["a", "b"], false), ["a", "b"]);
        assert_eq!(compared("x-role", &["a", "", "b"], true), ["a,,b"]);
        assert_eq!(compared("accept", &["", ""], false), [""]);
        assert!(compared("accept", &[], false).is_empty());
    }

    #[test]
    fn r49_of_te_only_trailers_is_left() {
        assert_eq!(compared("te", &["deflate, trailers"], false), ["trailers"]);
        assert_eq!(compared("te", &["a", "trailers"], false), ["trailers"]);
        assert!(compared("te", &["trailers;q=0.5"], false).is_empty());
        assert!(compared("te", &["Trailers"], false).is_empty());
        assert_eq!(compared("te", &[""], false), [""]);
    }
}
