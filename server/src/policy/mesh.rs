//! The mesh that policies are for, described by flags. It becomes the `mesh` of a case or question.

use mesh::policy::{
    ask::{self, Refused, Setting},
    finding::Finding,
};
use serde_json::{Map, Value, json};

/// Flags that describe the mesh.
#[derive(clap::Args)]
#[command(next_help_heading = "Mesh")]
pub struct MeshArgs {
    /// Root namespace of the mesh.
    #[arg(long, value_name = "NAMESPACE")]
    root_namespace: Option<String>,
    /// Trust domain of the mesh.
    #[arg(long, value_name = "DOMAIN")]
    trust_domain: Option<String>,
    /// Alias of the trust domain; may be repeated.
    #[arg(long, value_name = "DOMAIN")]
    trust_domain_alias: Vec<String>,
    /// Path normalization of the mesh.
    #[arg(long, value_parser = ["NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"])]
    path_normalization: Option<String>,
    /// External authorizer of the mesh.
    #[arg(long, value_name = "NAME=http|grpc")]
    extension_provider: Vec<String>,
    /// Envoy release; the newest when left out.
    #[arg(long, value_name = "VERSION")]
    proxy_version: Option<String>,
}

impl MeshArgs {
    /// As the `mesh` of a case.
    pub fn document(&self) -> Result<Value, String> {
        let mut mesh = Map::new();
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                mesh.insert(key.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::String);
        set("rootNamespace", text(&self.root_namespace));
        set("trustDomain", text(&self.trust_domain));
        set("trustDomainAliases", Some(json!(self.trust_domain_alias)));
        set("pathNormalization", text(&self.path_normalization));
        set("extensionProviders", pairs(&self.extension_provider, "--extension-provider")?);
        set("proxyVersion", text(&self.proxy_version));
        Ok(Value::Object(mesh))
    }

    /// What commands about whole sets ask with. What is wrong with the flags is said on standard error.
    pub fn setting(&self, namespace: &str, ambient: bool) -> Option<Setting> {
        let mesh = match self.document().map(|document| ask::mesh(&document.to_string())) {
            Ok(Ok(mesh)) => mesh,
            Ok(Err(refused)) => {
                let findings = match refused {
                    Refused::Unreadable(findings) => findings,
                    Refused::TooMuch => Vec::new(),
                };
                for Finding { path, message, remedy, .. } in findings {
                    eprintln!("obstack: {path}: {message}. {remedy}");
                }
                return None;
            }
            Err(why) => {
                eprintln!("obstack: {why}");
                return None;
            }
        };
        Some(Setting { namespace: namespace.to_owned(), ambient, mesh })
    }
}

/// A map from texts of the form `name=value`; none without any.
pub fn pairs(texts: &[String], flag: &str) -> Result<Option<Value>, String> {
    let mut map = Map::new();
    for text in texts {
        let (key, value) = text.split_once('=').ok_or_else(|| format!("{flag} {text}: write it as `name=value`"))?;
        map.insert(key.to_owned(), json!(value));
    }
    Ok((!map.is_empty()).then_some(Value::Object(map)))
}
