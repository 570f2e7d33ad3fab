//! What the topology page shows, as it stands in the URL: every visible choice, defaults left out. No reading of the
//! location here; the page hands in a lookup.

use contract::{
    TimeRange, Timestamp,
    time::{TimePoint, parse_duration, print_duration},
    topology::{BoxBy, Boxes, DurationSecs, Focus, GraphType, Names, TopologyQuery},
};

/// What stands on the edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeText {
    /// Requests or bytes per second, and the failing share where there is one.
    #[default]
    Rate,
    /// 95th percentile of the latency.
    P95,
    /// Share of the traffic under mutual TLS.
    Mtls,
    /// Share of what the caller sends.
    Share,
    /// Nothing.
    Off,
}

impl EdgeText {
    /// All of them, in the order of the menu, with their words in the URL and for people.
    pub const ALL: [(Self, &str, &str); 5] = [
        (Self::Rate, "rate", "rate"),
        (Self::P95, "p95", "p95"),
        (Self::Mtls, "mtls", "mutual TLS"),
        (Self::Share, "share", "share"),
        (Self::Off, "off", "no labels"),
    ];
}

/// Graph types in the order of the menu, with their words in the URL and for people.
pub const GRAPH_TYPES: [(GraphType, &str, &str); 4] = [
    (GraphType::App, "app", "app"),
    (GraphType::VersionedApp, "versioned_app", "app and version"),
    (GraphType::Workload, "workload", "workload"),
    (GraphType::Service, "service", "service"),
];

/// Groupings in the order of the menu, with their words in the URL and for people.
pub const GROUPINGS: [(&[BoxBy], &str, &str); 5] = [
    (&[BoxBy::Namespace], "namespace", "namespace"),
    (&[BoxBy::Cluster], "cluster", "cluster"),
    (&[BoxBy::Cluster, BoxBy::Namespace], "cluster,namespace", "cluster, namespace"),
    (&[BoxBy::Cluster, BoxBy::Namespace, BoxBy::App], "cluster,namespace,app", "cluster, namespace, app"),
    (&[], "none", "nothing"),
];

/// Windows the menu offers, seconds, with their words for people.
pub const WINDOWS: [(Option<u64>, &str); 5] = [
    (None, "what fits the range"),
    (Some(60), "1 minute"),
    (Some(600), "10 minutes"),
    (Some(3600), "1 hour"),
    (Some(MAX_WINDOW_SECS), "1 day"),
];

/// The longest window the API takes, seconds.
const MAX_WINDOW_SECS: u64 = 86_400;

/// The window of a graph that follows the present: short, so that a fault shows within seconds.
const LIVE_WINDOW_SECS: u64 = 60;

/// The window of an instant of the past: samples are further apart there.
const REPLAY_WINDOW_SECS: u64 = 300;

/// How the graph is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Drawn where there is room, a list of the worst on a small screen.
    #[default]
    Fitting,
    /// Drawn on any screen: `view=graph`.
    Graph,
    /// As tables: `view=table`.
    Table,
}

/// Every choice of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Granularity: `graph`.
    pub graph: GraphType,
    /// Boxes: `box`.
    pub boxes: Boxes,
    /// What stands on the edges: `edges`.
    pub edges: EdgeText,
    /// Find expression: `find`.
    pub find: String,
    /// Hide expression: `hide`.
    pub hide: String,
    /// Only what fails and its neighbours: `errors=1`.
    pub errors: bool,
    /// Only this node and its neighbours: `focus`.
    pub focus: Option<Focus>,
    /// Node whose panel is open, a focus or a node id: `sel`.
    pub sel: Option<String>,
    /// Graph or table: `view`.
    pub shape: Shape,
    /// Column the table is sorted by, `-` in front for descending: `sort`.
    pub sort: String,
    /// Time range: `from`, `to`.
    pub range: TimeRange,
    /// New data is followed, unless `live=0`.
    pub live: bool,
    /// An instant of the range to look at instead of its end: `at`.
    pub at: Option<Timestamp>,
    /// Namespaces: `namespaces`.
    pub namespaces: Names,
    /// Clusters: `clusters`.
    pub clusters: Names,
    /// Window of the rates, where chosen: `duration`.
    pub duration: Option<u64>,
    /// Nodes and edges without traffic too: `idle=1`.
    pub idle: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            graph: GraphType::App,
            boxes: Boxes(vec![BoxBy::Namespace]),
            edges: EdgeText::Rate,
            find: String::new(),
            hide: String::new(),
            errors: false,
            focus: None,
            sel: None,
            shape: Shape::Fitting,
            sort: String::new(),
            range: TimeRange::default(),
            live: true,
            at: None,
            namespaces: Names::default(),
            clusters: Names::default(),
            duration: None,
            idle: false,
        }
    }
}

