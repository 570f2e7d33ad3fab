use super::*;
use crate::policy::decode;

/// Errors and warnings about a policy whose spec is given.
fn about(kind: &str, meta: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: p, namespace: foo{meta}}}\nspec: {spec}\n"
    );
    let decoded = decode::manifests("p.yaml", &text, "default");
    assert_eq!(decoded.findings, [], "{text}");
    let findings = istio(&decoded.set);
    let of = |severity| findings.iter().filter(move |f| f.severity == severity).map(|f| f.message.clone()).collect();
    (of(Severity::Error), of(Severity::Warning))
}

#[track_caller]
fn says(spec: &str, error: &str, warning: &str) {
    kind_says("AuthorizationPolicy", "", spec, error, warning);
}

#[track_caller]
fn kind_says(kind: &str, meta: &str, spec: &str, error: &str, warning: &str) {
    let (errors, warnings) = about(kind, meta, spec);
    for (wanted, found) in [(error, errors), (warning, warnings)] {
        match wanted {
            "" => assert_eq!(found, Vec::<String>::new(), "{spec}"),
            wanted => assert!(found.iter().any(|text| text.contains(wanted)), "{spec}: {wanted} not in {found:?}"),
        }
    }
}

fn source(fields: &str) -> String {
    format!("{{rules: [{{from: [{{source: {{{fields}}}}}]}}]}}")
}

fn operation(fields: &str) -> String {
    format!("{{rules: [{{to: [{{operation: {{{fields}}}}}]}}]}}")
}

fn condition(fields: &str) -> String {
    format!("{{rules: [{{when: [{{{fields}}}]}}]}}")
}

#[test]
fn forms_that_are_fine() {
    for spec in [
        "{}",
        "{rules: []}",
        "{rules: [{}]}",
        "{action: DENY, rules: [{}]}",
        "{action: AUDIT, rules: [{}]}",
        "{action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {paths: [/a]}}]}]}",
        "{selector: {matchLabels: {app: x}}}",
        "{targetRefs: [{kind: Service, name: x}, {group: core, kind: Service, name: y}]}",
        "{targetRefs: [{group: networking.istio.io, kind: ServiceEntry, name: x}]}",
        "{targetRef: {group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}}",
    ] {
        says(spec, "", "");
    }
    for spec in [
        source("serviceAccounts: [a, b/c]"),
        source("trustDomains: [a, '*.b', 'c*', '*']"),
        source("ipBlocks: [1.2.3.4, 10.0.0.0/8, '::1', 'fe80::/10']"),
        operation("ports: ['0', '65535']"),
        operation("paths: ['/a/{*}/b/{**}', '/a/{**}/b', '/a*', '*', 'a{*}']").replace(", 'a{*}'", ""),
        condition("key: 'request.headers[x]', values: [a]"),
        condition("key: 'request.auth.claims[a][b]', notValues: [a]"),
        condition("key: source.trustDomain, values: [a/b]"),
        condition("key: 'experimental.envoy.filters.x[y]', values: [a]"),
        condition("key: destination.port, values: ['80']"),
    ] {
        says(&spec, "", "");
    }
}

#[test]
fn selectors_and_targets() {
    let one = "only one of targetRefs or workloadSelector";
    says("{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: x}]}", one, "");
    says("{targetRef: {kind: Service, name: x}, targetRefs: [{kind: Service, name: x}]}", one, "");
    says("{selector: {matchLabels: {'': b}}}", "empty key is not supported", "");
    says("{selector: {matchLabels: {a: 'b*'}}}", "wildcard is not supported", "");
    says("{selector: {matchLabels: {'a*': b}}}", "wildcard is not supported", "");
    says("{selector: {}}", "", "workload selector specified without labels");
    says("{targetRefs: [{kind: Service}]}", "targetRef name must be set", "");
    says("{targetRefs: [{kind: Service, name: x, namespace: foo}]}", "cross namespace referencing", "");
    says("{targetRefs: [{group: apps, kind: Deployment, name: x}]}", "targetRef must be to one of", "");
    says("{targetRef: {group: '', kind: Gateway, name: x}}", "targetRef must be to one of", "");
}

