//! Writes policies as YAML: what was read comes out with the same meaning, every text quoted. For generated policies and for
//! showing a set as it was understood; comments and layout of a file are not kept.

use std::fmt::Write;

use super::{
    object::{
        AuthorizationPolicy, Condition, JwtRule, Kind, Meta, Missing, MtlsMode, Part, PeerAuthentication, PolicySet,
        RequestAuthentication, Rule, Selector, Target, TargetRef,
    },
    place::Text,
};

/// All objects, one document each.
pub fn print(set: &PolicySet) -> String {
    let mut documents: Vec<String> = Vec::new();
    documents.extend(set.authorization.iter().map(authorization));
    documents.extend(set.peer.iter().map(peer));
    documents.extend(set.request.iter().map(request));
    documents.join("---\n")
}

/// A text in double quotes.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn list<'t>(texts: impl IntoIterator<Item = &'t Text>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quote(&text.value)).collect();
    format!("[{}]", texts.join(", "))
}

fn head(kind: Kind, meta: &Meta) -> String {
    let mut out = format!("apiVersion: security.istio.io/v1\nkind: {}\nmetadata:\n", kind.name());
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(out, "  {key}: {}", quote(value));
    };
    line("name", &meta.name);
    line("namespace", &meta.namespace);
    if let Some(created) = &meta.created {
        line("creationTimestamp", created);
    }
    if let Some(dry_run) = &meta.dry_run {
        let _ = writeln!(out, "  annotations: {{\"istio.io/dry-run\": {}}}", quote(&dry_run.value));
    }
    out.push_str("spec:");
    out
}

/// Ends a document whose spec has these lines.
fn document(head: String, lines: &[String]) -> String {
    if lines.is_empty() {
        return head + " {}\n";
    }
    let mut out = head;
    out.push('\n');
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out
}

fn selector(selector: &Selector) -> String {
    let labels: Vec<String> =
        selector.labels.iter().map(|(key, value)| format!("{}: {}", quote(&key.value), quote(&value.value))).collect();
    if labels.is_empty() {
        "selector: {}".to_owned()
    } else {
        format!("selector: {{matchLabels: {{{}}}}}", labels.join(", "))
    }
}

fn reference(target: &TargetRef) -> String {
    let fields =
        [("group", &target.group), ("kind", &target.kind), ("name", &target.name), ("namespace", &target.namespace)];
    let fields: Vec<String> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}: {}", quote(value)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn target(target: &Target) -> Vec<String> {
    let mut lines: Vec<String> = target.selector.iter().map(selector).collect();
    lines.extend(target.single.iter().map(|single| format!("targetRef: {}", reference(single))));
    if !target.refs.is_empty() {
        let refs: Vec<String> = target.refs.iter().map(reference).collect();
        lines.push(format!("targetRefs: [{}]", refs.join(", ")));
    }
    lines
}

fn authorization(policy: &AuthorizationPolicy) -> String {
    let mut lines = target(&policy.target);
    lines.push(format!("action: {}", policy.action.name()));
    lines.extend(policy.provider.iter().map(|name| format!("provider: {{name: {}}}", quote(&name.value))));
    if let Some(rules) = &policy.rules {
        if rules.is_empty() {
            lines.push("rules: []".to_owned());
        } else {
            lines.push("rules:".to_owned());
            lines.extend(rules.iter().map(|own| format!("- {}", rule(own))));
        }
    }
    document(head(Kind::AuthorizationPolicy, &policy.meta), &lines)
}

fn rule(rule: &Rule) -> String {
    if rule.null {
        return "null".to_owned();
    }
    let mut fields = Vec::new();
    for (name, inner, parts) in [("from", "source", &rule.from), ("to", "operation", &rule.to)] {
        if let Some(parts) = parts {
            let parts: Vec<String> = parts.iter().map(|own| part(own, inner)).collect();
            fields.push(format!("{name}: [{}]", parts.join(", ")));
        }
    }
    if !rule.when.is_empty() {
        let conditions: Vec<String> = rule.when.iter().map(condition).collect();
        fields.push(format!("when: [{}]", conditions.join(", ")));
    }
    format!("{{{}}}", fields.join(", "))
}

fn part(part: &Part, inner: &str) -> String {
    match part.missing {
        Missing::Entry => "null".to_owned(),
        Missing::Inner => "{}".to_owned(),
        Missing::Nothing => {
            let fields: Vec<String> = part
                .fields
                .iter()
                .map(|own| format!("{}: {}", own.field.name(own.negated), list(&own.values)))
                .collect();
            format!("{{{inner}: {{{}}}}}", fields.join(", "))
        }
    }
}

fn condition(condition: &Condition) -> String {
    if condition.null {
        return "null".to_owned();
    }
    let mut fields = vec![format!("key: {}", quote(&condition.key.value))];
    for (name, values) in [("values", &condition.values), ("notValues", &condition.not_values)] {
        if !values.is_empty() {
            fields.push(format!("{name}: {}", list(values)));
        }
    }
    format!("{{{}}}", fields.join(", "))
}

fn mode(mode: MtlsMode) -> &'static str {
    match mode {
        MtlsMode::Unset => "UNSET",
        MtlsMode::Disable => "DISABLE",
        MtlsMode::Permissive => "PERMISSIVE",
        MtlsMode::Strict => "STRICT",
    }
}

fn peer(object: &PeerAuthentication) -> String {
    let mut lines: Vec<String> = object.selector.iter().map(selector).collect();
    lines.push(format!("mtls: {{mode: {}}}", mode(object.mode)));
    if let Some(ports) = &object.ports {
        let ports: Vec<String> =
            ports.iter().map(|port| format!("\"{}\": {{mode: {}}}", port.port, mode(port.mode))).collect();
        lines.push(format!("portLevelMtls: {{{}}}", ports.join(", ")));
    }
    document(head(Kind::PeerAuthentication, &object.meta), &lines)
}

fn request(object: &RequestAuthentication) -> String {
    let mut lines = target(&object.target);
    if !object.rules.is_empty() {
        lines.push("jwtRules:".to_owned());
        lines.extend(object.rules.iter().map(|rule| format!("- {}", jwt(rule))));
    }
    document(head(Kind::RequestAuthentication, &object.meta), &lines)
}

fn jwt(rule: &JwtRule) -> String {
    let mut fields = vec![format!("issuer: {}", quote(&rule.issuer.value))];
    for (name, values) in [("audiences", &rule.audiences), ("spaceDelimitedClaims", &rule.space_delimited)] {
        if !values.is_empty() {
            fields.push(format!("{name}: {}", list(values)));
        }
    }
    for (name, value) in [("jwksUri", &rule.jwks_uri), ("jwks", &rule.jwks)] {
        fields.extend(value.iter().map(|text| format!("{name}: {}", quote(&text.value))));
    }
    if !rule.from_headers.is_empty() {
        let names: Vec<String> =
            rule.from_headers.iter().map(|name| format!("{{name: {}}}", quote(&name.value))).collect();
        fields.push(format!("fromHeaders: [{}]", names.join(", ")));
    }
    if !rule.from_others.is_empty() {
        fields.push(format!("fromParams: {}", list(&rule.from_others)));
    }
    if !rule.outputs.is_empty() {
        let pairs: Vec<String> = rule
            .outputs
            .iter()
            .map(|(header, claim)| format!("{{header: {}, claim: {}}}", quote(&header.value), quote(&claim.value)))
            .collect();
        fields.push(format!("outputClaimToHeaders: [{}]", pairs.join(", ")));
    }
    format!("{{{}}}", fields.join(", "))
}
