//! What flows into the embedded stores: metrics read from scrape targets, spans and log records pushed as OTLP. HTTP
//! serving, and who may push, is the server's business.

mod otlp;
mod queue;
pub mod scrape;
mod text;

pub use queue::{Accepted, Ingest, Refused, Settings, Writer};
pub use scrape::{ScrapeTarget, Scraper};
