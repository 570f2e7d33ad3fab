//! Whole configurations: what is accepted, and where values come from.

mod complaints;

use std::{collections::BTreeSet, time::Duration};

use contract::Role;

use super::*;
use crate::tenants::{MeshSelector, Namespaces, Plan};

fn env(name: &str) -> Option<String> {
    match name {
        "ANA_PASSWORD" => Some("ana-secret".to_owned()),
        "TOKEN" => Some("t0ken".to_owned()),
        // The example of docs/api-keys.md.
        "KEY" => Some("obs_0000000000000000000000000000000U4IDo".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Config, ConfigErrors> {
    Config::read(Some(("obstack.yaml", text)), &env)
}

/// The complaints, one per line.
fn complaints(text: &str) -> String {
    read(text).expect_err("something is wrong").to_string()
}

#[track_caller]
fn complains(text: &str, expected: &[&str]) {
    assert_eq!(complaints(text).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn nothing_at_all_is_a_configuration() {
    for config in [Config::load(None, &|_| None), read(""), read("# nothing\n"), read("stores:\nlog:\n")] {
        let config = config.expect("defaults");
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.ops_listen.to_string(), "127.0.0.1:9464");
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:3000/");
        assert_eq!((config.data_dir, config.database_url.is_none()), (PathBuf::from("./data"), true));
        assert_eq!(config.telemetry.metrics_retention, Duration::from_secs(15 * 86_400));
        assert_eq!((config.log.format, config.log.filter.as_str()), (LogFormat::Text, "info"));
        assert_eq!(config.sessions.idle, Duration::from_secs(8 * 3600));
        assert!(config.stores.is_empty() && config.tenants.is_empty() && config.users.is_empty());
        assert_eq!(config.warnings, Vec::<String>::new());
    }
}

#[test]
fn every_section_is_read() {
    let config = read(
        r#"
listen: 0.0.0.0:8080
public_url: https://obstack.example.com/
database_url: postgres://obstack:s3cret@db/obstack
telemetry: {scrape_interval: 5s, logs: {retention: 1d}}
log: {format: json, filter: "warn,backend=debug"}
sessions: {idle: 30m, absolute: 12h}
trusted_proxies: [10.0.0.5, "fd00::/8"]
limits: {address: {rate: 5, burst: 7}, tenant: {rate: 0}}
api_key_max_lifetime: 90d
api_keys: [{tenant: acme, name: ci, role: viewer, scopes: ["metrics:read"], secret_env: KEY, expires: "2027-01-31T00:00:00Z"}]
stores:
  - {name: prom-a, kind: prometheus, url: http://127.0.0.1:9090, tenancy: {mode: label, label: tenant_id}, bearer_token_env: TOKEN}
  - {name: mimir-a, kind: mimir, url: "https://mimir/prometheus", tenancy: {mode: header}, username: u, password_env: TOKEN, timeout: 5s}
tenants:
  - slug: acme
    name: Acme
    plan: enterprise
    stores: {metrics: prom-a, logs: embedded, traces: embedded}
    mesh: [{cluster: "*", namespaces: [shop, ai]}, {cluster: east, namespaces: ["*"]}]
users:
  - {email: Ana@Acme.test, password_env: ANA_PASSWORD, platform_admin: true, memberships: [{tenant: acme, role: admin}]}
"#,
    )
    .expect("valid");
    assert_eq!(config.public_url.as_str(), "https://obstack.example.com/");
    assert_eq!(config.database_url.as_ref().map(Secret::expose), Some("postgres://obstack:s3cret@db/obstack"));
    assert_eq!(config.telemetry.scrape_interval, Duration::from_secs(5));
    assert_eq!(config.telemetry.logs_retention, Duration::from_secs(86_400));
    assert_eq!(config.telemetry.traces_retention, Duration::from_secs(3 * 86_400), "beside it, the default");
    assert_eq!((config.log.format, config.log.filter.as_str()), (LogFormat::Json, "warn,backend=debug"));
    let [prom, mimir] = config.stores.as_slice() else { panic!("two stores") };
    assert_eq!((prom.kind, &prom.tenancy), (StoreKind::Prometheus, &Tenancy::Label("tenant_id".to_owned())));
    assert!(matches!(&prom.auth, StoreAuth::Bearer(token) if token.expose() == "t0ken"));
    assert_eq!(
        (mimir.kind, &mimir.tenancy, mimir.timeout),
        (StoreKind::Mimir, &Tenancy::Header, Duration::from_secs(5))
    );
    assert!(matches!(&mimir.auth, StoreAuth::Basic { username, .. } if username == "u"));
    let [acme] = config.tenants.as_slice() else { panic!("one tenant") };
    assert_eq!((acme.slug.as_str(), acme.plan, acme.stores.metrics.as_str()), ("acme", Plan::Enterprise, "prom-a"));
    let shop_and_ai = Namespaces::Only(BTreeSet::from(["ai".to_owned(), "shop".to_owned()]));
    assert_eq!(
        acme.mesh,
        [
            MeshSelector { cluster: None, namespaces: shop_and_ai },
            MeshSelector { cluster: Some("east".to_owned()), namespaces: Namespaces::All },
        ]
    );
    let [ana] = config.users.as_slice() else { panic!("one user") };
    assert_eq!((ana.email.as_str(), ana.name.as_str(), ana.platform_admin), ("ana@acme.test", "ana", true));
    assert_eq!(ana.memberships, [("acme".parse().expect("a slug"), Role::Admin)]);
    let trusts = |address: &str| config.trusted_proxies.contains(address.parse().expect("an address"));
    assert_eq!(
        ["10.0.0.5", "::ffff:10.0.0.5", "10.0.0.6", "fd00::1", "fe80::1"].map(trusts),
        [true, true, false, true, false]
    );
    assert_eq!((config.limits.address.rate, config.limits.address.burst, config.limits.tenant.rate), (5, 7, 0));
    assert_eq!((config.limits.account.rate, config.limits.account.burst), (50, 300), "the rest as usual");
    assert_eq!(config.api_key_max_lifetime, Duration::from_secs(90 * 86_400));
    let [ci] = config.api_keys.as_slice() else { panic!("one key") };
    assert_eq!((ci.tenant.as_str(), ci.name.as_str(), ci.role), ("acme", "ci", Role::Viewer));
    assert_eq!(ci.expires.map(|at| at.to_string()).as_deref(), Some("2027-01-31T00:00:00Z"));
    assert_eq!(config.provisioned_by, "obstack.yaml");
    let printed = format!("{config:?}");
    for secret in ["s3cret", "t0ken", "ana-secret", "obs_000"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn variables_outweigh_the_file_and_hold_whole_lists() {
    let env = |name: &str| match name {
        "OBSTACK_LISTEN" => Some("127.0.0.1:4000".to_owned()),
        "OBSTACK_SESSIONS_IDLE" => Some("5m".to_owned()),
        "OBSTACK_TELEMETRY_LOGS_RETENTION" => Some("2d".to_owned()),
        "OBSTACK_DATABASE_URL" => Some("postgres://env@db/x".to_owned()),
        "OBSTACK_STORES" => Some("[{name: prom, kind: prometheus, url: 'http://127.0.0.1:9090'}]".to_owned()),
        "OBSTACK_PUBLIC_URL" => Some(String::new()),
        _ => None,
    };
    let file = "listen: 127.0.0.1:1\npublic_url: http://127.0.0.1:1\ndatabase_url_env: UNSET\nstores: [{name: other, kind: thanos, url: 'http://x'}]\n";
    let config = Config::read(Some(("f.yaml", file)), &env).expect("valid");
    assert_eq!(
        (config.listen.port(), config.sessions.idle, config.telemetry.logs_retention),
        (4000, Duration::from_secs(300), Duration::from_secs(2 * 86_400))
    );
    assert_eq!(config.database_url.as_ref().map(Secret::expose), Some("postgres://env@db/x"));
    assert_eq!(config.stores.iter().map(|store| store.name.as_str()).collect::<Vec<_>>(), ["prom"]);
    assert_eq!(config.public_url.port(), Some(1), "an empty variable is absent");
}

#[test]
fn a_wrong_variable_is_named() {
    let env = |name: &str| match name {
        "OBSTACK_LISTEN" => Some("everywhere".to_owned()),
        "OBSTACK_TENANTS" => Some("- slug: A\n- slug: [".to_owned()),
        "OBSTACK_STORES" => Some("- name: prom\n  kind: prom".to_owned()),
        _ => None,
    };
    let error = Config::load(None, &env).expect_err("wrong").to_string();
    assert_eq!(
        error.lines().collect::<Vec<_>>(),
        [
            "variable OBSTACK_LISTEN: listen: `everywhere` is not an address to listen on; write an IP address and a port, such as 127.0.0.1:3000, 0.0.0.0:3000 or [::1]:3000",
            "variable OBSTACK_STORES:1:3: stores[0].url: `url` is missing; add it, for example `url: http://127.0.0.1:9090`",
            "variable OBSTACK_STORES:2:9: stores[0].kind: there is no store kind `prom`; write one of prometheus, mimir, thanos, victoriametrics, embedded",
            "variable OBSTACK_TENANTS:3:1: tenants: did not find expected node content; write YAML; check indentation, quotes and brackets around this place",
        ]
    );
}

#[test]
fn secrets_come_from_files_without_their_last_line_break() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let url = write("url", "postgres://a:b@db/x\r\n");
    let config = read(&format!("database_url_file: {url}\n")).expect("valid");
    assert_eq!(config.database_url.as_ref().map(Secret::expose), Some("postgres://a:b@db/x"));
    let empty = write("empty", "\n");
    assert_eq!(
        complaints(&format!("database_url_file: {empty}\n")),
        format!("obstack.yaml:1:20: database_url_file: the file {empty} is empty; write the secret into it")
    );
    let gone = dir.path().join("gone").display().to_string();
    assert_eq!(
        complaints(&format!("database_url_file: {gone}\n")),
        format!(
            "obstack.yaml:1:20: database_url_file: the file {gone} cannot be read (No such file or directory (os error 2)); check the path and its permissions"
        )
    );
    complains(
        "database_url: postgres://x\ndatabase_url_env: TOKEN\n",
        &[
            "obstack.yaml:2:19: database_url_env: `database_url` is given more than once; keep one of database_url_env and database_url_file",
        ],
    );
    complains(
        "database_url_env: TOKEN\n",
        &[
            "obstack.yaml:1:19: database_url_env: this is not a Postgres URL; write postgres://user:password@host:5432/name",
        ],
    );
}

#[test]
fn the_two_listeners_differ_and_plain_http_is_warned_about() {
    complains(
        "listen: 0.0.0.0:9464\nops_listen: 0.0.0.0:9464\n",
        &[
            "obstack.yaml:2:13: ops_listen: the same address as `listen`; choose another port: /metrics must not be public",
        ],
    );
    complains(
        "public_url: https://example.com/obstack\n",
        &[
            "obstack.yaml:1:13: public_url: the URL has a path; the portal needs a host name of its own; remove the path",
        ],
    );
    let config = read("listen: 0.0.0.0:3000\n").expect("valid");
    assert_eq!((config.public_url.as_str(), config.warnings.len()), ("http://localhost:3000/", 0));
    let warned = read("public_url: http://obstack.example.com\n").expect("valid").warnings;
    assert!(warned[0].contains("unencrypted"), "{warned:?}");
    assert_eq!(read("listen: \"[::1]:3000\"\n").expect("valid").warnings, Vec::<String>::new());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/no/such/obstack.yaml")), &|_| None).expect_err("absent").to_string();
    assert_eq!(
        error,
        "/no/such/obstack.yaml: the file cannot be read (No such file or directory (os error 2)); check the path given with --config and the file's permissions"
    );
}

#[test]
fn misspelt_variables_are_noticed() {
    let names = ["OBSTACK_LISTEN", "OBSTACK_LISTNE", "OBSTACK_TENANTS", "OBSTACK_SOMETHING", "PATH", "OBSTACK_CONFIG"];
    assert_eq!(
        unknown_variables(names.into_iter()),
        [
            "the variable OBSTACK_LISTNE means nothing; did you mean OBSTACK_LISTEN?",
            "the variable OBSTACK_SOMETHING means nothing; see docs/configuration.md",
        ]
    );
}

#[test]
fn the_document_is_the_one_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let made = markdown();
    if std::env::var_os("OBSTACK_WRITE_DOCS").is_some() {
        fs::write(&path, &made).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/configuration.md is out of date; run this test with OBSTACK_WRITE_DOCS=1");
}

#[test]
fn the_example_of_the_document_works() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let secret = dir.path().join("op");
    fs::write(&secret, "op-secret").expect("written");
    let text = documentation::example().split("```").nth(1).expect("a block").trim_start_matches("yaml");
    let text = text.replace("/run/secrets/op", &secret.display().to_string());
    let env = |name: &str| match name {
        "DATABASE_URL" => Some("postgres://x@y/z".to_owned()),
        "KC_SECRET" => Some("kc-secret".to_owned()),
        _ => env(name),
    };
    let config = Config::read(Some(("example", &text)), &env).expect("valid");
    assert_eq!((config.identity_providers.len(), config.identity_providers[0].mappings.len()), (1, 2));
    assert_eq!((config.stores.len(), config.tenants.len(), config.users.len()), (2, 2, 2));
    assert_eq!(config.warnings, Vec::<String>::new());
}

/// A field in the table that nobody reads would be accepted by nobody: its own example must not be an unknown key.
#[test]
fn every_field_of_the_table_is_read() {
    for field in fields::FIELDS {
        let keys: Vec<&str> = field.path.split('.').collect();
        let (last, above) = keys.split_last().expect("a path");
        let mut text = format!("{last}: {}", field.example);
        for key in above.iter().rev() {
            text = match key.strip_suffix("[]") {
                Some(list) => format!("{list}: [{{{text}}}]"),
                None => format!("{key}: {{{text}}}"),
            };
        }
        if let Err(errors) = read(&text) {
            let unread = errors.0.iter().find(|error| error.what.starts_with("unknown key"));
            assert_eq!(unread, None, "{text}");
        }
    }
}
