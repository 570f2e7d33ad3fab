//! Reads a case file strictly: any key that is not known is an error.

use std::sync::Arc;

use super::{Case, CaseFile, Expect, Notes, PathCase, ValidationCase, mesh, request};
use crate::{
    order,
    policy::{
        attach::Point,
        decode::{self, Recognised},
        evaluate::Verdict,
        fields::{Fields, list, wrong},
        finding::{Finding, Findings, Severity},
        object::PolicySet,
        place::{Place, Spot, Text},
        settings::{Enforcement, Normalization, ProxyVersion, Service, Workload},
        yaml::{self, Node, Value},
    },
};

/// Keys that carry free text.
const FREE: [&str; 6] = ["title", "rules", "source", "note", "confidence", "verified"];
/// Namespace of objects that name none.
const DEFAULT_NAMESPACE: &str = "default";

/// Reads one file. Several documents count as one file.
pub fn read(file: &str, text: &str) -> CaseFile {
    let file: Arc<str> = Arc::from(file);
    let mut out = Findings::new(&file);
    let mut read = Reader { sets: Vec::new(), file: CaseFile::default(), out: &mut out };
    for document in yaml::read(&file, text, read.out) {
        read.document(&document);
    }
    let mut found = read.file;
    found.findings = out.into_list();
    found
}

struct Reader<'o> {
    sets: Vec<(String, Arc<PolicySet>)>,
    file: CaseFile,
    out: &'o mut Findings,
}

