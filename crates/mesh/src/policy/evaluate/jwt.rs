//! The JWT stage (R62–R64): whether a presented token is refused, and which claims rules see afterwards.

use super::{Answer, Fields, facts::Claims, fields_of};
use crate::policy::{
    object::JwtRule,
    place::Text,
    request::{Given, Protocol, Request, Token, Tree},
    yaml::{Node, Value},
};

/// Claims that are always split at spaces (R52; authn/policy_applier.go buildSpaceDelimitedClaims).
const ALWAYS_SPLIT: [&str; 2] = ["permission", "scope"];

/// How the stage ends, what it hangs on, and the claims after it.
pub struct Stage<'r> {
    pub reject: Answer,
    pub fields: Fields,
    pub why: &'static str,
    pub claims: Claims<'r>,
}

impl<'r> Stage<'r> {
    fn pass(why: &'static str, claims: Claims<'r>) -> Self {
        Self { reject: Answer::No, fields: Fields::new(), why, claims }
    }
}

/// Runs the stage. `rules` are those of all RequestAuthentications that attach.
pub fn run<'r>(rules: &[&'r JwtRule], request: &'r Request) -> Stage<'r> {
    if rules.is_empty() {
        return Stage::pass("no RequestAuthentication applies, so a token gives no claims (R63)", Claims::None);
    }
    let token = match &request.token {
        Given::Unknown => {
            let fields = fields_of(["jwt".to_owned()]);
            let claims = Claims::Unknown(fields.clone());
            return Stage { reject: Answer::Maybe, fields, why: "whether a token is presented is unknown", claims };
        }
        Given::Known(None) => return Stage::pass("no token (R63)", Claims::None),
        Given::Known(Some(token)) => token,
    };
    let (preflight, preflight_fields) = preflight(request);
    if preflight == Answer::Yes {
        return Stage::pass("a CORS preflight bypasses the check (R64)", Claims::None);
    }
    let mut fields = Fields::new();
    let mut accepted = accepted(rules, token, &mut fields);
    match token.valid {
        Given::Known(true) => {}
        Given::Known(false) => accepted = Answer::No,
        Given::Unknown => {
            accepted = accepted.and(Answer::Maybe);
            fields.insert("jwt.valid".to_owned());
        }
    }
    let mut claims = claims(rules, token);
    let mut reject = accepted.negated();
    if preflight == Answer::Maybe {
        reject = reject.and(Answer::Maybe);
        fields.extend(preflight_fields.clone());
        claims = Claims::Unknown(preflight_fields);
    }
    let why = match accepted {
        Answer::Yes => "the token is accepted",
        Answer::No => "the token is invalid, of an issuer nobody trusts, or for another audience (R62, R64)",
        Answer::Maybe => "whether the token is accepted is unknown",
    };
    if reject != Answer::Maybe {
        fields.clear();
    }
    Stage { reject, fields, why, claims }
}

/// One satisfied rule is enough (R64).
fn accepted(rules: &[&JwtRule], token: &Token, fields: &mut Fields) -> Answer {
    let mut any = Answer::No;
    for rule in rules {
        let issuer = trusted(rule, token);
        let audience = addressed(rule, token);
        if issuer == Answer::Maybe {
            fields.insert("jwt.claims[iss]".to_owned());
        }
        if audience == Answer::Maybe {
            fields.insert("jwt.claims[aud]".to_owned());
        }
        any = any.or(issuer.and(audience));
    }
    any
}

fn trusted(rule: &JwtRule, token: &Token) -> Answer {
    if rule.issuer.value.is_empty() {
        return Answer::Yes;
    }
    match token.claims.find(&["iss".to_owned()]) {
        Given::Unknown => Answer::Maybe,
        Given::Known(node) => (node.and_then(Node::text) == Some(rule.issuer.as_str())).into(),
    }
}

fn addressed(rule: &JwtRule, token: &Token) -> Answer {
    if rule.audiences.is_empty() {
        return Answer::Yes;
    }
    let wanted = |text: &str| rule.audiences.iter().any(|audience| audience.value == text);
    match token.claims.find(&["aud".to_owned()]) {
        Given::Unknown => Answer::Maybe,
        Given::Known(None) => Answer::No,
        Given::Known(Some(node)) => match &node.value {
            Value::Text(text) => wanted(text).into(),
            Value::List(list) => list.iter().filter_map(Node::text).any(wanted).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => Answer::No,
        },
    }
}

fn claims<'r>(rules: &[&'r JwtRule], token: &'r Token) -> Claims<'r> {
    let tree: &'r Tree = &token.claims;
    let custom = |rule: &'r JwtRule| rule.space_delimited.iter().map(Text::as_str);
    // The first rule that accepts the token decides which claims are split.
    let answers = || rules.iter().map(|rule| (rule, trusted(rule, token).and(addressed(rule, token))));
    let first = answers().find(|(_, answer)| *answer != Answer::No);
    let mut split = ALWAYS_SPLIT.to_vec();
    let mut unsure = Vec::new();
    match first {
        Some((rule, Answer::Yes)) => split.extend(custom(rule)),
        Some(_) => unsure = rules.iter().flat_map(|rule| custom(rule)).collect(),
        None => {}
    }
    Claims::Of { tree, split, unsure }
}

/// OPTIONS with `Origin` and `Access-Control-Request-Method` (R64).
fn preflight(request: &Request) -> (Answer, Fields) {
    let mut fields = Fields::new();
    let mut all = match &request.method {
        Given::Known(method) => (method == "OPTIONS").into(),
        Given::Unknown if request.protocol == Protocol::Grpc => Answer::No,
        Given::Unknown => {
            fields.insert("method".to_owned());
            Answer::Maybe
        }
    };
    for name in PREFLIGHT_HEADERS {
        let there = match request.headers.known.get(name) {
            Some(Given::Known(values)) => Answer::from(!values.is_empty()),
            Some(Given::Unknown) => Answer::Maybe,
            None if request.headers.open => Answer::Maybe,
            None => Answer::No,
        };
        if there == Answer::Maybe {
            fields.insert(format!("headers[{name}]"));
        }
        all = all.and(there);
    }
    (all, fields)
}

/// The headers that make a preflight, besides the method.
pub const PREFLIGHT_HEADERS: [&str; 2] = ["origin", "access-control-request-method"];
