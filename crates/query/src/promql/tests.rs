//! What leaves for a store: case by case, at the limits, and as properties over random expressions and scopes.

mod injection;
mod limits;
mod properties;
mod scopes;
mod selectors;

use super::*;

/// `expr` confined to `tenant="acme"`, or why not.
fn to_acme(expr: &str) -> Result<String, Refused> {
    let tenant = TenantLabel::new("tenant", "acme").expect("valid");
    enforce(expr, std::slice::from_ref(tenant.matcher())).map(|confined| confined.get().to_string())
}
