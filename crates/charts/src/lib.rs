//! Charts over time as SVG text: the same bytes on the server and in the browser. Draws through plotters behind a small
//! backend of ours; colours are CSS classes (`style/charts.css`), so a theme switch needs no redraw and no inline style.
//! Pure: no clock, no page, nothing of this workspace. Interaction belongs to an overlay that uses [`Scales`].

mod backend;
mod chart;
mod decimate;
mod draw;
mod ink;
mod number;
mod scale;
mod sentence;
mod spark;
mod text;
mod ticks;
mod time;
mod unit;

pub use chart::{Band, Line, Mark, TimeChart, time_chart};
pub use ink::SeriesStyle;
pub use scale::{Grid, Rect, Scales};
pub use sentence::sentence;
pub use spark::{sparkarea, sparkline};
pub use time::{clock_label, moment_label};
pub use unit::Unit;
