//! What the store keeps: through restarts, closing hours, late samples and retention.

use std::{path::Path, time::Duration};

use contract::Timestamp;

use super::*;
use crate::clock::{Clock, MockClock};

/// An instant at the start of an hour.
const NOON: i64 = 1_700_000_000_000 / HOUR_MS * HOUR_MS;
const STEP: i64 = 5000;

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<MockClock>,
    retention: Duration,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a directory"),
            clock: Arc::new(MockClock::new(Timestamp(NOON + 12 * HOUR_MS))),
            retention: Duration::from_secs(86_400),
        }
    }

    fn open(&self) -> Store {
        self.open_in(self.dir.path())
    }

    fn open_in(&self, dir: &Path) -> Store {
        let options = Options { retention: self.retention, clock: self.clock.clone(), ..Options::new(dir) };
        Store::open(&options).expect("it opens")
    }
}

fn row(app: &str, at: i64, value: f64) -> Row {
    Row { name: "requests".into(), labels: Labels::from_pairs([("app", app)]), at: Timestamp(at), value }
}

/// Samples of a counter at a fixed step.
fn rows(app: &str, from: i64, count: i64) -> Vec<Row> {
    (0..count).map(|place| row(app, from + place * STEP, place as f64)).collect()
}

fn all(store: &Store) -> Vec<(String, Vec<(i64, f64)>)> {
    between(store, i64::MIN, i64::MAX)
}

