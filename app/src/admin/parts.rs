//! Parts of administration forms: a label, a field, a hint, and what is wrong, tied together for screen readers.

use leptos::prelude::*;

use super::FormErrors;
use crate::public::as_text;

/// The hint and the complaint below a field, and the ids that the field names.
fn below(name: &str, hint: &str, errors: &FormErrors) -> (AnyView, Option<String>, Option<&'static str>) {
    let error = errors.at(name);
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let mut ids = Vec::new();
    let hint = (!hint.is_empty()).then(|| {
        ids.push(hint_id.clone());
        view! { <span class="hint" id=hint_id>{hint.to_owned()}</span> }
    });
    let invalid = error.is_some().then_some("true");
    let error = error.map(|error| {
        ids.push(error_id.clone());
        view! { <span class="wrong" id=error_id>{error}</span> }
    });
    let described = (!ids.is_empty()).then(|| ids.join(" "));
    (view! { {hint} {error} }.into_any(), described, invalid)
}

/// A line of text.
#[component]
pub fn Field(
    /// Words above it.
    label: &'static str,
    /// Its name in the form, and its id.
    #[prop(into)]
    name: String,
    /// What stands in it.
    #[prop(into, optional)]
    value: String,
    /// What to write.
    #[prop(into, optional)]
    hint: String,
    /// What is wrong.
    #[prop(optional)]
    errors: FormErrors,
    /// `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// `autocomplete` of the input.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Must be filled in.
    #[prop(optional)]
    required: bool,
    /// Shown and not to be changed.
    #[prop(optional)]
    locked: bool,
    /// An example, shown while it is empty.
    #[prop(into, optional)]
    example: String,
    /// Most characters.
    #[prop(default = 2000)]
    longest: u32,
) -> AnyView {
    let (below, described, invalid) = below(&name, &hint, &errors);
    view! {
        <div class="form-field">
            <label for=name.clone()>{label}</label>
            <input
                class="field"
                id=name.clone()
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                placeholder=(!example.is_empty()).then_some(example)
                maxlength=longest
                required=required
                disabled=locked
                aria-invalid=invalid
                aria-describedby=described
            />
            {below}
        </div>
    }
    .into_any()
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// Words above it.
    label: &'static str,
    /// Its name in the form, and its id.
    #[prop(into)]
    name: String,
    /// What stands in it.
    #[prop(into, optional)]
    value: String,
    /// What to write.
    #[prop(into, optional)]
    hint: String,
    /// What is wrong.
    #[prop(optional)]
    errors: FormErrors,
    /// Visible lines.
    #[prop(default = 4)]
    rows: u32,
    /// Shown and not to be changed.
    #[prop(optional)]
    locked: bool,
    /// An example, shown while it is empty.
    #[prop(into, optional)]
    example: String,
) -> AnyView {
    let (below, described, invalid) = below(&name, &hint, &errors);
    view! {
        <div class="form-field">
            <label for=name.clone()>{label}</label>
            <textarea
                class="field mono"
                id=name.clone()
                name=name
                rows=rows
                spellcheck="false"
                placeholder=(!example.is_empty()).then_some(example)
                disabled=locked
                aria-invalid=invalid
                aria-describedby=described
                // As a child it would be written without escaping. The first line break is not part of the value.
                inner_html=format!("\n{}", as_text(&value))
            ></textarea>
            {below}
        </div>
    }
    .into_any()
}

