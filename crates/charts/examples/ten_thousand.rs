//! How long a chart takes: `cargo run --release -p charts --example ten_thousand`. Prints milliseconds and bytes for one
//! and for ten series of 10 000 points in 800 by 240 pixels, and for a chart as pages show it.

use std::time::Instant;

use charts::{Grid, Line, SeriesStyle, TimeChart, Unit, time_chart};

fn main() {
    for (series, points) in [(1, 10_000), (10, 10_000), (3, 240)] {
        let values: Vec<Vec<Option<f64>>> = (0..series)
            .map(|seed| (0..points).map(|at| Some(f64::from((at * 7_919 + seed * 104_729) % 1_000))).collect())
            .collect();
        let len = values.first().map_or(0, Vec::len);
        let chart = TimeChart {
            width: 800,
            height: 240,
            grid: Grid { start_ms: 1_763_637_600_000, step_ms: 15_000, len },
            lines: values
                .iter()
                .map(|values| Line { name: "series", style: SeriesStyle::A, values, area: false })
                .collect(),
            band: None,
            unit: Unit::Millis,
            y_from_zero: true,
            marks: Vec::new(),
            title: "latency",
        };
        let rounds = 50_u32;
        let started = Instant::now();
        let mut bytes = 0;
        for _ in 0..rounds {
            bytes = time_chart(&chart).len();
        }
        let each = started.elapsed() / rounds;
        println!("{series} x {points} points: {:.2} ms, {} KB", each.as_secs_f64() * 1_000.0, bytes / 1_000);
    }
}
