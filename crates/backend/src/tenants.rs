//! Tenants: what they are bound to and who belongs to them. Reads only; rows come from `provision`.

mod mesh;
mod record;
mod store;

pub use mesh::{MeshSelector, Namespaces};
pub(crate) use record::signal_name;
pub use record::{Plan, StoreBindings, TenantRecord};
pub use store::{find, list};
