//! What people write when they administer a tenant, checked: slug, names, plan, mesh scope, domains. Says at which field
//! what is wrong and what to write. No database.

use std::collections::BTreeSet;

use contract::{FieldError, TenantSlug, tenants::MeshRule};
use query::MeshScope;

use super::{Limit, MeshSelector, Namespaces, Plan};
use crate::{Error, scope::describe};

const NAME_MAX_CHARS: usize = 200;
const RULES_MAX: usize = 100;
const NAMESPACES_MAX: usize = 1000;
const USUAL_PAGE: u32 = 50;
const LONGEST_PAGE: u32 = 200;

/// Collects what is wrong with the fields of one form, so that all of it is said at once.
#[derive(Debug, Default)]
pub(super) struct Wrongs(Vec<FieldError>);

impl Wrongs {
    /// The value, or nothing and a note of what is wrong.
    pub(super) fn take<T>(&mut self, checked: Result<T, Error>) -> Result<Option<T>, Error> {
        match checked {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid { field, why }) => {
                self.0.push(FieldError { pointer: field, detail: why });
                Ok(None)
            }
            Err(Error::InvalidFields(fields)) => {
                self.0.extend(fields);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Everything that was wrong.
    pub(super) fn into_error(self) -> Error {
        Error::InvalidFields(self.0)
    }

    /// # Errors
    /// Everything that was wrong, if anything was.
    pub(super) fn none(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}

/// A slug for a new tenant.
pub(super) fn slug(text: &str) -> Result<TenantSlug, Error> {
    let text = text.trim();
    if let Some(odd) = text.chars().find(|c| !c.is_ascii()) {
        let why = format!(
            "“{odd}” (U+{:04X}) is not one of a-z, 0-9 and the hyphen, even if it looks like one. Type the slug again in plain letters.",
            odd as u32
        );
        return Err(Error::invalid("/slug", why));
    }
    text.parse().map_err(|error| match error {
        contract::ids::BadSlug::Shape => {
            Error::invalid("/slug", "Write 1 to 63 of a-z, 0-9 and hyphens between them, for example acme-eu.")
        }
        contract::ids::BadSlug::Reserved => {
            Error::invalid("/slug", format!("“{text}” has another meaning in addresses. Choose another slug."))
        }
    })
}

/// A name that is shown.
pub(crate) fn display_name(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 {
        return Err(Error::invalid(field, "Write a name."));
    }
    if chars > NAME_MAX_CHARS {
        return Err(Error::invalid(field, format!("This has {chars} characters; write at most {NAME_MAX_CHARS}.")));
    }
    // Controls break lines; the others turn the direction of the text around them or cannot be seen at all.
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().any(deceives) {
        return Err(Error::invalid(field, "This contains characters that cannot be seen. Type it again on one line."));
    }
    Ok(text.to_owned())
}

/// A plan.
pub(super) fn plan(text: &str) -> Result<Plan, Error> {
    text.parse().map_err(|_| Error::invalid("/plan", "Choose community, saas or enterprise."))
}

/// A domain that invitations may go to.
pub(super) fn email_domain(field: &str, text: &str) -> Result<String, Error> {
    let domain = text.trim().trim_start_matches('@').to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label) {
        return Ok(domain);
    }
    Err(Error::invalid(field, format!("“{}” is not a domain. Write one per line, for example acme.com.", text.trim())))
}

/// The mesh scope as it is kept, and as queries are confined to it.
pub(super) fn mesh(rules: &[MeshRule], plan: Option<Plan>) -> Result<Vec<MeshSelector>, Error> {
    if rules.len() > RULES_MAX || rules.iter().map(|rule| rule.namespaces.len()).sum::<usize>() > NAMESPACES_MAX {
        let why = format!("Write at most {RULES_MAX} lines with {NAMESPACES_MAX} namespaces altogether.");
        return Err(Error::invalid("/mesh", why));
    }
    let selectors = rules.iter().map(selector).collect::<Result<Vec<_>, _>>()?;
    let named: BTreeSet<&str> = selectors.iter().filter_map(|selector| selector.cluster.as_deref()).collect();
    if let Some(most) = plan.and_then(|plan| plan.limit(Limit::Clusters))
        && named.len() > most as usize
    {
        let why = format!(
            "The plan {} includes {most} {}; these are {}.",
            plan.map_or("", Plan::as_str),
            Limit::Clusters.words(),
            named.len()
        );
        return Err(Error::invalid("/mesh", why));
    }
    Ok(selectors)
}

fn selector(rule: &MeshRule) -> Result<MeshSelector, Error> {
    let wrong = |why: String| Error::invalid("/mesh", why);
    let cluster = Some(rule.cluster.trim()).filter(|name| *name != "*").map(str::to_owned);
    let names: BTreeSet<String> = rule.namespaces.iter().map(|name| name.trim().to_owned()).collect();
    let all = names.contains("*");
    if names.is_empty() {
        return Err(wrong(format!("Say which namespaces of {}, or * for all of them.", rule.cluster)));
    }
    if all && names.len() > 1 {
        return Err(wrong("Write * alone: it stands for every namespace.".to_owned()));
    }
    let checked = if all {
        query::MeshSelector::all(cluster.as_deref())
    } else {
        query::MeshSelector::only(cluster.as_deref(), &names)
    };
    checked.map_err(|error| wrong(format!("{error}.")))?;
    Ok(MeshSelector { cluster, namespaces: if all { Namespaces::All } else { Namespaces::Only(names) } })
}

/// The rules as they are shown.
pub(super) fn rules_of(mesh: &[MeshSelector]) -> Vec<MeshRule> {
    let rule = |selector: &MeshSelector| MeshRule {
        cluster: selector.cluster.clone().unwrap_or_else(|| "*".to_owned()),
        namespaces: BTreeSet::from(selector.namespaces.clone()).into_iter().collect(),
    };
    mesh.iter().map(rule).collect()
}

/// Rules written as text: `cluster: namespace, namespace` on each line.
pub fn read_mesh(text: &str) -> Result<Vec<MeshRule>, Error> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(number, line)| {
            let (cluster, namespaces) = line.rsplit_once(':').ok_or_else(|| {
                let why =
                    format!("Line {} has no colon. Write “cluster: namespace, namespace”, * for any.", number + 1);
                Error::invalid("/mesh", why)
            })?;
            let namespaces = namespaces.split(',').map(str::trim).filter(|name| !name.is_empty());
            Ok(MeshRule { cluster: cluster.trim().to_owned(), namespaces: namespaces.map(str::to_owned).collect() })
        })
        .collect()
}

