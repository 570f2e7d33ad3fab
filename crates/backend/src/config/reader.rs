//! Reading fields one by one: from the variable, else the file, else the default, and collecting what is wrong on the way.

use std::{cell::RefCell, rc::Rc};

use super::{
    fields,
    problem::ConfigError,
    spelling::nearest,
    yaml::{self, Node, Step},
};

/// Longest configuration, bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// A text that values come from.
#[derive(Debug)]
struct Source {
    name: String,
    /// `None` for a plain value: there is nothing to point into.
    yaml: Option<String>,
}

/// A value, where it comes from, and the path of its field.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) node: Node,
    /// As people write it: `stores[0].url`.
    pub(super) path: String,
    source: Rc<Source>,
    steps: Vec<Step>,
}

impl Item {
    /// True when a variable gave it.
    pub(super) fn is_from_variable(&self) -> bool {
        self.source.name.starts_with("variable ")
    }

    fn part(&self, node: &Node, path: String, step: Step) -> Self {
        let steps = self.steps.iter().copied().chain([step]).collect();
        Self { node: node.clone(), path, source: Rc::clone(&self.source), steps }
    }
}

/// What is being read, and what is wrong with it so far.
pub(super) struct Reader<'e> {
    env: &'e dyn Fn(&str) -> Option<String>,
    file: Option<Item>,
    problems: RefCell<Vec<ConfigError>>,
}

impl<'e> Reader<'e> {
    /// Of a file (name and text) and the environment.
    pub(super) fn new(file: Option<(&str, &str)>, env: &'e dyn Fn(&str) -> Option<String>) -> Self {
        let mut reader = Self { env, file: None, problems: RefCell::default() };
        if let Some((name, text)) = file {
            reader.file = reader.parse(name.to_owned(), text, String::new());
        }
        reader
    }

