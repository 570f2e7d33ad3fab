//! How a written value is compared with an attribute: texts with wildcards, globs, templates, address ranges, ports. What
//! each field makes of its values is decided in `compile`.

mod address;
mod glob;
mod template;
#[cfg(test)]
mod tests;

pub use address::{Cidr, parse_port};
pub use glob::{Class, Glob, Item};
pub use template::{TemplateError, is_template, template};

/// A comparison with one text (R24–R27).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// Equal.
    Exact(String),
    /// Starts with.
    Prefix(String),
    /// Ends with.
    Suffix(String),
    /// Any text but the empty one (regex `.+`, R26).
    NotEmpty,
    /// Any text, as long as there is one (header presence, R26).
    Exists,
    /// One of several globs.
    Glob(Vec<Glob>),
}

impl TextMatch {
    /// A value of a field that is compared as a text: leading star first, then trailing star (R24, R25;
    /// matcher/string.go StringMatcher).
    pub fn text(value: &str) -> Self {
        Self::with_star(value, Self::NotEmpty)
    }

    /// A value of a field that is compared as a header: `*` asks for presence only (R26; matcher/header.go).
    pub fn header(value: &str) -> Self {
        Self::with_star(value, Self::Exists)
    }

    fn with_star(value: &str, star: Self) -> Self {
        if value == "*" {
            star
        } else if let Some(suffix) = value.strip_prefix('*') {
            Self::Suffix(suffix.to_owned())
        } else if let Some(prefix) = value.strip_suffix('*') {
            Self::Prefix(prefix.to_owned())
        } else {
            Self::Exact(value.to_owned())
        }
    }

    /// A principal, compared with the SPIFFE URI of the peer (R37, R39; matcher/string.go StringMatcherWithPrefix).
    pub fn principal(value: &str) -> Self {
        const URI: &str = "spiffe://";
        if value == "*" {
            Self::NotEmpty
        } else if let Some(suffix) = value.strip_prefix('*') {
            Self::Glob(vec![Glob::new([Item::literal(URI), Item::any(), Item::literal(suffix)])])
        } else if let Some(prefix) = value.strip_suffix('*') {
            Self::Prefix(format!("{URI}{prefix}"))
        } else {
            Self::Exact(format!("{URI}{value}"))
        }
    }

    /// A namespace: every star is a wildcard, anywhere (R41; generator.go srcNamespaceGenerator).
    pub fn namespace(value: &str) -> Self {
        let mut items = vec![Item::any(), Item::literal("/ns/")];
        for (i, literal) in value.split('*').enumerate() {
            if i > 0 {
                items.push(Item::any());
            }
            items.push(Item::literal(literal));
        }
        items.extend([Item::literal("/"), Item::any()]);
        Self::Glob(vec![Glob::new(items)])
    }

    /// A service account, of the policy's namespace unless it names one (R42; generator.go serviceAccountRegex).
    pub fn service_account(value: &str, namespace: &str) -> Self {
        let (namespace, name) = value.split_once('/').unwrap_or((namespace, value));
        let mut globs = Vec::new();
        for between in [false, true] {
            for after in [false, true] {
                let mut items =
                    vec![Item::literal("spiffe://"), Item::some(), Item::literal(&format!("/ns/{namespace}/"))];
                if between {
                    items.extend([Item::some(), Item::literal("/")]);
                }
                items.push(Item::literal(&format!("sa/{name}")));
                if after {
                    items.extend([Item::literal("/"), Item::some()]);
                }
                globs.push(Glob::new(items));
            }
        }
        Self::Glob(globs)
    }

    /// A trust domain (R43; generator.go srcTrustDomainGenerator).
    pub fn trust_domain(value: &str) -> Self {
        if value == "*" {
            return Self::Prefix("spiffe://".to_owned());
        }
        match value.split_once('*') {
            None => Self::Prefix(format!("spiffe://{value}/")),
            Some((before, after)) => Self::Glob(vec![Glob::new([
                Item::literal(&format!("spiffe://{before}")),
                Item::Run { class: Class::NoSlash, at_least_one: false },
                Item::literal(&format!("{after}/")),
                Item::any(),
            ])]),
        }
    }

    /// Whether the text fits.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == exact,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::NotEmpty => !text.is_empty(),
            Self::Exists => true,
            Self::Glob(globs) => globs.iter().any(|glob| glob.matches(text)),
        }
    }

    /// The same comparison as globs, for set algebra.
    pub fn globs(&self) -> Vec<Glob> {
        match self {
            Self::Exact(exact) => vec![Glob::new([Item::literal(exact)])],
            Self::Prefix(prefix) => vec![Glob::new([Item::literal(prefix), Item::any()])],
            Self::Suffix(suffix) => vec![Glob::new([Item::any(), Item::literal(suffix)])],
            Self::NotEmpty => vec![Glob::new([Item::some()])],
            Self::Exists => vec![Glob::new([Item::any()])],
            Self::Glob(globs) => globs.clone(),
        }
    }
}

/// `requestPrincipals` (R46; generator.go requestPrincipalGenerator): what the claims `iss` and `sub` must be.
pub fn request_principal(value: &str) -> (TextMatch, TextMatch) {
    let exact = |text: &str| TextMatch::Exact(text.to_owned());
    let parts = value.rsplit_once('/');
    if value == "*" {
        return (TextMatch::NotEmpty, TextMatch::NotEmpty);
    }
    match (value.strip_prefix('*'), value.strip_suffix('*'), parts) {
        (Some(_), _, Some((issuer, subject))) => {
            let issuer = issuer.strip_prefix('*').unwrap_or(issuer);
            let issuer = if issuer.is_empty() { TextMatch::NotEmpty } else { TextMatch::Suffix(issuer.to_owned()) };
            (issuer, exact(subject))
        }
        (Some(suffix), _, None) => (TextMatch::NotEmpty, TextMatch::Suffix(suffix.to_owned())),
        (None, Some(_), Some((issuer, subject))) => {
            let prefix = subject.strip_suffix('*').unwrap_or(subject);
            let subject = if subject == "*" { TextMatch::NotEmpty } else { TextMatch::Prefix(prefix.to_owned()) };
            (exact(issuer), subject)
        }
        (None, Some(prefix), None) => (TextMatch::Prefix(prefix.to_owned()), TextMatch::NotEmpty),
        (None, None, Some((issuer, subject))) => (exact(issuer), exact(subject)),
        (None, None, None) => (exact(value), exact("")),
    }
}
