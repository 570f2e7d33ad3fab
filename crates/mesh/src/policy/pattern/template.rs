//! Path templates (R30, R31): `{*}` and `{**}` as Envoy's URI templates read them.

use super::glob::{Class, Glob, Item};

/// Whether Istio treats a path as a template (pkg/config/security ContainsPathTemplate).
pub fn is_template(path: &str) -> bool {
    path.contains("{*}") || path.contains("{**}")
}

/// Why Envoy refuses a template; a listener with such a filter does not load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// It does not start with a slash.
    NoLeadingSlash,
    /// An operator after `{**}`.
    AfterLast,
    /// A segment with a character that no literal may have, or an empty segment.
    Literal,
}

impl TemplateError {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoLeadingSlash => "a path template must start with a slash",
            Self::AfterLast => "`{**}` is not the last operator",
            Self::Literal => "a segment is empty or has a character that no path segment may have",
        }
    }
}

/// The glob of a template; `star` says whether operators take a `*` of the request (envoy uri_template_internal.cc).
pub fn template(path: &str, star: bool) -> Result<Glob, TemplateError> {
    // Istio turns `{**}` into `**` and `{*}` into `*` (matcher/template.go); stars that stand alone then count as well.
    let pattern = path.replace("{**}", "**").replace("{*}", "*");
    let mut rest = pattern.strip_prefix('/').ok_or(TemplateError::NoLeadingSlash)?;
    let mut items = vec![Item::literal("/")];
    let mut seen_last = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('*') {
            if seen_last {
                return Err(TemplateError::AfterLast);
            }
            let (slash, after) = after.strip_prefix('*').map_or((false, after), |after| (true, after));
            seen_last = slash;
            items.push(Item::Run { class: Class::Template { slash, star }, at_least_one: !slash });
            rest = after;
        } else {
            let (literal, after) = literal(rest, star)?;
            items.push(Item::literal(literal));
            rest = after;
        }
        match rest.strip_prefix('/') {
            Some(after) => {
                items.push(Item::literal("/"));
                rest = after;
            }
            None if rest.is_empty() => {}
            None => {
                // A literal right after an operator is a suffix and must end the template.
                let (suffix, after) = literal(rest, star)?;
                if !after.is_empty() {
                    return Err(TemplateError::Literal);
                }
                items.push(Item::literal(suffix));
                rest = after;
            }
        }
    }
    Ok(Glob::new(items))
}

/// Takes one literal segment. With `star` it may have stars, so that an operator after a literal is none: `/a{*}` is the
/// path `/a*` (kLiteral of the same file).
fn literal(rest: &str, star: bool) -> Result<(&str, &str), TemplateError> {
    let end = rest.find('/').unwrap_or(rest.len());
    let (literal, after) = rest.split_at(end);
    let class = Class::Template { slash: false, star };
    let fits = |byte: u8| class.has(byte);
    if literal.is_empty() || !literal.bytes().all(fits) { Err(TemplateError::Literal) } else { Ok((literal, after)) }
}
