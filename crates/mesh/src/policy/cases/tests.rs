use super::*;
use crate::policy::{
    request::{Given, Peer},
    settings::Provider,
};

fn one(mesh: &str, request: &str) -> Case {
    let text = format!(
        "format: 1\ncases:\n- {{id: x, enforcement: waypoint, mesh: {mesh}, workload: {{namespace: n, service: m/s}}, policies: [], request: {request}}}\n"
    );
    let mut file = read("t.yaml", &text);
    assert_eq!(file.findings, [], "{text}");
    file.cases.remove(0)
}

#[test]
fn providers_are_read_in_every_shape() {
    for (shape, kind) in [
        ("{ext: http}", Provider::Http),
        ("{ext: grpc}", Provider::Grpc),
        ("{ext: {type: grpc}}", Provider::Grpc),
        ("{ext: {envoyExtAuthzGrpc: {service: x}}}", Provider::Grpc),
        ("[{name: ext, envoyExtAuthzHttp: {service: x}}]", Provider::Http),
        ("[{name: ext, envoyExtAuthzGrpc: {service: x}}]", Provider::Grpc),
        ("{ext: {}}", Provider::Http),
        ("{ext: invalid}", Provider::Invalid),
    ] {
        let case = one(&format!("{{extensionProviders: {shape}}}"), "{}");
        assert_eq!(case.point.mesh.extension_providers.get("ext"), Some(&kind), "{shape}");
    }
}

#[test]
fn what_is_left_out_is_unknown_and_what_follows_is_filled_in() {
    let request = one("{}", "{source: {ip: 1.2.3.4, tls: plaintext}, method: GET, host: h, path: /}").request;
    assert_eq!(request.remote_ip, request.source_ip);
    assert_eq!(
        (request.sni, request.token, request.headers.open),
        (Given::Known(String::new()), Given::Known(None), false)
    );
    let request = one("{}", "{source: {principal: 'spiffe://td/ns/a/sa/b'}, method: GET}").request;
    assert_eq!(request.peer, Given::Known(Peer::Mtls(Given::Known("td/ns/a/sa/b".to_owned()))));
    assert!(request.headers.open && request.token.is_unknown() && request.sni.is_unknown());
}

#[test]
fn unknown_keys_and_contradictions_are_errors_with_their_place() {
    for (request, code) in [
        ("{pathh: /a}", "OB0106"),
        ("{source: {tls: plaintext, principal: a}}", "OB0206"),
        ("{source: {tls: maybe}}", "OB0205"),
        ("{source: {ip: localhost}}", "OB0205"),
        ("{destination: {port: 70000}}", "OB0107"),
        ("{protocol: udp}", "OB0205"),
        ("{extAuthz: {a: perhaps}}", "OB0107"),
        ("{jwt: {valid: 1}}", "OB0107"),
    ] {
        let text =
            format!("format: 1\ncases:\n- id: x\n  enforcement: sidecar\n  policies: []\n  request: {request}\n");
        let findings = read("t.yaml", &text).findings;
        assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [code], "{request}");
        assert_eq!(findings[0].place.line, 6);
    }
    for (text, code) in [
        ("cases: []\n", "OB0201"),
        ("format: 2\n", "OB0201"),
        ("format: 1\ncases:\n- {enforcement: sidecar, policies: [], request: {}}\n", "OB0202"),
        ("format: 1\ncases:\n- {id: x, policies: [], request: {}}\n", "OB0203"),
        ("format: 1\ncases:\n- {id: x, enforcement: sidecar, policies: nope, request: {}}\n", "OB0204"),
        ("format: 1\ncases:\n- {id: x, enforcement: sidecar, policies: []}\n", "OB0203"),
        ("format: 1\ncases:\n- {id: x, enforcement: sidecar, policies: [{kind: Service}], request: {}}\n", "OB0109"),
        ("format: 1\nnormalization:\n- {mode: SOME, in: /, out: /}\n", "OB0205"),
    ] {
        assert_eq!(read("t.yaml", text).findings.first().map(|finding| finding.code), Some(code), "{text}");
    }
}
