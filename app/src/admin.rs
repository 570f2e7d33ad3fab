//! Administration: documents around plain forms, like [`crate::public`]. No scripts and no wasm, so that who administers can
//! do so from any browser, and nothing of it is downloaded by anybody else. The server calls the functions, sends what they
//! return, and answers a form with a redirect or, when something does not fit, with the same page and what was typed.

mod account;
mod audit;
mod form;
mod frame;
pub mod isolation;
mod keys;
pub mod members;
mod notice;
mod parts;
mod password;
pub mod people;
pub mod settings;
mod sign_in;
pub mod stores;
pub mod tenants;

pub use account::{account_page, ago};
pub use audit::{AuditView, audit_page};
pub use form::{FormErrors, TypedForm};
pub use frame::{AdminFrame, Place, Section, render_admin};
pub use keys::{KeysPage, ScopeChoice, keys_page, made_key_page};
pub use notice::Notice;
pub use parts::{Confirm, Field, Locked, Select, TextArea, Tick, api_line, empty_row, moment, nothing, shown_once};
pub use password::password_form;
pub use sign_in::{CREATE, PREVIEW, SAVE, sign_in_list, sign_in_provider};
