//! What is wrong with a configuration, word for word and with its place.

use super::{MeshSelector, Namespaces, complains, complaints, read};

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let text = r#"lissten: 127.0.0.1:3000
ops_listen: localhost
public_url: https://ana:pw@obstack.example.com/x
telemetry:
  metrics: {retention: 15}
  scrape_intervall: 15s
log: {format: xml, filter: loud}
sessions: {idle: 2h, absolute: 1h}
stores:
  - name: prom-a
    kind: prometeus
    url: 127.0.0.1:9090
  - {name: prom-a, kind: loki, url: "http://x?y"}
tenants:
  - {slug: Acme, stores: {metrics: prom-b}}
  - {slug: api, plan: gold}
users:
  - {email: ana, password: secret}
  - {email: ana@acme.test, password_env: NOPE, memberships: [{tenant: acme, role: owner}]}
api_keys: [{name: ci}]
"#;
    complains(
        text,
        &[
            "obstack.yaml:1:1: lissten: unknown key `lissten`; did you mean `listen`?",
            "obstack.yaml:2:13: ops_listen: `localhost` is not an address to listen on; write an IP address and a port, such as 127.0.0.1:3000, 0.0.0.0:3000 or [::1]:3000",
            "obstack.yaml:3:13: public_url: the URL contains a user or password; give them as username and password_env, or as bearer_token_env",
            "obstack.yaml:5:24: telemetry.metrics.retention: expected a text, found a number; put the value in quotes",
            "obstack.yaml:6:3: telemetry.scrape_intervall: unknown key `scrape_intervall`; did you mean `scrape_interval`?",
            "obstack.yaml:7:15: log.format: there is no log format `xml`; write text or json",
            "obstack.yaml:7:28: log.filter: `loud` is not a log directive; write levels (error, warn, info, debug, trace, off), such as info or info,sqlx=warn",
            "obstack.yaml:8:32: sessions.absolute: `1h` is shorter than sessions.idle; make it at least as long",
            "obstack.yaml:11:11: stores[0].kind: there is no store kind `prometeus`; write one of prometheus, mimir, thanos, victoriametrics, embedded",
            "obstack.yaml:12:10: stores[0].url: this is not a URL (relative URL without a base); write for example http://127.0.0.1:9090",
            "obstack.yaml:13:12: stores[1].name: the store `prom-a` is given twice; rename it or remove it; the first is stores[0].name",
            "obstack.yaml:13:26: stores[1].kind: stores of kind `loki` are not supported by this version; remove this store; supported are prometheus, mimir, thanos, victoriametrics, embedded",
            "obstack.yaml:13:37: stores[1].url: the URL contains a query or fragment; remove everything from the first `?` or `#`",
            "obstack.yaml:15:12: tenants[0].slug: `Acme` is not a tenant slug; a tenant slug has 1 to 63 characters a-z, 0-9 and inner hyphens",
            "obstack.yaml:15:36: tenants[0].stores.metrics: there is no store `prom-b`; did you mean `prom-a`?",
            "obstack.yaml:16:12: tenants[1].slug: `api` is not a tenant slug; this slug is reserved; choose another",
            "obstack.yaml:16:23: tenants[1].plan: there is no plan `gold`; write one of community, saas, enterprise",
            "obstack.yaml:18:13: users[0].email: `ana` is not an e-mail address; write it as name@example.com",
            "obstack.yaml:18:28: users[0].password: a secret does not belong into the configuration; put it into a variable or a file, and write password_env or password_file",
            "obstack.yaml:19:42: users[1].password_env: the variable NOPE is not set or empty; set it in the environment of Obstack, or give a file instead",
            "obstack.yaml:19:71: users[1].memberships[0].tenant: there is no tenant `acme`; known tenants: none",
            "obstack.yaml:19:83: users[1].memberships[0].role: there is no role `owner`; write viewer, editor or admin",
            "obstack.yaml:20:12: api_keys[0].tenant: `tenant` is missing; add it, for example `tenant: acme`",
            "obstack.yaml:20:12: api_keys[0].role: `role` is missing; add it, for example `role: viewer`",
            "obstack.yaml:20:12: api_keys[0]: the key has no scopes; add scopes with some of metrics:read, logs:read, traces:read, policies:read, demo:write, members:read, members:write, settings:read, audit:read",
            "obstack.yaml:20:12: api_keys[0]: the key itself is missing; make one with `obstack key new` and add secret_env or secret_file",
        ],
    );
}

