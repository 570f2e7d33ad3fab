use super::*;
use crate::{Labels, policy::ask};

const SECS: u64 = 600;
const WEB: &str = "spiffe://cluster.local/ns/shop/sa/web";
const BATCH: &str = "spiffe://cluster.local/ns/shop/sa/batch";

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n---\n"
    )
}

fn allows(principal: &str) -> String {
    policy("cart", &format!("{{rules: [{{from: [{{source: {{principals: [{principal}]}}}}]}}]}}"))
}

fn asked(before: &str, after: &str) -> DiffAsked {
    let document = serde_json::json!({"before": before, "after": after, "traffic": {}}).to_string();
    ask::read_diff(&document).expect("readable")
}

/// A series of a call in shop; more labels replace those.
fn series<'a>(principal: &'a str, to: &'a str, more: &[(&'a str, &'a str)]) -> Labels {
    let security = if principal == "unknown" { "none" } else { "mutual_tls" };
    let own = [
        ("source_principal", principal),
        ("source_workload", "caller"),
        ("source_workload_namespace", "shop"),
        ("destination_workload", to),
        ("destination_workload_namespace", "shop"),
        ("destination_app", to),
        ("destination_version", "v1"),
        ("connection_security_policy", security),
        ("request_protocol", "http"),
        ("response_code", "200"),
    ];
    Labels::from_pairs(own.into_iter().chain(more.iter().copied()))
}

fn flows(all: &[(Labels, f64)]) -> Flows {
    let mut flows = Flows::default();
    for (labels, rate) in all {
        flows.add(labels, *rate, false, &|_, namespace| namespace == "shop");
    }
    flows
}

fn replayed(before: &str, after: &str, all: &[(Labels, f64)]) -> Replayed {
    replay(&asked(before, after), &flows(all), SECS, &Effort::new(ask::STEPS))
}

fn share(flows: usize, rate: f64) -> Share {
    Share { flows, rate }
}

#[test]
fn traffic_falls_into_its_classes() {
    let all =
        [(series(WEB, "cart", &[]), 2.0), (series(BATCH, "cart", &[]), 0.5), (series("unknown", "cart", &[]), 0.25)];
    let found = replayed(&allows("cluster.local/ns/shop/sa/web"), &allows("cluster.local/ns/shop/sa/batch"), &all);
    assert_eq!((found.all, found.duration_s), (share(3, 2.75), SECS));
    assert_eq!((found.newly_denied.share, found.newly_allowed.share), (share(1, 2.0), share(1, 0.5)));
    assert_eq!((found.unchanged, found.contradicted), (share(1, 0.25), share(2, 0.75)));
    let [denied] = found.newly_denied.heaviest.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (denied.source.principal.as_str(), denied.source.workload.as_str(), denied.destination.workload.as_str()),
        ("cluster.local/ns/shop/sa/web", "caller", "cart")
    );
    assert_eq!((denied.before.verdict, denied.before.decided_by.as_str()), (Verdict::Allow, "shop/cart rule[0]"));
    assert_eq!((denied.after.verdict, denied.after.decided_by.as_str()), (Verdict::Deny, "no ALLOW matched"));
}

#[test]
fn what_the_metrics_do_not_know_leaves_a_flow_undecided() {
    let by_path = policy("cart", "{rules: [{to: [{operation: {paths: [/a]}}]}]}");
    let other_path = by_path.replace("/a", "/b");
    let all = [(series(WEB, "cart", &[]), 1.0)];
    let newly = replayed("", &by_path, &all);
    assert_eq!(newly.newly_undecided.share, share(1, 1.0));
    assert_eq!(newly.newly_undecided.heaviest[0].after.depends_on, ["path"]);
    let still = replayed(&by_path, &other_path, &all);
    assert_eq!(still.undecided.share, share(1, 1.0));
    assert_eq!(still.undecided.depends_on, BTreeMap::from([("path".to_owned(), share(1, 1.0))]));
    assert_eq!(replayed(&by_path, &by_path, &all).unchanged, share(1, 1.0), "the same policies decide the same");
    let whatever =
        policy("cart", "{rules: [{to: [{operation: {paths: [/a]}}]}, {to: [{operation: {notPaths: [/a]}}]}]}");
    assert_eq!(replayed("", &whatever, &all).unchanged, share(1, 1.0), "it does not really hang on the path");
}

