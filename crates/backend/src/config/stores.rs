//! `stores`: the telemetry stores beside the embedded one.

use std::time::Duration;

use contract::stores::Signal;
use reqwest::Url;

use super::{
    kinds,
    reader::{Fields, Item, Reader, Wrong},
    secret::Secret,
};

/// The store that is always there.
pub(super) const EMBEDDED: &str = "embedded";

/// Kinds of the format that this version has no client for.
const LATER: [&str; 8] =
    ["loki", "quickwit", "opensearch", "tempo", "jaeger", "alertmanager", "opencost", "kubernetes"];

/// What speaks to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A Prometheus server.
    Prometheus,
    /// Grafana Mimir; its address usually ends in `/prometheus`.
    Mimir,
    /// Thanos Query.
    Thanos,
    /// VictoriaMetrics, single node or one tenant of a cluster.
    Victoriametrics,
    /// The built-in stores of all signals.
    Embedded,
}

impl StoreKind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Prometheus, Self::Mimir, Self::Thanos, Self::Victoriametrics, Self::Embedded];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Mimir => "mimir",
            Self::Thanos => "thanos",
            Self::Victoriametrics => "victoriametrics",
            Self::Embedded => EMBEDDED,
        }
    }

    /// Those that are reached over the network.
    pub const REMOTE: [Self; 4] = [Self::Prometheus, Self::Mimir, Self::Thanos, Self::Victoriametrics];

    /// The kind of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// True when the store itself can keep tenants apart by a header.
    pub fn takes_header(self) -> bool {
        self == Self::Mimir
    }

    /// True when it can keep this.
    pub fn keeps(self, signal: Signal) -> bool {
        match self {
            Self::Embedded => true,
            Self::Prometheus | Self::Mimir | Self::Thanos | Self::Victoriametrics => signal == Signal::Metrics,
        }
    }
}

/// How tenants are kept apart in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// Not at all: it belongs to one tenant.
    Single,
    /// Every query is rewritten to series that carry the tenant's slug in this label.
    Label(String),
    /// The store keeps them apart itself by the header `X-Scope-OrgID`.
    Header,
}

impl Tenancy {
    /// The word used in files.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Single => "none",
            Self::Label(_) => "label",
            Self::Header => "header",
        }
    }

    /// The label, empty without one.
    pub fn label(&self) -> &str {
        match self {
            Self::Label(label) => label,
            Self::Single | Self::Header => "",
        }
    }
}

/// What a store wants to see before it answers.
#[derive(Clone, Debug)]
pub enum StoreAuth {
    /// Nothing.
    None,
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// HTTP basic authentication.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
}

/// A store, checked.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// How tenants refer to it.
    pub name: String,
    /// What speaks to it.
    pub kind: StoreKind,
    /// Base address; `None` for the embedded store only.
    pub url: Option<Url>,
    /// How tenants are kept apart.
    pub tenancy: Tenancy,
    /// How we identify ourselves.
    pub auth: StoreAuth,
    /// Deadline of one request.
    pub timeout: Duration,
}

impl StoreAuth {
    /// The word in forms and the database, the user name, and the secret.
    pub(crate) fn parts(&self) -> (&'static str, &str, Option<&Secret>) {
        match self {
            Self::None => ("none", "", None),
            Self::Bearer(token) => ("bearer", "", Some(token)),
            Self::Basic { username, password } => ("basic", username, Some(password)),
        }
    }
}

impl StoreConfig {
    /// Whether a client made for one can serve the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let auth = |config: &Self| {
            let (kind, username, secret) = config.auth.parts();
            (kind, username.to_owned(), secret.map(|secret| secret.expose().to_owned()))
        };
        (&self.name, self.kind, &self.url, &self.tenancy, self.timeout)
            == (&other.name, other.kind, &other.url, &other.tenancy, other.timeout)
            && auth(self) == auth(other)
    }
}

