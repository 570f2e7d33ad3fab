//! Made-up policies, workloads and flows for the figures: words and shapes as real meshes have them, the same with every run.

use std::collections::BTreeMap;

use mesh::policy::{
    attach::Point,
    decode::{self, Decoded},
    object::PolicySet,
    request::{Given, Headers, Peer, Protocol, Request, Tree},
    settings::{Enforcement, Mesh, Workload},
};

const NAMESPACES: usize = 20;
const WORKLOADS: usize = 10;

/// A small generator that gives the same numbers everywhere.
pub struct Dice {
    state: u64,
    /// Whether callers are told by namespace and paths by their end as well, and not only exactly or by their start.
    wide: bool,
}

impl Dice {
    pub fn new(state: u64) -> Self {
        Self { state, wide: true }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) as usize) % limit
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

fn account(dice: &mut Dice) -> String {
    format!("cluster.local/ns/team-{}/sa/app-{}", dice.below(NAMESPACES), dice.below(WORKLOADS))
}

/// `["a", "b"]` of so many texts.
fn list(count: usize, mut text: impl FnMut() -> String) -> String {
    let texts: Vec<String> = (0..count).map(|_| format!("\"{}\"", text())).collect();
    format!("[{}]", texts.join(", "))
}

fn path(dice: &mut Dice) -> String {
    let thing = dice.pick(&["orders", "carts", "users", "items", "payments", "reports", "stock", "prices"]);
    let version = dice.below(3) + 1;
    match dice.below(6) {
        0 => format!("/api/v{version}/{thing}"),
        1 | 2 => format!("/api/v{version}/{thing}/*"),
        3 => format!("/api/v{version}/{thing}/{{*}}"),
        4 => format!("/api/v{version}/{{*}}/{thing}/{{**}}"),
        _ if dice.wide => format!("*/{thing}.json"),
        _ => format!("/{thing}.json"),
    }
}

fn allow_rule(dice: &mut Dice) -> String {
    let callers = 1 + dice.below(3);
    let from = match dice.below(8) {
        0 if dice.wide => format!("namespaces: [\"team-{}\"]", dice.below(NAMESPACES)),
        0 | 1 => format!("principals: [\"cluster.local/ns/team-{}/*\"]", dice.below(NAMESPACES)),
        _ => format!("principals: {}", list(callers, || account(dice))),
    };
    let mut to = Vec::new();
    if dice.below(4) > 0 {
        to.push(format!("methods: {}", dice.pick(&["[GET]", "[GET, HEAD]", "[POST]", "[GET, POST, PUT, DELETE]"])));
    }
    if dice.below(4) > 0 {
        let paths = 1 + dice.below(3);
        to.push(format!("paths: {}", list(paths, || path(dice))));
    }
    if dice.below(3) == 0 {
        to.push(format!("ports: {}", dice.pick(&["[\"8080\"]", "[\"8080\", \"8443\"]", "[\"9090\"]"])));
    }
    let to = if to.is_empty() { String::new() } else { format!(", to: [{{operation: {{{}}}}}]", to.join(", ")) };
    format!("{{from: [{{source: {{{from}}}}}]{to}}}")
}

fn deny_rule(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => "{to: [{operation: {paths: [\"/admin*\", \"/debug/{**}\"]}}]}".to_owned(),
        1 if dice.wide => format!(
            "{{from: [{{source: {{notNamespaces: [\"team-{}\", \"istio-system\"]}}}}], to: [{{operation: {{methods: [DELETE]}}}}]}}",
            dice.below(NAMESPACES)
        ),
        _ => format!("{{from: [{{source: {{principals: {}}}}}]}}", list(2, || account(dice))),
    }
}

