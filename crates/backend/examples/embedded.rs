//! How large and how fast the embedded metrics store is with the demo's load: 4,000 series with 20 labels, 24 h at 2 min
//! and one hour at 5 s. `cargo run --release -p backend --example embedded`

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backend::{
    clock::{Clock, SystemClock},
    metrics::{
        MetricsStore,
        embedded::{Embedded, Options, Row},
    },
};
use contract::Timestamp;
use mesh::Labels;
use query::{MeshScope, MeshSelector, Side, confine};

const SERIES: usize = 4000;

fn labels(series: usize) -> Labels {
    let (source, target, code) = (series % 14, series / 14 % 14, if series % 10 == 9 { "500" } else { "200" });
    let text = |name: &str, value: String| (Arc::from(name), Arc::from(value));
    let mut all = vec![
        text("response_code", code.to_owned()),
        text("le", format!("{}", series / 196)),
        text("reporter", if series.is_multiple_of(2) { "source" } else { "destination" }.to_owned()),
    ];
    for (side, app) in [("source", source), ("destination", target)] {
        all.push(text(&format!("{side}_workload"), format!("app-{app}-v1")));
        all.push(text(&format!("{side}_workload_namespace"), format!("ns-{}", app % 3)));
        all.push(text(&format!("{side}_canonical_service"), format!("app-{app}")));
        all.push(text(&format!("{side}_canonical_revision"), "v1".to_owned()));
        all.push(text(&format!("{side}_cluster"), if app % 2 == 0 { "east" } else { "west" }.to_owned()));
        all.push(text(&format!("{side}_principal"), format!("spiffe://cluster.local/ns/ns-{}/sa/app-{app}", app % 3)));
    }
    all.push(text("destination_service", format!("app-{target}.ns-{}.svc.cluster.local", target % 3)));
    all.push(text("destination_service_name", format!("app-{target}")));
    all.push(text("connection_security_policy", "mutual_tls".to_owned()));
    all.push(text("request_protocol", "http".to_owned()));
    Labels::new(all)
}

/// One of eight metrics, as the histogram's buckets, sums and counts would be.
fn name(series: usize) -> Arc<str> {
    Arc::from(format!("istio_metric_{}_total", series % 8))
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn disk_mb(dir: &std::path::Path) -> u64 {
    fn bytes(dir: &std::path::Path) -> u64 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .map(
                |entry| {
                    if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }
                },
            )
            .sum()
    }
    bytes(dir) / (1 << 20)
}

fn report(what: &str, since: Instant, dir: &std::path::Path) {
    println!(
        "{what}: {:.2} s, {} MB resident, {} MB on disk",
        since.elapsed().as_secs_f64(),
        resident_mb(),
        disk_mb(dir)
    );
}

#[tokio::main]
async fn main() -> Result<(), backend::Error> {
    let dir = tempfile::tempdir().map_err(backend::Error::internal)?;
    let start = Instant::now();
    let store = Embedded::open(&Options::new(dir.path()))?;
    let series: Vec<(Arc<str>, Labels)> = (0..SERIES).map(|series| (name(series), labels(series))).collect();
    let row = |place: usize, at: Timestamp, value: f64| Row {
        name: series[place].0.clone(),
        labels: series[place].1.clone(),
        at,
        value,
    };
    report("opened", start, dir.path());

    let now = SystemClock.now();
    let start = Instant::now();
    for hour in (1..=24).rev() {
        for chunk in (0..SERIES).collect::<Vec<_>>().chunks(500) {
            let rows = chunk.iter().flat_map(|&place| {
                let row = &row;
                (0..30).map(move |step| {
                    let ago = hour * 3600 + 3600 - step * 120;
                    row(place, now.minus_secs(ago), (86_400 * 2 - ago) as f64 * (place % 7) as f64)
                })
            });
            store.write(rows.collect()).await?;
        }
    }
    report("24 h of history at 2 min", start, dir.path());

    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    for round in 0..720_u64 {
        let at = now.minus_secs(3600 - round * 5);
        let rows = (0..SERIES).map(|place| row(place, at, (86_400 * 2 - 3600 + round * 5) as f64 * (place % 7) as f64));
        let one = Instant::now();
        store.write(rows.collect()).await?;
        slowest = slowest.max(one.elapsed());
    }
    report("1 h of rounds at 5 s", start, dir.path());
    println!(
        "  a round takes {:.1} ms, the slowest {:.1} ms",
        start.elapsed().as_secs_f64() / 0.72,
        slowest.as_secs_f64() * 1e3
    );

    let scope = MeshScope::new([
        MeshSelector::only(None, ["ns-0", "ns-1"]).map_err(|error| backend::Error::internal(error.to_string()))?
    ]);
    let by = "source_workload, source_workload_namespace, source_canonical_service, destination_workload, \
              destination_workload_namespace, destination_canonical_service, destination_service_name, response_code";
    let rate = format!("sum by ({by}) (rate(istio_metric_1_total{{reporter=\"destination\"}}[1m]))");
    let quantile = format!("histogram_quantile(0.95, sum by (le, {by}) (rate(istio_metric_1_total[1m])))");
    for (what, text) in [("rates of a graph", &rate), ("quantiles of a graph", &quantile)] {
        let query = confine(text, &scope, Side::Destination, None)
            .map_err(|error| backend::Error::internal(error.to_string()))?;
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..9 {
            let start = Instant::now();
            found = store.query(&query, now).await?.samples.len();
            times.push(start.elapsed());
        }
        times.sort_unstable();
        println!(
            "{what}: {found} samples, median {:.1} ms, worst {:.1} ms",
            times[4].as_secs_f64() * 1e3,
            times[8].as_secs_f64() * 1e3
        );
    }
    for (what, from, step) in [("one hour in 60 s steps", 3600, 60), ("24 h in 10 min steps", 86_400, 600)] {
        let text = "sum by (destination_canonical_service) (rate(istio_metric_0_total[5m]))";
        let query = confine(text, &scope, Side::Destination, None)
            .map_err(|error| backend::Error::internal(error.to_string()))?;
        let start = Instant::now();
        let ranged = store.query_range(&query, now.minus_secs(from), now, step).await?;
        report(&format!("{what}: {} series", ranged.series.len()), start, dir.path());
    }
    let start = Instant::now();
    store.close().await;
    drop(store);
    report("closed", start, dir.path());
    let start = Instant::now();
    let store = Embedded::open(&Options::new(dir.path()))?;
    report("opened again", start, dir.path());
    store.close().await;
    Ok(())
}