#[test]
fn what_is_no_yaml_or_has_another_shape_is_told_with_its_place() {
    complains(
        "listen: [1\n",
        &[
            "obstack.yaml:2:1: did not find expected ',' or ']'; write YAML; check indentation, quotes and brackets around this place",
        ],
    );
    complains(
        "- a\n",
        &[
            "obstack.yaml:1:1: expected a map, found a list; write it with these keys: listen, ops_listen, public_url, data_dir, database_url, database_url_env, database_url_file, trusted_proxies, limits, telemetry, log, tracing, sessions, smtp, stores, tenants, users, identity_providers, api_key_max_lifetime, api_keys, embed",
        ],
    );
    complains(
        "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
        &["obstack.yaml:2:1: listen: the key is given twice; remove one of the two"],
    );
    complains(
        "stores: {name: x}\n",
        &["obstack.yaml:1:9: stores: expected a list, found a map; put `- ` before each entry, or write [a, b]"],
    );
    complains(
        "log: json\n",
        &["obstack.yaml:1:6: log: expected a map, found a text; write it with these keys: format, filter"],
    );
    complains(
        "sessions: {idle: [1h]}\n",
        &["obstack.yaml:1:18: sessions.idle: expected a text, found a list; put the value in quotes"],
    );
}

#[test]
fn missing_fields_are_named_with_an_example() {
    complains(
        "stores: [{name: a}]\ntenants: [{name: Acme}]\nusers:\n  - name: Ana\n",
        &[
            "obstack.yaml:1:10: stores[0].kind: `kind` is missing; add it, for example `kind: prometheus`",
            "obstack.yaml:1:10: stores[0].url: `url` is missing; add it, for example `url: http://127.0.0.1:9090`",
            "obstack.yaml:2:11: tenants[0].slug: `slug` is missing; add it, for example `slug: acme`",
            "obstack.yaml:4:5: users[0].email: `email` is missing; add it, for example `email: ana@acme.test`",
            "obstack.yaml:4:5: users[0]: the password is missing; add password_env or password_file",
        ],
    );
}

#[test]
fn tenancy_has_to_fit_the_store() {
    let store = |rest: &str| format!("stores: [{{name: a, kind: prometheus, url: \"http://x\", {rest}}}]\n");
    let one = |rest: &str| complaints(&store(rest)).split_once(": ").map(|(_, rest)| rest.to_owned()).expect("a place");
    assert_eq!(
        one("tenancy: {mode: header}"),
        "stores[0].tenancy.mode: only mimir keeps tenants apart by header; write mode: label, or mode: none for a store of a single tenant"
    );
    assert_eq!(
        one("tenancy: {mode: index}"),
        "stores[0].tenancy.mode: no supported store keeps tenants apart by index; write label, header or none"
    );
    assert_eq!(
        one("tenancy: {mode: label}"),
        "stores[0].tenancy.mode: mode `label` needs the label; add `label: tenant_id`, or whichever label your series carry"
    );
    assert_eq!(
        one("tenancy: {mode: label, label: __name__}"),
        "stores[0].tenancy.label: `__name__` is not a label name; use letters, digits and underscores, such as tenant_id"
    );
    assert_eq!(
        one("tenancy: {label: tenant}"),
        "stores[0].tenancy.label: `label` means nothing with mode `none`; remove it, or write mode: label"
    );
    assert_eq!(
        one("username: u"),
        "stores[0].username: `username` needs a password; add password_env or password_file"
    );
    assert_eq!(
        one("bearer_token_env: TOKEN, password_env: TOKEN"),
        "stores[0].bearer_token_env: both a bearer token and a user name or password are given; keep one of them"
    );
    complains(
        "stores: [{name: mine, kind: embedded}, {name: embedded, kind: embedded, url: \"http://x\"}]\n",
        &[
            "obstack.yaml:1:17: stores[0].name: a store of kind `embedded` cannot be called `mine`; rename it: `embedded` is the name of the built-in store, and the only one of its kind",
            "obstack.yaml:1:78: stores[1].url: the embedded store has no address; remove `url`",
        ],
    );
}

