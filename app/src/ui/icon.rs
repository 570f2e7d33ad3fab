//! The few icons, each one path on a 16-unit grid.

use leptos::prelude::*;

/// The paths.
pub mod path {
    /// A house.
    pub const HOME: &str = "M3 8.2 8 4l5 4.2V13H9.6V9.8H6.4V13H3z";
    /// Three joined nodes.
    pub const GRAPH: &str = "M5.8 8a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM13.8 4a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM13.8 12a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM5.7 7.2l4.6-2.4M5.7 8.8l4.6 2.4";
    /// A magnifying glass.
    pub const SEARCH: &str = "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM10 10l3 3";
    /// Two sliders.
    pub const SLIDERS: &str = "M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5v3M6 9.5v3";
    /// A box.
    pub const BOX: &str = "M8 2.5 13.5 5v6L8 13.5 2.5 11V5zM2.5 5 8 7.5 13.5 5M8 7.5v6";
    /// Opens downwards.
    pub const CHEVRON: &str = "M4 6.5 8 10.5l4-4";
    /// Chosen.
    pub const TICK: &str = "m3.5 8.5 3 3 6-7";
    /// The menu of a narrow screen.
    pub const BARS: &str = "M2.5 4.5h11M2.5 8h11M2.5 11.5h11";
}

/// An icon. Says nothing to screen readers: the words stand beside it.
#[component]
pub fn Icon(
    /// One of [`path`].
    d: &'static str,
    /// More classes.
    #[prop(default = "icon")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=class viewBox="0 0 16 16" aria-hidden="true">
            <path d=d></path>
        </svg>
    }
}

/// The mark of the product.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg viewBox="0 0 18 18" aria-hidden="true">
            <path d="M2 12.5 9 16l7-3.5M2 9l7 3.5L16 9M9 2 2 5.5 9 9l7-3.5z"></path>
        </svg>
    }
}
