//! The sidebar: tenant, pages, stores. On narrow screens a sheet that the menu button opens, without scripts.

use leptos::prelude::*;

use super::{
    frame::{Frame, PAGES},
    stores::StoreStrip,
};
use crate::{
    ui::{Icon, Logo, path},
    url::use_link,
};

/// Id of the sidebar, which the menu button of narrow screens opens as a popover.
pub(super) const SIDE_ID: &str = "side";

/// The sidebar.
#[component]
pub(super) fn Sidebar() -> impl IntoView {
    let Frame { page, .. } = expect_context();
    let link = use_link();
    let pages = PAGES
        .into_iter()
        .enumerate()
        .map(|(index, info)| {
            view! {
                <a
                    class="nav"
                    href=move || link(info.path, &[])
                    aria-current=move || (page.get() == Some(index)).then_some("page")
                >
                    <Icon d=info.icon />
                    {info.title}
                    <kbd aria-hidden="true">{format!("g {}", info.key)}</kbd>
                </a>
            }
        })
        .collect_view();
    view! {
        <aside class="side" id=SIDE_ID popover="auto">
            <a class="brand" href="/" rel="external">
                <Logo />
                "Obstack"
            </a>
            <TenantMenu />
            <nav class="side-nav" aria-label="Pages">
                {pages}
            </nav>
            {settings()}
            <StoreStrip />
        </aside>
    }
}

/// The ways to administration, which is documents outside of the app.
fn settings() -> AnyView {
    let Frame { shell, .. } = expect_context();
    let shell = shell.get_value();
    let link = |href: String, title: &'static str, icon: &'static str| {
        view! {
            <a class="nav" rel="external" href=href>
                <Icon d=icon />
                {title}
            </a>
        }
    };
    let tenant =
        shell.settings.then(|| link(format!("/t/{}/settings", shell.tenant.tenant), "Settings", path::SLIDERS));
    let installation = shell.me.user.platform_admin.then(|| link("/admin".to_owned(), "Installation", path::BOX));
    view! { <nav class="side-nav" aria-label="Administration">{tenant} {installation}</nav> }.into_any()
}

/// The tenant, and the caller's others to go to.
#[component]
fn TenantMenu() -> AnyView {
    let Frame { shell, .. } = expect_context();
    let shell = shell.get_value();
    let current = shell.tenant;
    let others = shell
        .me
        .memberships
        .into_iter()
        .map(|membership| {
            let here = membership.tenant == current.tenant;
            view! {
                <a
                    class="item"
                    rel="external"
                    href=format!("/t/{}", membership.tenant)
                    aria-current=here.then_some("true")
                >
                    <span class="badge" aria-hidden="true">
                        {initial(&membership.name)}
                    </span>
                    {membership.name}
                    <span class="faint">{membership.role.as_str()}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <details class="menu tenant">
            <summary aria-label=format!("Tenant {}, switch", current.name)>
                <span class="badge" aria-hidden="true">
                    {initial(&current.name)}
                </span>
                <span class="name">{current.name.clone()}</span>
                <Icon d=path::CHEVRON class="icon chev" />
            </summary>
            <div class="sheet">{others}</div>
        </details>
    }
    .into_any()
}

/// The letter that stands for a name.
pub(super) fn initial(name: &str) -> String {
    name.chars().next().map(|first| crate::platform::uppercase(&first.to_string())).unwrap_or_default()
}