/// One policy; without a workload it is for the whole namespace.
fn policy(dice: &mut Dice, number: usize, namespace: &str, workload: Option<usize>, rules: usize) -> String {
    let deny = dice.below(5) == 0;
    let rules: Vec<String> = (0..rules).map(|_| if deny { deny_rule(dice) } else { allow_rule(dice) }).collect();
    let selector = workload.map_or(String::new(), |own| format!("  selector: {{matchLabels: {{app: app-{own}}}}}\n"));
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p{number}, namespace: {namespace}}}\nspec:\n{selector}  action: {}\n  rules: [{}]\n",
        if deny { "DENY" } else { "ALLOW" },
        rules.join(", ")
    )
}

fn read(documents: &[String]) -> Decoded {
    let decoded = decode::manifests("bench.yaml", &documents.join("---\n"), "default");
    assert!(decoded.findings.iter().all(|finding| finding.code == "OB0109"), "{:?}", decoded.findings.first());
    decoded
}

/// So many policies over namespaces and workloads, and the Services, Namespaces and Deployments around them.
pub fn spread(count: usize) -> Decoded {
    let mut dice = Dice::new(11);
    let mut documents: Vec<String> = Vec::new();
    for namespace in 0..NAMESPACES {
        documents.push(format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: team-{namespace}}}\n"));
        for workload in 0..WORKLOADS {
            documents.push(format!("apiVersion: v1\nkind: Service\nmetadata: {{name: app-{workload}, namespace: team-{namespace}}}\nspec: {{selector: {{app: app-{workload}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}\n"));
        }
    }
    for number in 0..count {
        let namespace = format!("team-{}", dice.below(NAMESPACES));
        let workload = Some(dice.below(WORKLOADS)).filter(|_| number >= NAMESPACES);
        let rules = 1 + dice.below(4);
        let namespace = if number < 2 { "istio-system" } else { &namespace };
        documents.push(policy(&mut dice, number, namespace, workload, rules));
    }
    read(&documents)
}

/// So many policies and rules, all for one workload.
pub fn gathered(policies: usize, rules: usize, wide: bool) -> PolicySet {
    let mut dice = Dice { state: 23, wide };
    let documents: Vec<String> =
        (0..policies).map(|number| policy(&mut dice, number, "team-0", Some(0), rules)).collect();
    read(&documents).set
}

pub fn point(namespace: usize, workload: usize) -> Point {
    let labels = BTreeMap::from([("app".to_owned(), format!("app-{workload}"))]);
    let workload = Workload { namespace: format!("team-{namespace}"), labels, service: None };
    Point { enforcement: Enforcement::Sidecar, mesh: Mesh::default(), workload }
}

/// A flow as metrics tell of it: caller, workload and protocol; method and path only where somebody collects them.
pub struct Flow {
    pub to: (usize, usize),
    pub request: Request,
}

pub fn flow(dice: &mut Dice, number: usize) -> Flow {
    let protocol = if number % 10 == 9 { Protocol::Tcp } else { Protocol::Http };
    let detailed = number.is_multiple_of(2);
    let http = protocol == Protocol::Http && detailed;
    let known = |text: String| if http { Given::Known(text) } else { Given::Unknown };
    let method = dice.pick(&["GET", "GET", "GET", "POST", "PUT", "DELETE"]).to_owned();
    let thing = dice.pick(&["orders", "carts", "users", "items", "payments", "admin", "stock", "prices"]);
    let path = format!("/api/v{}/{thing}/{number}", dice.below(3) + 1);
    let to = (dice.below(NAMESPACES), dice.below(WORKLOADS));
    let request = Request {
        protocol,
        peer: Given::Known(Peer::Mtls(Given::Known(account(dice)))),
        destination_port: Given::Known(8080),
        method: known(method),
        path: known(path),
        host: known(format!("app-{}.team-{}", to.1, to.0)),
        headers: Headers { open: !http, ..Headers::default() },
        token: Given::Known(None),
        metadata: Tree { open: true, ..Tree::default() },
        ..Request::default()
    };
    Flow { to, request }
}

pub fn flows(count: usize) -> Vec<Flow> {
    let mut dice = Dice::new(5);
    (0..count).map(|number| flow(&mut dice, number)).collect()
}
