//! A request described by flags. It becomes a case of the case format, so that what is left out means the same in both.

use std::sync::Arc;

use mesh::policy::{
    cases::{self, Case},
    finding::Finding,
    object::PolicySet,
};
use serde_json::{Map, Value, json};

use super::mesh::{MeshArgs, pairs};

/// Flags that describe a request and the proxy that decides about it.
#[derive(clap::Args)]
#[command(next_help_heading = "Request; what is left out is unknown")]
pub struct RequestArgs {
    /// The proxy that decides.
    #[arg(long, default_value = "sidecar", value_parser = ["sidecar", "gateway", "waypoint", "ztunnel"])]
    enforcement: String,
    /// Namespace of the workload.
    #[arg(long, short, default_value = "default")]
    pub namespace: String,
    /// Label of the workload.
    #[arg(long = "label", short, value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Service a waypoint serves.
    #[arg(long, value_name = "[NAMESPACE/]NAME")]
    service: Option<String>,
    /// What the port speaks.
    #[arg(long, default_value = "http", value_parser = ["http", "grpc", "tcp"])]
    protocol: String,
    /// Address of the direct peer.
    #[arg(long, value_name = "IP")]
    source_ip: Option<String>,
    /// How the peer connects.
    #[arg(long, value_parser = ["mtls", "plaintext"])]
    tls: Option<String>,
    /// Identity of the peer.
    #[arg(long, value_name = "DOMAIN/ns/NAMESPACE/sa/ACCOUNT")]
    principal: Option<String>,
    /// Address of the client behind proxies; the peer's when left out.
    #[arg(long, value_name = "IP")]
    remote_ip: Option<String>,
    /// Local address at the proxy.
    #[arg(long, value_name = "IP")]
    destination_ip: Option<String>,
    /// Local port at the proxy: the container port at a sidecar.
    #[arg(long, short)]
    port: Option<u16>,
    /// TLS server name.
    #[arg(long)]
    sni: Option<String>,
    /// HTTP method.
    #[arg(long, short = 'X')]
    method: Option<String>,
    /// Host with port, as sent.
    #[arg(long)]
    host: Option<String>,
    /// Path and query, as sent.
    #[arg(long)]
    path: Option<String>,
    /// Header; may be repeated.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Claims of a token, as JSON.
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
    /// The token is invalid or expired.
    #[arg(long, requires = "claims")]
    invalid_token: bool,
    /// Answer of an external authorizer.
    #[arg(long, value_name = "PROVIDER=allow|deny")]
    ext_authz: Vec<String>,
    #[command(flatten)]
    mesh: MeshArgs,
}

impl RequestArgs {
    /// The case these flags describe, with the given policies.
    pub fn case(&self, set: PolicySet) -> Result<Case, Vec<Finding>> {
        let document = self.document().map_err(|why| {
            eprintln!("obstack: {why}");
            Vec::new()
        })?;
        let file = cases::read("command line", &document.to_string());
        let mut found = file.cases;
        match found.pop() {
            Some(mut case) if file.findings.is_empty() => {
                case.policies = Arc::new(set);
                Ok(case)
            }
            Some(_) | None => Err(file.findings),
        }
    }

    fn document(&self) -> Result<Value, String> {
        let mut request = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                request.insert(key.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::String);
        put("protocol", Some(json!(self.protocol)));
        put(
            "source",
            some_map([("ip", text(&self.source_ip)), ("tls", text(&self.tls)), ("principal", text(&self.principal))]),
        );
        put("remoteIp", text(&self.remote_ip));
        put("destination", some_map([("ip", text(&self.destination_ip)), ("port", self.port.map(|port| json!(port)))]));
        put("sni", text(&self.sni));
        put("method", text(&self.method));
        put("host", text(&self.host));
        put("path", text(&self.path));
        put("headers", self.headers()?);
        if let Some(claims) = &self.claims {
            let claims: Value =
                serde_json::from_str(claims).map_err(|error| format!("--claims is no JSON: {error}"))?;
            put("jwt", Some(json!({"valid": !self.invalid_token, "claims": claims})));
        }
        put("extAuthz", pairs(&self.ext_authz, "--ext-authz")?);
        let labels = pairs(&self.labels, "--label")?.unwrap_or_else(|| json!({}));
        let mut workload = json!({"namespace": self.namespace, "labels": labels});
        if let Some(service) = &self.service {
            workload["service"] = json!(service);
        }
        let case = json!({
            "id": "request",
            "enforcement": self.enforcement,
            "mesh": self.mesh.document()?,
            "workload": workload,
            "policies": [],
            "request": request,
        });
        Ok(json!({"format": 1, "cases": [case]}))
    }

    fn headers(&self) -> Result<Option<Value>, String> {
        let mut headers: Map<String, Value> = Map::new();
        for header in &self.headers {
            let (name, value) =
                header.split_once(':').ok_or_else(|| format!("--header {header}: write it as `name: value`"))?;
            let values = headers.entry(name.trim().to_ascii_lowercase()).or_insert_with(|| json!([]));
            if let Value::Array(values) = values {
                values.push(json!(value.trim()));
            }
        }
        Ok((!headers.is_empty()).then_some(Value::Object(headers)))
    }
}

fn some_map<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Option<Value> {
    let map: Map<String, Value> = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}
