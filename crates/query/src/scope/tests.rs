//! Scopes: what they see, that narrowing never widens, and that their disjoint form is the same set.

use super::*;

fn mk_scope(selectors: &[(Option<&str>, Option<&[&str]>)]) -> MeshScope {
    MeshScope::new(selectors.iter().map(|(cluster, namespaces)| match namespaces {
        None => MeshSelector::all(*cluster).expect("valid"),
        Some(names) => MeshSelector::only(*cluster, names.iter()).expect("valid"),
    }))
}

#[test]
fn a_scope_sees_the_union_of_its_selectors() {
    let scope = mk_scope(&[(Some("west"), Some(&["shop"])), (Some("east"), None), (None, Some(&["ai"]))]);
    for (cluster, namespace, seen) in [
        ("west", "shop", true),
        ("west", "bank", false),
        ("west", "ai", true),
        ("east", "bank", true),
        ("north", "shop", false),
        ("north", "ai", true),
        ("", "", false),
    ] {
        assert_eq!(scope.sees(cluster, namespace), seen, "{cluster}/{namespace}");
    }
}

#[test]
fn empty_and_everything_are_recognised() {
    assert!(MeshScope::nothing().is_empty());
    assert!(mk_scope(&[(None, Some(&[]))]).is_empty(), "no namespaces is nothing");
    assert!(MeshScope::everything().is_everything());
    assert!(!mk_scope(&[(Some("west"), None)]).is_everything());
    assert!(!MeshScope::nothing().sees("west", "shop"));
}

#[test]
fn narrowing_intersects_and_never_widens() {
    let scope = mk_scope(&[(Some("west"), Some(&["shop", "ai"])), (None, Some(&["bank"]))]);
    let narrow = |namespaces: &[&str], clusters: &[&str]| {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        scope.narrow(&own(namespaces), &own(clusters))
    };
    assert_eq!(narrow(&[], &[]), scope);
    assert_eq!(narrow(&["shop", "secret"], &[]), mk_scope(&[(Some("west"), Some(&["shop"]))]));
    assert_eq!(narrow(&[], &["east"]), mk_scope(&[(Some("east"), Some(&["bank"]))]));
    assert!(narrow(&["NOT A NAME"], &[]).is_empty());
    assert!(narrow(&["shop"], &["east"]).is_empty());
    assert_eq!(
        MeshScope::everything().narrow(&["shop".to_owned()], &["west".to_owned()]),
        mk_scope(&[(Some("west"), Some(&["shop"]))])
    );
}

#[test]
fn names_that_cannot_exist_are_refused() {
    for bad in ["", "-a", "a-", "A", "a b", "a.b", "a\"b", "ä", &"a".repeat(64)] {
        assert_eq!(MeshSelector::only(None, [bad]), Err(BadName::Namespace(bad.to_owned())), "{bad:?}");
    }
    for bad in ["", "a\nb", "\u{7f}", &"a".repeat(254)] {
        assert_eq!(MeshSelector::all(Some(bad)), Err(BadName::Cluster(bad.to_owned())), "{bad:?}");
    }
    assert!(MeshSelector::all(Some("Prod (EU) a.b|c\"}")).is_ok());
}

#[test]
fn clusters_with_the_same_namespaces_share_one_arm() {
    let scope = mk_scope(&[(Some("west"), Some(&["ai", "shop"])), (Some("east"), Some(&["shop", "ai"]))]);
    assert_eq!(scope.arms().len(), 1);
}