#[test]
fn tenants_that_share_a_store_are_kept_apart() {
    let stores = "stores: [{name: prom, kind: prometheus, url: \"http://x\"}]\n";
    let lone = read(&format!("{stores}tenants: [{{slug: acme, stores: {{metrics: prom}}}}]\n"))
        .expect("one tenant has it for itself");
    assert_eq!(lone.tenants[0].mesh, [MeshSelector { cluster: None, namespaces: Namespaces::All }]);
    let both = "tenants:\n  - {slug: acme, stores: {metrics: prom}, mesh: [{namespaces: [shop]}]}\n  - {slug: globex, stores: {metrics: prom}, mesh: [{namespaces: [ai]}]}\n";
    complains(
        &format!("{stores}{both}"),
        &[
            "obstack.yaml:4:38: tenants[1].stores.metrics: the store `prom` does not keep tenants apart and already belongs to another tenant; give the store a tenancy (mode: label or header), or this tenant a store of its own",
        ],
    );
    complains(
        "tenants:\n  - {slug: acme}\n  - {slug: globex, mesh: [{namespaces: [ai]}]}\n",
        &[
            "obstack.yaml:2:12: tenants[0].slug: the tenant `acme` shares the embedded store with others and does not say what it sees; add `mesh: [{cluster: \"*\", namespaces: [shop]}]` with its namespaces",
        ],
    );
    complains(
        "tenants: [{slug: acme, stores: {logs: prom, search: x}}]\n",
        &[
            "obstack.yaml:1:39: tenants[0].stores.logs: there is no store `prom`; known stores: embedded",
            "obstack.yaml:1:53: tenants[0].stores.search: search stores are not supported by this version; remove it",
        ],
    );
    complains(
        &format!("{stores}tenants: [{{slug: acme, stores: {{logs: prom}}}}]\n"),
        &[
            "obstack.yaml:2:39: tenants[0].stores.logs: the store `prom` (prometheus) keeps no logs; write `logs: embedded`, or leave it out",
        ],
    );
}

#[test]
fn mesh_selectors_are_names_and_nothing_else() {
    complains(
        "tenants: [{slug: acme, mesh: [{cluster: \"a\\\"b\", namespaces: [\"shop|ai\", \"shop-*\"]}, {cluster: east}, {namespaces: shop}]}]\n",
        &[
            "obstack.yaml:1:41: tenants[0].mesh[0].cluster: `a\"b` is not a cluster name; write its name (letters, digits, hyphens, dots), or \"*\" for every cluster",
            "obstack.yaml:1:62: tenants[0].mesh[0].namespaces[0]: `shop|ai` is not a namespace; write a whole namespace name, or \"*\" alone for all of them",
            "obstack.yaml:1:73: tenants[0].mesh[0].namespaces[1]: `shop-*` is not a namespace; write a whole namespace name, or \"*\" alone for all of them",
            "obstack.yaml:1:85: tenants[0].mesh[1].namespaces: `namespaces` is missing; add it, for example `namespaces: [shop, ai]`",
            "obstack.yaml:1:115: tenants[0].mesh[2].namespaces: expected a list, found a text; put `- ` before each entry, or write [a, b]",
        ],
    );
}

#[test]
fn people_and_memberships_are_given_once() {
    complains(
        "tenants: [{slug: acme}]\nusers:\n  - {email: ana@acme.test, password_env: ANA_PASSWORD, memberships: [{tenant: acme, role: viewer}, {tenant: acme, role: admin}]}\n  - {email: ANA@acme.test, password_env: EMPTY}\n",
        &[
            "obstack.yaml:3:109: users[0].memberships[1].tenant: the membership `acme` is given twice; rename it or remove it; the first is users[0].memberships[0].tenant",
            "obstack.yaml:4:13: users[1].email: the user `ana@acme.test` is given twice; rename it or remove it; the first is users[0].email",
            "obstack.yaml:4:42: users[1].password_env: the variable EMPTY is not set or empty; set it in the environment of Obstack, or give a file instead",
        ],
    );
}

