//! Patterns against texts, one per line: what the product's matchers say is what a plain matcher says, their globs say the
//! same, and the set algebra knows a text of that kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh::policy::{
    effort::Effort,
    language::{self, Anything, Atom},
    pattern::{self, Cidr, TextMatch},
};
use mesh_fuzz::naive::{Piece, any, covers, literal, no_slash, starred, template};

/// Longer ones would take the plain matcher too long.
const LONGEST: usize = 40;

fuzz_target!(|bytes: &[u8]| {
    let all = String::from_utf8_lossy(bytes);
    let mut lines = all.split('\n');
    let (pattern, text, other) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    ranges(pattern, text);
    if [pattern, text, other].iter().any(|line| line.chars().count() > LONGEST || line.matches('*').count() > 5) {
        return;
    }
    for star in [false, true] {
        if let Ok(glob) = pattern::template(pattern, star) {
            assert_eq!(glob.matches(text), covers(&template(pattern, star), text), "{pattern:?} {text:?} {star}");
        }
    }
    let matchers = [
        (TextMatch::text(pattern), Some(ends(pattern, 1))),
        (TextMatch::header(pattern), Some(ends(pattern, 0))),
        (
            TextMatch::namespace(pattern),
            Some([&[ANY][..], &literal("/ns/"), &starred(pattern, any), &literal("/"), &[ANY]].concat()),
        ),
        (TextMatch::trust_domain(pattern), trust_domain(pattern)),
        (TextMatch::principal(pattern), None),
        (TextMatch::service_account(pattern, "foo"), None),
    ];
    // The same text as it is and as an identity, which it would hardly become by chance.
    for text in [text.to_owned(), format!("spiffe://{text}"), format!("spiffe://td/ns/{text}/sa/x")] {
        for (matcher, plain) in &matchers {
            let own = matcher.matches(&text);
            let globs = matcher.globs();
            assert_eq!(own, globs.iter().any(|glob| glob.matches(&text)), "globs of {matcher:?} {text:?}");
            if let Some(plain) = plain {
                assert_eq!(own, covers(plain, &text), "{matcher:?} {text:?}");
            }
        }
    }
    samples(
        &[TextMatch::text(pattern).globs(), TextMatch::namespace(other).globs(), TextMatch::text(other).globs()],
        text,
    );
    let templates: Vec<Atom> =
        [pattern, other].iter().filter_map(|own| pattern::template(own, true).ok()).map(|glob| vec![glob]).collect();
    samples(&templates, text);
});

const ANY: Piece = Piece::Run(0, any);

/// A star at one end; a lone one wants so many characters.
fn ends(pattern: &str, least: usize) -> Vec<Piece> {
    if pattern == "*" {
        vec![Piece::Run(least, any)]
    } else if let Some(suffix) = pattern.strip_prefix('*') {
        [&[ANY][..], &literal(suffix)].concat()
    } else if let Some(prefix) = pattern.strip_suffix('*') {
        [&literal(prefix)[..], &[ANY]].concat()
    } else {
        literal(pattern)
    }
}

/// Only the first star is one; two are refused by Istio's validation.
fn trust_domain(pattern: &str) -> Option<Vec<Piece>> {
    if pattern == "*" {
        return Some([&literal("spiffe://")[..], &[ANY]].concat());
    }
    let one = pattern.matches('*').count() < 2;
    one.then(|| [&literal("spiffe://")[..], &starred(pattern, no_slash), &literal("/"), &[ANY]].concat())
}

/// Every example satisfies what it says, and a text of the same kind as `text` is among them.
fn samples(atoms: &[Atom], text: &str) {
    let Some(found) = language::samples(atoms, &Anything, &|_| true, &Effort::unlimited()) else { return };
    let signs =
        |text: &str| -> Vec<bool> { atoms.iter().map(|atom| atom.iter().any(|glob| glob.matches(text))).collect() };
    for sample in &found {
        assert_eq!(sample.signs, signs(&sample.text), "{sample:?} of {atoms:?}");
    }
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        let own = signs(text);
        assert!(found.iter().any(|sample| sample.signs == own), "no example like {text:?} of {atoms:?}");
    }
}

fn ranges(range: &str, address: &str) {
    let _ = pattern::parse_port(range);
    let _ = pattern::request_principal(range);
    let Some(range) = Cidr::parse(range) else { return };
    let edges: Vec<_> = range.edges().collect();
    assert!(range.contains(edges[0]) && edges[1..].iter().all(|after| !range.contains(*after)), "{range:?}");
    if let Ok(address) = address.parse() {
        let _ = range.contains(address);
    }
}
