//! Checks of single values (pkg/config/security/security.go). Each answers the index of the offending value and the
//! validator's words.

use std::net::IpAddr;

use crate::policy::{
    pattern::{self, Cidr},
    place::Text,
};

/// The offending value, if it is one, and what is said.
pub type Complaint = (Option<usize>, String);

fn first(values: &[Text], bad: impl Fn(&str) -> Option<String>) -> Option<Complaint> {
    values.iter().enumerate().find_map(|(i, text)| bad(&text.value).map(|message| (Some(i), message)))
}

/// CheckEmptyValues.
pub fn empty(key: &str, values: &[Text]) -> Option<Complaint> {
    first(values, |value| value.is_empty().then(|| format!("empty value not allowed, found in {key}")))
}

/// CheckWildcardValues.
pub fn wildcards(key: &str, values: &[Text]) -> Option<Complaint> {
    empty(key, values).or_else(|| {
        first(values, |value| {
            let count = value.matches('*').count();
            if count > 1 {
                Some(format!("at most one wildcard is allowed, found in {key}: {value:?}"))
            } else if count == 1 && !value.starts_with('*') && !value.ends_with('*') {
                Some(format!("wildcard is only allowed at the start or end, found in {key}: {value:?}"))
            } else {
                None
            }
        })
    })
}

/// CheckTrustDomainValues.
pub fn trust_domains(key: &str, values: &[Text]) -> Option<Complaint> {
    wildcards(key, values).or_else(|| {
        first(values, |value| {
            value.contains('/').then(|| format!("trust domain must not contain '/', found in {key}: {value:?}"))
        })
    })
}

/// CheckServiceAccount.
pub fn service_accounts(key: &str, values: &[Text]) -> Option<Complaint> {
    const FORMAT: &str = "expected format 'serviceAccount' or 'namespace/serviceAccount'";
    if values.len() > 16 {
        return Some((Some(16), "may not have more than 16 values".to_owned()));
    }
    first(values, |value| {
        let parts: Vec<&str> = value.split('/').collect();
        if value.is_empty() {
            Some(format!("empty value not allowed, found in {key}"))
        } else if value.contains('*') {
            Some(format!("wildcard not allowed, found in {key}"))
        } else if parts.len() > 2 {
            Some(format!("{FORMAT}, found {value:?} in {key}"))
        } else if value.len() > 320 {
            Some(format!("value cannot exceed 320 characters, found {value:?} in {key}"))
        } else if parts.len() == 2 && parts[0].is_empty() {
            Some(format!("{FORMAT}, found empty namespace {value:?} in {key}"))
        } else if parts.len() == 2 && parts[1].is_empty() {
            Some(format!("{FORMAT}, found empty serviceAccount {value:?} in {key}"))
        } else {
            None
        }
    })
}

/// CheckValidPathTemplate.
pub fn templates(key: &str, values: &[Text]) -> Option<Complaint> {
    first(values, |path| {
        let is_template = pattern::is_template(path);
        let path = path.trim_matches('/');
        let mut seen_last = false;
        for segment in path.split('/') {
            let operator = matches!(segment, "{*}" | "{**}");
            if operator && seen_last {
                return Some(format!(
                    "invalid or unsupported path {path}, found in {key}. {{**}} is not the last operator"
                ));
            }
            if operator {
                seen_last = segment == "{**}";
                continue;
            }
            if segment.contains(['{', '}']) {
                return Some(format!(
                    "invalid or unsupported path {path}, found in {key}. Contains '{{' or '}}' beyond a supported path template"
                ));
            }
            if is_template && !is_literal(segment) {
                return Some(format!(
                    "invalid or unsupported path {path}, found in {key}. Contains segment {segment} with invalid string literal"
                ));
            }
        }
        None
    })
}

fn is_literal(segment: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()+,;:@=".contains(&byte);
    !segment.is_empty() && segment.bytes().all(fits)
}

/// ValidateIPs, which names every bad value.
pub fn addresses(values: &[Text]) -> Vec<Complaint> {
    let mut all = Vec::new();
    for (i, text) in values.iter().enumerate() {
        let value = &text.value;
        if value.contains('/') {
            if Cidr::parse(value).is_none() {
                all.push((Some(i), format!("bad CIDR range ({value})")));
            }
        } else if value.split('%').next().is_none_or(|address| address.parse::<IpAddr>().is_err()) {
            all.push((Some(i), format!("bad IP address ({value})")));
        }
    }
    all
}

/// ValidatePorts, which names every bad value.
pub fn ports(values: &[Text]) -> Vec<Complaint> {
    let bad = |(i, text): (usize, &Text)| {
        pattern::parse_port(&text.value).is_none().then(|| (Some(i), format!("bad port ({text})")))
    };
    values.iter().enumerate().filter_map(bad).collect()
}

/// ValidateAttribute: the key of a condition and one side of its values.
pub fn attribute(key: &str, values: &[Text]) -> Vec<Complaint> {
    if let Some(complaint) = empty(key, values) {
        return vec![complaint];
    }
    let about_key = |message: String| vec![(None, message)];
    let map_key = || {
        let open = key.find('[').unwrap_or(0);
        let fits = key.ends_with(']') && open > 0 && open + 2 < key.len();
        if fits { Vec::new() } else { about_key(format!("bad key ({key}): should have format a[b]")) }
    };
    match key {
        "source.ip" | "remote.ip" | "destination.ip" => addresses(values),
        "source.serviceAccount" => service_accounts(key, values).into_iter().collect(),
        "source.trustDomain" => wildcards(key, values).into_iter().collect(),
        "source.namespace" | "source.principal" | "connection.sni" => Vec::new(),
        "request.auth.principal" | "request.auth.audiences" | "request.auth.presenter" => Vec::new(),
        "destination.port" => ports(values),
        "destination.namespace" => about_key(format!("attribute {key} is replaced by the metadata.namespace")),
        "destination.name" | "destination.user" => {
            about_key(format!("deprecated attribute {key}: only supported in v1alpha1"))
        }
        key if key.starts_with("request.headers") || key.starts_with("request.auth.claims") => map_key(),
        key if key.starts_with("experimental.envoy.filters.") => map_key(),
        key if key.starts_with("destination.labels") => {
            about_key(format!("attribute {key} is replaced by the workload selector"))
        }
        key => about_key(format!("unknown attribute: {key}")),
    }
}
