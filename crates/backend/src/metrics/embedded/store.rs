//! Samples on disk: one redb file in the data directory. The hours that are still being written are in memory too.
//!
//! Tables: `series` names each series, `spans` tells from when to when it has samples, `recent` holds what was written to
//! the open hours, a record per call and hour, and `hours` the samples of closed hours, a compressed value per hour and
//! series. Every call of [`Store::write`] is one durable transaction, so a crash loses nothing that was acknowledged.
//! PromQL is elsewhere ([`super::view`]). Why tsink's own storage is not used: docs/adr/0003.

mod chunk;
mod record;
mod registry;

use std::{
    collections::{BTreeMap, HashMap},
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use mesh::Labels;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};

use self::{
    chunk::Chunk,
    registry::{Id, Registry, Span},
};
use super::{Options, Row, Written};

pub(super) use registry::Selection;

const SERIES: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("series");
const SPANS: TableDefinition<'_, Id, Span> = TableDefinition::new("spans");
/// By hour and number of the call.
const RECENT: TableDefinition<'_, (i64, u64), &[u8]> = TableDefinition::new("recent");
/// By hour and series.
const HOURS: TableDefinition<'_, (i64, Id), &[u8]> = TableDefinition::new("hours");

const HOUR_MS: i64 = 3_600_000;
/// Samples from further ahead than this are a broken clock's.
const FUTURE_MS: i64 = 15 * 60 * 1000;
/// Pages of the file kept in memory, bytes.
const CACHE: usize = 8 << 20;

/// The start of the hour of an instant, milliseconds.
fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_MS).saturating_mul(HOUR_MS)
}

/// One series of an answer.
pub(super) struct Found {
    pub(super) name: Arc<str>,
    /// Without the name.
    pub(super) labels: Labels,
    /// By time, no instant twice.
    pub(super) samples: Vec<(i64, f64)>,
}

/// Why a question was not answered or a sample not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("more than {0} samples")]
    TooMany(usize),
    #[error("the store is closed")]
    Closed,
    #[error(transparent)]
    Disk(#[from] redb::Error),
}

/// Samples of one call, by hour and series.
type Batch = BTreeMap<i64, BTreeMap<Id, Vec<(i64, f64)>>>;

/// Samples of one hour, by series.
type Hour = HashMap<Id, Vec<Chunk>>;

/// What readers need beside the file.
#[derive(Default)]
struct Memory {
    registry: Registry,
    /// The open hours: the newest one and the one before.
    open: BTreeMap<i64, Hour>,
}

/// What only a writer touches.
struct Writer {
    /// Number of the next call.
    call: u64,
    /// Series that are in memory and not yet in the file.
    unsaved: Vec<Id>,
    closed: bool,
}

/// The file and what of it is in memory.
pub(super) struct Store {
    /// None while the file cannot be opened again.
    db: RwLock<Option<Database>>,
    options: Options,
    memory: RwLock<Memory>,
    // Taken before `memory` where both are.
    writer: Mutex<Writer>,
}

impl Store {
    /// Opens or creates the store in `options.dir`.
    ///
    /// # Errors
    /// When the directory cannot be used, or another process uses it.
    pub(super) fn open(options: &Options) -> Result<Self, redb::Error> {
        private_dir(&options.dir)?;
        let db = open_file(&options.dir)?;
        let mut memory = Memory::default();
        let txn = db.begin_write()?;
        for row in txn.open_table(SERIES)?.iter()? {
            let (id, bytes) = row?;
            match record::read_series(bytes.value()) {
                Some((name, labels)) => memory.registry.insert(id.value(), &name, &labels),
                None => {
                    tracing::error!(id = id.value(), "the name of a series cannot be read; its samples are not shown")
                }
            }
        }
        for row in txn.open_table(SPANS)?.iter()? {
            let (id, span) = row?;
            memory.registry.saw(id.value(), span.value());
        }
        let mut call = 0;
        for row in txn.open_table(RECENT)?.iter()? {
            let (key, bytes) = row?;
            call = call.max(key.value().1 + 1);
            record::read_samples(bytes.value(), |id, at, value| {
                memory.push(id, at, value);
            });
        }
        txn.open_table(HOURS)?;
        txn.commit()?;
        let writer = Writer { call, unsaved: Vec::new(), closed: false };
        let store = Self {
            db: RwLock::new(Some(db)),
            options: options.clone(),
            memory: RwLock::new(memory),
            writer: Mutex::new(writer),
        };
        store.drop_old()?;
        Ok(store)
    }

    fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory_mut(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_write(&self) -> Result<WriteTransaction, redb::Error> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        Ok(db.as_ref().ok_or(redb::Error::PreviousIo)?.begin_write()?)
    }

    fn begin_read(&self) -> Result<ReadTransaction, redb::Error> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        Ok(db.as_ref().ok_or(redb::Error::PreviousIo)?.begin_read()?)
    }

    /// After a failure redb refuses everything until the file is opened anew: a disk that was full for a minute would be
    /// full for ever.
    fn reopen(&self) {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        *db = None;
        match open_file(&self.options.dir) {
            Ok(opened) => *db = Some(opened),
            Err(error) => tracing::error!(%error, "the file of the embedded metrics cannot be opened again"),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The oldest instant that is kept.
    fn oldest(&self) -> i64 {
        let retention = i64::try_from(self.options.retention.as_millis()).unwrap_or(i64::MAX);
        self.options.clock.now().0.saturating_sub(retention)
    }

    /// Writes samples; on disk when it returns. Of a series, an instant counts once.
    ///
    /// # Errors
    /// When the disk refuses; then nothing of the call is stored.
    pub(super) fn write(&self, rows: &[Row]) -> Result<Written, StoreError> {
        let mut writer = self.writer();
        if writer.closed {
            return Err(StoreError::Closed);
        }
        let batch = self.sort_out(rows, &mut writer);
        let newest = batch.keys().next_back().copied().max(self.memory().registry.newest_hour());
        let Some(newest) = newest else { return Ok(Written { stored: 0, dropped: rows.len() }) };
        // A clock that once was ahead must not close the hours of today.
        let latest = hour_of(self.options.clock.now().0.saturating_add(FUTURE_MS));
        let open_from = newest.min(latest) - HOUR_MS;
        let closing: Vec<i64> = self.memory().open.range(..open_from).map(|(hour, _)| *hour).collect();
        let mut stored = self.save(&batch, &closing, open_from, &writer).inspect_err(|_| self.reopen())?;
        writer.unsaved.clear();
        writer.call += 1;
        let mut memory = self.memory_mut();
        for hour in &closing {
            memory.open.remove(hour);
        }
        for (hour, series) in &batch {
            for (id, samples) in series {
                if *hour >= open_from {
                    stored += samples.iter().filter(|(at, value)| memory.push(*id, *at, *value)).count();
                } else {
                    memory.registry.saw(*id, (*hour, *hour));
                }
            }
        }
        drop((memory, writer));
        if !closing.is_empty()
            && let Err(error) = self.drop_old()
        {
            tracing::warn!(%error, "old samples were not removed; it is tried again in an hour");
        }
        Ok(Written { stored, dropped: rows.len() - stored })
    }

    /// The rows that can be stored, by hour and series. Series that are new get a number.
    fn sort_out(&self, rows: &[Row], writer: &mut Writer) -> Batch {
        let kept = self.oldest()..=self.options.clock.now().0.saturating_add(FUTURE_MS);
        let mut batch: Batch = BTreeMap::new();
        let mut memory = self.memory_mut();
        let mut before: Option<(&Row, Id)> = None;
        for row in rows.iter().filter(|row| kept.contains(&row.at.0) && !row.name.is_empty()) {
            let id = match before {
                // History comes series by series.
                Some((last, id)) if last.name == row.name && last.labels == row.labels => id,
                Some(_) | None => match memory.registry.find(&row.name, &row.labels) {
                    Some(id) => id,
                    None if memory.registry.len() >= self.options.max_series => continue,
                    None => {
                        let id = memory.registry.create(&row.name, &row.labels);
                        writer.unsaved.push(id);
                        id
                    }
                },
            };
            before = Some((row, id));
            batch.entry(hour_of(row.at.0)).or_default().entry(id).or_default().push((row.at.0, row.value));
        }
        batch
    }

    /// One transaction: new series, the batch, and the open hours that close now. Answers how many samples were new in
    /// hours that are closed.
    fn save(&self, batch: &Batch, closing: &[i64], open_from: i64, writer: &Writer) -> Result<usize, redb::Error> {
        let memory = self.memory();
        let mut txn = self.begin_write()?;
        // After a crash the file need not be read through.
        txn.set_quick_repair(true);
        let mut stored = 0;
        {
            let mut series = txn.open_table(SERIES)?;
            for id in &writer.unsaved {
                if let Some(one) = memory.registry.get(*id) {
                    series.insert(*id, record::series(&one.name, &one.labels).as_slice())?;
                }
            }
            let mut recent = txn.open_table(RECENT)?;
            let mut hours = txn.open_table(HOURS)?;
            let mut spans = txn.open_table(SPANS)?;
            for hour in closing {
                for (id, chunks) in memory.open.get(hour).into_iter().flatten() {
                    let mut samples = Vec::new();
                    chunks.iter().for_each(|chunk| chunk.samples(i64::MIN, i64::MAX, &mut samples));
                    merge(&mut hours, &mut spans, *hour, *id, samples)?;
                }
                recent.retain_in((*hour, 0)..=(*hour, u64::MAX), |_, _| false)?;
            }
            for (hour, series) in batch {
                if *hour >= open_from {
                    recent.insert((*hour, writer.call), record::samples(series).as_slice())?;
                } else {
                    for (id, samples) in series {
                        stored += merge(&mut hours, &mut spans, *hour, *id, samples.clone())?;
                    }
                }
            }
        }
        txn.commit()?;
        Ok(stored)
    }

    /// The series of a selection with their samples within `[from, to)`; series without any are left out.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] beyond `limit` samples.
    pub(super) fn read(
        &self,
        selection: &Selection,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut total = 0_usize;
        {
            let memory = self.memory();
            for (id, series) in memory.registry.select(selection, from, to) {
                let mut samples = Vec::new();
                for hour in memory.open.range(hour_of(from)..to).filter_map(|(_, hour)| hour.get(&id)) {
                    hour.iter().for_each(|chunk| chunk.samples(from, to, &mut samples));
                }
                total += samples.len();
                if total > limit {
                    return Err(StoreError::TooMany(limit));
                }
                let closed = series.hours(from, to);
                found.push((id, closed, Found { name: series.name.clone(), labels: series.labels.clone(), samples }));
            }
        }
        // The file is read after the memory: an hour that closes meanwhile is seen twice rather than not at all.
        let hours = self.begin_read()?.open_table(HOURS).map_err(redb::Error::from)?;
        for (id, closed, one) in &mut found {
            let before = one.samples.len();
            for hour in (closed.0..=closed.1).step_by(usize::try_from(HOUR_MS).unwrap_or(usize::MAX)) {
                if let Some(value) = hours.get((hour, *id)).map_err(redb::Error::from)? {
                    decode(value.value(), hour, *id, from, to, &mut one.samples);
                }
            }
            total += one.samples.len() - before;
            if total > limit {
                return Err(StoreError::TooMany(limit));
            }
            in_order(&mut one.samples);
        }
        Ok(found.into_iter().map(|(_, _, one)| one).filter(|one| !one.samples.is_empty()).collect())
    }

    /// The series of a selection that have samples within `[from, to)`, as far as whole hours tell.
    pub(super) fn select(&self, selection: &Selection, from: i64, to: i64, mut each: impl FnMut(&Arc<str>, &Labels)) {
        for (_, series) in self.memory().registry.select(selection, from, to) {
            each(&series.name, &series.labels);
        }
    }

    /// Number of series, and bytes of samples in memory.
    pub(super) fn size(&self) -> (usize, usize) {
        let memory = self.memory();
        let chunks = memory.open.values().flat_map(HashMap::values).flatten();
        (memory.registry.len(), chunks.map(Chunk::size).sum())
    }

    /// Waits for a write that is going on; writes after this fail. The directory is free when the store is dropped.
    pub(super) fn close(&self) {
        self.writer().closed = true;
    }

    /// Removes hours that are over the retention, and series that only they had.
    fn drop_old(&self) -> Result<(), redb::Error> {
        let _writer = self.writer();
        let oldest = hour_of(self.oldest());
        let gone = self.memory().registry.ended_before(oldest);
        let txn = self.begin_write()?;
        {
            txn.open_table(HOURS)?.retain_in(..(oldest, 0), |_, _| false)?;
            txn.open_table(RECENT)?.retain_in(..(oldest, 0), |_, _| false)?;
            let (mut series, mut spans) = (txn.open_table(SERIES)?, txn.open_table(SPANS)?);
            for id in &gone {
                series.remove(id)?;
                spans.remove(id)?;
            }
        }
        txn.commit()?;
        let mut memory = self.memory_mut();
        memory.open.retain(|hour, _| *hour >= oldest);
        memory.registry.remove(&gone);
        Ok(())
    }
}

fn open_file(dir: &Path) -> Result<Database, redb::Error> {
    Ok(Database::builder().set_cache_size(CACHE).create(dir.join("metrics.redb"))?)
}

/// Creates the directory; what lies in it is all tenants', so nobody else on the machine may read it.
fn private_dir(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700))
}

