use super::*;

#[track_caller]
fn agrees(matcher: &TextMatch, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(matcher.matches(text), "{matcher:?} should take {text:?}");
        assert!(matcher.globs().iter().any(|glob| glob.matches(text)), "globs of {matcher:?} should take {text:?}");
    }
    for text in no {
        assert!(!matcher.matches(text), "{matcher:?} should refuse {text:?}");
        assert!(!matcher.globs().iter().any(|glob| glob.matches(text)), "globs of {matcher:?} should refuse {text:?}");
    }
}

#[test]
fn r24_exact_prefix_suffix_presence() {
    agrees(&TextMatch::text("abc"), &["abc"], &["ab", "abcd", "ABC", ""]);
    agrees(&TextMatch::text("abc*"), &["abc", "abcd"], &["ab", "xabc"]);
    agrees(&TextMatch::text("*abc"), &["abc", "xabc"], &["abcx", "bc"]);
    agrees(&TextMatch::text("*"), &["a", "*"], &[""]);
}

#[test]
fn r25_a_star_is_special_at_the_ends_only_and_the_leading_one_first() {
    agrees(&TextMatch::text("*a*"), &["a*", "xa*"], &["a", "xax", "xay"]);
    agrees(&TextMatch::text("a*b"), &["a*b"], &["ab", "axb"]);
    agrees(&TextMatch::text("**"), &["*", "x*"], &["x", ""]);
}

#[test]
fn r26_presence_of_a_header_includes_the_empty_one() {
    agrees(&TextMatch::header("*"), &["", "a"], &[]);
    agrees(&TextMatch::text("*"), &["a"], &[""]);
}

#[test]
fn r37_r39_principals_compare_with_the_uri() {
    agrees(
        &TextMatch::principal("td/ns/a/sa/b"),
        &["spiffe://td/ns/a/sa/b"],
        &["td/ns/a/sa/b", "spiffe://td/ns/a/sa/bc"],
    );
    agrees(&TextMatch::principal("spiffe://td/ns/a/sa/b"), &[], &["spiffe://td/ns/a/sa/b"]);
    agrees(&TextMatch::principal("*/sa/b"), &["spiffe://td/ns/a/sa/b"], &["spiffe://td/ns/a/sa/bc", "x/sa/b", "/sa/b"]);
    agrees(&TextMatch::principal("td/*"), &["spiffe://td/ns/a/sa/b"], &["spiffe://tdx/ns/a/sa/b"]);
    agrees(&TextMatch::principal("*"), &["spiffe://x", "CN=x"], &[""]);
}

#[test]
fn r41_namespaces_take_stars_anywhere() {
    let id = |ns: &str| format!("spiffe://td/ns/{ns}/sa/x");
    agrees(&TextMatch::namespace("a*c"), &[&id("ac"), &id("abc")], &[&id("ab"), &id("xac")]);
    agrees(&TextMatch::namespace("*"), &[&id("a")], &["spiffe://td/sa/x"]);
    agrees(&TextMatch::namespace("a.b"), &[&id("a.b")], &[&id("axb")]);
    agrees(&TextMatch::namespace("a"), &[&id("a")], &[&id("aa"), "spiffe://td/ns/a"]);
}

#[test]
fn r42_service_accounts_default_to_the_policys_namespace() {
    let own = TextMatch::service_account("x", "foo");
    agrees(
        &own,
        &["spiffe://any/ns/foo/sa/x"],
        &["spiffe://any/ns/bar/sa/x", "spiffe://any/ns/foo/sa/xy", "spiffe:///ns/foo/sa/x"],
    );
    agrees(
        &TextMatch::service_account("bar/x", "foo"),
        &["spiffe://td/ns/bar/sa/x", "spiffe://td/ns/bar/p/q/sa/x/extra"],
        &["spiffe://td/ns/foo/sa/x"],
    );
    agrees(&TextMatch::service_account("bar/*", "foo"), &["spiffe://td/ns/bar/sa/*"], &["spiffe://td/ns/bar/sa/x"]);
}

#[test]
fn r43_trust_domains_do_not_cross_a_slash() {
    agrees(&TextMatch::trust_domain("td"), &["spiffe://td/ns/a/sa/b"], &["spiffe://td2/ns/a/sa/b", "spiffe://td"]);
    agrees(
        &TextMatch::trust_domain("*.com"),
        &["spiffe://a.com/ns/a/sa/b"],
        &["spiffe://a.com.x/y", "spiffe://a/b.com/c"],
    );
    agrees(&TextMatch::trust_domain("prod-*"), &["spiffe://prod-1/x", "spiffe://prod-/x"], &["spiffe://prod/x"]);
    agrees(&TextMatch::trust_domain("*"), &["spiffe://", "spiffe://x/y"], &["CN=x"]);
}

