//! Stores of the database on a real Postgres: administration, binding, tests of stores against imitations and a real
//! Prometheus, and the isolation proof. Two tenants in every test.

#[path = "stores/admin.rs"]
mod admin;
#[path = "stores/fixture.rs"]
mod fixture;
#[path = "stores/proof.rs"]
mod proof;
#[path = "stub/scripted.rs"]
mod scripted;
#[path = "stores/trial.rs"]
mod trial;
