//! Charts on a page: the picture drawn by `charts`, the same on the server and in the browser; on top of it, once the
//! page is hydrated, a crosshair shared by all charts, values under the pointer and a brush that narrows the time.

use charts::{Grid, Line, Mark, Scales, SeriesStyle, TimeChart, Unit, moment_label, sparkline, time_chart};
use contract::{
    TimeRange, Timestamp,
    time::TimePoint,
    topology::{Series, SeriesSet},
};
use leptos::{ev::PointerEvent, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::url::{range_params, use_here_with};

/// Whether charts show their values as tables too; the key `d` turns it over.
#[derive(Clone, Copy)]
pub struct ChartTables(pub RwSignal<bool>);

/// The moment under the pointer, Unix milliseconds, on every chart of the page.
#[derive(Clone, Copy)]
pub struct Crosshair(pub RwSignal<Option<i64>>);

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pen {
    /// Name of the series.
    pub name: &'static str,
    /// The word in the legend.
    pub label: &'static str,
    /// Colour and dash.
    pub style: SeriesStyle,
    /// Whether the area below is filled.
    pub area: bool,
}

/// Narrower brushes are slips of the hand, pixels of the view box.
const BRUSH_PX: f64 = 6.0;

/// A picture of the set; series without a pen are left out, pens without a series too.
#[derive(Clone, PartialEq)]
struct Drawn {
    svg: String,
    scales: Scales,
}

fn grid(set: &SeriesSet) -> Grid {
    let len = set.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    Grid { start_ms: set.start.0, step_ms: set.step_secs.max(1).saturating_mul(1000), len }
}

fn find<'a>(set: &'a SeriesSet, pen: &Pen) -> Option<&'a Series> {
    set.series.iter().find(|series| series.name == pen.name && series.values.iter().any(Option::is_some))
}

fn draw(set: &SeriesSet, pens: &[Pen], unit: Unit, size: (u32, u32), marks: Vec<Mark>, title: &str) -> Drawn {
    let lines = pens
        .iter()
        .filter_map(|pen| {
            let series = find(set, pen)?;
            Some(Line { name: pen.label, style: pen.style, values: &series.values, area: pen.area })
        })
        .collect();
    let chart = TimeChart {
        width: size.0,
        height: size.1,
        grid: grid(set),
        lines,
        band: None,
        unit,
        y_from_zero: true,
        marks,
        title,
    };
    Drawn { svg: time_chart(&chart), scales: chart.scales() }
}

/// A chart over time.
#[component]
pub fn Chart(
    /// Name for screen readers, such as `payments latency`.
    #[prop(into)]
    title: Signal<String>,
    /// The values.
    #[prop(into)]
    set: Signal<SeriesSet>,
    /// How to draw which series; the most important last.
    pens: &'static [Pen],
    /// What the values are.
    unit: Unit,
    /// What happened, as vertical lines.
    #[prop(optional, into)]
    marks: Signal<Vec<Mark>>,
    /// Size of the view box in pixels as the server draws it. The browser draws it again in the size it has.
    #[prop(default = (520, 150))]
    size: (u32, u32),
) -> AnyView {
    let size = RwSignal::new(size);
    let holder = NodeRef::<html::Div>::new();
    fit(holder, size);
    let drawn =
        Memo::new(move |_| set.with(|set| title.with(|title| draw(set, pens, unit, size.get(), marks.get(), title))));
    let tables = use_context::<ChartTables>().map_or_else(|| RwSignal::new(false), |ChartTables(open)| open);
    let hydrated = RwSignal::new(false);
    Effect::new(move |_| hydrated.set(true));
    let over = move || hydrated.get().then(|| view! { <Overlay set pens unit size drawn /> });
    let table = move || tables.get().then(|| set.with(|set| values_table(set, pens, unit)));
    view! {
        <div class="chart">
            <div class="chart-box">
                <div class="chart-svg" node_ref=holder inner_html=move || drawn.with(|drawn| drawn.svg.clone())></div>
                {over}
            </div>
            {table}
        </div>
    }
    .into_any()
}

/// Keeps the view box at the size the picture has on the page, so that text is neither small on a phone nor large on a
/// wall. The box itself does not change, and so nothing around it moves.
fn fit(holder: NodeRef<html::Div>, size: RwSignal<(u32, u32)>) {
    let measure = move || {
        let Some(bounds) = holder.get_untracked().map(|holder| holder.get_bounding_client_rect()) else { return };
        let (width, height) = (bounds.width().round() as u32, bounds.height().round() as u32);
        if width > 0 && height > 0 && size.get_untracked() != (width, height) {
            size.set((width, height));
        }
    };
    Effect::new(move |_| {
        if holder.get().is_some() {
            measure();
            let listener = window_event_listener(leptos::ev::resize, move |_| measure());
            on_cleanup(move || listener.remove());
        }
    });
}

