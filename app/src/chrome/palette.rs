//! ⌘K: go anywhere, change time, theme or tenant, break the demo. Everything in it has another way too.

use contract::{
    Role,
    demo::Fault,
    overview::{OverviewQuery, ServicePain},
};
use leptos::{ev::KeyboardEvent, html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;

use super::{
    frame::{Frame, Over, PAGES},
    range::{PRESETS, last},
};
use crate::{
    demo::{SwitchArgs, demo_switch},
    overview::api::{OverviewArgs, overview_page},
    platform::{Theme, lowercase},
    ui::{Icon, path},
    url::{range_params, use_here_with, use_link, use_tenant},
};

/// What an entry does.
#[derive(Clone)]
enum Act {
    /// Goes to an address of this tenant.
    Go(String),
    /// Loads another page.
    Load(String),
    /// Chooses a theme.
    Paint(Theme),
    /// Switches a fault of the demo on.
    Break(Fault),
    /// Opens the sheet of keys.
    Keys,
}

/// An entry.
#[derive(Clone)]
struct Entry {
    group: &'static str,
    label: String,
    hint: String,
    act: Act,
}

impl Entry {
    /// Every word that was typed occurs in it.
    fn matches(&self, typed: &str) -> bool {
        let text = lowercase(&format!("{} {} {}", self.group, self.label, self.hint));
        lowercase(typed).split_whitespace().all(|word| text.contains(word))
    }
}

/// The palette. Its list is made when it opens.
#[component]
pub(super) fn Palette() -> AnyView {
    let Frame { shell, over, theme, .. } = expect_context();
    let (tenant, link, here, navigate) = (use_tenant(), use_link(), use_here_with(), use_navigate());
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    let (typed, set_typed) = signal(String::new());
    let (chosen, set_chosen) = signal(0_usize);
    let apps = RwSignal::new(Vec::<ServicePain>::new());
    let open = Memo::new(move |_| over.get() == Over::Palette);

    Effect::new({
        let tenant = tenant.clone();
        move |_| {
            let Some(element) = dialog.get() else { return };
            if !open.get() {
                element.close();
                return;
            }
            set_typed.set(String::new());
            set_chosen.set(0);
            // Fails only where it is open already.
            let _ = element.show_modal();
            if let Some(input) = input.get_untracked() {
                input.set_value("");
            }
            let tenant = tenant.clone();
            spawn_local(async move {
                if let Ok(page) = overview_page(OverviewArgs { tenant, query: OverviewQuery::default() }).await {
                    apps.set(page.services);
                }
            });
        }
    });

    let entries = Memo::new_with_compare(
        move |_| {
            if !open.get() {
                return Vec::new();
            }
            let mut all: Vec<Entry> = Vec::new();
            let mut put = |group, label: String, hint: String, act| all.push(Entry { group, label, hint, act });
            for page in PAGES {
                put("Go to", page.title.to_owned(), format!("g {}", page.key), Act::Go(link(page.path, &[])));
            }
            apps.with(|apps| {
                for app in apps {
                    let to = link("/topology", &[("sel", &app.focus)]);
                    put("Services", app.app.clone(), app.namespace.clone(), Act::Go(to));
                }
            });
            for (secs, name) in PRESETS {
                let [from, to] = range_params(last(secs));
                let to = here(&[(from.0, from.1.as_deref()), (to.0, to.1.as_deref()), ("live", None), ("at", None)]);
                put("Time", name.to_owned(), String::new(), Act::Go(to));
            }
            shell.with_value(|shell| {
                for other in shell.me.memberships.iter().filter(|other| other.tenant != shell.tenant.tenant) {
                    put(
                        "Tenants",
                        other.name.clone(),
                        other.role.as_str().to_owned(),
                        Act::Load(format!("/t/{}", other.tenant)),
                    );
                }
                for theme in Theme::ALL {
                    put("Theme", format!("{} theme", theme.label()), String::new(), Act::Paint(theme));
                }
                if shell.demo && shell.tenant.role >= Role::Editor {
                    for fault in Fault::ALL {
                        put("Break something", fault.title().to_owned(), fault.name().to_owned(), Act::Break(fault));
                    }
                }
            });
            put("Help", "Keys".to_owned(), "?".to_owned(), Act::Keys);
            typed.with(|typed| all.retain(|entry| entry.matches(typed)));
            all
        },
        |_, _| true,
    );

    let run = Callback::new(move |index: usize| {
        let Some(entry) = entries.with_untracked(|entries| entries.get(index).cloned()) else { return };
        over.set(Over::Nothing);
        match entry.act {
            Act::Go(to) => navigate(&to, leptos_router::NavigateOptions::default()),
            Act::Load(to) => {
                let _ = window().location().set_href(&to);
            }
            Act::Paint(choice) => {
                theme.set(choice);
                choice.apply();
            }
            Act::Break(fault) => {
                let tenant = tenant.clone();
                let home = link("", &[]);
                let navigate = navigate.clone();
                spawn_local(async move {
                    // A refusal shows on the overview, where the state of the faults is.
                    let _ = demo_switch(SwitchArgs { tenant, fault, on: true }).await;
                    navigate(&format!("{home}#demo"), leptos_router::NavigateOptions::default());
                });
            }
            Act::Keys => over.set(Over::Keys),
        }
    });

    let on_key = move |event: KeyboardEvent| {
        let count = entries.with_untracked(Vec::len);
        let step = |by: usize| if count == 0 { 0 } else { (chosen.get_untracked() + by) % count };
        match event.key().as_str() {
            "ArrowDown" => set_chosen.set(step(1)),
            "ArrowUp" => set_chosen.set(step(count.max(1) - 1)),
            "Home" => set_chosen.set(0),
            "End" => set_chosen.set(count.saturating_sub(1)),
            "Enter" => run.run(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };

    let list = move || {
        let entries = entries.get();
        let current = chosen.get().min(entries.len().saturating_sub(1));
        if entries.is_empty() && open.get() {
            return view! { <p class="none">"Nothing of that name."</p> }.into_any();
        }
        let mut group = "";
        entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                let head = (entry.group != group).then(|| {
                    group = entry.group;
                    view! { <div class="cap" role="presentation">{entry.group}</div> }
                });
                let active = index == current;
                view! {
                    {head}
                    <div
                        class="item"
                        class:is-active=active
                        role="option"
                        id=format!("palette-{index}")
                        aria-selected=if active { "true" } else { "false" }
                        on:click=move |_| run.run(index)
                        on:pointermove=move |_| if chosen.get_untracked() != index { set_chosen.set(index) }
                    >
                        {entry.label}
                        <span class="faint">{entry.hint}</span>
                    </div>
                }
            })
            .collect_view()
            .into_any()
    };

    // The chosen entry stays in sight.
    Effect::new(move |_| {
        let id = format!("palette-{}", chosen.get());
        if let Some(element) = document().get_element_by_id(&id) {
            let options = js_sys::Object::new();
            let _ = js_sys::Reflect::set(&options, &"block".into(), &"nearest".into());
            let _ = js_sys::Reflect::get(&element, &"scrollIntoView".into())
                .map(wasm_bindgen::JsCast::unchecked_into::<js_sys::Function>)
                .and_then(|scroll| scroll.call1(&element, &options));
        }
    });

    view! {
        <dialog class="over" node_ref=dialog aria-label="Search or jump to" on:close=move |_| {
            if over.get_untracked() == Over::Palette {
                over.set(Over::Nothing);
            }
        }>
            <div class="palette-find">
                <Icon d=path::SEARCH />
                <input
                    node_ref=input
                    type="text"
                    role="combobox"
                    aria-label="Search or jump to"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=move || format!("palette-{}", chosen.get())
                    placeholder="A page, a service, a time, a tenant"
                    autocomplete="off"
                    spellcheck="false"
                    on:input=move |event| {
                        set_typed.set(event_target_value(&event));
                        set_chosen.set(0);
                    }
                    on:keydown=on_key
                />
            </div>
            <div class="palette-list" id="palette-list" role="listbox" aria-label="Results">
                {list}
            </div>
            <div class="palette-tip" aria-hidden="true">
                <span><kbd>"↑"</kbd>" "<kbd>"↓"</kbd>" choose"</span>
                <span><kbd>"Enter"</kbd>" go"</span>
                <span><kbd>"Esc"</kbd>" close"</span>
            </div>
        </dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_word_must_occur() {
        let entry = Entry { group: "Services", label: "payments".into(), hint: "shop".into(), act: Act::Keys };
        for typed in ["", "pay", "shop pay", "SERV", "  payments "] {
            assert!(entry.matches(typed), "{typed}");
        }
        for typed in ["pax", "pay cart"] {
            assert!(!entry.matches(typed), "{typed}");
        }
    }
}
