//! Whatever the values, the picture is well-formed, stays inside its box, carries no colour and no style.

use charts::{Grid, Line, Mark, SeriesStyle, TimeChart, Unit, sentence, sparkarea, sparkline, time_chart};
use proptest::prelude::*;

const STYLES: [SeriesStyle; 4] = [SeriesStyle::A, SeriesStyle::Crit, SeriesStyle::Usual, SeriesStyle::Ok];
const UNITS: [Unit; 5] = [Unit::PerSecond, Unit::Millis, Unit::Percent, Unit::Bytes, Unit::Count];

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (-1.0e3..1.0e3).prop_map(Some),
        1 => any::<f64>().prop_map(Some),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 0.0, -0.0]).prop_map(Some),
        1 => Just(None),
    ]
}

/// Panics unless tags are balanced, drawn elements carry neither colours nor styles, and every number is finite and
/// inside the box.
fn assert_sound(svg: &str, width: f64, height: f64) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').expect("every tag is closed");
        let name = inside.split([' ', '/']).find(|part| !part.is_empty()).expect("tags have names");
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !inside.ends_with('/') {
            open.push(name);
        }
        assert!(["svg", "title", "desc", "path", "text"].contains(&name), "{tag}");
        if name != "svg" {
            for forbidden in ["NaN", "inf", "style=", "fill=", "stroke=", "#", "rgb"] {
                assert!(!inside.contains(forbidden), "{forbidden} in {tag}");
            }
        }
        if let Some(path) = inside.split(" d=\"").nth(1) {
            assert_path_inside(path.split('"').next().expect("attributes end"), width, height);
        }
    }
    assert!(open.is_empty(), "{open:?} left open");
}

/// Follows the path: one absolute point, then relative steps.
fn assert_path_inside(path: &str, width: f64, height: f64) {
    let body = path.strip_prefix('M').expect("paths start with a point").trim_end_matches('z').trim_end_matches("h0");
    let (start, steps) = body.split_once('l').unwrap_or((body, ""));
    let spaced = |text: &str| {
        text.replace('-', " -").split_whitespace().map(|n| n.parse::<f64>().expect("a number")).collect::<Vec<_>>()
    };
    let (start, steps) = (spaced(start), spaced(steps));
    assert_eq!((start.len(), steps.len() % 2), (2, 0), "{path}");
    let (mut x, mut y) = (start[0], start[1]);
    for pair in std::iter::once(&[0.0, 0.0][..]).chain(steps.chunks(2)) {
        (x, y) = (x + pair[0], y + pair[1]);
        assert!((-0.2..=width + 0.2).contains(&x) && (-0.2..=height + 0.2).contains(&y), "{x},{y} in {path}");
    }
}

proptest! {
    #[test]
    fn any_values_draw_a_sound_picture(
        values in prop::collection::vec(value(), 0..300),
        (style, unit) in (prop::sample::select(STYLES.as_slice()), prop::sample::select(UNITS.as_slice())),
        (width, height) in (0_u32..1_200, 0_u32..400),
        (area, y_from_zero) in any::<(bool, bool)>(),
        (start_ms, step_ms) in (any::<i64>(), prop_oneof![0_u64..100_000, any::<u64>()]),
        extra in 0_usize..5,
        title in "\\PC{0,20}",
    ) {
        let grid = Grid { start_ms, step_ms, len: values.len().saturating_sub(2) + extra };
        let chart = TimeChart {
            width, height, grid, unit, y_from_zero, band: None, title: &title,
            lines: vec![Line { name: &title, style, values: &values, area }],
            marks: vec![Mark { at_ms: grid.at_ms(values.len() / 2), label: title.clone() }],
        };
        let svg = time_chart(&chart);
        assert_sound(&svg, f64::from(width.max(120)), f64::from(height.max(60)));
        prop_assert!(!sentence(&chart).is_empty());
        let (width, height) = (width.max(8), height.max(8));
        assert_sound(&sparkline(width, height, &values, style), f64::from(width), f64::from(height));
        assert_sound(&sparkarea(width, height, &values, style, &title), f64::from(width), f64::from(height));
    }

    #[test]
    fn overlays_find_the_point_that_was_drawn(len in 1_usize..2_000, share in 0.0..1.0_f64) {
        let values = vec![Some(1.0); len];
        let chart = TimeChart {
            width: 520, height: 150, grid: Grid { start_ms: 0, step_ms: 1_000, len }, unit: Unit::Count, y_from_zero: true,
            band: None, title: "", marks: Vec::new(),
            lines: vec![Line { name: "", style: SeriesStyle::A, values: &values, area: false }],
        };
        let scales = chart.scales();
        let index = ((len - 1) as f64 * share) as usize;
        prop_assert_eq!(scales.x_to_index(scales.index_to_x(index)), Some(index));
        prop_assert_eq!(scales.x_to_index(-1.0e9), Some(0));
        prop_assert_eq!(scales.x_to_index(1.0e9), Some(len - 1));
        let y = scales.value_to_y(1.0);
        prop_assert!(y >= scales.plot.top && y <= scales.plot.bottom());
    }
}

