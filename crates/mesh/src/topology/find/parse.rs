//! Reading expressions, with errors that say where and what was expected.

use super::{
    Find, FindError, Wanted,
    term::{Compare, Figure, Health, Name, Pattern, Term},
};
use crate::{
    decimal,
    topology::{NodeFlag, NodeKind, Protocol},
};

/// Longer expressions are a mistake of some kind.
const MAX_CHARS: usize = 1000;

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Find, FindError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > MAX_CHARS {
        return Err(FindError { column: MAX_CHARS + 1, expected: "the end: this is too long".to_owned() });
    }
    let mut input = Input { characters, at: 0 };
    let mut find = Find::default();
    let mut all: Vec<Wanted> = Vec::new();
    input.skip_space();
    while input.peek().is_some() {
        let start = input.at;
        let not = input.take_if('!');
        if !not && input.take_word("or") {
            if all.is_empty() {
                return Err(error(start, "a term before “or”"));
            }
            find.any.push(std::mem::take(&mut all));
            input.skip_space();
            if input.peek().is_none() {
                return Err(input.error("a term after “or”"));
            }
            continue;
        }
        all.push(Wanted { term: term(&mut input)?, not });
        input.skip_space();
    }
    if !all.is_empty() {
        find.any.push(all);
    }
    Ok(find)
}

fn error(at: usize, expected: &str) -> FindError {
    FindError { column: at + 1, expected: expected.to_owned() }
}

struct Input {
    characters: Vec<char>,
    at: usize,
}

impl Input {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn error(&self, expected: &str) -> FindError {
        error(self.at, expected)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The word, if it stands alone here.
    fn take_word(&mut self, word: &str) -> bool {
        let end = self.at + word.chars().count();
        let here = self
            .characters
            .get(self.at..end)
            .is_some_and(|found| found.iter().collect::<String>().eq_ignore_ascii_case(word));
        let alone = self.characters.get(end).is_none_or(|next| next.is_whitespace());
        if here && alone {
            self.at = end;
        }
        here && alone
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.characters[start..self.at].iter().collect()
    }

