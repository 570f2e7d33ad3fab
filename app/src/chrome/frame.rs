//! Reads the tenant from the address, checks that the caller may enter, and draws the frame around the page.

use contract::{ErrorCode, TenantSlug, auth::Shell};
use leptos::prelude::*;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_params_map},
};

use super::{
    keys::{KeySheet, Keyboard, PageKeys},
    palette::Palette,
    sidebar::Sidebar,
    stores::StoreWatch,
    topbar::TopBar,
};
use crate::{
    errors::NotFoundPage,
    json::Json,
    platform,
    ui::{ChartTables, Crosshair, ErrorState, path},
    url::PageTenant,
};

/// A page of the tenant, as the sidebar, the palette and the keys offer it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageInfo {
    /// Behind `/t/{tenant}`.
    pub path: &'static str,
    /// Name.
    pub title: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// Letter after `g`.
    pub key: char,
}

/// The pages there are.
pub(super) const PAGES: [PageInfo; 2] = [
    PageInfo { path: "", title: "Overview", icon: path::HOME, key: 'h' },
    PageInfo { path: "/topology", title: "Topology", icon: path::GRAPH, key: 't' },
];

/// What is open above the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing.
    Nothing,
    /// The palette.
    Palette,
    /// The sheet of keys.
    Keys,
}

/// What the parts of the frame share.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// The caller and the tenant.
    pub shell: StoredValue<Shell>,
    /// The page shown; none for an address that leads nowhere.
    pub page: Memo<Option<usize>>,
    /// What is open above the page.
    pub over: RwSignal<Over>,
    /// The chosen theme.
    pub theme: RwSignal<platform::Theme>,
}

/// `/t/{tenant}` and everything below.
#[component]
pub fn TenantFrame() -> AnyView {
    let params = use_params_map();
    let Ok(tenant) = params.with_untracked(|params| params.get("tenant").unwrap_or_default()).parse::<TenantSlug>()
    else {
        return view! { <NotFoundPage /> }.into_any();
    };
    // Synchronous data that comes with the page: the chrome needs no Suspense. Another tenant is another page load.
    let shell = SharedValue::<_, Json>::new_with_encoding(|| platform::shell_data(&tenant)).into_inner();
    match shell {
        Ok(shell) => inside(tenant, shell),
        Err(error) if error.code() == ErrorCode::NotFound => view! { <NotFoundPage /> }.into_any(),
        Err(error) => {
            // Who may enter is decided while the page is made, so trying again means loading it again.
            let retry = Callback::new(|()| {
                let _ = window().location().reload();
            });
            view! {
                <main class="lone">
                    <ErrorState error retry />
                </main>
            }
            .into_any()
        }
    }
}

fn inside(tenant: TenantSlug, shell: Shell) -> AnyView {
    let pathname = use_location().pathname;
    let home = format!("/t/{tenant}");
    let page = Memo::new(move |_| {
        let rest = pathname.read().strip_prefix(home.as_str()).map(|rest| rest.trim_end_matches('/').to_owned());
        rest.and_then(|rest| PAGES.iter().position(|page| page.path == rest))
    });
    let observing = shell.observing.then(|| shell.tenant.name.clone());
    provide_context(PageTenant(tenant));
    provide_context(shell.clone());
    provide_context(PageKeys::default());
    provide_context(ChartTables(RwSignal::new(false)));
    provide_context(Crosshair(RwSignal::new(None)));
    provide_context(Frame {
        shell: StoredValue::new(shell),
        page,
        over: RwSignal::new(Over::Nothing),
        theme: RwSignal::new(platform::theme()),
    });
    provide_context(StoreWatch::begin());
    view! {
        <a class="skip" href="#page" rel="external">
            "Skip to the page"
        </a>
        <div class="app">
            <Sidebar />
            <TopBar />
            <main class="page" id="page" tabindex="-1">
                {observing.map(observed)}
                <Outlet />
            </main>
        </div>
        <Palette />
        <KeySheet />
        <Keyboard />
    }
    .into_any()
}

/// Said on every page while a tenant is viewed as a viewer, with the way out.
fn observed(tenant: String) -> AnyView {
    view! {
        <form class="strip observing" method="post" action="/view-as/end">
            <span class="dot warn" aria-hidden="true"></span>
            {format!("You see {tenant} as a viewer. Nothing can be changed; this is in the audit log.")}
            <button class="btn small">"Leave the view"</button>
        </form>
    }
    .into_any()
}
