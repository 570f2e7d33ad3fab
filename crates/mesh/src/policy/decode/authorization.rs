//! Reads an AuthorizationPolicy (security/v1beta1/authorization_policy.proto).

use super::{or_empty, target};
use crate::{
    order,
    policy::{
        fields::Fields,
        finding::Findings,
        object::{Action, AuthorizationPolicy, Condition, Field, FieldValues, Meta, Missing, Part, Rule, Target},
        place::{Spot, Text},
        yaml::{Node, Value},
    },
};

pub fn read(meta: Meta, spec: Option<Fields<'_>>, out: &mut Findings) -> AuthorizationPolicy {
    let at = meta.at;
    let mut policy = AuthorizationPolicy {
        meta,
        target: Target::default(),
        action: Action::Allow,
        action_at: at,
        provider: None,
        rules: None,
    };
    let Some(mut spec) = spec else { return policy };
    policy.target = target(&mut spec, out);
    policy.action_at = spec.at;
    if let Some(word) = spec.text("action", out) {
        policy.action_at = word.at;
        policy.action = action(&word, &spec.path_of("action"), out);
    }
    if let Some(mut provider) = spec.map("provider", out) {
        let at = provider.at;
        policy.provider = Some(or_empty(provider.text("name", out), at));
        provider.close(&["name"], out);
    }
    let path = spec.path_of("rules");
    policy.rules = spec
        .list("rules", out)
        .map(|rules| rules.iter().enumerate().map(|(i, node)| rule(node, &format!("{path}[{i}]"), out)).collect());
    spec.close(&["selector", "targetRef", "targetRefs", "action", "provider", "rules"], out);
    policy
}

fn action(word: &Text, path: &str, out: &mut Findings) -> Action {
    let all = [Action::Allow, Action::Deny, Action::Audit, Action::Custom];
    all.into_iter().find(|action| action.name() == word.value).unwrap_or_else(|| {
        let message = format!("`{word}` is no action");
        out.error("OB0111", word.at, path, message, "Use ALLOW, DENY, AUDIT or CUSTOM.");
        if let Some(action) = all.into_iter().find(|action| action.name().eq_ignore_ascii_case(&word.value)) {
            out.fix(&word.value, action.name());
        }
        Action::Allow
    })
}

fn rule(node: &Node, path: &str, out: &mut Findings) -> Rule {
    let empty = Rule { at: node.at, ..Rule::default() };
    if node.value == Value::Null {
        return Rule { null: true, ..empty };
    }
    let Some(mut fields) = Fields::open(node, path, out) else { return Rule { null: true, ..empty } };
    let from = parts(&mut fields, "from", "source", &Field::SOURCE, out);
    let to = parts(&mut fields, "to", "operation", &Field::OPERATION, out);
    let when_path = fields.path_of("when");
    let when = fields.list("when", out).unwrap_or_default();
    let when = when.iter().enumerate().map(|(i, node)| condition(node, &format!("{when_path}[{i}]"), out)).collect();
    fields.close(&["from", "to", "when"], out);
    Rule { from, to, when, ..empty }
}

fn parts(rule: &mut Fields<'_>, key: &str, inner: &str, known: &[Field], out: &mut Findings) -> Option<Vec<Part>> {
    let path = rule.path_of(key);
    let nodes = rule.list(key, out)?;
    Some(nodes.iter().enumerate().map(|(i, node)| part(node, &format!("{path}[{i}]"), inner, known, out)).collect())
}

fn part(node: &Node, path: &str, inner: &str, known: &[Field], out: &mut Findings) -> Part {
    let at = node.at;
    if node.value == Value::Null {
        return Part { at, missing: Missing::Entry, fields: Vec::new() };
    }
    let Some(mut outer) = Fields::open(node, path, out) else {
        return Part { at, missing: Missing::Entry, fields: Vec::new() };
    };
    let inside = outer.map(inner, out);
    outer.close(&[inner], out);
    let Some(mut inside) = inside else { return Part { at, missing: Missing::Inner, fields: Vec::new() } };
    let mut found = Vec::new();
    let mut names = Vec::new();
    for field in known {
        for negated in [false, true] {
            let name = field.name(negated);
            names.push(name);
            let values_at = inside.take(name).map(|node| node.at);
            if let (Some(at), Some(values)) = (values_at, inside.texts(name, out)) {
                found.push(FieldValues { field: *field, negated, at, values });
            }
        }
    }
    inside.close(&names, out);
    order::sort(&mut found, &|a, b| a.at.cmp(&b.at));
    Part { at, missing: Missing::Nothing, fields: found }
}

fn condition(node: &Node, path: &str, out: &mut Findings) -> Condition {
    let at = node.at;
    let nothing =
        |at: Spot| Condition { at, null: true, key: Text { value: String::new(), at }, ..Condition::default() };
    if node.value == Value::Null {
        return nothing(at);
    }
    let Some(mut inside) = Fields::open(node, path, out) else { return nothing(at) };
    let key = or_empty(inside.text("key", out), at);
    let values = inside.texts("values", out).unwrap_or_default();
    let not_values = inside.texts("notValues", out).unwrap_or_default();
    inside.close(&["key", "values", "notValues"], out);
    Condition { at, null: false, key, values, not_values }
}
