//! The whole mesh as real processes: what it reports has to be true, faults have to show and heal, certificates have
//! to rotate, and nothing may outlive the parent.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

#[path = "mesh/harness.rs"]
mod harness;
#[path = "mesh/otlp.rs"]
mod otlp;
#[path = "mesh/tls.rs"]
mod tls;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::Duration,
};

use contract::demo::Fault;
use demo::{Options, StartError, Supervisor, cli, topology, topology::Role, traffic};
use harness::{Mesh, PROGRAM, Sample, eventually, get, start};

type Edge = (String, String, &'static str);

/// Every edge of the traffic model, once per reporter that can tell.
fn expected(of_stores: bool) -> BTreeSet<Edge> {
    let flows = traffic::flows(1.0).into_iter().filter(|f| (f.to.role == Role::Store) == of_stores);
    flows
        .flat_map(|f| {
            let edge = |reporter| (f.from.name.to_owned(), f.to.name.to_owned(), reporter);
            [f.from.sidecar.then(|| edge("source")), f.to.reports_inbound().then(|| edge("destination"))]
        })
        .flatten()
        .collect()
}

fn seen(samples: &[Sample], metric: &str) -> BTreeSet<Edge> {
    let edge = |s: &Sample| {
        let to = match s.get("destination_workload") {
            "unknown" => s.get("destination_service"),
            workload => workload,
        };
        let reporter = if s.get("reporter") == "source" { "source" } else { "destination" };
        (s.get("source_workload").to_owned(), to.to_owned(), reporter)
    };
    samples.iter().filter(|s| s.name == metric && s.value > 0.0).map(edge).collect()
}

#[tokio::test]
async fn every_edge_is_reported_truly_from_both_sides() {
    let (url, received) = otlp::receive().await;
    let mesh = start(|o| (o.otlp_url, o.token) = (Some(url), Some("secret".to_owned()))).await;
    let samples = eventually("every edge from both reporters", async || {
        let samples = mesh.scrape().await;
        let complete = seen(&samples, "istio_requests_total").is_superset(&expected(false))
            && seen(&samples, "istio_tcp_received_bytes_total").is_superset(&expected(true));
        complete.then_some(samples)
    })
    .await;
    assert_eq!(seen(&samples, "istio_requests_total"), expected(false), "no edge that is not in the model");
    assert_eq!(seen(&samples, "istio_tcp_sent_bytes_total"), expected(true));
    for sample in samples.iter().filter(|s| s.name == "istio_requests_total" || s.name.starts_with("istio_tcp_")) {
        check_labels(sample);
    }
    let requests = || samples.iter().filter(|s| s.name == "istio_requests_total");
    assert!(requests().all(|s| matches!(s.get("response_code"), "200" | "404") && s.get("response_flags") == "-"));
    for service in ["payments", "ratings"] {
        let grpc = [("destination_service_name", service), ("request_protocol", "grpc"), ("grpc_response_status", "0")];
        assert!(requests().any(|s| s.has(&grpc)), "{service}");
        let messages = samples.iter().filter(|s| s.name == "istio_response_messages_total" && s.has(&grpc));
        assert!(messages.map(|s| s.value).sum::<f64>() > 0.0, "{service}");
    }
    check_traces(&received).await;
    check_pages(&mesh).await;
    mesh.supervisor.shutdown().await;
}

/// Every label against the catalogue, knowing only the names of the two workloads.
fn check_labels(sample: &Sample) {
    let at_source = sample.get("reporter") == "source";
    let from = topology::workload(sample.get("source_workload")).expect("callers at rest are all in the mesh");
    let service = sample.get("destination_service_name");
    let to = topology::workload(sample.get("destination_workload")).or_else(|| topology::workload(service)).unwrap();
    let external = to.role == Role::External;
    let known = |value: &'static str| if external { "unknown" } else { value };
    let mutual = from.sidecar && to.sidecar;
    let principal = |of: &topology::Workload| if mutual { of.spiffe_id() } else { "unknown".to_owned() };
    let (from_principal, to_principal, host) = (principal(from), principal(to), to.host());
    let mut labels = vec![
        ("source_workload_namespace", from.namespace),
        ("source_principal", &from_principal),
        ("source_app", from.app),
        ("source_version", from.version),
        ("source_cluster", from.cluster),
        ("source_canonical_service", from.app),
        ("source_canonical_revision", from.version),
        ("destination_workload_namespace", known(to.namespace)),
        ("destination_principal", &to_principal),
        ("destination_app", known(to.app)),
        ("destination_version", known(to.version)),
        ("destination_service", &host),
        ("destination_service_name", to.app),
        ("destination_service_namespace", to.namespace),
        ("destination_cluster", known(to.cluster)),
        ("destination_canonical_service", known(to.app)),
        ("destination_canonical_revision", if external { "latest" } else { to.version }),
        ("connection_security_policy", if at_source { "unknown" } else { "mutual_tls" }),
    ];
    let reporter = if at_source { from } else { to };
    let pod = reporter.pod();
    labels.extend([("scrape_app", reporter.app), ("scrape_cluster", reporter.cluster), ("scrape_instance", &pod)]);
    for (name, value) in labels {
        assert_eq!(sample.get(name), value, "{name} of {sample:?}");
    }
}

/// A recorded trace has to hang together over several services.
async fn check_traces(received: &std::sync::Mutex<otlp::Received>) {
    eventually("traces over several services, and logs", async || {
        let received = received.lock().unwrap();
        let spans: BTreeMap<&[u8], &str> =
            received.spans.iter().map(|(r, s)| (s.span_id.as_slice(), r["service.name"].as_str())).collect();
        let crosses = |from: &str, to: &str| {
            received.spans.iter().any(|(resource, span)| {
                resource["service.name"] == to && spans.get(span.parent_span_id.as_slice()) == Some(&from)
            })
        };
        let logged = received.logs.iter().any(|(r, body)| {
            r["service.name"] == "checkout"
                && serde_json::from_str::<serde_json::Value>(body).unwrap()["trace_id"].is_string()
        });
        let west = received.spans.iter().any(|(resource, _)| resource["k8s.deployment.name"] == "payments-v2");
        (logged
            && west
            && crosses("istio-ingress", "storefront")
            && crosses("checkout", "payments")
            && crosses("reviews", "ratings"))
        .then_some(())
    })
    .await;
    let received = received.lock().unwrap();
    assert!(received.tokens.iter().all(|token| token == "Bearer secret"));
    let (resource, _) = received.spans.iter().find(|(r, _)| r["k8s.deployment.name"] == "payments-v2").unwrap();
    let expected = [("k8s.namespace.name", "shop"), ("k8s.cluster.name", "west"), ("service.version", "v2")];
    assert!(expected.iter().all(|(name, value)| resource[*name] == *value), "{resource:?}");
    assert!(received.spans.iter().all(|(_, s)| s.flags & 1 == 1 && s.end_time_unix_nano >= s.start_time_unix_nano));
}

async fn check_pages(mesh: &Mesh) {
    let sample = mesh.inbound("sample-app");
    for page in ["/", "/health", "/ready"] {
        assert_eq!(get(&format!("http://{sample}{page}")).await.0, 200, "{page}");
    }
    let info: serde_json::Value = serde_json::from_str(&get(&format!("http://{sample}/info")).await.1).unwrap();
    assert_eq!(info["identity"], "spiffe://cluster.local/ns/platform/sa/sample-app");
    assert_eq!(get(&format!("http://{sample}/other")).await.0, 404);

    let llm = mesh.inbound("llm-app");
    let metrics = eventually("token usage of every model", async || {
        let (_, text) = get(&format!("http://{llm}/metrics")).await;
        let models = ["aurora-large", "aurora-mini"];
        models.iter().all(|model| text.contains(&format!("gen_ai_request_model=\"{model}\""))).then_some(text)
    })
    .await;
    for name in [
        "gen_ai_client_token_usage_sum",
        "gen_ai_client_operation_duration_seconds_count",
        "gen_ai_client_cost_usd_total",
    ] {
        assert!(metrics.contains(name), "{name}");
    }
    let traces: serde_json::Value = serde_json::from_str(&get(&format!("http://{llm}/traces")).await.1).unwrap();
    assert!(traces["traces"][0]["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    // Asking without a certificate is plain text from nobody known, and is told as such.
    let stranger =
        [("reporter", "destination"), ("connection_security_policy", "none"), ("source_workload", "unknown")];
    let count =
        mesh.sum("istio_requests_total", &[&stranger[..], &[("destination_workload", "sample-app")]].concat()).await;
    assert_eq!(count, 5.0);
}

#[tokio::test]
async fn certificates_chain_to_the_root_and_rotate_unless_stuck() {
    let mesh = start(|o| o.tuning.leaf_ttl = Duration::from_secs(8)).await;
    let root = std::fs::read_to_string(mesh.directory.path().join("demo-root.pem")).unwrap();
    let cart = || tls::look(mesh.inbound("cart"), &root);
    let first = eventually("a certificate", async || mesh.expiry("cart", "default").await.map(|_| ())).await;
    let () = first;
    let before = cart().await;
    assert_eq!((before.spiffe_id.as_str(), before.length), ("spiffe://cluster.local/ns/shop/sa/cart", 2));
    assert_eq!(before.lifetime_secs, 10);

    mesh.supervisor.control().start(Fault::CertStuck).await.unwrap();
    let reviews = || tls::look(mesh.inbound("reviews-v1"), &root);
    let mut stuck = reviews().await;
    // A renewal that was under way when the fault began may still arrive.
    eventually("cart rotates twice while reviews stays", async || {
        let now = reviews().await;
        if now != stuck {
            stuck = now;
            return None;
        }
        (cart().await.serial != before.serial).then_some(())
    })
    .await;
    let second = cart().await;
    assert_eq!(second.spiffe_id, before.spiffe_id);
    mesh.supervisor.control().stop(Fault::CertStuck).await.unwrap();
    eventually("reviews rotates again", async || (reviews().await.serial != stuck.serial).then_some(())).await;

    let days = |secs: f64| secs / 86_400.0;
    let gateway = mesh.expiry("istio-ingress", "file-cert:/etc/istio/gateway-certs/tls.crt").await.unwrap();
    assert!((5.9..=6.0).contains(&days(gateway)), "{gateway}");
    assert!((-3.1 * 3600.0..=-3.0 * 3600.0).contains(&mesh.expiry("legacy", "default").await.unwrap()));
    let email = mesh.expiry("email", "default").await.unwrap();
    let not_before = mesh.sum("x509_cert_not_before", &[("scrape_app", "email")]).await;
    let not_after = mesh.sum("x509_cert_not_after", &[("scrape_app", "email")]).await;
    assert!(email > 0.0 && email / (not_after - not_before) < 0.2, "email has missed its rotation");
    mesh.supervisor.shutdown().await;
}

impl Mesh {
    async fn expiry(&self, app: &str, resource: &str) -> Option<f64> {
        let labels = [("scrape_app", app), ("resource_name", resource)];
        let samples = self.scrape().await;
        samples.iter().find(|s| s.name == "istio_agent_cert_expiry_seconds" && s.has(&labels)).map(|s| s.value)
    }

    /// What the faults do, in numbers that only grow.
    async fn symptoms(&self) -> [f64; 4] {
        let samples = self.scrape().await;
        let sum = |name: &str, labels: &[(&str, &str)]| -> f64 {
            samples.iter().filter(|s| s.name == name && s.has(labels)).map(|s| s.value).sum()
        };
        let v2 = [("reporter", "destination"), ("destination_workload", "payments-v2")];
        let duration = "istio_request_duration_milliseconds";
        let below = sum(&format!("{duration}_bucket"), &[&v2[..], &[("le", "500")]].concat());
        [
            sum(
                "istio_requests_total",
                &[("source_workload", "checkout"), ("reporter", "source"), ("grpc_response_status", "13")],
            ),
            sum(
                "istio_requests_total",
                &[("destination_service_name", "ratings"), ("reporter", "source"), ("response_flags", "UF")],
            ),
            sum(
                "istio_requests_total",
                &[
                    ("destination_workload", "catalog"),
                    ("source_workload", "unknown"),
                    ("connection_security_policy", "none"),
                ],
            ),
            sum(&format!("{duration}_count"), &v2) - below,
        ]
    }
}

#[tokio::test]
async fn faults_show_in_the_metrics_and_heal() {
    let mesh = start(|o| o.tuning.fault = Duration::from_secs(6)).await;
    let directory = mesh.directory.path().to_owned();
    assert_eq!(mesh.symptoms().await, [0.0; 4]);
    let names = ["errors50", "ratings-refused", "plaintext-caller", "payments-slow", "traffic-spike"];
    let states = tokio::task::spawn_blocking({
        let directory = directory.clone();
        move || {
            assert!(matches!(cli::break_fault(&directory, "nonsense"), Err(cli::CliError::Refused { .. })));
            names.map(|name| cli::break_fault(&directory, name).unwrap())
        }
    });
    let on = states.await.unwrap().pop_last();
    assert_eq!(on.iter().filter(|s| s.until.is_some()).count(), names.len());
    eventually("all symptoms", async || mesh.symptoms().await.iter().all(|count| *count > 0.0).then_some(())).await;
    eventually("all faults healed", async || {
        mesh.supervisor.control().faults().iter().all(|s| s.until.is_none()).then_some(())
    })
    .await;
    // Calls under way when it healed may still fail; after that nothing does while traffic goes on.
    eventually("traffic without symptoms", async || {
        let before = (mesh.symptoms().await, mesh.sum("istio_requests_total", &[]).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let after = (mesh.symptoms().await, mesh.sum("istio_requests_total", &[]).await);
        (before.0 == after.0 && after.1 > before.1 + 50.0).then_some(())
    })
    .await;
    let stars = [("destination_workload", "ratings"), ("reporter", "destination"), ("grpc_response_status", "0")];
    let before = mesh.sum("istio_requests_total", &stars).await;
    eventually("ratings answers again", async || {
        (mesh.sum("istio_requests_total", &stars).await > before).then_some(())
    })
    .await;
    mesh.supervisor.shutdown().await;
}

trait PopLast<T> {
    fn pop_last(self) -> T;
}

impl<T, const N: usize> PopLast<T> for [T; N] {
    fn pop_last(self) -> T {
        self.into_iter().next_back().unwrap()
    }
}

#[tokio::test]
async fn a_workload_that_dies_comes_back_and_its_target_with_it() {
    let mesh = start(|_| {}).await;
    let socket = mesh.directory.path().join("demo.sock");
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let second = Supervisor::start(Options::new(mesh.directory.path())).await;
    assert!(matches!(second.err(), Some(StartError::Running(_))), "one demo per data directory");

    let of = |running: &BTreeMap<&str, demo::Running>| running["catalog"];
    let before = of(&mesh.supervisor.running().borrow());
    let killed = Command::new("kill").args(["-9", &before.pid.unwrap().to_string()]).status().unwrap();
    assert!(killed.success());
    let after = eventually("catalog in a new process", async || {
        let now = of(&mesh.supervisor.running().borrow());
        (now.pid != before.pid).then_some(now)
    })
    .await;
    assert_eq!(after.inbound, before.inbound, "callers find it where it was");
    let url = format!("http://{}/stats/prometheus", after.stats.unwrap());
    eventually("its new target", async || {
        mesh.supervisor.targets().borrow().iter().any(|t| t.url == url).then_some(())
    })
    .await;
    let served = [
        ("reporter", "destination"),
        ("destination_workload", "catalog"),
        ("connection_security_policy", "mutual_tls"),
    ];
    eventually("traffic at the new catalog", async || {
        (mesh.sum("istio_requests_total", &served).await > 0.0).then_some(())
    })
    .await;
    mesh.supervisor.shutdown().await;
    assert!(!socket.exists());
}

#[test]
fn killing_the_parent_leaves_no_process() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut parent =
        Command::new(PROGRAM).arg(directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"), "the mesh came up");
    let children = children_of(parent.id());
    assert_eq!(children.len(), topology::workloads().len());
    // SIGKILL.
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while children.iter().any(|pid| is_workload(*pid)) {
        assert!(std::time::Instant::now() < deadline, "workloads outlived their parent");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn children_of(parent: u32) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let ppid = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(1)).map(str::to_owned);
        ppid == Some(parent.to_string())
    })
    .collect()
}

/// A zombie has no command line and counts as gone.
fn is_workload(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("demo-service"))
}
