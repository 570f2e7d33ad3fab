//! Advice about the rules of a RequestAuthentication: where the keys come from.

use super::{Advice, around::Around};
use crate::policy::{jwks, object::RequestAuthentication};

pub fn check(object: &RequestAuthentication, around: &Around, out: &mut Advice) {
    let mut told = false;
    for (i, rule) in object.rules.iter().enumerate() {
        let path = format!("spec.jwtRules[{i}]");
        if let Some(text) = rule.jwks.as_ref().filter(|text| !text.value.is_empty()) {
            for fault in jwks::faults(&text.value) {
                out.say("OB0418", text.at, &format!("{path}.jwks"), fault);
            }
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