    /// The top of the configuration.
    pub(super) fn top(&self) -> Fields<'_> {
        let at = self.file.clone().filter(|item| item.node != Node::Null);
        Fields::open(self, at, String::new(), String::new())
    }

    /// A variable, unless it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|text| !text.is_empty())
    }

    /// Notes what is wrong with this value.
    pub(super) fn wrong(&self, item: &Item, what: impl Into<String>, remedy: impl Into<String>) {
        let position = item.source.yaml.as_deref().and_then(|text| yaml::locate(text, &item.steps));
        self.problems.borrow_mut().push(ConfigError {
            source: item.source.name.clone(),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            field: item.path.clone(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Notes that something is missing which neither file nor environment gives.
    pub(super) fn missing(&self, field: &str, what: &str, remedy: String) {
        let source = self.file.as_ref().map_or("configuration", |file| &file.source.name).to_owned();
        let (line, column) = (None, None);
        self.problems.borrow_mut().push(ConfigError {
            source,
            line,
            column,
            field: field.into(),
            what: what.into(),
            remedy,
        });
    }

    /// Everything noted: by source, then by place.
    pub(super) fn into_problems(self) -> Vec<ConfigError> {
        let mut problems = self.problems.into_inner();
        let file = self.file.map(|file| file.source.name.clone());
        problems.sort_by_key(|p| (file.as_ref() != Some(&p.source), p.source.clone(), p.line, p.column));
        problems
    }

    fn parse(&self, name: String, text: &str, path: String) -> Option<Item> {
        let source = Rc::new(Source { name: name.clone(), yaml: Some(text.to_owned()) });
        let parsed = if text.len() > LONGEST { Err(("it is too long".to_owned(), None)) } else { yaml::parse(text) };
        match parsed {
            Ok(node) => Some(Item { node, path, source, steps: Vec::new() }),
            Err((what, position)) => {
                self.problems.borrow_mut().push(ConfigError {
                    source: name,
                    line: position.map(|(line, _)| line),
                    column: position.map(|(_, column)| column),
                    field: path,
                    what,
                    remedy: "write YAML; check indentation, quotes and brackets around this place".to_owned(),
                });
                None
            }
        }
    }
}

/// The entries of a map. Take what is known, then [`Fields::finish`] refuses the rest.
pub(super) struct Fields<'r> {
    pub(super) reader: &'r Reader<'r>,
    /// The map itself, when it was written.
    pub(super) at: Option<Item>,
    entries: Vec<(String, Item, Item)>,
    /// As people write it: `stores[0]`.
    path: String,
    /// As [`fields::FIELDS`] has it: `stores[]`.
    kind: String,
}

impl<'r> Fields<'r> {
    /// Of an entry of a list.
    pub(super) fn of_entry(reader: &'r Reader<'r>, item: &Item, kind: &str) -> Self {
        Self::open(reader, Some(item.clone()), item.path.clone(), kind.to_owned())
    }

    fn open(reader: &'r Reader<'r>, at: Option<Item>, path: String, kind: String) -> Self {
        let mut this = Self { reader, at, entries: Vec::new(), path, kind };
        let Some(item) = this.at.clone() else { return this };
        let Node::Map(map) = &item.node else {
            let keys = fields::keys_of(&this.kind).join(", ");
            reader.wrong(
                &item,
                format!("expected a map, found {}", item.node.kind()),
                format!("write it with these keys: {keys}"),
            );
            return this;
        };
        for (i, (key, value)) in map.iter().enumerate() {
            let Node::Text(name) = key else {
                reader.wrong(
                    &item.part(key, this.path.clone(), Step::Key(i)),
                    "a key must be a text",
                    "put it in quotes",
                );
                continue;
            };
            let path = join(&this.path, name);
            let (key, value) = (item.part(key, path.clone(), Step::Key(i)), item.part(value, path, Step::Value(i)));
            if this.entries.iter().any(|(seen, _, _)| seen == name) {
                reader.wrong(&key, "the key is given twice", "remove one of the two");
                continue;
            }
            this.entries.push((name.clone(), key, value));
        }
        this
    }

    /// Path of a field of this map, as people write it.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// A field as it was written, if it was: in the variable, else in the file. Nothing (`key:`) counts as absent.
    pub(super) fn written(&mut self, key: &str) -> Option<Item> {
        let kind = join(&self.kind, key);
        let in_file = self.entries.iter().position(|(name, _, _)| name == key).map(|i| self.entries.remove(i).2);
        if !kind.contains("[]") {
            let variable = fields::variable(&kind);
            if let Some(text) = self.reader.variable(&variable) {
                let source = Rc::new(Source { name: format!("variable {variable}"), yaml: None });
                return Some(Item { node: Node::Text(text), path: kind, source, steps: Vec::new() });
            }
        }
        in_file.filter(|item| item.node != Node::Null)
    }

    /// A field as it was written, or its default.
    pub(super) fn value(&mut self, key: &str) -> Option<Item> {
        let kind = join(&self.kind, key);
        let known = fields::find(&kind).expect("every field that is read is in FIELDS");
        self.written(key).or_else(|| {
            let source = Rc::new(Source { name: "default".to_owned(), yaml: None });
            let node = Node::Text(known.default.to_owned());
            (!known.default.is_empty()).then(|| Item { node, path: self.path_of(key), source, steps: Vec::new() })
        })
    }

    /// A text turned into what it stands for; `parse` says what to write instead. `None` when absent or wrong.
    pub(super) fn parse<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let item = self.value(key)?;
        self.reader.parse_item(&item, parse)
    }

    /// Like [`Fields::parse`] for numbers, with or without quotes.
    pub(super) fn number<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let mut item = self.value(key)?;
        if let Node::Number(number) = &item.node {
            item.node = Node::Text(number.clone());
        }
        self.reader.parse_item(&item, parse)
    }

    /// Like [`Fields::parse`], and wrong when absent.
    pub(super) fn required<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        match self.value(key) {
            Some(item) => self.reader.parse_item(&item, parse),
            None => {
                self.lacks(key);
                None
            }
        }
    }

    /// Notes that a field is missing.
    pub(super) fn lacks(&self, key: &str) {
        let example = fields::find(&join(&self.kind, key)).map_or("", |field| field.example);
        let remedy = format!("add it, for example `{key}: {example}`");
        match &self.at {
            Some(at) => {
                let at = Item { path: self.path_of(key), ..at.clone() };
                self.reader.wrong(&at, format!("`{key}` is missing"), remedy);
            }
            None => self.reader.missing(&self.path_of(key), &format!("`{key}` is missing"), remedy),
        }
    }

    /// A map within this one.
    pub(super) fn section(&mut self, key: &str) -> Fields<'r> {
        let in_file = self.entries.iter().position(|(name, _, _)| name == key).map(|i| self.entries.remove(i).2);
        let at = in_file.filter(|item| item.node != Node::Null);
        Fields::open(self.reader, at, self.path_of(key), join(&self.kind, key))
    }

    /// The entries of a list within this map; a variable holds the whole list as YAML.
    pub(super) fn list(&mut self, key: &str) -> Vec<Item> {
        let Some(mut item) = self.written(key) else { return Vec::new() };
        if let (None, Node::Text(text)) = (&item.source.yaml, &item.node) {
            let Some(parsed) = self.reader.parse(item.source.name.clone(), text, item.path.clone()) else {
                return Vec::new();
            };
            item = parsed;
        }
        self.reader.entries(&item)
    }

    /// Refuses a field that this version cannot honour.
    pub(super) fn refuse(&mut self, key: &str) {
        let kind = join(&self.kind, key);
        let (_, what) = fields::UNSUPPORTED
            .iter()
            .find(|(path, _)| *path == kind)
            .expect("every field that is refused is in UNSUPPORTED");
        if let Some(item) = self.written(key)
            && !matches!(&item.node, Node::List(list) if list.is_empty())
        {
            self.reader.wrong(&item, *what, "remove it");
        }
    }

    /// Refuses every key that was not taken.
    pub(super) fn finish(self) {
        let known = fields::keys_of(&self.kind);
        for (name, key, _) in &self.entries {
            let remedy = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys here: {}", known.join(", ")),
            };
            self.reader.wrong(key, format!("unknown key `{name}`"), remedy);
        }
    }
}

/// What is wrong with a text, and what to write instead.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

impl Reader<'_> {
    /// The entries of a list.
    pub(super) fn entries(&self, item: &Item) -> Vec<Item> {
        let Node::List(list) = &item.node else {
            let what = format!("expected a list, found {}", item.node.kind());
            self.wrong(item, what, "put `- ` before each entry, or write [a, b]");
            return Vec::new();
        };
        let entry = |(i, node): (usize, &Node)| item.part(node, format!("{}[{i}]", item.path), Step::Item(i));
        list.iter().enumerate().map(entry).collect()
    }

    /// A text turned into what it stands for.
    pub(super) fn parse_item<T>(&self, item: &Item, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = match &item.node {
            Node::Text(text) => text.as_str(),
            Node::Bool(true) => "true",
            Node::Bool(false) => "false",
            Node::Number(_) | Node::Null | Node::List(_) | Node::Map(_) => {
                self.wrong(item, format!("expected a text, found {}", item.node.kind()), "put the value in quotes");
                return None;
            }
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(Wrong { what, remedy }) => {
                self.wrong(item, what, remedy);
                None
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
