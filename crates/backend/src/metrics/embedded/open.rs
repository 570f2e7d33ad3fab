//! How the embedded store is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::clock::{Clock, SystemClock};

/// How to open the embedded store.
#[derive(Clone)]
pub struct Options {
    /// Name of the store, for messages.
    pub name: String,
    /// Its directory (`{data_dir}/metrics`).
    pub dir: PathBuf,
    /// Samples older than this are removed, by whole hours.
    pub retention: Duration,
    /// Time for one query.
    pub deadline: Duration,
    /// Most series kept; samples of new ones beyond are dropped.
    pub max_series: usize,
    /// Most samples one query may hold, 16 bytes each.
    pub max_samples: usize,
    /// Tells what is old.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// The usual limits for a directory: 7 days, 10 s, 200,000 series, 3 million samples.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            name: "embedded".to_owned(),
            dir: dir.into(),
            retention: Duration::from_secs(7 * 86_400),
            deadline: Duration::from_secs(10),
            max_series: 200_000,
            max_samples: 3_000_000,
            clock: Arc::new(SystemClock),
        }
    }
}
