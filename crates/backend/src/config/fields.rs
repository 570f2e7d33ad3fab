//! The list of all fields: what the configuration accepts, the defaults it uses, and the text of `docs/configuration.md`.

/// One field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Path; `[]` stands for an entry of a list.
    pub(super) path: &'static str,
    /// What to write.
    pub(super) form: &'static str,
    /// Used when it is absent; empty for none.
    pub(super) default: &'static str,
    /// An example, as YAML.
    pub(super) example: &'static str,
    /// What it is for.
    pub(super) about: &'static str,
}

const fn field(
    path: &'static str,
    form: &'static str,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Field {
    Field { path, form, default, example, about }
}

/// In the order of the documentation.
#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    field("listen", "address:port", "127.0.0.1:3000", "0.0.0.0:3000", "Where the portal and the API are served."),
    field("ops_listen", "address:port", "127.0.0.1:9464", "0.0.0.0:9464", "Where `/metrics` is served. Never the same as `listen`; keep it off the internet."),
    field("public_url", "URL", "", "https://obstack.example.com", "The address people type, without a path. Absent: `http://` and `listen`. With `https`, cookies are marked Secure."),
    field("data_dir", "path", "./data", "/var/lib/obstack", "What Obstack keeps on disk. Must be empty or made by Obstack; one instance at a time. Relative to the working directory."),
    field("database_url", "Postgres URL", "", "postgres://obstack@db.internal:5432/obstack", "The database. Absent: a private Postgres in `data_dir`, from the installed Postgres programs."),
    field("database_url_env", "name of a variable", "", "DATABASE_URL", "Takes `database_url` from this variable."),
    field("database_url_file", "path", "", "/run/secrets/database_url", "Takes `database_url` from this file."),
    field("trusted_proxies", "list of addresses and networks", "", "[10.0.0.5, \"fd00::/8\"]", "Proxies in front of Obstack. Only what they say in `X-Forwarded-For` or `Forwarded` about a client's address is believed; from everybody else these headers are ignored. Absent: nobody is believed, and all clients behind a proxy count as one address."),
    field("limits.address.rate", "0 to 1000000", "100", "200", "Requests a second that one client address (IPv6: one /64) may send to `/api`, `/ui` and the sign-in pages. 0 for no limit."),
    field("limits.address.burst", "1 to 1000000", "500", "1000", "How many of them may come at once."),
    field("limits.account.rate", "0 to 1000000", "50", "100", "The same for one person, wherever they are."),
    field("limits.account.burst", "1 to 1000000", "300", "600", "How many of them may come at once."),
    field("limits.key.rate", "0 to 1000000", "50", "100", "The same for one API key, with the tokens made from it."),
    field("limits.key.burst", "1 to 1000000", "300", "600", "How many of them may come at once."),
    field("limits.tenant.rate", "0 to 1000000", "300", "1000", "The same for everybody in one tenant together."),
    field("limits.tenant.burst", "1 to 1000000", "1500", "5000", "How many of them may come at once."),
    field("telemetry.scrape_interval", "duration, 1s to 5m", "15s", "5s", "How often scrape targets of the embedded stores are read."),
    field("telemetry.metrics.retention", "duration, 1h to 10y", "15d", "30d", "How long the embedded store keeps metrics."),
    field("telemetry.logs.retention", "duration, 1h to 10y", "7d", "14d", "How long the embedded store keeps logs."),
    field("telemetry.traces.retention", "duration, 1h to 10y", "3d", "7d", "How long the embedded store keeps traces."),
    field("log.format", "`text` or `json`", "text", "json", "Form of the process's own log, on standard error."),
    field("log.filter", "directives", "info", "\"info,sqlx=warn\"", "What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), then `target=level` for exceptions."),
    field("tracing.otlp_endpoint", "URL", "", "http://collector:4318", "Collector that takes the process's own spans as OTLP over HTTP, without `/v1/traces`. Absent: spans only appear in the log."),
    field("tracing.sample_percent", "0 to 100", "100", "5", "Share of requests whose spans are sent."),
    field("sessions.idle", "duration, 1m to 30d", "8h", "30m", "A session ends after this time without use."),
    field("sessions.absolute", "duration, 1m to 90d", "7d", "1d", "A session ends after this time in any case. At least `sessions.idle`."),
    field("smtp.host", "name or address", "", "mail.example.com", "Server that mails go out by: invitations and forgotten passwords. Absent: no mail; links are shown to who makes them."),
    field("smtp.port", "1 to 65535", "", "587", "Its port. Absent: 587 with `starttls`, 465 with `tls`, 25 with `none`."),
    field("smtp.tls", "`starttls`, `tls` or `none`", "starttls", "tls", "How the way to it is kept private. `starttls` gives up when the server cannot; `none` is for a server on the same machine."),
    field("smtp.username", "text", "", "obstack", "User name, where the server asks for one."),
    field("smtp.password_env", "name of a variable", "", "SMTP_PASSWORD", "Password for it, from this variable."),
    field("smtp.password_file", "path", "", "/run/secrets/smtp", "Password for it, from this file."),
    field("smtp.from", "address", "", "\"Obstack <obstack@example.com>\"", "Whom mails are from."),
    field("stores[].name", "a-z, 0-9, hyphens", "", "prom-a", "Name of the store, as tenants refer to it. `embedded` is the built-in one and needs no entry."),
    field("stores[].kind", "kind", "", "prometheus", "`prometheus`, `mimir`, `thanos`, `victoriametrics` or `embedded`."),
    field("stores[].url", "URL", "", "http://127.0.0.1:9090", "Base address, with the path prefix if there is one (Mimir: `/prometheus`). Not for `embedded`."),
    field("stores[].timeout", "duration, 1s to 5m", "30s", "10s", "Deadline of one request."),
    field("stores[].tenancy.mode", "`none`, `label` or `header`", "none", "label", "How tenants are kept apart. `label`: every query is rewritten to this tenant's series. `header`: `X-Scope-OrgID` (Mimir). `none`: the store belongs to a single tenant."),
    field("stores[].tenancy.label", "label name", "", "tenant_id", "The label that carries the tenant's slug, with `mode: label`."),
    field("stores[].bearer_token_env", "name of a variable", "", "PROM_TOKEN", "Sends `Authorization: Bearer` with the value of this variable."),
    field("stores[].bearer_token_file", "path", "", "/run/secrets/prom_token", "Sends `Authorization: Bearer` with the text of this file."),
    field("stores[].username", "text", "", "obstack", "User name of HTTP basic authentication."),
    field("stores[].password_env", "name of a variable", "", "PROM_PASSWORD", "Password of HTTP basic authentication, from this variable."),
    field("stores[].password_file", "path", "", "/run/secrets/prom_password", "Password of HTTP basic authentication, from this file."),
    field("tenants[].slug", "a-z, 0-9, inner hyphens, 1 to 63", "", "acme", "Name in URLs and towards the stores. Never renamed: another slug is another tenant."),
    field("tenants[].name", "text", "", "Acme", "Display name. Absent: the slug."),
    field("tenants[].plan", "`community`, `saas` or `enterprise`", "community", "enterprise", "The plan."),
    field("tenants[].stores.metrics", "name of a store", "embedded", "prom-a", "Where its metrics are."),
    field("tenants[].stores.logs", "name of a store", "embedded", "embedded", "Where its logs are."),
    field("tenants[].stores.traces", "name of a store", "embedded", "embedded", "Where its traces are."),
    field("tenants[].mesh[].cluster", "name or `\"*\"`", "*", "east", "A cluster of the mesh; `\"*\"` for every cluster."),
    field("tenants[].mesh[].namespaces", "list of names, or `[\"*\"]`", "", "[shop, ai]", "What this tenant sees of that cluster. Without `mesh` a tenant sees all its stores have; tenants that share the embedded store must say."),
    field("users[].email", "e-mail address", "", "ana@acme.test", "Sign-in name, whatever its case."),
    field("users[].name", "text", "", "Ana", "Display name. Absent: the part of the address before the `@`."),
    field("users[].password_env", "name of a variable", "", "ANA_PASSWORD", "The password, from this variable."),
    field("users[].password_file", "path", "", "/run/secrets/ana", "The password, from this file."),
    field("users[].platform_admin", "`true` or `false`", "false", "true", "Marks somebody who runs the whole installation. Kept, and asked for by nothing in this version."),
    field("users[].memberships[].tenant", "slug", "", "acme", "A tenant the person belongs to."),
    field("users[].memberships[].role", "`viewer`, `editor` or `admin`", "", "admin", "Rights there. Each role includes the ones before it."),
    field("identity_providers[].name", "a-z, 0-9, inner hyphens, 1 to 63", "", "keycloak", "A sign-in provider (OpenID Connect). The name is part of its addresses: register `/api/v1/auth/oidc/<name>/callback` there as redirect address, `/api/v1/auth/oidc/<name>/backchannel-logout` for back-channel logout and `/` for after signing out."),
    field("identity_providers[].title", "text", "", "Company account", "What the button on the sign-in page says. Absent: the name."),
    field("identity_providers[].issuer", "URL", "", "https://sso.example.com/realms/main", "The provider's issuer, exactly as its discovery document says it."),
    field("identity_providers[].client_id", "text", "", "obstack", "Our client id there."),
    field("identity_providers[].client_secret_env", "name of a variable", "", "KC_SECRET", "Our client secret there, from this variable. Absent: a public client, guarded by PKCE alone."),
    field("identity_providers[].client_secret_file", "path", "", "/run/secrets/kc", "Our client secret there, from this file."),
    field("identity_providers[].scopes", "list of scopes", "", "[profile, email, groups]", "Asked for beside `openid`. Absent: `[profile, email]`."),
    field("identity_providers[].api_audience", "text", "", "obstack-api", "Takes access tokens of this provider on the API when they name this audience. Absent: takes none."),
    field("identity_providers[].mappings[].claim", "name or path", "", "groups", "Where the values stand: `groups`, `realm_access.roles`, `resource_access.obstack.roles`."),
    field("identity_providers[].mappings[].equals", "text", "", "/acme/admins", "The value that counts, letter by letter. Either this or `pattern`."),
    field("identity_providers[].mappings[].pattern", "text with `*`", "", "/acme/*", "What the whole value must look like; `*` stands for anything but `/`."),
    field("identity_providers[].mappings[].tenant", "slug", "", "acme", "The tenant it gives rights in. May be one that is not in this file."),
    field("identity_providers[].mappings[].role", "`viewer`, `editor` or `admin`", "", "admin", "The role there; of several the strongest counts. Whom no rule fits does not get in."),
    field("api_key_max_lifetime", "duration, 1d to 10y", "365d", "90d", "The longest an API key may live."),
    field("api_keys[].tenant", "slug", "", "acme", "The one tenant the key is for."),
    field("api_keys[].name", "text", "", "ci", "Name of the key and of its service account."),
    field("api_keys[].role", "`viewer`, `editor` or `admin`", "", "viewer", "Highest role the key acts with."),
    field("api_keys[].scopes", "list of scopes", "", "[\"metrics:read\", \"logs:read\"]", "What the key may do: `metrics:read`, `logs:read`, `traces:read`, `policies:read`, `demo:write`, `members:read`, `members:write`, `settings:read`, `audit:read`."),
    field("api_keys[].secret_env", "name of a variable", "", "ACME_CI_KEY", "The key, from this variable. `obstack key new` makes one."),
    field("api_keys[].secret_file", "path", "", "/run/secrets/acme_ci_key", "The key, from this file."),
    field("api_keys[].expires", "RFC 3339 time", "", "\"2027-01-31T00:00:00Z\"", "When it stops working. Absent: after `api_key_max_lifetime`, renewed by starts once half of it is over."),
];

/// Fields of the format that this version cannot honour, and how that is said. Giving one stops the start.
pub(super) const UNSUPPORTED: &[(&str, &str)] = &[
    ("embed", "embedding is not supported by this version"),
    ("tenants[].stores.search", "search stores are not supported by this version"),
];

/// The field at this path.
pub(super) fn find(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

/// The keys a map at this path may have, in order; the path of the whole configuration is empty.
pub(super) fn keys_of(path: &str) -> Vec<&'static str> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    let all = FIELDS.iter().map(|field| field.path).chain(UNSUPPORTED.iter().map(|(path, _)| *path));
    let mut keys: Vec<&str> = Vec::new();
    for rest in all.filter_map(|path| path.strip_prefix(&prefix)) {
        let key = rest.split(['.', '[']).next().unwrap_or(rest);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The variable of a field, or of the whole list it belongs to.
pub(super) fn variable(path: &str) -> String {
    let whole = path.split("[]").next().unwrap_or(path);
    format!("OBSTACK_{}", whole.replace('.', "_").to_ascii_uppercase())
}