fn between(store: &Store, from: i64, to: i64) -> Vec<(String, Vec<(i64, f64)>)> {
    let selection = Selection { name: Some("requests".to_owned()), matchers: Vec::new() };
    let found = store.read(&selection, from, to, usize::MAX).expect("it reads");
    let mut all: Vec<_> = found.into_iter().map(|one| (one.labels.get("app").to_owned(), one.samples)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn samples(rows: &[Row]) -> Vec<(i64, f64)> {
    rows.iter().map(|row| (row.at.0, row.value)).collect()
}

#[test]
fn closed_and_open_hours_are_read_as_one() {
    let bench = Bench::new();
    let store = bench.open();
    let five_hours = rows("cart", NOON, 5 * 720);
    for round in five_hours.chunks(100) {
        assert_eq!(store.write(round).expect("it writes").stored, round.len());
    }
    assert_eq!(all(&store), [("cart".to_owned(), samples(&five_hours))]);
    let (from, to) = (NOON + 2 * HOUR_MS - STEP, NOON + 4 * HOUR_MS + STEP);
    let part: Vec<_> = samples(&five_hours).into_iter().filter(|(at, _)| (from..to).contains(at)).collect();
    assert_eq!(between(&store, from, to), [("cart".to_owned(), part)]);
    let (_, bytes) = store.size();
    assert!(bytes < 2 * 720 * 8, "only the open hours are in memory: {bytes} bytes");
    drop(store);
    assert_eq!(all(&bench.open()), [("cart".to_owned(), samples(&five_hours))], "after a restart");
}

#[test]
fn samples_of_hours_that_are_over_are_merged() {
    let bench = Bench::new();
    let store = bench.open();
    store.write(&rows("cart", NOON + 5 * HOUR_MS, 10)).expect("it writes");
    let history = rows("cart", NOON, 1440);
    let (even, odd): (Vec<_>, Vec<_>) = history.iter().cloned().partition(|row| row.at.0 / STEP % 2 == 0);
    assert_eq!(store.write(&odd).expect("it writes"), Written { stored: 720, dropped: 0 });
    assert_eq!(store.write(&even).expect("it writes"), Written { stored: 720, dropped: 0 });
    assert_eq!(store.write(&even).expect("it writes"), Written { stored: 0, dropped: 720 }, "they are there already");
    assert_eq!(between(&store, NOON, NOON + 2 * HOUR_MS), [("cart".to_owned(), samples(&history))]);
}

#[test]
fn a_batch_over_many_hours_needs_no_order() {
    let bench = Bench::new();
    let store = bench.open();
    let mut history = rows("cart", NOON, 3 * 720);
    history.extend(rows("web", NOON + HOUR_MS, 720));
    let mut shuffled: Vec<Row> = history.iter().rev().step_by(2).cloned().collect();
    shuffled.extend(history.iter().rev().skip(1).step_by(2).cloned());
    assert_eq!(store.write(&shuffled).expect("it writes").stored, history.len());
    let (cart, web) = history.split_at(3 * 720);
    assert_eq!(all(&store), [("cart".to_owned(), samples(cart)), ("web".to_owned(), samples(web))]);
}

#[test]
fn what_is_too_old_goes_with_its_series() {
    let bench = Bench::new();
    let store = bench.open();
    store.write(&rows("gone", NOON, 720)).expect("it writes");
    store.write(&rows("stays", NOON + 6 * HOUR_MS, 720)).expect("it writes");
    assert_eq!(store.size().0, 2);
    // A day later the first hour is over its retention; the turn of an hour cleans up.
    bench.clock.set(Timestamp(NOON + 26 * HOUR_MS));
    let late = rows("stays", NOON + 26 * HOUR_MS - 10 * STEP, 10);
    store.write(&late).expect("it writes");
    let apps = |store: &Store| all(store).into_iter().map(|(app, _)| app).collect::<Vec<_>>();
    assert_eq!((apps(&store), store.size().0), (vec!["stays".to_owned()], 1));
    let refused = store.write(&rows("gone", NOON, 3)).expect("it writes");
    assert_eq!(refused, Written { stored: 0, dropped: 3 }, "older than the retention");
    let refused = store.write(&rows("stays", NOON + 27 * HOUR_MS, 3)).expect("it writes");
    assert_eq!(refused, Written { stored: 0, dropped: 3 }, "from the future");
    drop(store);
    let store = bench.open();
    assert_eq!((apps(&store), store.size().0), (vec!["stays".to_owned()], 1));
    bench.clock.set(Timestamp(NOON + 100 * HOUR_MS));
    drop(store);
    assert_eq!(bench.open().size(), (0, 0), "also when the portal was off meanwhile");
}

#[test]
fn the_number_of_series_is_bounded() {
    let bench = Bench::new();
    let options = Options { clock: bench.clock.clone(), max_series: 3, ..Options::new(bench.dir.path()) };
    let store = Store::open(&options).expect("it opens");
    let many: Vec<Row> = (0..5).map(|app| row(&format!("app-{app}"), NOON + 11 * HOUR_MS, 1.0)).collect();
    assert_eq!(store.write(&many).expect("it writes"), Written { stored: 3, dropped: 2 });
    let known = row("app-0", NOON + 11 * HOUR_MS + STEP, 2.0);
    assert_eq!(store.write(&[known]).expect("it writes").stored, 1, "known series go on");
}

#[test]
fn too_large_an_answer_is_refused() {
    let bench = Bench::new();
    let store = bench.open();
    store.write(&rows("cart", NOON, 3 * 720)).expect("it writes");
    let selection = Selection { name: Some("requests".to_owned()), matchers: Vec::new() };
    let refused = store.read(&selection, NOON, NOON + 3 * HOUR_MS, 1000);
    assert!(matches!(refused, Err(StoreError::TooMany(1000))));
}

#[test]
fn one_process_at_a_time() {
    let bench = Bench::new();
    let _store = bench.open();
    let options = Options { clock: bench.clock.clone(), ..Options::new(bench.dir.path()) };
    assert!(Store::open(&options).is_err());
}

#[test]
fn a_failure_does_not_outlast_its_cause() {
    let bench = Bench::new();
    let store = bench.open();
    let written = rows("cart", NOON, 3 * 720);
    store.write(&written[..1440]).expect("it writes");
    // The file is gone for a moment, as a disk may be.
    *store.db.write().expect("not poisoned") = None;
    assert!(store.write(&written[1440..1500]).is_err());
    assert_eq!(store.write(&written[1440..]).expect("it was opened again").stored, 720);
    assert_eq!(all(&store), [("cart".to_owned(), samples(&written))]);
}

#[test]
fn a_clock_that_was_ahead_closes_nothing_of_today() {
    let bench = Bench::new();
    let store = bench.open();
    let (today, step) = (bench.clock.now(), 60_000);
    bench.clock.set(Timestamp(today.0 + 24 * HOUR_MS));
    store.write(&[row("cart", today.0 + 24 * HOUR_MS, 1.0)]).expect("it writes");
    bench.clock.set(today);
    for minute in 0..10 {
        let at = today.0 - HOUR_MS / 2 + minute * step;
        assert_eq!(store.write(&[row("cart", at, 1.0)]).expect("it writes").stored, 1);
    }
    assert!(store.memory().open.contains_key(&hour_of(today.0 - HOUR_MS / 2)), "today's hour is open");
}

#[test]
fn nothing_is_written_after_closing() {
    let bench = Bench::new();
    let store = bench.open();
    store.close();
    assert!(matches!(store.write(&rows("cart", NOON, 1)), Err(StoreError::Closed)));
}

/// Set in the process that [`a_killed_process_loses_nothing_it_acknowledged`] starts.
const DIR: &str = "OBSTACK_TEST_STORE";

#[test]
#[ignore = "runs in a process of its own, started and killed by the next test"]
fn writes_until_killed() {
    let dir = std::env::var(DIR).expect("started by the next test");
    let bench = Bench::new();
    let store = bench.open_in(Path::new(&dir));
    // 50 rounds an hour, so that hours close all the time.
    for round in 0..500_i64 {
        let at = NOON + round * HOUR_MS / 50;
        let all: Vec<Row> = (0..20).map(|app| row(&format!("app-{app:02}"), at, round as f64)).collect();
        store.write(&all).expect("it writes");
        println!("round {round}");
    }
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    use std::io::BufRead;
    for kill_after in [1, 49, 130] {
        let bench = Bench::new();
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--nocapture", "--exact", "metrics::embedded::store::tests::writes_until_killed"])
            .env(DIR, bench.dir.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
        let mut rounds =
            out.lines().map_while(Result::ok).filter_map(|line| line.rsplit_once("round ")?.1.parse::<i64>().ok());
        let acknowledged = rounds.find(|round| *round >= kill_after).expect("it gets that far");
        child.kill().expect("it can be killed");
        // What it said before the signal came counts as well.
        let acknowledged = rounds.last().unwrap_or(acknowledged);
        child.wait().expect("it is gone");
        let found = all(&bench.open());
        assert_eq!(found.len(), 20);
        for (app, samples) in found {
            let want: Vec<_> = (0..=acknowledged).map(|round| (NOON + round * HOUR_MS / 50, round as f64)).collect();
            assert!(samples.starts_with(&want), "{app} after round {acknowledged}: {} samples", samples.len());
        }
    }
}