impl View {
    /// Reads the URL; what cannot be read counts as left out.
    pub fn parse(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let word = |name: &str| get(name).unwrap_or_default();
        let names =
            |name: &str| Names(word(name).split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect());
        let point = |name: &str, default: TimePoint| get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let default = Self::default();
        let boxes = word("box");
        Self {
            graph: pick(&GRAPH_TYPES, &word("graph")).unwrap_or(default.graph),
            boxes: pick(&GROUPINGS, &boxes).map_or(default.boxes, |by| Boxes(by.to_vec())),
            edges: pick(&EdgeText::ALL, &word("edges")).unwrap_or_default(),
            find: word("find"),
            hide: word("hide"),
            errors: word("errors") == "1",
            focus: get("focus").and_then(|text| text.parse().ok()),
            sel: get("sel").filter(|text| !text.is_empty()),
            shape: match word("view").as_str() {
                "table" => Shape::Table,
                "graph" => Shape::Graph,
                _ => Shape::Fitting,
            },
            sort: word("sort"),
            range: TimeRange { from: point("from", default.range.from), to: point("to", default.range.to) },
            live: word("live") != "0",
            at: get("at").and_then(|text| text.parse().ok()),
            namespaces: names("namespaces"),
            clusters: names("clusters"),
            duration: get("duration")
                .and_then(|text| parse_duration(&text))
                .filter(|secs| (1..=MAX_WINDOW_SECS).contains(secs)),
            idle: word("idle") == "1",
        }
    }