#[test]
fn sign_in_providers_are_checked_in_every_part() {
    complains(
        "identity_providers:\n  - {name: Key, issuer: sso, client_id: x, client_secret: y, scopes: [\"a b\"]}\n  - {name: a, client_id: x, mappings: [{claim: g, tenant: acme, role: admin}, {claim: g, pattern: '*', tenant: acme, role: boss}]}\n",
        &[
            "obstack.yaml:2:12: identity_providers[0].name: `Key` is not a name of a provider; write 1 to 63 characters a-z, 0-9 and inner hyphens",
            "obstack.yaml:2:25: identity_providers[0].issuer: `sso` is not an issuer; write the whole address as the provider gives it, for example https://sso.example.com/realms/main",
            "obstack.yaml:2:59: identity_providers[0].client_secret: a secret does not belong into the configuration; put it into a variable or a file, and write client_secret_env or client_secret_file",
            "obstack.yaml:2:71: identity_providers[0].scopes[0]: `a b` is not a scope; write words such as profile, email, groups",
            "obstack.yaml:3:5: identity_providers[1].issuer: `issuer` is missing; add it, for example `issuer: https://sso.example.com/realms/main`",
            "obstack.yaml:3:40: identity_providers[1].mappings[0]: this rule gives nothing; the value is missing; give equals or pattern",
            "obstack.yaml:3:124: identity_providers[1].mappings[1].role: there is no role `boss`; write viewer, editor or admin",
        ],
    );
}

#[test]
fn keys_of_the_configuration_are_checked_before_the_start() {
    let tenants = "tenants: [{slug: acme}]\n";
    let with = |key: &str| format!("{tenants}api_keys: [{{tenant: acme, name: ci, {key}}}]\n");
    complains(
        &with("role: viewer, scopes: [\"metrics:read\"], secret_env: TOKEN"),
        &[
            "obstack.yaml:2:89: api_keys[0].secret_env: this is not an API key: it needs the form obs_… with a right checksum; make one with `obstack key new`",
        ],
    );
    complains(
        &with("role: viewer, scopes: [\"audit:read\", \"everything\"], secret_env: KEY"),
        &[
            "obstack.yaml:2:60: api_keys[0].scopes[0]: the role viewer cannot use `audit:read`; remove it, or write role: admin",
            "obstack.yaml:2:74: api_keys[0].scopes[1]: there is no scope `everything`; write some of metrics:read, logs:read, traces:read, policies:read, demo:write, members:read, members:write, settings:read, audit:read",
        ],
    );
    let twice = format!(
        "{tenants}api_keys:\n  - {{tenant: acme, name: a, role: viewer, scopes: [\"metrics:read\"], secret_env: KEY}}\n  - {{tenant: acme, name: b, role: viewer, scopes: [\"metrics:read\"], secret_env: KEY}}\n"
    );
    complains(
        &twice,
        &[
            "obstack.yaml:4:5: api_keys[1]: the key that ends in 4IDo is given twice; make another one with `obstack key new`; the first is api_keys[0]",
        ],
    );
}

#[test]
fn nobody_trusts_everybody() {
    complains(
        "trusted_proxies: [0.0.0.0/0, proxy]\n",
        &[
            "obstack.yaml:1:19: trusted_proxies[0]: `0.0.0.0/0` is everybody; name the proxies' own addresses: everybody else could write any address into the header",
            "obstack.yaml:1:30: trusted_proxies[1]: `proxy` is not an address or network; write for example 10.0.0.5, 10.0.0.0/8 or fd00::/8",
        ],
    );
    complains(
        "limits: {address: {rate: -1}}\n",
        &[
            "obstack.yaml:1:26: limits.address.rate: `-1` is not a whole number from 0 to 1000000; write a number, such as 100; rate: 0 switches the limit off",
        ],
    );
}