#[test]
fn r44_addresses_are_ranges_without_host_bits() {
    for (range, inside, outside) in [
        ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
        ("10.1.2.3/8", "10.255.0.1", "11.0.0.0"),
        ("192.168.4.0/23", "192.168.5.255", "192.168.6.0"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8:1::", "2001:db9::"),
        ("::/0", "::ffff:1.2.3.4", "1.2.3.4"),
    ] {
        let cidr = Cidr::parse(range).expect(range);
        assert!(cidr.contains(inside.parse().expect("address")), "{range} {inside}");
        assert!(!cidr.contains(outside.parse().expect("address")), "{range} {outside}");
    }
    for bad in ["", "10", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/", "::/129", "1.2.3.04", "host"] {
        assert_eq!(Cidr::parse(bad), None, "{bad}");
    }
}

#[test]
fn r35_ports_are_plain_numbers() {
    assert_eq!(["0", "80", "0080", "65535"].map(parse_port), [Some(0), Some(80), Some(80), Some(65535)]);
    assert_eq!(["", "65536", "http", "-1", "+80", "8 0", "1_0"].map(parse_port), [None; 7]);
}

#[test]
fn r30_templates_cover_the_whole_path() {
    for (path, yes, no) in [
        ("/a/{**}", ["/a/", "/a/b/c", "/a/b"], ["/a", "/b/", "/aa/"]),
        ("/a/{*}", ["/a/b", "/a/b.c", "/a/~"], ["/a/", "/a/b/c", "/a/b/"]),
        (
            "/foo/{*}/bar/{**}",
            ["/foo/x/bar/", "/foo/x/bar/y/z", "/foo/x/bar/y"],
            ["/foo/bar/", "/foo/x/y/bar/", "/foo//bar/"],
        ),
        (
            "/store/{**}/cart",
            ["/store//cart", "/store/a/cart", "/store/a/b/cart"],
            ["/store/cart", "/store/a/cart/", "/cart"],
        ),
        ("/{*}.html", ["/a.html", "/..html", "/a.b.html"], ["/.html", "/a/b.html", "/ahtml"]),
        ("/{**}", ["/", "/a", "/a/b"], ["", "a", "/a?b"]),
        ("/a.b/{*}", ["/a.b/c", "/a.b/1", "/a.b/-"], ["/axb/c", "/a.b/", "/a.b"]),
    ] {
        let matcher = TextMatch::Glob(vec![template(path, true).expect(path)]);
        agrees(&matcher, &yes, &no);
    }
}

#[test]
fn r31_operators_take_path_characters_and_the_star_only_since_may_2025() {
    let new = TextMatch::Glob(vec![template("/{*}", true).expect("template")]);
    let old = TextMatch::Glob(vec![template("/{*}", false).expect("template")]);
    agrees(&new, &["/-._~%!$&'()+,;:@=*"], &["/a\"b", "/a b", "/a[b]", "/ü", "/a|b"]);
    agrees(&old, &["/-._~%!$&'()+,;:@="], &["/a*b"]);
    let trailing = TextMatch::Glob(vec![template("/foo/{**}/", true).expect("template")]);
    agrees(&trailing, &["/foo/bar/", "/foo//"], &["/foo/bar/baz.txt", "/foo/"]);
}

#[test]
fn r31_an_operator_after_a_literal_is_a_literal_star() {
    for (path, yes, no) in [
        ("/a{*}", ["/a*"], ["/ab", "/a"]),
        ("/a{**}/x", ["/a**/x"], ["/ab/x", "/a/x"]),
        ("/{**}/~ua*", ["/x/~ua*"], ["/x/~uab", "/~ua"]),
        ("/{*}b*", ["/ab*"], ["/abc", "/b*"]),
    ] {
        let matcher = TextMatch::Glob(vec![template(path, true).expect(path)]);
        agrees(&matcher, &yes, &no);
        assert_eq!(template(path, false), Err(TemplateError::Literal), "{path}");
    }
}

#[test]
fn r31_templates_that_envoy_refuses() {
    for (path, error) in [
        ("a/{*}", TemplateError::NoLeadingSlash),
        ("/{**}/{*}", TemplateError::AfterLast),
        ("/{**}/{**}", TemplateError::AfterLast),
        ("/foo//{*}", TemplateError::Literal),
        ("/a b/{*}", TemplateError::Literal),
        ("/{x}/{*}", TemplateError::Literal),
        ("/{*}a/b", TemplateError::Literal),
    ] {
        assert_eq!(template(path, true), Err(error), "{path}");
    }
}

#[test]
fn r46_request_principals_split_at_the_last_slash() {
    let fits = |value: &str, iss: &str, sub: &str| {
        let (issuer, subject) = request_principal(value);
        issuer.matches(iss) && subject.matches(sub)
    };
    for (value, iss, sub, wanted) in [
        ("*", "i", "s", true),
        ("*", "i", "", false),
        ("*", "", "s", false),
        ("*/s", "any", "s", true),
        ("*/s", "any", "t", false),
        ("*x/s", "aax", "s", true),
        ("*x/s", "xa", "s", false),
        ("*x", "any", "subx", true),
        ("*x", "any", "xsub", false),
        ("i/*", "i", "s", true),
        ("i/*", "i", "", false),
        ("i/*", "j", "s", false),
        ("i/p*", "i", "pq", true),
        ("i/p*", "i", "q", false),
        ("p*", "pq", "s", true),
        ("p*", "pq", "", false),
        ("i/s", "i", "s", true),
        ("i/s", "i", "S", false),
        ("https://a/b/s", "https://a/b", "s", true),
        ("alone", "alone", "", true),
        ("alone", "alone", "s", false),
        ("https://*", "https:/", "s", true),
        ("https://*", "https://accounts", "s", false),
    ] {
        assert_eq!(fits(value, iss, sub), wanted, "{value} {iss} {sub}");
    }
}
