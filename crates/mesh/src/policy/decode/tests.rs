use super::*;
use crate::policy::{
    finding::Finding,
    object::{Action, Field, Missing, MtlsMode},
};

fn decode(text: &str) -> (PolicySet, Vec<Finding>) {
    let decoded = manifests("p.yaml", text, "default");
    (decoded.set, decoded.findings)
}

const HEAD: &str = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: foo}\n";

#[test]
fn both_versions_are_read_and_the_action_defaults_to_allow() {
    for version in VERSIONS {
        let (set, findings) = decode(&HEAD.replace("security.istio.io/v1", version));
        assert_eq!(findings, []);
        assert_eq!((set.authorization[0].action, &set.authorization[0].rules), (Action::Allow, &None));
    }
}

#[test]
fn an_unknown_field_is_an_error_with_line_column_and_path() {
    let (_, findings) = decode(&format!("{HEAD}spec:\n  rules:\n  - from:\n    - source:\n        principal: [a]\n"));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.code, finding.place.line, finding.place.column), ("OB0106", 8, 9));
    assert_eq!(finding.path, "spec.rules[0].from[0].source.principal");
    assert_eq!(finding.remedy, "Did you mean `principals`?");
    assert_eq!(finding.object, "foo/p");
}

#[test]
fn numbers_where_texts_belong_are_errors() {
    let (_, findings) = decode(&format!("{HEAD}spec: {{rules: [{{to: [{{operation: {{ports: [8080]}}}}]}}]}}\n"));
    assert_eq!(findings[0].path, "spec.rules[0].to[0].operation.ports[0]");
    assert!(findings[0].message.contains("quote it"), "{}", findings[0].message);
}

#[test]
fn missing_parts_are_kept_apart_from_empty_ones() {
    let text = format!("{HEAD}spec:\n  rules:\n  -\n  - {{}}\n  - from: [null, {{}}, {{source: {{}}}}]\n    to: []\n");
    let (set, findings) = decode(&text);
    assert_eq!(findings, []);
    let rules = set.authorization[0].rules.as_deref().expect("rules");
    assert_eq!((rules[0].null, rules[1].null, &rules[1].from), (true, false, &None));
    let from: Vec<Missing> = rules[2].from.iter().flatten().map(|part| part.missing).collect();
    assert_eq!(from, [Missing::Entry, Missing::Inner, Missing::Nothing]);
    assert_eq!(rules[2].to.as_ref().map(Vec::len), Some(0));
}

#[test]
fn fields_keep_their_order_form_and_positions() {
    let text = format!(
        "{HEAD}spec:\n  rules:\n  - to:\n    - operation:\n        notPaths: [/b]\n        paths:\n        - /a\n"
    );
    let (set, _) = decode(&text);
    let part = &set.authorization[0].rules.as_deref().expect("rules")[0].to.as_deref().expect("to")[0];
    assert_eq!((part.fields[0].field, part.fields[0].negated), (Field::Paths, true));
    assert_eq!(part.fields[1].values[0].at, Spot { line: 10, column: 11 });
}

#[test]
fn lists_and_other_kinds_are_walked_through() {
    let text = "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: s}}\n- {apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: d, namespace: n}, spec: {mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}}}\n";
    let decoded = manifests("p.yaml", text, "default");
    assert_eq!(decoded.set.peer[0].mode, MtlsMode::Strict);
    assert_eq!(
        decoded.set.peer[0].ports.as_ref().map(|ports| (ports[0].port, ports[0].mode)),
        Some((8080, MtlsMode::Disable))
    );
    assert_eq!((decoded.others.len(), decoded.findings.len()), (1, 1));
    assert_eq!((decoded.findings[0].code, decoded.findings[0].severity), ("OB0109", Severity::Info));
}

#[test]
fn other_objects_without_a_namespace_have_the_default_one() {
    let of = |meta: &str| {
        let text = format!("kind: Service\napiVersion: v1\nmetadata: {{name: s{meta}}}\n");
        let decoded = manifests("p.yaml", &text, "shop");
        let namespace = decoded.others[0].get("metadata").and_then(|meta| meta.get("namespace"));
        namespace.and_then(Node::text).map(str::to_owned)
    };
    assert_eq!(of(""), Some("shop".to_owned()));
    assert_eq!(of(", namespace: own"), Some("own".to_owned()));
}

#[test]
fn wrong_kinds_versions_and_actions_are_named() {
    for (text, code) in [
        ("apiVersion: security.istio.io/v1\nkind: AuthorisationPolicy\nmetadata: {name: p}\n", "OB0108"),
        ("apiVersion: security.istio.io/v1alpha1\nkind: AuthorizationPolicy\nmetadata: {name: p}\n", "OB0108"),
        ("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {}\n", "OB0110"),
        (
            "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p}\nspec: {action: deny}\n",
            "OB0111",
        ),
        ("just a text\n", "OB0109"),
    ] {
        let (_, findings) = decode(text);
        assert_eq!(findings[0].code, code, "{text}: {findings:?}");
    }
}

#[test]
fn a_jwt_rule_keeps_what_decides() {
    let text = "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: n}\nspec:\n  jwtRules:\n  - {issuer: i, audiences: [a], jwksUri: 'https://x', spaceDelimitedClaims: [s], fromHeaders: [{name: x, prefix: y}], forwardOriginalToken: true}\n";
    let (set, findings) = decode(text);
    assert_eq!(findings, []);
    let rule = &set.request[0].rules[0];
    assert_eq!((rule.issuer.as_str(), rule.audiences[0].as_str(), rule.space_delimited[0].as_str()), ("i", "a", "s"));
}

#[test]
fn an_object_that_stands_twice_is_an_error_across_files() {
    let object = |kind: &str, name: &str, namespace: &str| {
        format!("apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\nspec: {{}}\n")
    };
    let one = object("AuthorizationPolicy", "p", "");
    let others = [
        object("AuthorizationPolicy", "q", ""),
        object("AuthorizationPolicy", "p", ", namespace: other"),
        object("PeerAuthentication", "p", ""),
    ];
    for other in &others {
        assert_eq!(files([("a.yaml", one.as_str()), ("b.yaml", other.as_str())], "foo").findings, []);
    }
    let again = object("AuthorizationPolicy", "p", ", namespace: foo");
    let found = files([("a.yaml", one.as_str()), ("b.yaml", again.as_str())], "foo").findings;
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.code, finding.place.to_string().as_str()), ("OB0112", "b.yaml:1:1"));
    assert_eq!(finding.message, "AuthorizationPolicy foo/p stands at a.yaml:1:1 too");
}

#[test]
fn ports_are_the_same_however_they_are_written() {
    let ports = |ports: &str| {
        let text = format!(
            "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: d, namespace: n}}\nspec: {{portLevelMtls: {{{ports}}}}}\n"
        );
        let (set, findings) = decode(&text);
        let read: Vec<u32> = set.peer[0].ports.iter().flatten().map(|port| port.port).collect();
        (read, findings.iter().map(|finding| finding.code).collect::<Vec<_>>())
    };
    assert_eq!(ports("80: {}, '443': {}, 0081: {}"), (vec![80, 443, 81], vec![]));
    assert_eq!(ports("80: {}, '0080': {}"), (vec![80], vec!["OB0105"]));
    assert_eq!(ports("'+80': {}, 443: {}"), (vec![443], vec!["OB0107"]));
}
