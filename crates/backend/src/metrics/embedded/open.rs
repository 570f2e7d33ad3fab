//! Opening tsink with bounded memory, and rows in its form.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tsink::{DataPoint, Label, Storage, StorageBuilder, TimestampPrecision, TsinkError, WalReplayMode, WalSyncMode};

use super::Row;
use crate::Error;

/// How to open the embedded store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the store, for messages.
    pub name: String,
    /// Its directory (`{data_dir}/metrics`).
    pub dir: PathBuf,
    /// Samples older than this are removed.
    pub retention: Duration,
    /// Time for one query.
    pub deadline: Duration,
    /// Most series kept; new ones beyond are refused.
    pub max_series: usize,
    /// Bytes of samples held in memory before they are written out.
    pub memory_bytes: usize,
}

impl Options {
    /// The usual limits for a directory: 7 days, 10 s, 200,000 series, 512 MiB. Below its need tsink blocks
    /// writes for half a minute and then refuses them; 2,000 series at a scrape every 5 s took more than 48 MiB.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            name: "embedded".to_owned(),
            dir: dir.into(),
            retention: Duration::from_secs(7 * 86_400),
            deadline: Duration::from_secs(10),
            max_series: 200_000,
            memory_bytes: 512 << 20,
        }
    }
}

/// Points per chunk. tsink keeps the points of an open chunk as they are (40 bytes each), so a large chunk costs memory
/// for every series; 128 points compress nearly as well as 2048.
const CHUNK_POINTS: usize = 128;

pub(super) fn open(options: &Options) -> Result<Arc<dyn Storage>, Error> {
    std::fs::create_dir_all(&options.dir).map_err(Error::internal)?;
    StorageBuilder::new()
        .with_data_path(&options.dir)
        .with_timestamp_precision(TimestampPrecision::Milliseconds)
        .with_retention(options.retention)
        .with_chunk_points(CHUNK_POINTS)
        .with_partition_duration(Duration::from_secs(3600))
        .with_max_writers(1)
        .with_cardinality_limit(options.max_series)
        .with_memory_limit(options.memory_bytes)
        .with_wal_sync_mode(WalSyncMode::Periodic(Duration::from_secs(1)))
        // One failed flush or compaction must not end all writing until the next start; the next one tries again.
        .with_background_fail_fast(false)
        // A crash may cut the last record; what stands before it is kept.
        .with_wal_replay_mode(WalReplayMode::Salvage)
        .build()
        .map_err(Error::internal)
}

pub(super) fn row(row: &Row) -> tsink::Row {
    let labels = row.labels.iter().map(|(name, value)| Label::new(name, value)).collect();
    tsink::Row::with_labels(row.name.as_ref(), labels, DataPoint::new(row.at.0, row.value))
}

/// True when the rows are to blame, so that others of the same batch may still be stored.
pub(super) fn is_rows_fault(error: &TsinkError) -> bool {
    matches!(
        error,
        TsinkError::OutOfRetention { .. }
            | TsinkError::InvalidMetricName(_)
            | TsinkError::InvalidLabel(_)
            | TsinkError::MetricRequired
            | TsinkError::LateWritePartitionFanoutExceeded { .. }
            | TsinkError::CardinalityLimitExceeded { .. }
    )
}
