//! For every unknown field: one value of every kind that the rules can tell apart.

use std::collections::BTreeSet;

use super::{
    atoms,
    change::Change,
    domains::{IssuedIdentity, NormalPath},
};
use crate::{
    order,
    policy::{
        effort::Effort,
        evaluate::{Fields, PREFLIGHT_HEADERS},
        language::{self, Anything, Atom, Sample},
        object::JwtRule,
        pattern::{Class, Glob, Item, TextMatch},
        place::Spot,
        plan::{Attribute, Plan},
        request::{Given, Headers, Peer, Protocol, Request},
        settings::{Enforcement, Normalization},
        yaml::{Node, Value},
    },
};

/// The most different lists of values that are tried for one header or claim.
const MAX_LISTS: usize = 64;

/// The most patterns with two open ends that are combined over all texts.
const MAX_OPEN: usize = 4;

/// An unknown field with what can be put in. The label is how case files call it.
#[derive(Clone, Debug)]
pub struct Choice {
    pub label: String,
    pub changes: Vec<Change>,
}

/// The choices for the fields that Kleene's answer hangs on; nothing when a budget is exceeded or a rule compares something
/// that cannot be enumerated.
pub fn of(plans: &[&Plan<'_>], request: &Request, fields: &Fields, effort: &Effort) -> Option<Vec<Choice>> {
    let has = |name: &str| fields.contains(name);
    let mut all = Vec::new();
    let mut add = |label: &str, changes: Vec<Change>| all.push(Choice { label: label.to_owned(), changes });
    if has("source.tls") || has("source.principal") {
        add("source", peers(plans, request, effort)?);
    }
    for (name, attribute, change) in [
        ("source.ip", Attribute::SourceIp, Change::SourceIp as fn(std::net::IpAddr) -> Change),
        ("remoteIp", Attribute::RemoteIp, Change::RemoteIp),
        ("destination.ip", Attribute::DestinationIp, Change::DestinationIp),
    ] {
        if has(name) {
            add(name, atoms::addresses(plans, &attribute).into_iter().map(change).collect());
        }
    }
    if has("destination.port") {
        add("destination.port", atoms::ports(plans).into_iter().map(Change::Port).collect());
    }
    if has("sni") {
        let found = language::samples(&atoms::texts(plans, &Attribute::Sni), &Anything, &|_| true, effort)?;
        add("sni", texts(found).map(Change::Sni).collect());
    }
    // A token that is put in raises the question whether the request is a CORS preflight.
    let asks_preflight = has("jwt") && has_tokens(plans);
    let method_open = request.method.is_unknown() && request.protocol != Protocol::Grpc;
    if has("method") || asks_preflight && method_open {
        add("method", methods(plans, effort)?);
    }
    if has("host") {
        add("host", hosts(plans, effort)?);
    }
    if has("path") {
        add("path", paths(plans, effort)?);
    }
    let jwt = has("jwt");
    if jwt {
        add("jwt", vec![Change::Token(None), Change::Token(Some(false)), Change::Token(Some(true))]);
    }
    if has("jwt.valid") {
        add("jwt.valid", vec![Change::Valid(true), Change::Valid(false)]);
    }
    let claims_open = match &request.token {
        Given::Unknown => jwt,
        Given::Known(token) => token.as_ref().is_some_and(|token| token.claims.open),
    };
    if claims_open {
        for path in claim_paths(plans, fields, jwt) {
            let label = if jwt { "jwt".to_owned() } else { format!("jwt.claims[{}]", path.join("][")) };
            add(&label, claims(plans, &path, effort)?);
        }
    }
    let headers = header_names(fields, asks_preflight, &request.headers);
    for name in headers {
        let label = format!("headers[{name}]");
        add(&label, header(plans, &name, effort)?);
    }
    for name in fields {
        if let Some(provider) = inside(name, "extAuthz[") {
            add(name, [true, false].map(|allow| Change::ExtAuthz(provider.to_owned(), allow)).to_vec());
        }
        if let Some((filter, key)) = inside(name, "dynamicMetadata[").and_then(|inner| inner.split_once("][")) {
            add(name, metadata(plans, [filter.to_owned(), key.to_owned()], effort)?);
        }
    }
    Some(all)
}

/// The token rules of all plans.
fn tokens<'q>(plans: &'q [&Plan<'q>]) -> impl Iterator<Item = &'q &'q JwtRule> {
    plans.iter().flat_map(|plan| &plan.jwt)
}

fn has_tokens(plans: &[&Plan<'_>]) -> bool {
    tokens(plans).next().is_some()
}

fn inside<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    name.strip_prefix(prefix)?.strip_suffix(']')
}

fn texts(samples: Vec<Sample>) -> impl Iterator<Item = String> {
    samples.into_iter().map(|sample| sample.text)
}

/// The texts among the samples that fit the last atom, which stands for the domain.
fn within(
    mut atoms: Vec<Atom>,
    domain: Atom,
    allowed: &dyn Fn(u8) -> bool,
    effort: &Effort,
) -> Option<impl Iterator<Item = String>> {
    atoms.push(domain);
    let found = language::samples(&atoms, &Anything, allowed, effort)?;
    Some(found.into_iter().filter(|sample| sample.signs.last() == Some(&true)).map(|sample| sample.text))
}

fn peers(plans: &[&Plan<'_>], request: &Request, effort: &Effort) -> Option<Vec<Change>> {
    let name = Item::Run { class: Class::NoSlash, at_least_one: true };
    let usual = Glob::new([
        Item::literal("spiffe://"),
        name.clone(),
        Item::literal("/ns/"),
        name.clone(),
        Item::literal("/sa/"),
        name,
    ]);
    let mut own = atoms::texts(plans, &Attribute::Identity);
    let count = own.len();
    own.push(vec![Glob::new([Item::literal("spiffe://"), Item::some()])]);
    own.push(vec![usual]);
    let mut found = identities(&own, effort)?;
    // A ztunnel knows the usual form only; elsewhere it makes the better example.
    let unusual = plans.first()?.point.enforcement != Enforcement::Ztunnel;
    found.retain(|sample| sample.signs[count] && (unusual || sample.signs[count + 1]));
    order::sort(&mut found, &|a, b| b.signs[count + 1].cmp(&a.signs[count + 1]));
    let mut changes: Vec<Change> = Vec::new();
    if request.peer.is_unknown() {
        changes.push(Change::Peer(Peer::Plaintext));
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for sample in found {
        // As a text, because one kind of set is enough for the browser.
        if seen.insert(sample.signs[..count].iter().map(|sign| if *sign { '1' } else { '0' }).collect()) {
            let id = sample.text.strip_prefix("spiffe://").map(str::to_owned)?;
            changes.push(Change::Peer(Peer::Mtls(Given::Known(id))));
        }
    }
    Some(changes)
}

/// Identities that the atoms can tell apart. Many patterns with two open ends, as namespaces are, have too many combinations
/// among all texts; then only identities as Istio issues them are combined, and of others there is one for each atom alone.
fn identities(own: &[Atom], effort: &Effort) -> Option<Vec<Sample>> {
    let open = |glob: &&Glob| {
        glob.items().iter().filter(|item| matches!(item, Item::Run { class: Class::Any, .. })).count() > 1
    };
    if own.iter().flatten().filter(open).count() <= MAX_OPEN {
        return language::samples(own, &Anything, &|_| true, effort);
    }
    let mut found = language::samples(own, &IssuedIdentity, &|_| true, effort)?;
    for atom in own {
        let alone = language::samples(std::slice::from_ref(atom), &Anything, &|_| true, effort)?;
        for Sample { text, .. } in alone {
            let signs: Vec<bool> = own.iter().map(|atom| atom.iter().any(|glob| glob.matches(&text))).collect();
            if !found.iter().any(|known| known.signs == signs) {
                found.push(Sample { text, signs });
            }
        }
    }
    Some(found)
}

fn methods(plans: &[&Plan<'_>], effort: &Effort) -> Option<Vec<Change>> {
    let mut all = atoms::texts(plans, &Attribute::Method);
    for atom in atoms::texts(plans, &Attribute::Header(":method".to_owned())) {
        if !all.contains(&atom) {
            all.push(atom);
        }
    }
    if has_tokens(plans) {
        atoms::add(&mut all, &TextMatch::Exact("OPTIONS".to_owned()));
    }
    Some(within(all, TextMatch::NotEmpty.globs(), &|byte| byte != b' ', effort)?.map(Change::Method).collect())
}

fn hosts(plans: &[&Plan<'_>], effort: &Effort) -> Option<Vec<Change>> {
    // The header form compares with case, the field without: one enumeration cannot serve both.
    let pseudo = [":authority", "host"].map(|name| atoms::texts(plans, &Attribute::Header(name.to_owned())));
    if pseudo.iter().any(|atoms| !atoms.is_empty()) {
        return None;
    }
    let own = atoms::texts(plans, &Attribute::Host);
    Some(
        within(own, TextMatch::NotEmpty.globs(), &|byte| !byte.is_ascii_uppercase(), effort)?
            .map(Change::Host)
            .collect(),
    )
}

fn paths(plans: &[&Plan<'_>], effort: &Effort) -> Option<Vec<Change>> {
    if !atoms::texts(plans, &Attribute::Header(":path".to_owned())).is_empty() {
        return None;
    }
    let mesh = &plans.first()?.point.mesh;
    let domain =
        NormalPath { mode: mesh.path_normalization, parameters: mesh.proxy_version.resolves_dots_with_parameters() };
    let own = atoms::texts(plans, &Attribute::Path);
    if names_escapes(&own) && mesh.path_normalization != Normalization::None {
        return None;
    }
    let found = language::samples(&own, &domain, &|_| true, effort)?;
    // Normalized paths may also hold escapes, which only `.*` takes; they behave like any other character there.
    Some(texts(found).map(Change::Path).collect())
}

fn names_escapes(own: &[Atom]) -> bool {
    let literals = own.iter().flatten().flat_map(Glob::items);
    literals.into_iter().any(|item| matches!(item, Item::Literal(text) if text.contains('%')))
}

fn header_names(fields: &Fields, preflight: bool, known: &Headers) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        order::set(fields.iter().filter_map(|name| inside(name, "headers[")).map(str::to_owned));
    if preflight && known.open {
        names.extend(PREFLIGHT_HEADERS.map(str::to_owned));
    }
    names
}

fn header(plans: &[&Plan<'_>], name: &str, effort: &Effort) -> Option<Vec<Change>> {
    let own = atoms::texts(plans, &Attribute::Header(name.to_owned()));
    let found = language::samples(&own, &Anything, &|_| true, effort)?;
    let mut changes = vec![Change::Header(name.to_owned(), Vec::new())];
    for list in lists(&found)? {
        changes.push(Change::Header(name.to_owned(), list));
    }
    Some(changes)
}

/// Every different union of what single values satisfy, as a list of values; single values first.
fn lists(samples: &[Sample]) -> Option<Vec<Vec<String>>> {
    let mut found: Vec<(Vec<bool>, Vec<String>)> =
        samples.iter().map(|sample| (sample.signs.clone(), vec![sample.text.clone()])).collect();
    let mut next = 0;
    while next < found.len() {
        for sample in samples {
            let (signs, list) = &found[next];
            let union: Vec<bool> = signs.iter().zip(&sample.signs).map(|(a, b)| *a || *b).collect();
            if !found.iter().any(|(known, _)| *known == union) {
                let mut list = list.clone();
                list.push(sample.text.clone());
                found.push((union, list));
                if found.len() > MAX_LISTS.max(2 * samples.len()) {
                    return None;
                }
            }
        }
        next += 1;
    }
    Some(found.into_iter().map(|(_, list)| list).collect())
}

fn claim_paths(plans: &[&Plan<'_>], fields: &Fields, all: bool) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for check in atoms::checks(plans) {
        match &check.attribute {
            Attribute::Claim(path) => {
                paths.push(path.clone());
            }
            Attribute::RequestPrincipal => paths.extend([vec!["iss".to_owned()], vec!["sub".to_owned()]]),
            Attribute::Identity | Attribute::SourceIp | Attribute::RemoteIp | Attribute::DestinationIp => {}
            Attribute::DestinationPort | Attribute::Sni | Attribute::Method | Attribute::Host => {}
            Attribute::Path | Attribute::Header(_) | Attribute::Metadata(_) => {}
        }
    }
    if tokens(plans).any(|rule| !rule.issuer.value.is_empty()) {
        paths.push(vec!["iss".to_owned()]);
    }
    if tokens(plans).any(|rule| !rule.audiences.is_empty()) {
        paths.push(vec!["aud".to_owned()]);
    }
    paths.retain(|path| all || fields.contains(&format!("jwt.claims[{}]", path.join("]["))));
    order::distinct(paths)
}

fn claims(plans: &[&Plan<'_>], path: &[String], effort: &Effort) -> Option<Vec<Change>> {
    let mut own = atoms::texts(plans, &Attribute::Claim(path.to_vec()));
    let top = path.first().filter(|_| path.len() == 1).map_or("", String::as_str);
    let mut merge = |atoms: Vec<Atom>| {
        for atom in atoms {
            if !own.contains(&atom) {
                own.push(atom);
            }
        }
    };
    match top {
        "iss" => {
            merge(atoms::request_principals(plans, false));
            for rule in tokens(plans) {
                merge(vec![TextMatch::Exact(rule.issuer.value.clone()).globs()]);
            }
        }
        "sub" => merge(atoms::request_principals(plans, true)),
        "aud" => {
            for audience in tokens(plans).flat_map(|rule| &rule.audiences) {
                merge(vec![TextMatch::Exact(audience.value.clone()).globs()]);
            }
        }
        _ => {}
    }
    // A space would split some claims; lists cover those.
    let found = language::samples(&own, &Anything, &|byte| byte != b' ', effort)?;
    let mut changes = vec![Change::Claim(path.to_vec(), None)];
    changes.extend(found.iter().map(|sample| Change::Claim(path.to_vec(), Some(Value::Text(sample.text.clone())))));
    for list in lists(&found)? {
        changes.push(Change::Claim(path.to_vec(), Some(list_of(list))));
    }
    Some(changes)
}

fn list_of(texts: Vec<String>) -> Value {
    Value::List(texts.into_iter().map(|text| Node { at: Spot::default(), value: Value::Text(text) }).collect())
}

fn metadata(plans: &[&Plan<'_>], path: [String; 2], effort: &Effort) -> Option<Vec<Change>> {
    let attribute = Attribute::Metadata(path.clone());
    let mut changes = vec![Change::Metadata(path.clone(), None)];
    for text in texts(language::samples(&atoms::texts(plans, &attribute), &Anything, &|_| true, effort)?) {
        changes.push(Change::Metadata(path.clone(), Some(Value::Text(text))));
    }
    let found = language::samples(&atoms::elements(plans, &attribute), &Anything, &|_| true, effort)?;
    for list in lists(&found)? {
        changes.push(Change::Metadata(path.clone(), Some(list_of(list))));
    }
    Some(changes)
}
