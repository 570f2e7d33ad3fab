//! Reads the questions about whole sets: manifests as texts, and the mesh they are for. Strict: an unknown key is an error.

use std::sync::Arc;

use super::{Refused, Setting, readable};
use crate::policy::{
    cases,
    fields::{Fields, wrong},
    finding::Findings,
    place::Spot,
    settings::Mesh,
    yaml::{self, Value},
};

/// Files by name, as a question holds them.
pub struct Files(Vec<(String, String)>);

impl Files {
    /// Names and texts.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// With names that begin with the field they stand in.
    fn below(mut self, field: &str) -> Self {
        for (name, _) in self.0.iter_mut().filter(|(name, _)| name != field) {
            name.insert_str(0, &format!("{field}/"));
        }
        self
    }
}

/// What is checked.
pub struct LintQuestion {
    pub files: Files,
    pub analyze: bool,
    pub setting: Setting,
}

/// What is compared.
pub struct DiffQuestion {
    pub before: Files,
    pub after: Files,
    pub setting: Setting,
    /// Over how many seconds observed traffic is replayed, when it is.
    pub traffic_secs: Option<u64>,
}

const SETTING: [&str; 3] = ["namespace", "ambient", "mesh"];
/// The window of the rates where none is named: as in the topology.
const TRAFFIC_SECS: u64 = 600;

/// `{manifests, analyze, namespace, ambient, mesh}`
pub fn lint(document: &str) -> Result<LintQuestion, Refused> {
    question(document, |mut fields, out| {
        let files = files(&mut fields, "manifests", out);
        let analyze = cases::flag_of(&mut fields, "analyze", out).unwrap_or(false);
        let setting = setting(&mut fields, out);
        fields.close(&[&["manifests", "analyze"], SETTING.as_slice()].concat(), out);
        LintQuestion { files, analyze, setting }
    })
}

/// `{before, after, namespace, ambient, mesh, traffic}`
pub fn diff(document: &str) -> Result<DiffQuestion, Refused> {
    question(document, |mut fields, out| {
        // The same file stands on both sides, so its name alone would not tell which is meant.
        let [before, after] = ["before", "after"].map(|key| files(&mut fields, key, out).below(key));
        let setting = setting(&mut fields, out);
        let traffic_secs = fields.map("traffic", out).map(|fields| traffic(fields, out));
        fields.close(&[&["before", "after", "traffic"], SETTING.as_slice()].concat(), out);
        DiffQuestion { before, after, setting, traffic_secs }
    })
}

/// `{duration}`
fn traffic(mut fields: Fields<'_>, out: &mut Findings) -> u64 {
    let path = fields.path_of("duration");
    let secs = match fields.text("duration", out) {
        None => TRAFFIC_SECS,
        Some(text) => match seconds(&text.value) {
            Some(secs) => secs,
            None => {
                let message = format!("`duration` is `{text}`");
                out.error("OB0205", text.at, &path, message, "Write a duration between 1m and 1d, as 10m, 90s or 1h.");
                TRAFFIC_SECS
            }
        },
    };
    fields.close(&["duration"], out);
    secs
}

/// A whole number with its unit, within what makes sense for a rate.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    number.checked_mul(unit).filter(|secs| (60..=86_400).contains(secs))
}

/// Reads the only document of a question.
fn question<Q>(text: &str, read: impl Fn(Fields<'_>, &mut Findings) -> Q) -> Result<Q, Refused> {
    let file: Arc<str> = Arc::from("document");
    let mut out = Findings::new(&file);
    let documents = yaml::read(&file, text, &mut out);
    let found = match documents.as_slice() {
        [only] => Fields::open(only, "", &mut out).map(|fields| read(fields, &mut out)),
        _ => None,
    };
    if found.is_none() && !out.has_errors() {
        let at = Spot { line: 1, column: 1 };
        out.error("OB0107", at, "", "a question is one document", "Send one map of fields, in YAML or JSON.");
    }
    readable(&out.into_list())?;
    found.ok_or(Refused::Unreadable(Vec::new()))
}

/// A text, or a map from names to texts.
fn files(fields: &mut Fields<'_>, key: &str, out: &mut Findings) -> Files {
    let path = fields.path_of(key);
    let Some(node) = fields.take(key) else {
        out.error("OB0203", fields.at, &path, format!("`{key}` is missing"), "Give the manifests as a text.");
        return Files(Vec::new());
    };
    match &node.value {
        Value::Text(text) => Files(vec![(key.to_owned(), text.clone())]),
        Value::Map(entries) => {
            let mut found = Vec::new();
            for entry in entries {
                match entry.value.text() {
                    Some(text) => found.push((entry.key.value.clone(), text.to_owned())),
                    None => wrong(&entry.value, &format!("{path}.{}", entry.key), "a text", out),
                }
            }
            Files(found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
            wrong(node, &path, "a text, or a map from names to texts", out);
            Files(Vec::new())
        }
    }
}

fn setting(fields: &mut Fields<'_>, out: &mut Findings) -> Setting {
    let namespace = fields.text("namespace", out).map(|text| text.value).filter(|text| !text.is_empty());
    Setting {
        namespace: namespace.unwrap_or_else(|| "default".to_owned()),
        ambient: cases::flag_of(fields, "ambient", out).unwrap_or(false),
        mesh: fields.map("mesh", out).map(|fields| cases::mesh_of(fields, out)).unwrap_or_default(),
    }
}

/// The `mesh` of a case or question, alone.
pub fn mesh(document: &str) -> Result<Mesh, Refused> {
    question(document, cases::mesh_of)
}