#[test]
fn a_selector_with_an_unknown_label_is_undecided_until_a_manifest_knows_it() {
    let tiered = policy("cart", "{selector: {matchLabels: {tier: db}}, action: DENY, rules: [{}]}");
    let all = [(series(WEB, "cart", &[]), 1.0)];
    let found = replayed("", &tiered, &all);
    assert_eq!(found.newly_undecided.heaviest[0].after.depends_on, ["workload.labels.tier"]);
    let deployment = |tier: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart, namespace: shop}}\nspec: {{template: {{metadata: {{labels: {{app: cart, tier: {tier}}}}}}}}}\n---\n"
        )
    };
    for (tier, denied) in [("db", 1), ("web", 0)] {
        let workload = deployment(tier);
        assert_eq!(replayed(&workload, &tiered, &all).newly_denied.share.flows, denied, "{tier}, known on one side");
        let both = replayed(&workload, &format!("{workload}{tiered}"), &all);
        assert_eq!((both.newly_denied.share.flows, both.unchanged.flows), (denied, 1 - denied), "{tier}");
    }
    // A label that does not fit excludes it already.
    let elsewhere = policy("p", "{selector: {matchLabels: {app: other, tier: db}}, action: DENY, rules: [{}]}");
    assert_eq!(replayed("", &elsewhere, &all).unchanged, share(1, 1.0));
    // Mutual TLS has selectors, too; and a gateway's pods are named after it.
    let peer = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: {selector: {matchLabels: {tier: db}}, mtls: {mode: STRICT}}\n";
    assert_eq!(replayed("", peer, &all).newly_undecided.share, share(1, 1.0));
    let gateway = policy(
        "p",
        "{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: front}], action: DENY, rules: [{}]}",
    );
    let all = [(series(WEB, "front-istio", &[]), 1.0), (series(WEB, "frontend", &[]), 2.0)];
    let found = replayed("", &gateway, &all);
    assert_eq!((found.newly_undecided.share, found.unchanged), (share(1, 1.0), share(1, 2.0)));
    let label = "workload.labels.gateway.networking.k8s.io/gateway-name";
    assert_eq!(found.newly_undecided.heaviest[0].after.depends_on, [label]);
}

#[test]
fn series_become_flows() {
    let denied = [("response_code", "403")];
    let found = flows(&[
        (series(WEB, "cart", &[]), 2.0),
        (series(WEB, "cart", &denied), 0.5),
        (series(WEB, "cart", &[("request_protocol", "grpc")]), 1.0),
        (series(WEB, "cart", &[("destination_workload_namespace", "ai")]), 9.0),
        (series(WEB, "unknown", &[]), 9.0),
        (series(WEB, "cart", &[("source_workload", "idle")]), 0.0),
        (series(WEB, "cart", &[("source_workload", "broken")]), f64::NAN),
        (series("unknown", "cart", &[("connection_security_policy", "unknown")]), 1.0),
    ]);
    let seen: Vec<_> =
        found.0.iter().map(|(flow, rates)| (flow.protocol, &flow.caller, rates.all, rates.denied)).collect();
    let web = Caller::Mtls(Some("cluster.local/ns/shop/sa/web".to_owned()));
    assert_eq!(
        seen,
        [
            (Protocol::Http, &Caller::Unknown, 1.0, 0.0),
            (Protocol::Http, &web, 2.5, 0.5),
            (Protocol::Grpc, &web, 1.0, 0.0)
        ]
    );
}

#[test]
fn names_that_are_not_the_askers_are_decided_about_and_not_shown() {
    let foreign = "spiffe://cluster.local/ns/ai/sa/model";
    let all = [(series(foreign, "cart", &[("source_workload_namespace", "ai"), ("source_workload", "model")]), 1.0)];
    let found = replayed("", &allows("cluster.local/ns/ai/sa/model"), &all);
    assert_eq!(found.unchanged, share(1, 1.0), "it is the one that is allowed");
    let found = replayed("", &allows("cluster.local/ns/shop/sa/web"), &all);
    let source = &found.newly_denied.heaviest[0].source;
    assert_eq!(source, &Source { hidden: true, ..Source::default() });
    let text = serde_json::to_string(&found).expect("writable");
    assert!(!text.contains("model") && !text.contains("ns/ai"), "{text}");
}

#[test]
fn tcp_is_decided_as_tcp() {
    let by_path = policy("cart", "{action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]}");
    let mut found = Flows::default();
    found.add(&series(WEB, "cart", &[]), 1.0, true, &|_, _| true);
    let replayed = replay(&asked("", &by_path), &found, SECS, &Effort::new(ask::STEPS));
    // A DENY rule with fields of HTTP only matches every connection.
    assert_eq!((replayed.newly_denied.share, replayed.newly_undecided.share.flows), (share(1, 1.0), 0));
    assert_eq!(replayed.newly_denied.heaviest[0].protocol, Protocol::Tcp);
}

#[test]
fn only_the_heaviest_are_shown_and_only_so_much_is_done() {
    let names: Vec<String> = (0..1000).map(|i| format!("spiffe://cluster.local/ns/shop/sa/s{i}")).collect();
    let all: Vec<_> = names.iter().zip(1_u32..).map(|(name, i)| (series(name, "cart", &[]), f64::from(i))).collect();
    let nobody = policy("cart", "{}");
    let found = replayed("", &nobody, &all);
    assert_eq!(found.newly_denied.share, share(1000, 500_500.0));
    let shown: Vec<f64> = found.newly_denied.heaviest.iter().map(|flow| flow.rate).collect();
    assert_eq!((shown.len(), shown[0], shown[199]), (MAX_SHOWN, 1000.0, 801.0));

    let little = replay(&asked("", &nobody), &flows(&all), SECS, &Effort::new(100));
    assert_eq!(little.all, share(1000, 500_500.0));
    let done = little.newly_denied.share.flows;
    assert!((1..100).contains(&done), "{done}");
    assert_eq!(little.left_out.flows, 1000 - done);
}

#[test]
fn the_questions_are_about_what_the_called_side_has_seen() {
    let [http, tcp] = promql(90);
    assert!(http.ends_with("response_code) (rate(istio_requests_total{reporter=\"destination\"}[90s])) > 0"), "{http}");
    assert!(tcp.contains("(rate(istio_tcp_connections_opened_total{reporter=\"destination\"}[90s])) > 0"), "{tcp}");
}
