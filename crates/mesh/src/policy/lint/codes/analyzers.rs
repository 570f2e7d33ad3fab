//! The codes of istioctl's and Kiali's analyzers. Where both have one for the same subject, one of them is said and the
//! other one's number stands in its text.

use super::{Code, ERROR, WARNING, code};

pub const CODES: &[Code] = &[
    code(
        "IST0101",
        ERROR,
        "Namespace not found",
        "A source names a namespace that does not exist in these files (KIA0101 says the same).",
        "Correct the name, or add the namespace.",
    ),
    code(
        "IST0106",
        ERROR,
        "Refused by Istio",
        "Istio's validation refuses the object: the webhook rejects it, and istiod would ignore it.",
        "Correct what the message names.",
    ),
    code(
        "IST0127",
        WARNING,
        "Selector without pods",
        "No workload in these files has the labels (KIA0004 says the same).",
        "Correct the labels.",
    ),
    code(
        "IST0133",
        WARNING,
        "Istio warns",
        "Istio accepts the object and warns about it.",
        "Correct what the message names.",
    ),
    code(
        "IST0166",
        WARNING,
        "Selector on a Gateway API gateway",
        "Policies reach gateways of the Gateway API by targetRef; a selector works only while a switch of istiod is on (R21).",
        "Use a targetRef to the Gateway.",
    ),
    code(
        "KIA0002",
        ERROR,
        "Several PeerAuthentications without selector",
        "Only the oldest of a namespace counts (R60).",
        "Keep one of them.",
    ),
    code(
        "KIA0003",
        ERROR,
        "Several PeerAuthentications for one workload",
        "Only the oldest counts (R60).",
        "Keep one of them.",
    ),
    code("KIA0102", WARNING, "Not an HTTP method", "No client sends this method.", "Correct the method."),
    code(
        "KIA0105",
        ERROR,
        "Identity without mutual TLS",
        "Mutual TLS is disabled for the namespace, so no source has an identity (R38).",
        "Enable mutual TLS, or do not compare identities.",
    ),
    code(
        "KIA0106",
        ERROR,
        "Service account not found",
        "A principal names a service account that does not exist in these files.",
        "Correct the principal, or add the service account.",
    ),
    code(
        "KIA0109",
        WARNING,
        "Layer 7 policy without waypoint",
        "The namespace is in ambient mode without a waypoint; a ztunnel does not see layer 7 (R67, R68).",
        "Enrol the namespace with a waypoint.",
    ),
    code(
        "KIA0110",
        WARNING,
        "Layer 7 policy without targetRef",
        "The namespace has a waypoint, but waypoints take policies by targetRef only (R22).",
        "Add a targetRef to the Service or the Gateway.",
    ),
];
