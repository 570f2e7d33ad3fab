//! Signing in, sessions, tenants, provisioning and migrations on a real Postgres, always with two tenants.

#[path = "identity/changes.rs"]
mod changes;
#[path = "identity/fixture.rs"]
mod fixture;
#[path = "identity/keys.rs"]
mod keys;
#[path = "identity/login.rs"]
mod login;
#[path = "identity/migrate.rs"]
mod migrate;
#[path = "identity/provision.rs"]
mod provision;
#[path = "identity/sessions.rs"]
mod sessions;
#[path = "identity/tenants.rs"]
mod tenants;
#[path = "identity/walls.rs"]
mod walls;