/// The name of a store, for those that are written elsewhere than in a file. The error says what to write.
pub(crate) fn check_name(text: &str) -> Result<String, String> {
    if text == EMBEDDED {
        return Err("embedded is the name of the built-in store; choose another.".to_owned());
    }
    store_name(text).map_err(|_| "Use 1 to 63 characters a-z, 0-9 and inner hyphens.".to_owned())
}

/// The label that keeps tenants apart.
pub(crate) fn check_label(text: &str) -> Result<String, String> {
    label_name(text).map_err(|wrong| format!("This is no label name: {}.", wrong.remedy))
}

/// The user name of basic authentication.
pub(crate) fn check_user_name(text: &str) -> Result<String, String> {
    user_name(text).map_err(|_| "Write the user name, without colons.".to_owned())
}

/// An entry of the list, right or wrong: tenants may refer to a store that has a mistake somewhere else.
pub(super) struct Store {
    pub(super) name: Option<(String, Item)>,
    pub(super) config: Option<StoreConfig>,
}

pub(super) fn read(top: &mut Fields<'_>) -> Vec<Store> {
    let stores: Vec<Store> = top.list("stores").iter().map(|item| read_one(top.reader, item)).collect();
    kinds::unique(
        top.reader,
        "store",
        stores.iter().filter_map(|s| s.name.as_ref()).map(|(name, item)| (name.as_str(), item)),
    );
    stores
}

fn read_one(reader: &Reader<'_>, item: &Item) -> Store {
    let mut fields = Fields::of_entry(reader, item, "stores[]");
    let name_item = fields.value("name");
    let name = match &name_item {
        Some(item) => reader.parse_item(item, store_name),
        None => {
            fields.lacks("name");
            None
        }
    };
    let kind = fields.required("kind", store_kind);
    let url = url(&mut fields, kind);
    let timeout =
        fields.parse("timeout", |text| kinds::duration(text, Duration::from_secs(1), Duration::from_secs(300)));
    let tenancy = tenancy(fields.section("tenancy"), kind);
    let auth = auth(&mut fields);
    fields.finish();

    if let (Some(name), Some(kind), Some(item)) = (&name, kind, &name_item)
        && (name == EMBEDDED) != (kind == StoreKind::Embedded)
    {
        let remedy = "rename it: `embedded` is the name of the built-in store, and the only one of its kind";
        reader.wrong(item, format!("a store of kind `{}` cannot be called `{name}`", kind.as_str()), remedy);
    }
    let name = name.zip(name_item);
    let build = |name: &(String, Item)| {
        Some(StoreConfig {
            name: name.0.clone(),
            kind: kind?,
            url: url?,
            tenancy: tenancy?,
            auth: auth?,
            timeout: timeout?,
        })
    };
    Store { config: name.as_ref().and_then(build), name }
}

fn store_name(text: &str) -> Result<String, Wrong> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let shaped =
        (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-');
    if !shaped {
        return Err(Wrong::new(
            format!("`{text}` is not a store name"),
            "use 1 to 63 characters a-z, 0-9 and inner hyphens",
        ));
    }
    Ok(text.to_owned())
}

fn store_kind(text: &str) -> Result<StoreKind, Wrong> {
    let kinds = StoreKind::ALL.map(StoreKind::as_str).join(", ");
    match StoreKind::ALL.into_iter().find(|kind| kind.as_str() == text) {
        Some(kind) => Ok(kind),
        None if LATER.contains(&text) => {
            let what = format!("stores of kind `{text}` are not supported by this version");
            Err(Wrong::new(what, format!("remove this store; supported are {kinds}")))
        }
        None => Err(Wrong::new(format!("there is no store kind `{text}`"), format!("write one of {kinds}"))),
    }
}

