//! Advice about the rules of a RequestAuthentication: where the keys come from.

use super::{Advice, around::Around};
use crate::policy::object::RequestAuthentication;

pub fn check(object: &RequestAuthentication, around: &Around, out: &mut Advice) {
    let mut told = false;
    for (i, rule) in object.rules.iter().enumerate() {
        let path = format!("spec.jwtRules[{i}]");
        if rule.jwks.as_ref().is_some_and(|text| !text.value.is_empty()) {
            continue;
        }
        let open = around.istiods.iter().find(|istiod| !istiod.blocks_cidrs);
        if let Some(istiod) = open.filter(|_| !told) {
            told = true;
            let (at, key) = rule.jwks_uri.as_ref().map_or((rule.at, "issuer"), |uri| (uri.at, "jwksUri"));
            let message = format!("{} fetches these keys and refuses no address", istiod.id);
            out.say("IST0175", at, &format!("{path}.{key}"), message);
        }
    }
}
