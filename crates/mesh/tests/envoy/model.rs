//! What is compared: policies as plain values with their YAML, the proxy that enforces them, and one request to it.

use std::{fmt::Write, net::Ipv4Addr};

use mesh::policy::settings::Normalization;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
}

/// An AuthorizationPolicy of namespace `foo`.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: String,
    pub action: Action,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub from: Vec<Vec<Values>>,
    pub to: Vec<Vec<Values>>,
    pub when: Vec<Values>,
}

/// A field with its negative form, or a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// `paths`, or a key of `when`.
    pub key: String,
    pub values: Vec<String>,
    pub not_values: Vec<String>,
}

/// Policies and the proxy they are enforced by.
#[derive(Clone, Debug)]
pub struct Set {
    pub policies: Vec<Policy>,
    pub normalization: Normalization,
    pub port: u16,
    pub address: Ipv4Addr,
    pub tls: bool,
    pub tcp: bool,
    pub trust_domain: String,
    pub aliases: Vec<String>,
    /// Claims of the token that every request is taken to carry; null for none.
    pub claims: Value,
    /// Dynamic metadata of the filter `envoy.filters.x`.
    pub metadata: Value,
}

/// A request as it is written to the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    pub source: Ipv4Addr,
    /// SPIFFE id without scheme; only with TLS.
    pub identity: Option<String>,
    pub sni: Option<String>,
    pub method: String,
    pub path: String,
    pub host: String,
    pub headers: Vec<(String, String)>,
}

impl Sent {
    pub fn raw(&self) -> Vec<u8> {
        let mut raw = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            let _ = write!(raw, "{name}: {value}\r\n");
        }
        (raw + "Connection: close\r\n\r\n").into_bytes()
    }
}

impl Set {
    /// The manifests; the engine reads them, and people when something is wrong.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for policy in &self.policies {
            let action = if policy.action == Action::Allow { "ALLOW" } else { "DENY" };
            let _ = write!(
                out,
                "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {}, namespace: foo}}\nspec:\n  action: {action}\n",
                policy.name
            );
            out.push_str(if policy.rules.is_empty() { "  rules: []\n" } else { "  rules:\n" });
            for rule in &policy.rules {
                write_rule(&mut out, rule);
            }
            out.push_str("---\n");
        }
        if let Some(issuer) = self.claims.get("iss") {
            let _ = write!(
                out,
                "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: r, namespace: foo}}\nspec:\n  jwtRules:\n  - issuer: {issuer}\n",
            );
        }
        out
    }
}

fn write_rule(out: &mut String, rule: &Rule) {
    let mut parts = Vec::new();
    for (name, inner, entries) in [("from", "source", &rule.from), ("to", "operation", &rule.to)] {
        if entries.is_empty() {
            continue;
        }
        let mut text = format!("{name}:\n");
        for fields in entries {
            let fields: Vec<String> = fields.iter().flat_map(field_texts).collect();
            let _ = writeln!(text, "    - {inner}: {{{}}}", fields.join(", "));
        }
        parts.push(text);
    }
    if !rule.when.is_empty() {
        let mut text = "when:\n".to_owned();
        for condition in &rule.when {
            let mut fields = vec![format!("key: {}", quoted(&condition.key))];
            for (name, values) in [("values", &condition.values), ("notValues", &condition.not_values)] {
                if !values.is_empty() {
                    fields.push(format!("{name}: {}", list(values)));
                }
            }
            let _ = writeln!(text, "    - {{{}}}", fields.join(", "));
        }
        parts.push(text);
    }
    let text = if parts.is_empty() { "{}\n".to_owned() } else { parts.join("    ") };
    let _ = write!(out, "  - {text}");
}

fn field_texts(field: &Values) -> Vec<String> {
    let mut texts = Vec::new();
    if !field.values.is_empty() {
        texts.push(format!("{}: {}", field.key, list(&field.values)));
    }
    if !field.not_values.is_empty() {
        let (first, rest) = field.key.split_at(1);
        texts.push(format!("not{}{rest}: {}", first.to_uppercase(), list(&field.not_values)));
    }
    texts
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// JSON's quoting is good YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
