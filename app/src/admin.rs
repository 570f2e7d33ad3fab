//! Administration: documents around plain forms, like [`crate::public`]. No scripts and no wasm, so that who administers can
//! do so from any browser, and nothing of it is downloaded by anybody else. The server calls the functions, sends what they
//! return, and answers a form with a redirect or, when something does not fit, with the same page and what was typed.

mod form;
mod frame;
pub mod isolation;
mod notice;
mod parts;
pub mod stores;

pub use form::{FormErrors, TypedForm};
pub use frame::{AdminFrame, Place, Section, render_admin};
pub use notice::Notice;
pub use parts::{Confirm, Field, Locked, Select, TextArea, Tick, empty_row, nothing};