#[test]
fn actions_and_providers() {
    let never = "will never be triggered";
    says("{action: DENY}", never, "");
    says("{action: DENY, rules: []}", never, "");
    says("{action: CUSTOM, provider: {name: x}}", never, "");
    says("{action: CUSTOM, rules: [{}]}", "`provider.name` must not be empty", "");
    says("{action: CUSTOM, provider: {name: ''}, rules: [{}]}", "`provider.name` must not be empty", "");
    for action in ["ALLOW", "DENY", "AUDIT"] {
        says(&format!("{{action: {action}, provider: {{name: x}}, rules: [{{}}]}}"), "must not be with non CUSTOM", "");
    }
    let custom = |rule: &str| format!("{{action: CUSTOM, provider: {{name: x}}, rules: [{rule}]}}");
    for field in ["principals", "namespaces", "serviceAccounts", "trustDomains", "requestPrincipals"] {
        let not = format!("not{}{}", field[..1].to_uppercase(), &field[1..]);
        for field in [field, &not] {
            let rule = format!("{{from: [{{source: {{{field}: [a]}}}}]}}");
            says(&custom(&rule), "is currently not supported with CUSTOM action", "");
        }
    }
    for key in [
        "source.namespace",
        "source.serviceAccount",
        "source.principal",
        "source.trustDomain",
        "request.auth.claims[a]",
    ] {
        let rule = format!("{{when: [{{key: '{key}', values: [a]}}]}}");
        says(&custom(&rule), "is currently not supported with CUSTOM action", "");
    }
    says(&custom("{from: [{source: {ipBlocks: [1.2.3.4], remoteIpBlocks: [1.2.3.4]}}]}"), "", "");
    says(&custom("{when: [{key: source.ip, values: [1.2.3.4]}, {key: 'request.headers[a]', values: [b]}]}"), "", "");
}

#[test]
fn empty_parts_of_rules() {
    says("{rules: [null]}", "`rule` must not be nil", "");
    says("{rules: [{from: []}]}", "`from` must not be empty", "");
    says("{rules: [{to: []}]}", "`to` must not be empty", "");
    says("{rules: [{from: [null]}]}", "`from` must not be nil", "");
    says("{rules: [{to: [null]}]}", "`to` must not be nil", "");
    says("{rules: [{from: [{}]}]}", "`from.source` must not be nil", "");
    says("{rules: [{to: [{}]}]}", "`to.operation` must not be nil", "");
    says(&source(""), "`from.source` must not be empty", "");
    says(&operation(""), "`to.operation` must not be empty", "");
    says(&operation("paths: []"), "`to.operation` must not be empty", "");
}

#[test]
fn service_accounts() {
    let found = |values: &str, wanted: &str| says(&source(&format!("serviceAccounts: [{values}]")), wanted, "");
    found("a/b/c", "expected format");
    found("'*'", "wildcard not allowed");
    found("/a", "found empty namespace");
    found("a/", "found empty serviceAccount");
    found("''", "empty value not allowed");
    found(&"x".repeat(321), "cannot exceed 320 characters");
    found(&vec!["a"; 17].join(","), "may not have more than 16 values");
    let together = "cannot set serviceAccounts with namespaces or principals";
    says(&source("serviceAccounts: [a], namespaces: [b]"), together, "");
    says(&source("notServiceAccounts: [a], notPrincipals: [b]"), together, "");
    says(&source("serviceAccounts: [a], trustDomains: [b]"), "", "");
    says(&condition("key: source.serviceAccount, values: ['a*']"), "wildcard not allowed", "");
}

#[test]
fn values() {
    says(&source("trustDomains: [a/b]"), "must not contain '/'", "");
    says(&source("notTrustDomains: ['a*b']"), "wildcard is only allowed at the start or end", "");
    says(&source("trustDomains: ['*a*']"), "at most one wildcard", "");
    says(&condition("key: source.trustDomain, values: ['a*b']"), "wildcard is only allowed", "");
    for field in ["ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"] {
        says(&source(&format!("{field}: [x]")), "bad IP address", "");
        says(&source(&format!("{field}: [1.2.3.4/33]")), "bad CIDR range", "");
    }
    for key in ["source.ip", "remote.ip", "destination.ip"] {
        says(&condition(&format!("key: {key}, values: [x]")), "bad IP address", "");
        says(&condition(&format!("key: {key}, notValues: [1.1.1.1/a]")), "invalid `notValue`", "");
    }
    for field in ["ports", "notPorts"] {
        for port in ["http", "65536", "-1", "8.5"] {
            says(&operation(&format!("{field}: ['{port}']")), "bad port", "");
        }
    }
    says(&condition("key: destination.port, values: [x]"), "bad port", "");
    for field in
        ["principals", "notPrincipals", "requestPrincipals", "notRequestPrincipals", "namespaces", "notNamespaces"]
    {
        says(&source(&format!("{field}: ['']")), "empty value not allowed", "");
    }
    for field in ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths", "ports"] {
        says(&operation(&format!("{field}: ['']")), "empty value not allowed", "");
    }
}

#[test]
fn templates() {
    let found = |path: &str, wanted: &str| {
        says(&operation(&format!("paths: ['{path}']")), wanted, "");
        says(&operation(&format!("notPaths: ['{path}']")), wanted, "");
    };
    found("/{**}/{*}", "is not the last operator");
    found("/{**}/{**}", "is not the last operator");
    found("/{*}{**}/x", "beyond a supported path template");
    found("/a{*}", "beyond a supported path template");
    found("/{x}", "beyond a supported path template");
    found("/{", "beyond a supported path template");
    found("/foo//{*}", "invalid string literal");
    found("/foo/*/{*}", "invalid string literal");
    found("/a b/{*}", "invalid string literal");
    // Gap: the leading slash is not looked at; our own lint does.
    found("foo/{*}", "");
}

