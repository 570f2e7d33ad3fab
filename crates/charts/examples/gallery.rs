//! Prints a page with one of each chart, for looking at: `cargo run -p charts --example gallery TOKENS.css CHARTS.css`.

use charts::{Band, Grid, Line, Mark, SeriesStyle, TimeChart, Unit, sparkline, time_chart};

/// Repeatable jitter around zero.
fn jitter(index: usize, seed: u64) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed.wrapping_mul(1_442_695));
    ((mixed >> 33) % 1000) as f64 / 500.0 - 1.0
}

fn main() {
    let styles: String = std::env::args().skip(1).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let grid = Grid { start_ms: 1_763_637_600_000, step_ms: 40_000, len: 91 };
    let p95: Vec<_> = (0..91)
        .map(|i| {
            Some(if i < 54 { 160.0 } else { 160.0 + 560.0 * ((i as f64 - 54.0) / 10.0).min(1.0) } + 20.0 * jitter(i, 1))
        })
        .collect();
    let p50: Vec<_> = (0..91).map(|i| Some(if i < 58 { 85.0 } else { 150.0 } + 8.0 * jitter(i, 2))).collect();
    let low = vec![Some(80.0); 91];
    let high = vec![Some(240.0); 91];
    let latency = time_chart(&TimeChart {
        width: 520,
        height: 150,
        grid,
        lines: vec![
            Line { name: "p50", style: SeriesStyle::A, values: &p50, area: false },
            Line { name: "p95", style: SeriesStyle::Crit, values: &p95, area: false },
        ],
        band: Some(Band { low: &low, high: &high }),
        unit: Unit::Millis,
        y_from_zero: true,
        marks: vec![Mark { at_ms: grid.at_ms(60), label: "payments v2".to_owned() }],
        title: "payments latency",
    });
    let requests: Vec<_> = (0..91)
        .map(|i| (!(40..46).contains(&i)).then(|| 310.0 + 40.0 * (i as f64 / 15.0).sin() + 12.0 * jitter(i, 3)))
        .collect();
    let usual: Vec<_> = (0..91).map(|i| Some(290.0 + 30.0 * (i as f64 / 15.0).sin())).collect();
    let failing: Vec<_> = (0..91).map(|i| Some(if i < 60 { 12.0 } else { 47.0 } + 3.0 * jitter(i, 4))).collect();
    let rate = time_chart(&TimeChart {
        width: 520,
        height: 150,
        grid,
        lines: vec![
            Line { name: "last week", style: SeriesStyle::Usual, values: &usual, area: false },
            Line { name: "requests", style: SeriesStyle::A, values: &requests, area: true },
            Line { name: "failing", style: SeriesStyle::Crit, values: &failing, area: true },
        ],
        band: None,
        unit: Unit::PerSecond,
        y_from_zero: true,
        marks: Vec::new(),
        title: "shop requests",
    });
    let memory: Vec<_> = (0..91).map(|i| Some(3.1e8 + 2.0e6 * i as f64)).collect();
    let bytes = time_chart(&TimeChart {
        width: 260,
        height: 110,
        grid: Grid { step_ms: 1_920_000, ..grid },
        lines: vec![Line { name: "memory", style: SeriesStyle::C, values: &memory, area: false }],
        band: None,
        unit: Unit::Bytes,
        y_from_zero: false,
        marks: Vec::new(),
        title: "memory",
    });
    println!(
        "<!doctype html><meta charset=utf-8><style>{styles}body{{font:13px var(--font);background:var(--bg);margin:0}}main{{display:grid;grid-template-columns:520px 260px;gap:16px;padding:16px;background:var(--surface)}}</style>"
    );
    for theme in ["light", "dark"] {
        println!("<main data-theme={theme}><div>{latency}{rate}</div><div>{bytes}");
        for style in [SeriesStyle::Crit, SeriesStyle::Warn, SeriesStyle::E] {
            println!("{}", sparkline(84, 20, &p95, style));
        }
        println!("</div></main>");
    }
}
