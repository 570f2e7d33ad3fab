//! Questions about authorization policies, each one document in YAML or JSON. The answers' own types are
//! [`mesh::policy::ask`]'s.

use async_trait::async_trait;
pub use mesh::policy::ask::{Diffed, Evaluated, Linted};

use crate::ApiError;

/// Policies that are tried out. Nothing is kept of a document, and nothing in the cluster changes.
#[async_trait]
pub trait Policies: Send + Sync {
    /// What becomes of the requests of a document in the case format.
    async fn evaluate(&self, document: String) -> Result<Evaluated, ApiError>;
    /// What is wrong with manifests, or does something else than it seems.
    async fn lint(&self, document: String) -> Result<Linted, ApiError>;
    /// What changes from one set of policies to another; with `traffic`, also for what the tenant's proxies have seen.
    async fn diff(&self, document: String) -> Result<Diffed, ApiError>;
}