#[test]
fn conditions() {
    says(&condition("values: [a]"), "`key` must not be empty", "");
    says(&condition("key: source.ip"), "at least one of `values` or `notValues`", "");
    says(&condition("key: foo, values: [a]"), "unknown attribute: foo", "");
    says(&condition("key: 'destination.labels[app]', values: [a]"), "replaced by the workload selector", "");
    says(&condition("key: destination.namespace, values: [a]"), "replaced by the metadata.namespace", "");
    says(&condition("key: destination.name, values: [a]"), "only supported in v1alpha1", "");
    says(&condition("key: destination.user, values: [a]"), "only supported in v1alpha1", "");
    for key in [
        "request.headers",
        "request.headers[]",
        "request.headersx",
        "request.auth.claims",
        "experimental.envoy.filters.a",
    ] {
        says(&condition(&format!("key: '{key}', values: [a]")), "should have format a[b]", "");
    }
    says(&condition("key: source.namespace, values: ['']"), "empty value not allowed", "");
}

#[test]
fn the_tcp_warning_and_its_gaps() {
    let warning = "will deny all traffic to TCP ports";
    let deny = |spec: String| spec.replacen('{', "{action: DENY, ", 1);
    says(&deny(operation("paths: [/a]")), "", warning);
    says(&deny(operation("paths: [/a], ports: ['80']")), "", "");
    says(&deny(source("requestPrincipals: [a]")), "", warning);
    says(&deny(source("principals: [a]")), "", "");
    says(&deny(source("trustDomains: [a]")), "", warning);
    says(
        "{action: DENY, rules: [{from: [{source: {principals: [a]}}], to: [{operation: {methods: [GET]}}]}]}",
        "",
        warning,
    );
    says(
        "{action: DENY, rules: [{from: [{source: {requestPrincipals: [a]}}], to: [{operation: {ports: ['80']}}]}]}",
        "",
        "",
    );
    says(&deny(condition("key: 'request.headers[x]', values: [y]")), "", "");
    says(&operation("paths: [/a]"), "", "");
}

#[test]
fn r65_the_dry_run_annotation() {
    let dry = |value: &str| format!(", annotations: {{istio.io/dry-run: '{value}'}}");
    for value in ["true", "false", "1", "t", "F"] {
        kind_says("AuthorizationPolicy", &dry(value), "{}", "", "");
    }
    kind_says("AuthorizationPolicy", &dry("yes"), "{}", "with invalid value (yes)", "");
    for action in ["AUDIT", "CUSTOM"] {
        let spec = format!("{{action: {action}, rules: [{{}}]}}");
        kind_says("AuthorizationPolicy", &dry("true"), &spec, "only supports action ALLOW/DENY", "");
    }
    for kind in ["PeerAuthentication", "RequestAuthentication"] {
        kind_says(kind, &dry("true"), "{}", "unsupported annotation", "");
    }
}

#[test]
fn peer_authentication() {
    let found = |spec: &str, error: &str, warning: &str| kind_says("PeerAuthentication", "", spec, error, warning);
    found("{mtls: {mode: STRICT}}", "", "");
    found("{portLevelMtls: {8080: {mode: DISABLE}}}", "cannot have port level mTLS", "");
    found("{selector: {}, portLevelMtls: {8080: {mode: DISABLE}}}", "cannot have port level mTLS", "without labels");
    found("{selector: {matchLabels: {a: b}}, portLevelMtls: {8080: {mode: DISABLE}}}", "", "");
    found("{selector: {matchLabels: {a: b}}, portLevelMtls: {}}", "must have at least one element", "");
    for port in ["0", "65536"] {
        let spec = format!("{{selector: {{matchLabels: {{a: b}}}}, portLevelMtls: {{{port}: {{mode: STRICT}}}}}}");
        found(&spec, "port must be in range 1..65535", "");
    }
}

#[test]
fn request_authentication() {
    let found = |rule: &str, error: &str| {
        kind_says("RequestAuthentication", "", &format!("{{jwtRules: [{{{rule}}}]}}"), error, "");
    };
    found("issuer: i", "");
    found("jwksUri: 'https://x'", "");
    found("audiences: [a]", "issuer or jwksUri must be non-empty");
    found("issuer: i, audiences: ['']", "audience must be non-empty");
    found("issuer: i, jwksUri: 'ftp://x'", "is not supported");
    found("issuer: i, fromHeaders: [{prefix: x}]", "location header name must be non-empty");
    found("issuer: i, fromParams: ['']", "location query must be non-empty");
    found("issuer: i, outputClaimToHeaders: [{header: a}]", "must be non-empty string");
    found("issuer: i, outputClaimToHeaders: [{header: 'a b', claim: c}]", "not a valid header name");
}

#[test]
fn the_schema_limits_numbers() {
    let spec = format!("{{rules: [{}]}}", vec!["{}"; 513].join(","));
    let text =
        format!("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p}}\nspec: {spec}\n");
    let decoded = decode::manifests("p.yaml", &text, "default");
    assert_eq!(schema(&decoded.set).len(), 1);
}