fn mk_chart(values: &[Option<f64>]) -> TimeChart<'_> {
    TimeChart {
        width: 520,
        height: 150,
        grid: Grid { start_ms: 0, step_ms: 60_000, len: values.len() },
        unit: Unit::Millis,
        y_from_zero: true,
        band: None,
        title: "t",
        marks: Vec::new(),
        lines: vec![Line { name: "p95", style: SeriesStyle::A, values, area: false }],
    }
}

#[test]
fn a_single_point_is_a_dot_in_the_middle() {
    let svg = time_chart(&mk_chart(&[Some(5.0)]));
    assert_eq!(svg.matches("h0").count(), 1, "{svg}");
    assert_eq!(mk_chart(&[Some(5.0)]).scales().index_to_x(0), 42.0 + (520.0 - 43.0) / 2.0);
}

#[test]
fn values_that_cannot_be_shown_are_gaps() {
    let values = [Some(1.0), Some(2.0), Some(f64::NAN), Some(f64::INFINITY), Some(3.0), Some(4.0), None];
    let svg = time_chart(&mk_chart(&values));
    assert_eq!(svg.matches("class=\"p-line s-a\"").count(), 2, "{svg}");
}

#[test]
fn many_points_become_few_and_keep_the_peak() {
    let mut values: Vec<Option<f64>> = vec![Some(1.0); 10_000];
    values[5_000] = Some(900.0);
    let chart = mk_chart(&values);
    let svg = time_chart(&chart);
    assert!(svg.len() < 30_000, "{} bytes", svg.len());
    let peak = format!("{:.1}", chart.scales().value_to_y(1.0) - chart.scales().value_to_y(900.0));
    assert!(svg.contains(&format!("-{}", peak.trim_end_matches(".0"))), "a step of {peak} up in {svg}");
}

#[test]
fn the_sentence_says_what_the_picture_shows() {
    let rising = [Some(100.0), Some(120.0), None, Some(700.0), Some(812.0), Some(1_900.0)];
    let mut chart = mk_chart(&rising);
    chart.marks.push(Mark { at_ms: 120_000, label: "payments v2".to_owned() });
    assert_eq!(
        sentence(&chart),
        "From 00:00 to 00:05 UTC. p95: lowest 100 ms, highest 1.9 s, last 1.9 s, rising. payments v2 at 00:02."
    );
    assert_eq!(sentence(&mk_chart(&[Some(3.0); 4])), "From 00:00 to 00:03 UTC. p95: steady at 3 ms.");
    assert_eq!(sentence(&mk_chart(&[None; 4])), "From 00:00 to 00:03 UTC. p95: no values.");
    assert_eq!(sentence(&mk_chart(&[])), "No points in time. p95: no values.");
}