impl Memory {
    /// Takes a sample of a known series into its open hour; false when that instant was the last one already.
    fn push(&mut self, id: Id, at: i64, value: f64) -> bool {
        let hour = hour_of(at);
        self.registry.saw(id, (hour, hour));
        let chunks = self.open.entry(hour).or_default().entry(id).or_default();
        match chunks.last_mut() {
            Some(last) if last.last() == at => return false,
            Some(last) if last.last() < at && !last.is_full() => last.push(at, value),
            Some(_) | None => chunks.push(Chunk::new(at, value)),
        }
        true
    }
}

/// Adds samples of one series to a closed hour; answers how many were new.
fn merge(
    hours: &mut Table<'_, (i64, Id), &'static [u8]>,
    spans: &mut Table<'_, Id, Span>,
    hour: i64,
    id: Id,
    new: Vec<(i64, f64)>,
) -> Result<usize, redb::Error> {
    let mut samples = Vec::new();
    if let Some(known) = hours.get((hour, id))? {
        decode(known.value(), hour, id, i64::MIN, i64::MAX, &mut samples);
    }
    let before = samples.len();
    samples.extend(new);
    in_order(&mut samples);
    let mut bytes = Vec::new();
    for chunk in samples.chunks(chunk::MAX_SAMPLES).filter_map(Chunk::of) {
        chunk.write(&mut bytes);
    }
    hours.insert((hour, id), lz4_flex::compress_prepend_size(&bytes).as_slice())?;
    let span = spans.get(id)?.map_or((hour, hour), |span| registry::joined(span.value(), (hour, hour)));
    spans.insert(id, span)?;
    Ok(samples.len() - before)
}

/// The samples within `[from, to)` of a value of [`HOURS`]. One rotten place must not hide the rest, so it is logged and
/// left out.
fn decode(value: &[u8], hour: i64, id: Id, from: i64, to: i64, samples: &mut Vec<(i64, f64)>) {
    let whole = lz4_flex::decompress_size_prepended(value).ok();
    if whole.and_then(|bytes| chunk::read(&bytes, from, to, samples)).is_none() {
        tracing::error!(hour, series = id, "stored samples cannot be read");
    }
}

/// Sorts samples that came from several places; of one instant, the first counts.
fn in_order(samples: &mut Vec<(i64, f64)>) {
    if !samples.is_sorted_by(|a, b| a.0 < b.0) {
        samples.sort_by_key(|(at, _)| *at);
        samples.dedup_by_key(|(at, _)| *at);
    }
}

#[cfg(test)]
mod tests;