/// The same, back to text.
pub fn write_mesh(rules: &[MeshRule]) -> String {
    let lines = rules.iter().map(|rule| format!("{}: {}", rule.cluster, rule.namespaces.join(", ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// What of the mesh such rules show, in words.
pub fn mesh_words(rules: &[MeshRule]) -> Result<String, Error> {
    let selectors = mesh(rules, None)?;
    let made = selectors.iter().filter_map(|selector| match &selector.namespaces {
        Namespaces::All => query::MeshSelector::all(selector.cluster.as_deref()).ok(),
        Namespaces::Only(names) => query::MeshSelector::only(selector.cluster.as_deref(), names).ok(),
    });
    Ok(describe(&MeshScope::new(made)))
}

/// How many items a page has.
pub(crate) fn list_page(limit: Option<u32>) -> Result<i64, Error> {
    let limit = limit.unwrap_or(USUAL_PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Error::invalid("/limit", format!("Ask for 1 to {LONGEST_PAGE} items at a time.")));
    }
    Ok(i64::from(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(error: Error) -> String {
        match error {
            Error::Invalid { why, .. } => why,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_look_alike_is_named() {
        // The first letter is Cyrillic.
        let error = why(slug("\u{430}cme").expect_err("refused"));
        assert!(error.contains("U+0430"), "{error}");
        assert!(why(slug("api").expect_err("refused")).contains("another meaning"));
        assert!(why(slug("Acme").expect_err("refused")).contains("a-z"));
        assert!(slug(" acme-eu ").is_ok());
    }

    #[test]
    fn names_are_short_and_visible() {
        assert_eq!(display_name("/name", "  Åcme & Söhne ").expect("fine"), "Åcme & Söhne");
        assert!(display_name("/name", &"x".repeat(200)).is_ok());
        for bad in ["", "  ", &"x".repeat(201), "a\nb", "a\u{202e}b"] {
            assert!(display_name("/name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mesh_scope_is_read_as_it_is_written() {
        let rules = read_mesh("*: shop, ai\n\n west eu : *\n").expect("readable");
        assert_eq!(write_mesh(&rules), "*: shop, ai\nwest eu: *");
        assert_eq!(mesh_words(&rules).expect("valid"), "ai, shop; all namespaces in cluster west eu");
        assert_eq!(mesh_words(&[]).expect("valid"), "nothing");
        for bad in ["shop", "*:", "*: a, *", "*: Shop", ": a", "*: a_b"] {
            assert!(read_mesh(bad).and_then(|rules| mesh(&rules, None)).is_err(), "{bad}");
        }
        let two = read_mesh("east: a\nwest: b").expect("readable");
        assert!(mesh(&two, Some(Plan::Saas)).is_ok());
        assert!(why(mesh(&two, Some(Plan::Community)).expect_err("too many")).contains("community includes 1"));
    }

    #[test]
    fn domains_are_domains() {
        assert_eq!(email_domain("/d", " @Acme.COM ").expect("fine"), "acme.com");
        for bad in ["acme", "a..b", "-a.b", "a b.c", "ä.de", ""] {
            assert!(email_domain("/d", bad).is_err(), "{bad}");
        }
    }
}