/// One of several.
#[component]
pub fn Select(
    /// Words above it.
    label: &'static str,
    /// Its name in the form, and its id.
    #[prop(into)]
    name: String,
    /// What is chosen.
    #[prop(into, optional)]
    value: String,
    /// Value and words of each.
    options: Vec<(String, String)>,
    /// What to choose.
    #[prop(into, optional)]
    hint: String,
    /// What is wrong.
    #[prop(optional)]
    errors: FormErrors,
    /// Shown and not to be changed.
    #[prop(optional)]
    locked: bool,
) -> AnyView {
    let (below, described, invalid) = below(&name, &hint, &errors);
    let options = options
        .into_iter()
        .map(|(option, words)| {
            let chosen = option == value;
            view! { <option value=option selected=chosen>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="form-field">
            <label for=name.clone()>{label}</label>
            <select class="field" id=name.clone() name=name disabled=locked aria-invalid=invalid aria-describedby=described>
                {options}
            </select>
            {below}
        </div>
    }
    .into_any()
}

/// Yes or no. Sends `on` when ticked and nothing otherwise.
#[component]
pub fn Tick(
    /// Words beside it.
    #[prop(into)]
    label: String,
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What it sends when ticked.
    #[prop(into, default = "on".to_owned())]
    value: String,
    /// Ticked.
    checked: bool,
    /// Shown and not to be changed.
    #[prop(optional)]
    locked: bool,
) -> AnyView {
    view! {
        <label class="tick">
            <input type="checkbox" name=name value=value checked=checked disabled=locked />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// A form that takes something away: says what goes with it and, where that is much, asks for the name to be typed.
#[component]
pub fn Confirm(
    /// What the closed line and the button say.
    label: &'static str,
    /// Where the form goes.
    action: String,
    /// What happens, in numbers where there are any.
    #[prop(into)]
    consequence: String,
    /// The name to type into `confirm`; empty asks for none.
    #[prop(into, optional)]
    typed: String,
    /// What is wrong.
    #[prop(optional)]
    errors: FormErrors,
    /// Open from the beginning.
    #[prop(optional)]
    open: bool,
) -> AnyView {
    let ask = (!typed.is_empty()).then(|| {
        let hint = format!("Type {typed} to confirm.");
        view! { <Field label="Name" name="confirm" hint=hint errors=errors.clone() required=true /> }
    });
    view! {
        <details class="confirm" open=open || !errors.is_empty()>
            <summary class="btn small">{label}</summary>
            <form method="post" action=action>
                <p>{consequence}</p>
                {ask}
                <button class="btn danger">{label}</button>
            </form>
        </details>
    }
    .into_any()
}

/// Says which file manages a thing, and that it is changed there.
#[component]
pub fn Locked(
    /// Name of the file; nothing is shown for none.
    by: Option<String>,
) -> AnyView {
    by.map(|file| {
        view! {
            <span class="tag" title="Managed by this configuration; change it there and restart.">
                {format!("locked by {file}")}
            </span>
        }
    })
    .into_any()
}

/// The one row of an empty table.
pub fn empty_row(columns: u32, words: &'static str) -> AnyView {
    view! {
        <tr>
            <td class="faint" colspan=columns>{words}</td>
        </tr>
    }
    .into_any()
}

/// A view of nothing.
pub fn nothing() -> AnyView {
    ().into_any()
}

/// The same over HTTP, for who would rather script it.
pub fn api_line(calls: &str) -> AnyView {
    view! {
        <p class="api-line faint">
            "API: " <code>{calls.to_owned()}</code>
        </p>
    }
    .into_any()
}

/// A link that is shown this once and kept nowhere.
pub fn shown_once(heading: String, link: String, note: String) -> AnyView {
    view! {
        <section class="card once" aria-label="Shown once">
            <h2>{heading}</h2>
            <output class="secret">{link}</output>
            <p class="hint">{note}</p>
        </section>
    }
    .into_any()
}

/// An instant of the API (RFC 3339, UTC) as people read it, to the minute.
pub fn moment(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        (Some(_) | None, _) => at.to_owned(),
    }
}

/// A search box above a list, and what it was asked.
pub fn search(action: String, label: &'static str, asked: &str) -> AnyView {
    view! {
        <form class="inline" method="get" action=action role="search">
            <input class="field" type="search" name="search" value=asked.to_owned() aria-label=label maxlength="200" />
            <button class="btn">"Search"</button>
        </form>
    }
    .into_any()
}

/// The way to the next page of a list; nothing on the last. `next` goes into the address as it is.
pub fn next_page(here: &str, asked: &str, next: Option<String>) -> AnyView {
    next.map(|next| {
        let mut query = leptos_router::params::ParamsMap::new();
        if !asked.is_empty() {
            query.insert("search".to_owned(), asked.to_owned());
        }
        query.insert("cursor".to_owned(), next);
        let href = format!("{here}{}", crate::url::query_string(&query));
        view! {
            <nav class="pager" aria-label="Pages">
                <a class="btn" href=href>
                    "Next page"
                </a>
            </nav>
        }
    })
    .into_any()
}
