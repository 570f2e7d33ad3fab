//! Authorization policies in the browser.

pub mod engine;
