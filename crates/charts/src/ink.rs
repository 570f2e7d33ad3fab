//! What can be drawn and the CSS class it gets. Plotters only carries colours, so each ink travels as a colour nobody
//! would choose and is turned back into its class by the backend. No colour of a theme appears here.

use plotters::style::RGBColor;

/// How a series looks. The colours are decided by the style sheet; state is never colour alone, so charts with `Crit`,
/// `Warn` or `Ok` need a legend in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeriesStyle {
    /// First neutral colour.
    A,
    /// Second neutral colour.
    B,
    /// Third neutral colour.
    C,
    /// Fourth neutral colour.
    D,
    /// Fifth neutral colour, grey.
    E,
    /// Critical.
    Crit,
    /// Warning.
    Warn,
    /// Healthy.
    Ok,
    /// What is usual at this time: thin and dashed.
    Usual,
}

impl SeriesStyle {
    /// The class the style sheet knows it by, also for legends.
    pub fn class(self) -> &'static str {
        match self {
            SeriesStyle::A => "s-a",
            SeriesStyle::B => "s-b",
            SeriesStyle::C => "s-c",
            SeriesStyle::D => "s-d",
            SeriesStyle::E => "s-e",
            SeriesStyle::Crit => "s-crit",
            SeriesStyle::Warn => "s-warn",
            SeriesStyle::Ok => "s-ok",
            SeriesStyle::Usual => "s-usual",
        }
    }
}

/// Everything a chart is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Horizontal lines behind the series.
    Grid,
    /// Labels of the axes.
    Label,
    /// The vertical line of a mark.
    Mark,
    /// The text of a mark.
    MarkLabel,
    /// Between the usual low and high.
    Band,
    /// The stroke of a series.
    Line(SeriesStyle),
    /// A point of a series without neighbours.
    Dot(SeriesStyle),
    /// The filling under a series.
    Area(SeriesStyle),
}

const STYLES: [SeriesStyle; 9] = [
    SeriesStyle::A,
    SeriesStyle::B,
    SeriesStyle::C,
    SeriesStyle::D,
    SeriesStyle::E,
    SeriesStyle::Crit,
    SeriesStyle::Warn,
    SeriesStyle::Ok,
    SeriesStyle::Usual,
];

impl Ink {
    /// The colour that stands for this ink on its way through plotters: kind in red, style in green.
    pub(crate) fn color(self) -> RGBColor {
        let index = |style| STYLES.iter().position(|known| *known == style).and_then(|at| u8::try_from(at).ok());
        let (kind, style) = match self {
            Ink::Grid => (1, 0),
            Ink::Label => (2, 0),
            Ink::Mark => (3, 0),
            Ink::MarkLabel => (4, 0),
            Ink::Band => (5, 0),
            Ink::Line(style) => (6, index(style).unwrap_or(0)),
            Ink::Area(style) => (7, index(style).unwrap_or(0)),
            Ink::Dot(style) => (8, index(style).unwrap_or(0)),
        };
        RGBColor(kind, style, 0)
    }

    /// The ink a colour stands for.
    pub(crate) fn of((kind, style, _): (u8, u8, u8)) -> Option<Self> {
        let style = STYLES.get(usize::from(style)).copied()?;
        match kind {
            1 => Some(Ink::Grid),
            2 => Some(Ink::Label),
            3 => Some(Ink::Mark),
            4 => Some(Ink::MarkLabel),
            5 => Some(Ink::Band),
            6 => Some(Ink::Line(style)),
            7 => Some(Ink::Area(style)),
            8 => Some(Ink::Dot(style)),
            _ => None,
        }
    }

    /// The classes: what it is, and for series which.
    pub(crate) fn classes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Ink::Grid => ("p-grid", None),
            Ink::Label => ("p-label", None),
            Ink::Mark => ("p-mark", None),
            Ink::MarkLabel => ("p-mark-label", None),
            Ink::Band => ("p-band", None),
            Ink::Line(style) => ("p-line", Some(style.class())),
            Ink::Area(style) => ("p-area", Some(style.class())),
            Ink::Dot(style) => ("p-dot", Some(style.class())),
        }
    }
}
