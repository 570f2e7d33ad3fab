//! The text of `docs/configuration.md`, made from the table of fields.

use std::fmt::Write;

use super::fields::{FIELDS, UNSUPPORTED, variable};

const OPENING: &str = "\
# Configuration

Obstack reads one YAML file, given as `obstack serve --config obstack.yaml` or in the variable `OBSTACK_CONFIG`, and variables
whose names begin with `OBSTACK_`. Everything has a default: without a file and without variables Obstack starts with a private
database and the embedded stores in `./data`.

- A variable outweighs the file. An empty variable counts as absent.
- The variable of a list (`OBSTACK_STORES`, `OBSTACK_TENANTS`, `OBSTACK_USERS`, `OBSTACK_IDENTITY_PROVIDERS`, `OBSTACK_API_KEYS`) holds the whole list as YAML or JSON, for example
  `OBSTACK_STORES='[{name: prom-a, kind: prometheus, url: http://127.0.0.1:9090}]'`.
- Secrets are never written into the file. A field that ends in `_env` names a variable, one that ends in `_file` a file; a line
  break at the file's end is not part of the secret.
- Relative paths start at the working directory.
- Durations are a number and a unit: `s`, `m`, `h`, `d`, `w`, `y`; `1h30m` is allowed.
- The start stops at an unknown key, a wrong value or a missing secret, and names every such place at once with file, line,
  column, field and remedy:

```
obstack.yaml:1:1: lissten: unknown key `lissten`; did you mean `listen`?
obstack.yaml:4:47: users[0].password_env: the variable ANA_PASSWORD is not set or empty; set it in the environment of Obstack, or give a file instead
```

## Fields

";

const CLOSING: &str = "
## What is provisioned

Tenants, people, memberships and sign-in providers of the configuration are written to the database at every start.
All instances of one database use the same configuration. What is gone from it is switched off: a person cannot sign in any
more and their sessions end, a tenant cannot be reached any more, a sign-in provider is offered no more and the sessions it
vouches for end. Nothing is deleted but memberships: put back into the
configuration, a person or tenant is what it was. A changed password ends the person's sessions.

An entry of `api_keys` makes a service account of its name with the key that is given. Both are shown locked. A key that is
gone from the configuration is revoked; a key that is given instead of another takes its place at the next start.

## Not in this version

";

/// The whole document.
pub fn markdown() -> String {
    let mut text = OPENING.to_owned();
    for field in FIELDS {
        let default = if field.default.is_empty() { String::new() } else { format!(" Default `{}`.", field.default) };
        let holder = if field.path.contains("[]") { " (whole list)" } else { "" };
        writeln!(
            text,
            "### `{}`\n{} Write: {}.{default} Example: `{}`. Variable: `{}`{holder}.\n",
            field.path,
            field.about,
            field.form,
            field.example,
            variable(field.path),
        )
        .expect("writing to a text does not fail");
    }
    text.push_str(example());
    text.push_str(CLOSING);
    for (path, what) in UNSUPPORTED {
        writeln!(text, "- `{path}`: {what}; giving it stops the start.").expect("writing to a text does not fail");
    }
    text
}

/// A configuration that works, shown in the document and read by a test.
pub(super) fn example() -> &'static str {
    "\
## Example

```yaml
listen: 0.0.0.0:3000
public_url: https://obstack.example.com
data_dir: /var/lib/obstack
database_url_env: DATABASE_URL
telemetry:
  metrics: {retention: 30d}
sessions: {idle: 1h, absolute: 1d}
stores:
  - {name: prom-a, kind: prometheus, url: http://127.0.0.1:9090, tenancy: {mode: label, label: tenant_id}}
  - {name: mimir-a, kind: mimir, url: http://127.0.0.1:9009/prometheus, tenancy: {mode: header}}
tenants:
  - slug: acme
    name: Acme
    plan: enterprise
    stores: {metrics: prom-a}
    mesh: [{cluster: \"*\", namespaces: [shop, ai]}]
  - slug: globex
    name: Globex
    stores: {metrics: mimir-a}
    mesh: [{cluster: east, namespaces: [\"*\"]}]
users:
  - {email: ana@acme.test, name: Ana, password_env: ANA_PASSWORD, memberships: [{tenant: acme, role: admin}]}
  - {email: op@example.com, name: Operator, password_file: /run/secrets/op, platform_admin: true}
identity_providers:
  - name: keycloak
    title: Company account
    issuer: https://sso.example.com/realms/main
    client_id: obstack
    client_secret_env: KC_SECRET
    mappings:
      - {claim: groups, equals: /acme/admins, tenant: acme, role: admin}
      - {claim: groups, pattern: /acme/*, tenant: acme, role: viewer}
```
"
}
