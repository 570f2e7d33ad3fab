//! Any path in every mode and release: no panic, the shape that rules rely on, and nothing left to do for a second proxy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh::policy::{
    normalize::{normalize, without_query},
    settings::{Normalization, ProxyVersion},
};

const MODES: [Normalization; 4] =
    [Normalization::None, Normalization::Base, Normalization::MergeSlashes, Normalization::DecodeAndMergeSlashes];

fuzz_target!(|bytes: &[u8]| {
    let path = String::from_utf8_lossy(bytes);
    let old = ProxyVersion::parse("1.38").expect("a release");
    for proxy in [ProxyVersion::NEWEST, old] {
        for mode in MODES {
            let Ok(once) = normalize(&path, mode, proxy) else {
                let nul = path.contains('\0') || path.contains("%00");
                assert!(!path.is_ascii() || !path.starts_with('/') || nul, "{path:?} {mode:?}");
                continue;
            };
            shape(&path, &once, mode);
            // Parameters of dot segments go before escapes and backslashes are resolved, so what those uncover is left to
            // the next proxy (R29).
            let uncovers = proxy == ProxyVersion::NEWEST && without_query(&path).contains(';');
            if !uncovers {
                assert_eq!(normalize(&once, mode, proxy).as_deref(), Ok(once.as_str()), "{path:?} {mode:?}");
            }
            if mode == Normalization::MergeSlashes {
                // Merging comes after all of BASE.
                let base = normalize(&path, Normalization::Base, proxy).expect("the same paths are refused");
                assert_eq!(merged(without_query(&base)), without_query(&once), "{path:?}");
            }
        }
    }
});

fn shape(path: &str, once: &str, mode: Normalization) {
    assert!(once.is_ascii() && once.len() <= 3 * path.len() + 2, "{path:?} {once:?}");
    let sent = path.split('#').next().unwrap_or("");
    let query = |path: &str| path.find('?').map(|at| path[at..].to_owned());
    assert_eq!(query(sent), query(once), "{path:?} {mode:?}");
    if mode == Normalization::None {
        assert_eq!(sent, once);
        return;
    }
    let own = without_query(once);
    assert!(own.starts_with('/'), "{path:?} {mode:?}");
    assert!(own.split('/').all(|segment| segment != "." && segment != ".."), "{path:?} {mode:?} {own:?}");
    assert!(!own.contains(['\\', ' ', '"', '<', '>', '^', '`', '{', '|', '}']), "{path:?} {mode:?} {own:?}");
    if mode == Normalization::MergeSlashes || mode == Normalization::DecodeAndMergeSlashes {
        assert!(!own.contains("//") || own == "//", "{path:?} {mode:?} {own:?}");
    }
}

/// Runs of slashes as one; nothing but slashes stays two.
fn merged(path: &str) -> String {
    if path.len() > 1 && path.trim_matches('/').is_empty() {
        return "//".to_owned();
    }
    let mut out = path.to_owned();
    while out.contains("//") {
        out = out.replace("//", "/");
    }
    out
}
