//! The frame around all pages of a tenant: who may enter, sidebar, top bar, palette and keys.

mod account;
mod frame;
mod keys;
mod palette;
mod range;
mod sidebar;
mod stores;
mod topbar;

pub use frame::TenantFrame;
pub use keys::{KeyLine, PageKeys, use_page_keys};
pub use range::label as range_label;
