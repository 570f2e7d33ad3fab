//! Administration on a real Postgres: what no sequence of calls by anybody may bring about, what happens at the same time,
//! and mail. Always with two tenants.

#[path = "administration/fixture.rs"]
mod fixture;
#[path = "administration/forgot.rs"]
mod forgot;
#[path = "administration/sequences.rs"]
mod sequences;
#[path = "administration/together.rs"]
mod together;