    /// The choices that differ from the default, as name and value, in a fixed order.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut pairs = Vec::new();
        let mut put = |name, differs: bool, value: String| {
            if differs {
                pairs.push((name, value));
            }
        };
        put("from", self.range.from != default.range.from, self.range.from.to_string());
        put("to", self.range.to != default.range.to, self.range.to.to_string());
        put("live", !self.live, "0".to_owned());
        put("at", self.at.is_some(), self.at.map(|at| at.to_string()).unwrap_or_default());
        put("view", self.shape != default.shape, if self.shape == Shape::Table { "table" } else { "graph" }.to_owned());
        put("graph", self.graph != default.graph, word_of(&GRAPH_TYPES, &self.graph).to_owned());
        put("box", self.boxes != default.boxes, self.box_word().to_owned());
        put("edges", self.edges != default.edges, word_of(&EdgeText::ALL, &self.edges).to_owned());
        put("namespaces", !self.namespaces.is_empty(), self.namespaces.0.join(","));
        put("clusters", !self.clusters.is_empty(), self.clusters.0.join(","));
        put("duration", self.duration.is_some(), print_duration(self.duration.unwrap_or_default()));
        put("idle", self.idle, "1".to_owned());
        put("find", !self.find.is_empty(), self.find.clone());
        put("hide", !self.hide.is_empty(), self.hide.clone());
        put("errors", self.errors, "1".to_owned());
        put("sort", !self.sort.is_empty(), self.sort.clone());
        put("focus", self.focus.is_some(), self.focus.as_ref().map(Focus::to_string).unwrap_or_default());
        put("sel", self.sel.is_some(), self.sel.clone().unwrap_or_default());
        pairs
    }

    /// The query string of this view: `?…`, and nothing for the default.
    pub fn search(&self) -> String {
        let pairs = encode(&self.pairs());
        if pairs.is_empty() { pairs } else { format!("?{pairs}") }
    }

    /// This view with a change.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut view = self.clone();
        change(&mut view);
        view
    }

    /// True when new data should arrive by itself.
    pub fn follows(&self) -> bool {
        self.live && self.range.is_live() && self.at.is_none()
    }

    /// The window of the rates, seconds: the chosen one, else a short one at the present or at an instant, else the whole
    /// range.
    pub fn window_secs(&self, now: Timestamp) -> u64 {
        self.duration.unwrap_or_else(|| {
            if self.at.is_some() {
                return REPLAY_WINDOW_SECS;
            }
            if self.range.is_live() {
                return LIVE_WINDOW_SECS;
            }
            let (from, to) = self.range.resolve(now);
            (to.as_secs() - from.as_secs()).unsigned_abs().clamp(1, MAX_WINDOW_SECS)
        })
    }

    /// What to ask the backend for. `now` matters only for a range that neither ends now nor at a fixed instant.
    pub fn query(&self, now: Timestamp) -> TopologyQuery {
        TopologyQuery {
            graph: self.graph,
            namespaces: self.namespaces.clone(),
            clusters: self.clusters.clone(),
            duration: DurationSecs(self.window_secs(now)),
            at: self.at.or_else(|| (!self.range.is_live()).then(|| self.range.resolve(now).1)),
            box_by: self.boxes.clone(),
            focus: self.focus.clone(),
            idle_edges: self.idle,
            idle_nodes: self.idle,
            layout: true,
            ..TopologyQuery::default()
        }
    }

    /// The query string of the exports: the same graph, in the API's own words and with its own defaults.
    pub fn export_query(&self, now: Timestamp) -> String {
        let query = self.query(now);
        let mut pairs = vec![
            ("graph", word_of(&GRAPH_TYPES, &query.graph).to_owned()),
            ("duration", print_duration(query.duration.0)),
            ("box", if query.box_by.0.is_empty() { String::new() } else { self.box_word().to_owned() }),
        ];
        for (name, names) in [("namespaces", &query.namespaces), ("clusters", &query.clusters)] {
            if !names.is_empty() {
                pairs.push((name, names.0.join(",")));
            }
        }
        if let Some(at) = query.at {
            pairs.push(("at", at.to_string()));
        }
        if self.idle {
            pairs.push(("idle_edges", "true".to_owned()));
            pairs.push(("idle_nodes", "true".to_owned()));
        }
        if let Some(focus) = &query.focus {
            pairs.push(("focus", focus.to_string()));
        }
        encode(&pairs)
    }

    /// The word for the boxes for people.
    pub fn box_name(&self) -> &'static str {
        GROUPINGS.iter().find(|(by, ..)| *by == self.boxes.0).map_or("namespace", |(.., name)| name)
    }

    /// The word for the boxes in the URL.
    pub fn box_word(&self) -> &'static str {
        GROUPINGS.iter().find(|(by, ..)| *by == self.boxes.0).map_or("namespace", |(_, word, _)| word)
    }
}

/// The value that stands for a word of the URL.
fn pick<T: Copy>(table: &[(T, &str, &str)], word: &str) -> Option<T> {
    table.iter().find(|(_, own, _)| *own == word).map(|(value, ..)| *value)
}

/// The word of the URL for a value.
pub fn word_of<T: PartialEq>(table: &[(T, &'static str, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(own, ..)| own == value).map_or("", |(_, word, _)| word)
}

/// The word for people for a value.
pub fn name_of<T: PartialEq>(table: &[(T, &'static str, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(own, ..)| own == value).map_or("", |(.., name)| name)
}

/// Pairs as a query string. Letters that people read in addresses (`:`, `/`, `,`) stay readable.
pub fn encode(pairs: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'/' | b',' => {
                    out.push(char::from(byte));
                }
                _ => {
                    out.push('%');
                    for half in [byte >> 4, byte & 15] {
                        out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