impl Reader<'_> {
    fn document(&mut self, node: &Node) {
        let Some(mut fields) = Fields::open(node, "", self.out) else { return };
        match fields.take("format").map(|node| (&node.value, node.at)) {
            Some((Value::Number(number), _)) if number == "1" => {}
            other => {
                let at = other.map_or(node.at, |(_, at)| at);
                self.out.error("OB0201", at, "format", "`format` must be 1", "Write `format: 1`.");
            }
        }
        if let Some(sets) = fields.take("policy_sets") {
            let _ = Fields::open(sets, "policy_sets", self.out);
            for entry in sets.entries() {
                let set = self.objects(&entry.value, &format!("policy_sets.{}", entry.key));
                self.sets.push((entry.key.value.clone(), Arc::new(set)));
            }
        }
        for (key, read) in [
            ("cases", Self::case as fn(&mut Self, &Node, &str)),
            ("validation_cases", Self::validation),
            ("normalization", Self::path),
        ] {
            for (i, node) in fields.list(key, self.out).unwrap_or_default().iter().enumerate() {
                read(self, node, &format!("{key}[{i}]"));
            }
        }
        fields.close(&["format", "policy_sets", "cases", "validation_cases", "normalization"], self.out);
    }

    fn objects(&mut self, node: &Node, path: &str) -> PolicySet {
        let mut set = PolicySet::default();
        for (i, item) in list(node, path, self.out).unwrap_or_default().iter().enumerate() {
            let path = format!("{path}[{i}]");
            match decode::object(item, &path, DEFAULT_NAMESPACE, &mut set, self.out) {
                Recognised::Policy => {}
                Recognised::Other => decode::skipped(item, &path, Severity::Error, self.out),
            }
        }
        self.out.about("");
        self.out.extend(decode::twice(&set));
        set
    }

    fn notes(&mut self, fields: &mut Fields<'_>) -> Notes {
        let found = FREE.iter().filter_map(|key| Some(((*key).to_owned(), words(fields.take(key)?))));
        order::map(found)
    }

    fn id(&mut self, fields: &mut Fields<'_>) -> String {
        match fields.take("id").map(|node| (&node.value, node)) {
            Some((Value::Text(id) | Value::Number(id), _)) => id.clone(),
            other => {
                let at = other.map_or(fields.at, |(_, node)| node.at);
                self.out.error("OB0202", at, &fields.path_of("id"), "`id` is missing", "Name the case.");
                String::new()
            }
        }
    }

    fn case(&mut self, node: &Node, path: &str) {
        let Some(mut fields) = Fields::open(node, path, self.out) else { return };
        let id = self.id(&mut fields);
        let at = node.at;
        if self.file.cases.iter().any(|case| case.id == id) {
            self.out.error("OB0202", at, path, format!("a case named `{id}` stands above"), "Give it another id.");
        }
        let notes = self.notes(&mut fields);
        let enforcement = self.enforcement(&mut fields);
        let mesh = fields.map("mesh", self.out).map(|fields| mesh::read(fields, self.out)).unwrap_or_default();
        let workload = fields.map("workload", self.out).map(|fields| self.workload(fields)).unwrap_or_default();
        let policies = self.policies(&mut fields);
        let request = match fields.map("request", self.out) {
            Some(request) => request::read(request, self.out),
            None => {
                self.out.error("OB0203", at, path, "`request` is missing", "Describe the request.");
                return;
            }
        };
        let expect = fields.map("expect", self.out).and_then(|fields| self.expect(fields));
        let mut known = vec!["id", "enforcement", "mesh", "policies", "workload", "request", "expect"];
        known.extend(FREE);
        fields.close(&known, self.out);
        let place = Place::new(self.out.file(), at);
        let point = Point { enforcement, mesh, workload };
        self.file.cases.push(Case { id, place, notes, point, policies, request, expect });
    }

    fn policies(&mut self, fields: &mut Fields<'_>) -> Arc<PolicySet> {
        let path = fields.path_of("policies");
        let Some(node) = fields.take("policies") else {
            let remedy = "Name a policy set or list the objects; `[]` for none.";
            self.out.error("OB0203", fields.at, &path, "`policies` is missing", remedy);
            return Arc::default();
        };
        let Some(name) = node.text() else { return Arc::new(self.objects(node, &path)) };
        match self.sets.iter().find(|(own, _)| own == name) {
            Some((_, set)) => set.clone(),
            None => {
                let message = format!("no policy set is called `{name}`");
                self.out.error("OB0204", node.at, &path, message, "Define it under `policy_sets`.");
                Arc::default()
            }
        }
    }

    fn enforcement(&mut self, fields: &mut Fields<'_>) -> Enforcement {
        let path = fields.path_of("enforcement");
        let Some(word) = fields.text("enforcement", self.out) else {
            self.out.error("OB0203", fields.at, &path, "`enforcement` is missing", ENFORCEMENT);
            return Enforcement::Sidecar;
        };
        let found = Enforcement::ALL.into_iter().find(|known| known.name() == word.value);
        found.unwrap_or_else(|| {
            self.out.error("OB0205", word.at, &path, format!("`{word}` is no enforcement point"), ENFORCEMENT);
            Enforcement::Sidecar
        })
    }

    fn workload(&mut self, mut fields: Fields<'_>) -> Workload {
        let mut workload = Workload::default();
        if let Some(namespace) = fields.text("namespace", self.out) {
            workload.namespace = namespace.value;
        }
        if let Some(node) = fields.take("labels") {
            for entry in node.entries() {
                let path = format!("{}.{}", fields.path_of("labels"), entry.key);
                if let Some(value) = crate::policy::fields::text(&entry.value, &path, self.out) {
                    workload.labels.insert(entry.key.value.clone(), value.value);
                }
            }
        }
        let path = fields.path_of("service");
        workload.service = match fields.take("service") {
            None => None,
            Some(Node { value: Value::Text(name), .. }) => {
                let (namespace, name) = name.split_once('/').unwrap_or((&workload.namespace, name));
                Some(Service { name: name.to_owned(), namespace: namespace.to_owned(), entry: false })
            }
            Some(node) => Fields::open(node, &path, self.out).map(|fields| self.service(fields, &workload.namespace)),
        };
        fields.close(&["namespace", "labels", "service"], self.out);
        workload
    }

    fn service(&mut self, mut fields: Fields<'_>, namespace: &str) -> Service {
        let name = fields.text("name", self.out).map(|text| text.value).unwrap_or_default();
        let namespace = fields.text("namespace", self.out).map_or(namespace.to_owned(), |text| text.value);
        let kind = fields.text("kind", self.out);
        let entry = match kind.as_ref().map(Text::as_str) {
            None | Some("Service") => false,
            Some("ServiceEntry") => true,
            Some(other) => {
                let at = kind.as_ref().map_or(Spot::default(), |kind| kind.at);
                let message = format!("`{other}` is no kind of service");
                self.out.error("OB0205", at, &fields.path_of("kind"), message, "Use Service or ServiceEntry.");
                false
            }
        };
        fields.close(&["name", "namespace", "kind"], self.out);
        Service { name, namespace, entry }
    }

    fn expect(&mut self, mut fields: Fields<'_>) -> Option<Expect> {
        let path = fields.path_of("verdict");
        let word = fields.text("verdict", self.out);
        let verdict = [Verdict::Allow, Verdict::Deny, Verdict::Depends]
            .into_iter()
            .find(|verdict| word.as_ref().is_some_and(|word| word.value == verdict.name()));
        if verdict.is_none() {
            let at = word.map_or(fields.at, |word| word.at);
            self.out.error("OB0205", at, &path, "`verdict` is missing or unknown", "Use ALLOW, DENY or DEPENDS.");
        }
        let decided_by = fields.text("decidedBy", self.out).map(|text| text.value);
        let (mut dry_run_allow, mut dry_run_deny) = (None, None);
        if let Some(mut inner) = fields.map("dryRun", self.out) {
            dry_run_allow = inner.text("allow", self.out).map(|text| text.value);
            dry_run_deny = inner.text("deny", self.out).map(|text| text.value);
            inner.close(&["allow", "deny"], self.out);
        }
        let audited = flag_of(&mut fields, "audited", self.out);
        fields.close(&["verdict", "decidedBy", "dryRun", "audited"], self.out);
        Some(Expect { verdict: verdict?, decided_by, dry_run_allow, dry_run_deny, audited })
    }

    fn validation(&mut self, node: &Node, path: &str) {
        let Some(mut fields) = Fields::open(node, path, self.out) else { return };
        let id = self.id(&mut fields);
        let notes = self.notes(&mut fields);
        // What reading finds is part of the answer here, not a fault of the file.
        let mut policies = PolicySet::default();
        let mut findings: Vec<Finding> = Vec::new();
        if let Some(objects) = fields.take("policies") {
            let file = self.out.file().clone();
            let mut own = Findings::new(&file);
            let mut inner = Reader { sets: Vec::new(), file: CaseFile::default(), out: &mut own };
            policies = inner.objects(objects, &fields.path_of("policies"));
            findings = own.into_list();
        }
        let (mut valid, mut error, mut warning) = (true, String::new(), String::new());
        if let Some(mut inner) = fields.map("validation", self.out) {
            valid = flag_of(&mut inner, "valid", self.out).unwrap_or(true);
            error = inner.text("errorContains", self.out).map(|text| text.value).unwrap_or_default();
            warning = inner.text("warningContains", self.out).map(|text| text.value).unwrap_or_default();
            inner.close(&["valid", "errorContains", "warningContains"], self.out);
        }
        let mut known = vec!["id", "policies", "validation"];
        known.extend(FREE);
        fields.close(&known, self.out);
        let place = Place::new(self.out.file(), node.at);
        self.file.validation.push(ValidationCase { id, place, notes, policies, findings, valid, error, warning });
    }

    fn path(&mut self, node: &Node, path: &str) {
        let Some(mut fields) = Fields::open(node, path, self.out) else { return };
        let mode = fields.text("mode", self.out);
        let mode =
            mode.map_or(Normalization::Base, |word| mesh::normalization(&word, &fields.path_of("mode"), self.out));
        let input = fields.text("in", self.out).map(|text| text.value).unwrap_or_default();
        let output = fields.text("out", self.out).map(|text| text.value).unwrap_or_default();
        let proxy_path = fields.path_of("proxy");
        let proxies: Vec<ProxyVersion> = match fields.take("proxy") {
            None => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => {
                items.iter().filter_map(|item| mesh::version(item, &proxy_path, self.out)).collect()
            }
            Some(node) => mesh::version(node, &proxy_path, self.out).into_iter().collect(),
        };
        let _ = self.notes(&mut fields);
        let _ = fields.take("id");
        let mut known = vec!["mode", "in", "out", "proxy"];
        known.extend(FREE);
        fields.close(&known, self.out);
        let place = Place::new(self.out.file(), node.at);
        self.file.paths.push(PathCase { place, mode, input, output, proxies });
    }
}

const ENFORCEMENT: &str = "Use sidecar, gateway, waypoint or ztunnel.";

pub fn flag_of(fields: &mut Fields<'_>, key: &str, out: &mut Findings) -> Option<bool> {
    let node = fields.take(key)?;
    match node.value {
        Value::Bool(value) => Some(value),
        Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            wrong(node, &fields.path_of(key), "true or false", out);
            None
        }
    }
}

/// Free text in one line.
fn words(node: &Node) -> String {
    match &node.value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) | Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Map(entries) => {
            entries.iter().map(|entry| format!("{}: {}", entry.key, words(&entry.value))).collect::<Vec<_>>().join(", ")
        }
    }
}