/// What answers the pointer. Its own element, so that moving the pointer does not repaint the chart.
#[component]
fn Overlay(
    set: Signal<SeriesSet>,
    pens: &'static [Pen],
    unit: Unit,
    size: RwSignal<(u32, u32)>,
    drawn: Memo<Drawn>,
) -> impl IntoView {
    let crosshair = use_context::<Crosshair>().map_or_else(|| RwSignal::new(None), |Crosshair(at)| at);
    let (brush, set_brush) = signal(None::<(f64, f64)>);
    let (inside, set_inside) = signal(false);
    let (here, navigate) = (use_here_with(), use_navigate());
    let element = NodeRef::<html::Div>::new();
    let width = move || f64::from(size.get_untracked().0);

    let x_of = move |event: &PointerEvent| {
        let bounds = element.get_untracked()?.get_bounding_client_rect();
        (bounds.width() > 0.0).then(|| (f64::from(event.client_x()) - bounds.left()) / bounds.width() * width())
    };
    let moment_at =
        move |x: f64| drawn.with_untracked(|drawn| Some(drawn.scales.grid.at_ms(drawn.scales.x_to_index(x)?)));
    let on_move = move |event: PointerEvent| {
        let Some(x) = x_of(&event) else { return };
        set_inside.set(true);
        crosshair.set(moment_at(x));
        set_brush.update(|brush| {
            if let Some((_, end)) = brush {
                *end = x;
            }
        });
    };
    let on_down = move |event: PointerEvent| {
        if event.button() == 0
            && event.pointer_type() == "mouse"
            && let Some(x) = x_of(&event)
        {
            set_brush.set(Some((x, x)));
        }
    };
    let on_up = move |_: PointerEvent| {
        let Some((a, b)) = brush.get_untracked() else { return };
        set_brush.set(None);
        if (a - b).abs() < BRUSH_PX {
            return;
        }
        if let (Some(from), Some(to)) = (moment_at(a.min(b)), moment_at(a.max(b)))
            && from < to
        {
            let range = TimeRange { from: TimePoint::At(Timestamp(from)), to: TimePoint::At(Timestamp(to)) };
            let [from, to] = range_params(range);
            navigate(
                &here(&[(from.0, from.1.as_deref()), (to.0, to.1.as_deref()), ("at", None)]),
                NavigateOptions::default(),
            );
        }
    };
    let on_leave = move |_: PointerEvent| {
        set_inside.set(false);
        crosshair.set(None);
        set_brush.set(None);
    };

    let cross = move || {
        let at = crosshair.get()?;
        drawn.with(|drawn| {
            let x = drawn.scales.time_to_x(at)?;
            let (top, bottom) = (drawn.scales.plot.top, drawn.scales.plot.bottom());
            Some(view! { <line class="cross" x1=x x2=x y1=top y2=bottom></line> })
        })
    };
    let chosen = move || {
        let (a, b) = brush.get()?;
        drawn.with(|drawn| {
            let plot = drawn.scales.plot;
            let (left, right) = (a.min(b).max(plot.left), a.max(b).min(plot.right()));
            Some(view! {
                <rect class="brush" x=left y=plot.top width=(right - left).max(0.0) height=plot.height></rect>
            })
        })
    };
    let tip = move || {
        if !inside.get() {
            return None;
        }
        let at = crosshair.get()?;
        let (x, index, step) = drawn.with(|drawn| {
            let x = drawn.scales.time_to_x(at)?;
            Some((x, drawn.scales.x_to_index(x)?, drawn.scales.grid.step_ms))
        })?;
        let rows = set.with(|set| {
            pens.iter()
                .rev()
                .filter_map(|pen| Some((pen, (*find(set, pen)?.values.get(index)?)?)))
                .map(
                    |(pen, value)| view! { <div><span>{pen.label}</span><b class="num">{unit.format(value)}</b></div> },
                )
                .collect_view()
        });
        // On the side away from the pointer.
        let side = if x > width() / 2.0 { "chart-tip at-start" } else { "chart-tip at-end" };
        Some(view! {
            <div class=side>
                <div class="faint num">{moment_label(at, step)}</div>
                {rows}
            </div>
        })
    };
    view! {
        <div
            class="chart-over"
            node_ref=element
            aria-hidden="true"
            on:pointermove=on_move
            on:pointerdown=on_down
            on:pointerup=on_up
            on:pointerleave=on_leave
        >
            <svg viewBox=move || format!("0 0 {} {}", size.get().0, size.get().1)>{chosen} {cross}</svg>
            {tip}
        </div>
    }
}

/// The values as a table: newest first, for those who want numbers or cannot see the picture.
fn values_table(set: &SeriesSet, pens: &'static [Pen], unit: Unit) -> AnyView {
    let shown: Vec<(&Pen, &Series)> = pens.iter().rev().filter_map(|pen| Some((pen, find(set, pen)?))).collect();
    let grid = grid(set);
    let heads = shown.iter().map(|(pen, _)| view! { <th class="r">{pen.label}</th> }).collect_view();
    let rows = (0..grid.len)
        .rev()
        .map(|index| {
            let cells = shown
                .iter()
                .map(|(_, series)| {
                    let text =
                        series.values.get(index).copied().flatten().map_or_else(|| "–".to_owned(), |v| unit.format(v));
                    view! { <td class="r num">{text}</td> }
                })
                .collect_view();
            view! {
                <tr>
                    <td class="num">{moment_label(grid.at_ms(index), grid.step_ms)}</td>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="chart-table" tabindex="0" role="region" aria-label="Values">
            <table>
                <thead>
                    <tr>
                        <th>"UTC"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What the lines of a chart are, for its headline. Only those that are drawn.
#[component]
pub fn Legend(
    /// The values.
    #[prop(into)]
    set: Signal<SeriesSet>,
    /// The pens of the chart.
    pens: &'static [Pen],
) -> impl IntoView {
    let keys = move || {
        set.with(|set| {
            pens.iter()
                .rev()
                .filter(|pen| find(set, pen).is_some())
                .map(|pen| view! { <span><i class=format!("key {}", pen.style.class())></i>{pen.label}</span> })
                .collect_view()
        })
    };
    view! { <span class="legend end">{keys}</span> }
}

/// A small line beside a number that says the same.
#[component]
pub fn Spark(
    /// The values.
    values: Vec<Option<f64>>,
    /// Colour.
    style: SeriesStyle,
) -> impl IntoView {
    view! { <span inner_html=sparkline(84, 20, &values, style)></span> }
}
