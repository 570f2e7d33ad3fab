//! `match[]` of series and label requests.

use super::*;
use crate::scope::MeshSelector;

fn ask(selectors: &[&str]) -> Result<Vec<String>, Refused> {
    let selectors: Vec<String> = selectors.iter().map(|text| (*text).to_owned()).collect();
    let tenant = TenantLabel::new("tenant", "acme").expect("valid");
    label_matchers(&selectors, std::slice::from_ref(tenant.matcher())).map(|confined| confined.get().clone())
}

#[test]
fn each_selector_carries_the_matcher_and_none_becomes_ours() {
    assert_eq!(
        ask(&["up", "{job=\"x\"}"]),
        Ok(vec!["up{tenant=\"acme\"}".into(), "{job=\"x\",tenant=\"acme\"}".into()])
    );
    assert_eq!(ask(&[]), Ok(vec!["{tenant=\"acme\"}".into()]));
}

#[test]
fn only_plain_selectors_are_accepted() {
    for text in ["up offset 5m", "up @ 5", "rate(up[5m])", "up[5m]", "sum(up)", "up or up", "1", "(up)", "\"up\""] {
        assert_eq!(ask(&[text]), Err(Refused::NotASelector(text.to_owned())), "{text}");
    }
    assert!(matches!(ask(&["up", "up{tenant=\"x\"}"]), Err(Refused::Reserved { .. })));
    assert_eq!(ask(&["{a=\"x\" or b=\"y\"}"]), Err(Refused::SelectorOr));
    assert_eq!(ask(&[""]), Err(Refused::Empty));
    assert_eq!(label_matchers(&[], &[]).map(|_| ()), Err(Refused::NothingToEnforce));
}

#[test]
fn different_namespaces_in_different_clusters_become_several_selectors() {
    let scope = MeshScope::new([
        MeshSelector::only(Some("west"), ["shop"]).expect("valid"),
        MeshSelector::only(Some("east"), ["ai"]).expect("valid"),
    ]);
    let ask = |selectors: &[String], scope: &MeshScope| {
        confine_selectors(selectors, scope, Side::Resource, None).expect("confined").get().clone()
    };
    assert_eq!(
        ask(&["up".to_owned()], &scope),
        [r#"up{cluster="east",namespace="ai"}"#, r#"up{cluster="west",namespace="shop"}"#]
    );
    assert_eq!(ask(&[], &scope), [r#"{cluster="east",namespace="ai"}"#, r#"{cluster="west",namespace="shop"}"#]);
    assert_eq!(ask(&[], &MeshScope::everything()), [r#"{__name__!=""}"#]);
    assert_eq!(ask(&[], &MeshScope::nothing()), [r#"{namespace!="",namespace=""}"#]);
}