    /// A value: quoted, or up to the next space.
    fn value(&mut self, expected: &str) -> Result<String, FindError> {
        let start = self.at;
        let value = if self.take_if('"') {
            let value = self.take_while(|c| c != '"');
            if !self.take_if('"') {
                return Err(self.error("a closing quote"));
            }
            value
        } else {
            self.take_while(|c| !c.is_whitespace() && c != '"')
        };
        if value.is_empty() { Err(error(start, expected)) } else { Ok(value) }
    }
}

fn term(input: &mut Input) -> Result<Term, FindError> {
    let start = input.at;
    if input.peek() == Some('"') {
        return Ok(Term::Name(Name::Any, Pattern::new(&input.value("a name between the quotes")?, true)));
    }
    let word = input.take_while(|c| !c.is_whitespace() && !":<>=!\"".contains(c));
    if word.is_empty() {
        return Err(error(start, "a name, a word like “idle”, or a term like ns:shop or err>1%"));
    }
    let key = word.to_ascii_lowercase();
    if input.take_if(':') {
        return named(&key, start, input);
    }
    let before_space = input.at;
    input.skip_space();
    if let Some(compare) = compare(input)? {
        let figure = figure(&key).ok_or_else(|| {
            error(start, "a figure before the comparison: err, rate, bytes, rt, p50, p95, p99, mtls or share")
        })?;
        input.skip_space();
        return Ok(Term::Figure(figure, compare, number(figure, input)?));
    }
    input.at = before_space;
    Ok(state(&key).unwrap_or_else(|| Term::Name(Name::Any, Pattern::new(&word, true))))
}

fn compare(input: &mut Input) -> Result<Option<Compare>, FindError> {
    let start = input.at;
    // A `!` that is not `!=` begins the next term.
    let sign = if input.characters.get(start..start + 2) == Some(&['!', '=']) {
        input.at += 2;
        return Ok(Some(Compare::Unequal));
    } else {
        input.take_while(|c| "<>=".contains(c))
    };
    Ok(Some(match sign.as_str() {
        "" => return Ok(None),
        ">" => Compare::Above,
        ">=" => Compare::AtLeast,
        "<" => Compare::Below,
        "<=" => Compare::AtMost,
        "=" | "==" => Compare::Equal,
        _ => return Err(error(start, "one of > >= < <= = !=")),
    }))
}

fn figure(key: &str) -> Option<Figure> {
    Some(match key {
        "err" | "error" | "errors" => Figure::Errors,
        "rate" | "rps" => Figure::Rate,
        "bytes" | "bps" => Figure::Bytes,
        "rt" | "latency" | "p95" => Figure::P95,
        "p50" => Figure::P50,
        "p99" => Figure::P99,
        "mtls" => Figure::Mtls,
        "share" => Figure::Share,
        _ => return None,
    })
}

fn number(figure: Figure, input: &mut Input) -> Result<f64, FindError> {
    let (units, example): (&[(&str, f64)], _) = match figure {
        Figure::Errors | Figure::Mtls | Figure::Share => (&[("", 1.0), ("%", 1.0)], "a percentage, as in 1%"),
        Figure::Rate => (&[("", 1.0), ("/s", 1.0), ("k", 1e3), ("k/s", 1e3)], "a rate, as in 10 or 2k"),
        Figure::Bytes => (
            &[("", 1.0), ("b", 1.0), ("k", 1e3), ("kb", 1e3), ("m", 1e6), ("mb", 1e6), ("g", 1e9), ("gb", 1e9)],
            "bytes per second, as in 10k or 1.5MB",
        ),
        Figure::P50 | Figure::P95 | Figure::P99 => {
            (&[("", 1.0), ("ms", 1.0), ("s", 1e3), ("m", 6e4), ("min", 6e4)], "a duration, as in 500ms or 2s")
        }
    };
    let start = input.at;
    let digits = input.take_while(|c| c.is_ascii_digit() || c == '.');
    let value = decimal::read(&digits).ok_or_else(|| error(start, example))?;
    let unit_at = input.at;
    let unit = input.take_while(|c| !c.is_whitespace()).to_ascii_lowercase();
    match units.iter().find(|(name, _)| *name == unit) {
        Some((_, factor)) => Ok(value * factor),
        None => Err(error(unit_at, example)),
    }
}

fn named(key: &str, start: usize, input: &mut Input) -> Result<Term, FindError> {
    let at = input.at;
    let exact = |at, value: String| Term::Name(at, Pattern::new(&value, false));
    let part = |at, value: String| Term::Name(at, Pattern::new(&value, true));
    Ok(match key {
        "ns" | "namespace" => exact(Name::Namespace, input.value("a namespace")?),
        "cluster" => exact(Name::Cluster, input.value("a cluster")?),
        "version" | "ver" => exact(Name::Version, input.value("a version")?),
        "app" => part(Name::App, input.value("an app's name")?),
        "workload" | "wl" => part(Name::Workload, input.value("a workload's name")?),
        "service" | "svc" => part(Name::Service, input.value("a service's name")?),
        "name" => part(Name::Any, input.value("a name")?),
        "code" => Term::Code(Pattern::new(&input.value("a response code, as in 503 or 5*")?, false)),
        "flag" => Term::ResponseFlag(Pattern::new(&input.value("a response flag, as in UF")?, false)),
        "protocol" | "proto" => {
            const EXPECTED: &str = "http, grpc or tcp";
            match input.value(EXPECTED)?.to_ascii_lowercase().as_str() {
                "http" => Term::Protocol(Protocol::Http),
                "grpc" => Term::Protocol(Protocol::Grpc),
                "tcp" => Term::Protocol(Protocol::Tcp),
                _ => return Err(error(at, EXPECTED)),
            }
        }
        "kind" | "type" => {
            const EXPECTED: &str = "workload, app, versioned_app, service, service_entry, unknown or external";
            match input.value(EXPECTED)?.to_ascii_lowercase().as_str() {
                "workload" => Term::Kind(NodeKind::Workload),
                "app" => Term::Kind(NodeKind::App),
                "versioned_app" => Term::Kind(NodeKind::VersionedApp),
                "service" => Term::Kind(NodeKind::Service),
                "service_entry" => Term::Kind(NodeKind::ServiceEntry),
                "unknown" => Term::Kind(NodeKind::Unknown),
                "external" => Term::Kind(NodeKind::External),
                _ => return Err(error(at, EXPECTED)),
            }
        }
        "is" => {
            const EXPECTED: &str = "a word like healthy, failing, idle, root or gateway";
            let value = input.value(EXPECTED)?.to_ascii_lowercase();
            state(&value).ok_or_else(|| error(at, EXPECTED))?
        }
        _ => {
            return Err(error(
                start,
                "ns, cluster, app, version, workload, service, name, protocol, kind, code, flag or is before the colon",
            ));
        }
    })
}

/// Words that ask for a state.
fn state(word: &str) -> Option<Term> {
    Some(match word {
        "healthy" => Term::Health(Health::Healthy),
        "degraded" => Term::Health(Health::Degraded),
        "failing" | "failure" => Term::Health(Health::Failing),
        "not_ready" => Term::Health(Health::NotReady),
        "idle" => Term::Idle,
        "root" => Term::Flag(NodeFlag::Root),
        "outside" => Term::Flag(NodeFlag::Outside),
        "inaccessible" => Term::Flag(NodeFlag::Inaccessible),
        "dead" => Term::Flag(NodeFlag::Dead),
        "waypoint" => Term::Flag(NodeFlag::Waypoint),
        "injected" => Term::Flag(NodeFlag::Injected),
        "out_of_mesh" => Term::Flag(NodeFlag::OutOfMesh),
        "ambient" => Term::Flag(NodeFlag::Ambient),
        "gateway" => Term::Flag(NodeFlag::Gateway),
        "circuit_breaker" => Term::Flag(NodeFlag::CircuitBreaker),
        "virtual_service" => Term::Flag(NodeFlag::VirtualService),
        "unknown" => Term::Kind(NodeKind::Unknown),
        "external" => Term::Kind(NodeKind::External),
        _ => return None,
    })
}
