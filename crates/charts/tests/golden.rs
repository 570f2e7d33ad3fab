//! The drawn text, byte by byte, against the files in `tests/golden`. After a deliberate change of looks run with
//! `UPDATE_GOLDEN=1`, look at the files in a browser, and commit them.

use std::path::PathBuf;

use charts::{Band, Grid, Line, Mark, SeriesStyle, TimeChart, Unit, sparkarea, sparkline, time_chart};

/// 2025-11-20 11:20:00 UTC.
const START_MS: i64 = 1_763_637_600_000;

/// A repeatable wave in steps of a quarter.
fn wave(index: usize, middle: f64, swing: f64) -> Option<f64> {
    let phase = [0.0, 0.5, 0.75, 1.0, 0.75, 0.25, 0.0, -0.5, -1.0, -0.75, -0.25][index % 11];
    Some(middle + swing * phase)
}

fn check(name: &str, drawn: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", &format!("{name}.svg")].iter().collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{drawn}\n")).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(drawn, golden.trim_end(), "{name} is drawn differently");
}

fn chart<'a>(grid: Grid, unit: Unit, lines: Vec<Line<'a>>) -> TimeChart<'a> {
    let title = "payments <latency> & \"more\"";
    TimeChart { width: 520, height: 150, grid, lines, band: None, unit, y_from_zero: true, marks: Vec::new(), title }
}

#[test]
fn latency_with_band_and_marks() {
    let grid = Grid { start_ms: START_MS, step_ms: 60_000, len: 61 };
    let fast: Vec<_> = (0..61).map(|at| wave(at, if at < 40 { 85.0 } else { 150.0 }, 8.0)).collect();
    let slow: Vec<_> = (0..61).map(|at| wave(at, if at < 36 { 160.0 } else { 712.5 }, 20.0)).collect();
    let (low, high) = (vec![Some(80.0); 61], vec![Some(240.0); 61]);
    let mark = |index: usize, label: &str| Mark { at_ms: grid.at_ms(index), label: label.to_owned() };
    check(
        "latency",
        &time_chart(&TimeChart {
            band: Some(Band { low: &low, high: &high }),
            marks: vec![mark(36, "payments v2"), mark(40, "rolled back"), mark(59, "v3 <b>"), mark(900, "outside")],
            ..chart(
                grid,
                Unit::Millis,
                vec![
                    Line { name: "p50", style: SeriesStyle::A, values: &fast, area: false },
                    Line { name: "p95", style: SeriesStyle::Crit, values: &slow, area: false },
                ],
            )
        }),
    );
}

#[test]
fn requests_with_a_gap_and_areas() {
    let grid = Grid { start_ms: START_MS, step_ms: 15_000, len: 21 };
    let all: Vec<_> = (0..21).map(|at| if [7, 8, 10].contains(&at) { None } else { wave(at, 310.0, 40.0) }).collect();
    let usual: Vec<_> = (0..21).map(|at| wave(at / 2, 290.0, 30.0)).collect();
    check(
        "requests",
        &time_chart(&chart(
            grid,
            Unit::PerSecond,
            vec![
                Line { name: "last week", style: SeriesStyle::Usual, values: &usual, area: false },
                Line { name: "requests", style: SeriesStyle::A, values: &all, area: true },
            ],
        )),
    );
}

#[test]
fn memory_over_a_month_not_from_zero() {
    let grid = Grid { start_ms: START_MS, step_ms: 6 * 3_600_000, len: 120 };
    let values: Vec<_> = (0..120_u32).map(|at| Some(3.1e8 + 2.0e6 * f64::from(at))).collect();
    let line = Line { name: "", style: SeriesStyle::C, values: &values, area: false };
    check("memory", &time_chart(&TimeChart { y_from_zero: false, ..chart(grid, Unit::Bytes, vec![line]) }));
}

#[test]
fn nothing_to_draw_still_has_axes() {
    let grid = Grid { start_ms: START_MS, step_ms: 60_000, len: 31 };
    let line = Line { name: "p95", style: SeriesStyle::A, values: &[None; 31], area: true };
    check("empty", &time_chart(&chart(grid, Unit::Percent, vec![line])));
}

#[test]
fn a_small_line() {
    let values: Vec<_> = (0..30).map(|at| if at == 12 { None } else { wave(at, 40.0, 3.0) }).collect();
    check("sparkline", &sparkline(84, 20, &values, SeriesStyle::Warn));
}

#[test]
fn a_small_area_begins_at_zero() {
    let values: Vec<_> = (0..12).map(|at| wave(at, 1.0, 3.0)).collect();
    check("sparkarea", &sparkarea(84, 20, &values, SeriesStyle::A, "requests <per> second"));
}
