use super::*;

const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs";

fn set(keys: &str) -> String {
    format!("{{\"keys\": [{keys}]}}")
}

#[track_caller]
fn says(text: &str, wanted: &str) {
    let found = faults(text);
    match wanted {
        "" => assert_eq!(found, Vec::<String>::new(), "{text}"),
        wanted => assert!(found.iter().any(|fault| fault.contains(wanted)), "{text}: {wanted} not in {found:?}"),
    }
}

#[test]
fn keys_of_every_kind_are_fine() {
    let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    for key in [
        format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\", \"alg\": \"RS256\", \"use\": \"sig\"}}"),
        format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"Aw\"}}"),
        format!("{{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"{x}\", \"y\": \"{x}\"}}"),
        format!("{{\"kty\": \"EC\", \"crv\": \"P-384\", \"alg\": \"ES384\", \"x\": \"{x}\", \"y\": \"{x}\"}}"),
        format!("{{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"{x}\"}}"),
        "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\", \"alg\": \"HS256\"}".to_owned(),
    ] {
        says(&set(&key), "");
        says(&set(&key).replace(", ", ",\n\t"), "");
    }
}

#[test]
fn texts_that_are_no_key_set_are_named() {
    for (text, fault) in [
        ("", "not JSON"),
        ("keys:\n- kty: RSA\n", "not JSON"),
        ("{keys: []}", "not JSON"),
        ("{\"keys\": [],}", "not JSON"),
        ("{\"keys\": []} x", "not JSON"),
        ("{\"keys\": [\n01]}", "not JSON, from line 2 of the value on"),
        ("[]", "a key set is an object, and this is a list"),
        ("\"x\"", "this is a text"),
        ("{}", "`keys` is missing"),
        ("{\"keys\": {}}", "`keys` is no list"),
        ("{\"keys\": null}", "`keys` is no list"),
        ("{\"keys\": []}", "`keys` is empty"),
        ("{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}", "a single key without `keys`"),
    ] {
        says(text, fault);
    }
    says(&"[".repeat(100_000), "not JSON");
}

#[test]
fn keys_that_the_validator_refuses_are_named_with_their_index() {
    let good = format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\"}}");
    for (key, fault) in [
        ("7", "key 1: not an object but a number"),
        ("{}", "key 1: `kty` is missing"),
        ("{\"kty\": 7}", "`kty` is no text"),
        ("{\"kty\": \"rsa\"}", "`kty` is `rsa`"),
        ("{\"kty\": \"RSA\", \"n\": \"AQAB\"}", "`e` is missing"),
        ("{\"kty\": \"RSA\", \"e\": \"AQAB\"}", "`n` is missing"),
        ("{\"kty\": \"RSA\", \"e\": \"AQAB\", \"n\": 5}", "`n` is no text"),
        ("{\"kty\": \"RSA\", \"e\": \"AQAB\", \"n\": \"\"}", "`n` is empty"),
        ("{\"kty\": \"RSA\", \"e\": \"AQAB\", \"n\": \"a+b/\"}", "`n` is not base64url"),
        ("{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"AQAB\"}", "`y` is missing"),
        ("{\"kty\": \"EC\", \"x\": \"AQAB\", \"y\": \"AQAB\"}", "`crv` is missing"),
        ("{\"kty\": \"OKP\", \"crv\": \"Ed25519\"}", "`x` is missing"),
        ("{\"kty\": \"oct\"}", "`k` is missing"),
    ] {
        says(&set(&format!("{good}, {key}")), fault);
    }
}

#[test]
fn keys_that_envoy_passes_over_matter_where_no_other_is_left() {
    let good = format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\"}}");
    for (key, why) in [
        (format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\", \"alg\": \"ES256\"}}"), "`alg` is `ES256`"),
        (format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"BQ\"}}"), "`e` is neither 3 nor 65537"),
        ("{\"kty\": \"EC\", \"crv\": \"secp256k1\", \"x\": \"AQAB\", \"y\": \"AQAB\"}".into(), "`crv` is `secp256k1`"),
        ("{\"kty\": \"EC\", \"crv\": \"P-256\", \"alg\": \"ES512\", \"x\": \"AQAB\", \"y\": \"AQAB\"}".into(), "`alg`"),
        ("{\"kty\": \"OKP\", \"crv\": \"X25519\", \"x\": \"AQAB\"}".into(), "`crv` is `X25519`"),
        ("{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AQAB\"}".into(), "`x` has not 32 bytes"),
        ("{\"kty\": \"oct\", \"alg\": \"A128KW\", \"k\": \"AQAB\"}".into(), "`alg` is `A128KW`"),
    ] {
        says(&set(&key), why);
        says(&set(&format!("{key}, {good}")), "");
    }
}

#[test]
fn private_keys_are_found() {
    let private = format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\", \"d\": \"AQAB\"}}");
    let public = format!("{{\"kty\": \"RSA\", \"n\": \"{N}\", \"e\": \"AQAB\"}}");
    let shared = "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}";
    assert_eq!(private_keys(&set(&format!("{public}, {private}, {shared}"))), [1, 2]);
    assert_eq!(private_keys(&set(&public)), Vec::<usize>::new());
    assert_eq!(private_keys("x"), Vec::<usize>::new());
}

#[test]
fn base64url_is_read_with_and_without_padding() {
    for (text, bytes) in [
        ("", Some(vec![])),
        ("AQAB", Some(vec![1, 0, 1])),
        ("Aw", Some(vec![3])),
        ("Aw==", Some(vec![3])),
        ("-_8", Some(vec![0xfb, 0xff])),
        ("Aw=", None),
        ("A", None),
        ("A w", None),
        ("Ä", None),
    ] {
        assert_eq!(base64::decode(text), bytes, "{text}");
    }
}

#[test]
fn escapes_and_numbers_of_json_are_read() {
    let read = |text: &str| json::read(text).map(|node| node.value).ok();
    assert_eq!(read(r#""a\"\\\/\n\u0041\ud83d""#), Some(Value::Text("a\"\\/\nA\u{fffd}".into())));
    assert_eq!(read("-1.5e+3"), Some(Value::Number("-1.5e+3".into())));
    for text in
        ["-", "1.", ".5", "1e", "+1", "\"\n\"", "\"\\x\"", "\"\\u00g0\"", "\"", "tru", "nul", "{\"a\" 1}", "[1 2]"]
    {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(
        json::read("{\"a\": 1, \"a\": 2}").expect("JSON").get("a").map(|node| &node.value),
        Some(&Value::Number("2".into()))
    );
}

#[test]
fn hostile_sets_are_read_in_bounded_time() {
    let many: Vec<String> = (0..60_000).map(|i| format!("\"k{i}\": 0")).collect();
    says(&format!("{{{}}}", many.join(", ")), "`keys` is missing");
    assert_eq!(faults(&set(&vec!["0"; 200_000].join(","))).len(), MAX_FAULTS);
    assert_eq!(private_keys(&set(&vec!["{\"kty\":\"oct\",\"k\":\"AA\"}"; 20_000].join(","))).len(), MAX_FAULTS);
    says(&" ".repeat(MAX_BYTES + 1), "not read");
}
