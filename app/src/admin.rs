//! Administration: documents around plain forms, like [`crate::public`]. No scripts and no wasm, so that who administers can
//! do so from any browser, and nothing of it is downloaded by anybody else. The server calls the functions, sends what they
//! return, and answers a form with a redirect or, when something does not fit, with the same page and what was typed.

mod account;
mod audit;
mod form;
mod frame;
mod notice;
mod parts;
mod sign_in;

pub use account::{account_page, ago};
pub use audit::{AuditView, audit_page};
pub use form::{FormErrors, TypedForm};
pub use frame::{AdminFrame, Place, Section, render_admin};
pub use notice::Notice;
pub use parts::{Confirm, Field, Locked, Select, TextArea, Tick, empty_row, nothing};
pub use sign_in::{CREATE, PREVIEW, SAVE, sign_in_list, sign_in_provider};
