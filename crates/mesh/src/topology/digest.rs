//! Ids of nodes, edges and boxes: FNV-1a over 128 bits, 32 hex digits. Not for secrets; chosen because it is short,
//! needs no dependency and gives the same id on every platform and in every release.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The digest of the parts; parts are told apart by a zero byte after each, which no label value contains.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = OFFSET;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fixed_for_ever_and_parts_do_not_run_together() {
        assert_eq!(digest(&[]), "6c62272e07bb014262b821756295c58d");
        assert_eq!(digest(&["wl", "east", "shop", "cart-v1"]), "afeb7335953e94ce9fbd96b87fc0320f");
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
