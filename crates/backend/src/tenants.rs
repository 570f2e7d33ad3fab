//! Tenants: what they are, what they are bound to, what their plan includes, and how they are administered. Who belongs to
//! them is `members`; what the configuration says of them is written by `provision`.

mod admin;
mod bindings;
mod checks;
mod mesh;
mod plan;
mod record;
mod rows;
mod settings;
mod store;

pub use admin::TenantAdmin;
pub use bindings::StoreChoice;
pub(crate) use checks::{display_name, list_page};
pub use checks::{mesh_words, read_mesh, write_mesh};
pub use mesh::{MeshSelector, Namespaces};
pub use plan::{Feature, Limit, Plan, plans_document};
pub(crate) use record::signal_name;
pub use record::{StoreBindings, TenantRecord};
pub(crate) use rows::escaped;
pub use settings::TenantSettings;
pub use store::{find, list};
