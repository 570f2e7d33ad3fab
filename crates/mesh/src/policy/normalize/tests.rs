use super::*;

#[track_caller]
fn all(mode: Normalization, pairs: &[(&str, &str)]) {
    for (raw, wanted) in pairs {
        assert_eq!(normalize(raw, mode, ProxyVersion::NEWEST).as_deref(), Ok(*wanted), "{raw}");
    }
}

#[test]
fn r29_none_keeps_the_path() {
    all(Normalization::None, &[("/a/../b", "/a/../b"), ("/app/%2E./admin", "/app/%2E./admin"), ("//a\\b", "//a\\b")]);
}

#[test]
fn r29_base_resolves_dots_and_backslashes() {
    all(
        Normalization::Base,
        &[
            ("/", "/"),
            ("", "/"),
            ("/app/", "/app/"),
            ("/app\\admin", "/app/admin"),
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/./b", "/a/b"),
            ("/../../a", "/a"),
            ("/a//../b", "/a/b"),
            ("/a/b/../../c/", "/c/"),
            ("/a/...", "/a/..."),
            ("/a/%2e%2E/b", "/b"),
            ("/a/%2e", "/a/"),
            ("/a/.%2e/b", "/b"),
            ("//a", "//a"),
        ],
    );
}

#[test]
fn r29_base_decodes_unreserved_escapes_only() {
    all(
        Normalization::Base,
        &[
            ("/%61%2D%5F%7E%30", "/a-_~0"),
            ("/%2Fa%5Cb%2fc", "/%2Fa%5Cb%2fc"),
            ("/%20%25%3F%01", "/%20%25%3F%01"),
            ("/%zz%4%", "/%zz%4%"),
            ("/%252e", "/%252e"),
        ],
    );
}

#[test]
fn r29_base_escapes_what_no_path_may_have() {
    all(
        Normalization::Base,
        &[("/a`b", "/a%60b"), ("/\"<>^{|}", "/%22%3C%3E%5E%7B%7C%7D"), ("/[]!$&'()*+,;=:@", "/[]!$&'()*+,;=:@")],
    );
}

#[test]
fn r29_the_query_is_left_alone() {
    all(Normalization::Base, &[("/a/../b?x=/../%61`", "/b?x=/../%61`")]);
    all(Normalization::DecodeAndMergeSlashes, &[("/a//b?x=//%2F", "/a/b?x=//%2F")]);
}

#[test]
fn r29_merging_slashes() {
    all(
        Normalization::MergeSlashes,
        &[
            ("//", "//"),
            ("///", "//"),
            ("/a/..//", "//"),
            ("/", "/"),
            ("/app/\\/\\/\\admin", "/app/admin"),
            ("//a//b//", "/a/b/"),
            ("/%2F/a", "/%2F/a"),
            ("/a//../b", "/a/b"),
        ],
    );
}

#[test]
fn r29_decoding_slashes_first() {
    all(
        Normalization::DecodeAndMergeSlashes,
        &[
            ("/%2Fapp%5cadmin%5Cabc", "/app/admin/abc"),
            ("/a%2f..%2fb", "/b"),
            ("/%252fa", "/%252fa"),
            ("/0x2e0x2e0x5cadmin", "/0x2e0x2e0x5cadmin"),
        ],
    );
}

#[test]
fn r29_dots_with_parameters_since_1_39_1() {
    all(
        Normalization::Base,
        &[("/..;/admin", "/admin"), ("/a/..;x=1/b", "/b"), ("/a/.;/b", "/a/b"), ("/admin;a=b/x", "/admin;a=b/x")],
    );
    // Only as written: not from escapes, not between backslashes.
    all(
        Normalization::Base,
        &[("/a/%2e.;x/b", "/a/..;x/b"), ("/%2E;", "/.;"), ("/a\\..;\\b", "/a/..;/b"), ("/a/..%3B/b", "/a/..%3B/b")],
    );
    all(Normalization::DecodeAndMergeSlashes, &[("/a%2F..;x%2Fb", "/b")]);
    let old = ProxyVersion::parse("1.39.0").expect("version");
    assert_eq!(normalize("/a/..;/b", Normalization::Base, old).as_deref(), Ok("/a/..;/b"));
    assert_eq!(normalize("/a/..;/b", Normalization::None, ProxyVersion::NEWEST).as_deref(), Ok("/a/..;/b"));
}

#[test]
fn r29_fragments_are_cut_off() {
    for mode in [Normalization::None, Normalization::Base, Normalization::DecodeAndMergeSlashes] {
        all(mode, &[("/a#b", "/a"), ("/#", "/"), ("/a#?x", "/a"), ("/a?x#b", "/a?x"), ("/a#b#c", "/a")]);
    }
    all(Normalization::Base, &[("/a/..#/b", "/")]);
}

#[test]
fn r29_what_is_refused() {
    let refused = |path, mode| normalize(path, mode, ProxyVersion::NEWEST).err();
    for mode in [Normalization::None, Normalization::Base] {
        assert_eq!(refused("/ä", mode), Some(BadPath::NotAscii));
        assert_eq!(refused("a/b", mode), Some(BadPath::NotAbsolute));
        assert_eq!(refused("*", mode), Some(BadPath::NotAbsolute));
    }
    assert_eq!(refused("/a%00", Normalization::Base), Some(BadPath::Nul));
    assert_eq!(refused("/a\0", Normalization::Base), Some(BadPath::Nul));
    assert_eq!(refused("/a%00", Normalization::None), None);
    assert_eq!(refused("/a?%00", Normalization::Base), None);
}

#[test]
fn r29_decoding_makes_no_new_escapes() {
    all(
        Normalization::Base,
        &[
            ("/%%361", "/%2561"),
            ("/%6%31", "/%2561"),
            ("/a%%320b", "/a%2520b"),
            ("/%%3%32f", "/%%2532f"),
            ("/a%2%66b", "/a%252fb"),
            ("/%%61z", "/%az"),
            ("/%%30%30", "/%2500"),
            ("/%a%2Ex", "/%a.x"),
        ],
    );
}

#[test]
fn r28_the_query_is_no_part_of_the_path() {
    assert_eq!(["/a?b", "/a", "/a?b?c", "/a#x"].map(without_query), ["/a", "/a", "/a", "/a"]);
}

#[test]
fn r29_normalizing_twice_changes_nothing() {
    for raw in ["/a/../b", "/%2e%2e/x", "/..;/a", "//a/./b", "/a`b|c", "/%61%2Fx", "/a/..", "/%%361"] {
        for mode in [Normalization::Base, Normalization::MergeSlashes, Normalization::DecodeAndMergeSlashes] {
            let once = normalize(raw, mode, ProxyVersion::NEWEST).expect("a good path");
            assert_eq!(normalize(&once, mode, ProxyVersion::NEWEST).as_deref(), Ok(once.as_str()), "{raw}");
        }
    }
}