/// `Some(None)` for the embedded store.
fn url(fields: &mut Fields<'_>, kind: Option<StoreKind>) -> Option<Option<Url>> {
    if kind == Some(StoreKind::Embedded) {
        return match fields.written("url") {
            None => Some(None),
            Some(item) => {
                fields.reader.wrong(&item, "the embedded store has no address", "remove `url`");
                None
            }
        };
    }
    fields.required("url", kinds::http_url).map(Some)
}

fn tenancy(mut fields: Fields<'_>, kind: Option<StoreKind>) -> Option<Tenancy> {
    let mode = fields.value("mode")?;
    let label = fields.written("label");
    let at = fields.at.clone();
    let reader = fields.reader;
    fields.finish();
    if kind == Some(StoreKind::Embedded) {
        if let Some(at) = at {
            reader.wrong(&at, "the embedded store keeps tenants apart by itself", "remove `tenancy`");
            return None;
        }
        return Some(Tenancy::Single);
    }
    let mode_name = reader.parse_item(&mode, |text| match text {
        "none" | "label" | "header" => Ok(text.to_owned()),
        "index" => Err(Wrong::new("no supported store keeps tenants apart by index", "write label, header or none")),
        _ => Err(Wrong::new(format!("there is no tenancy mode `{text}`"), "write label, header or none")),
    })?;
    if mode_name != "label"
        && let Some(label) = &label
    {
        reader.wrong(
            label,
            format!("`label` means nothing with mode `{mode_name}`"),
            "remove it, or write mode: label",
        );
        return None;
    }
    match mode_name.as_str() {
        "label" => match label {
            Some(item) => reader.parse_item(&item, label_name).map(Tenancy::Label),
            None => {
                reader.wrong(
                    &mode,
                    "mode `label` needs the label",
                    "add `label: tenant_id`, or whichever label your series carry",
                );
                None
            }
        },
        "header" if kind.is_some_and(|kind| !kind.takes_header()) => {
            let what = "only mimir keeps tenants apart by header";
            reader.wrong(&mode, what, "write mode: label, or mode: none for a store of a single tenant");
            None
        }
        "header" => Some(Tenancy::Header),
        _ => Some(Tenancy::Single),
    }
}

/// A label name of Prometheus. Those with two leading underscores are its own.
fn label_name(text: &str) -> Result<String, Wrong> {
    let shaped =
        text.bytes().enumerate().all(|(i, b)| b.is_ascii_alphabetic() || b == b'_' || (i > 0 && b.is_ascii_digit()));
    if text.is_empty() || text.len() > 128 || !shaped || text.starts_with("__") {
        return Err(Wrong::new(
            format!("`{text}` is not a label name"),
            "use letters, digits and underscores, such as tenant_id",
        ));
    }
    Ok(text.to_owned())
}

fn auth(fields: &mut Fields<'_>) -> Option<StoreAuth> {
    let bearer = kinds::secret(fields, "bearer_token", false);
    let username = fields.written("username");
    let password = kinds::secret(fields, "password", false);
    let reader = fields.reader;
    match (bearer?, username, password?) {
        (None, None, None) => Some(StoreAuth::None),
        (Some((token, _)), None, None) => Some(StoreAuth::Bearer(token)),
        (None, Some(username), Some((password, _))) => {
            let username = reader.parse_item(&username, user_name)?;
            Some(StoreAuth::Basic { username, password })
        }
        (None, Some(at), None) => {
            reader.wrong(&at, "`username` needs a password", "add password_env or password_file");
            None
        }
        (None, None, Some((_, at))) => {
            reader.wrong(&at, "the password needs a user name", "add `username`, or write bearer_token_env");
            None
        }
        (Some((_, at)), _, _) => {
            reader.wrong(&at, "both a bearer token and a user name or password are given", "keep one of them");
            None
        }
    }
}

fn user_name(text: &str) -> Result<String, Wrong> {
    if text.is_empty() || text.contains(':') || text.chars().any(char::is_control) {
        return Err(Wrong::new("this cannot be a user name of HTTP basic authentication", "write it without colons"));
    }
    Ok(text.to_owned())
}
