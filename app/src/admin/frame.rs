//! The document around a page of administration: sidebar with the sections, title, account, and what was just done.

use contract::auth::{Me, Membership};
use leptos::prelude::*;

use super::{FormErrors, Notice};
use crate::{
    platform::Theme,
    public::{Look, document},
    ui::{Icon, Logo, path},
};

/// Where in the portal the page is.
#[derive(Clone, Debug)]
pub enum Place {
    /// The caller's own account.
    Account,
    /// A tenant.
    Tenant {
        /// Which, and the caller's role there as it is shown.
        membership: Membership,
        /// The caller may see all sections; otherwise only their own keys.
        settings: bool,
        /// The caller looks at the tenant as a viewer.
        observing: bool,
    },
    /// The whole installation.
    Installation,
}

/// A page of administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "title and path of each stand beside it")]
pub enum Section {
    Account,
    General,
    Members,
    Keys,
    SignIn,
    Audit,
    Isolation,
    Tenants,
    Stores,
    People,
    InstallationSignIn,
    InstallationAudit,
}

impl Section {
    const OF_TENANT: [Self; 6] = [Self::General, Self::Members, Self::Keys, Self::SignIn, Self::Audit, Self::Isolation];
    const OF_INSTALLATION: [Self; 5] =
        [Self::Tenants, Self::Stores, Self::People, Self::InstallationSignIn, Self::InstallationAudit];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Account => "Your account",
            Self::General => "General",
            Self::Members => "Members",
            Self::Keys => "API keys",
            Self::SignIn | Self::InstallationSignIn => "Sign-in",
            Self::Audit | Self::InstallationAudit => "Audit log",
            Self::Isolation => "Isolation proof",
            Self::Tenants => "Tenants",
            Self::Stores => "Stores",
            Self::People => "People",
        }
    }

    /// Below `/t/{tenant}/settings`, `/admin` or nothing.
    fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::General | Self::Tenants => "",
            Self::Members => "/members",
            Self::Keys => "/keys",
            Self::SignIn | Self::InstallationSignIn => "/sign-in",
            Self::Audit | Self::InstallationAudit => "/audit",
            Self::Isolation => "/isolation",
            Self::Stores => "/stores",
            Self::People => "/people",
        }
    }

    /// The address of the section in a place.
    pub fn href(self, place: &Place) -> String {
        match place {
            Place::Account => Self::Account.path().to_owned(),
            Place::Tenant { membership, .. } => format!("/t/{}/settings{}", membership.tenant, self.path()),
            Place::Installation => format!("/admin{}", self.path()),
        }
    }
}

/// What every page of administration knows.
#[derive(Clone, Debug)]
pub struct AdminFrame {
    /// Theme, style sheet and the path of the page.
    pub look: Look,
    /// The caller.
    pub me: Me,
    /// Where the page is.
    pub place: Place,
    /// Which page it is.
    pub section: Section,
    /// What was just done.
    pub notice: Option<Notice>,
    /// What is wrong with the form that was sent.
    pub errors: FormErrors,
}

/// The whole document around `body`.
pub fn render_admin(frame: &AdminFrame, body: AnyView) -> String {
    let (title, crumb) = match &frame.place {
        Place::Account => (frame.section.title(), String::new()),
        Place::Tenant { membership, .. } => (frame.section.title(), membership.name.clone()),
        Place::Installation => (frame.section.title(), "Installation".to_owned()),
    };
    let notice = frame.notice.map(|notice| {
        view! {
            <p class="strip done" role="status">
                <span class="dot" aria-hidden="true"></span>
                {notice.sentence()}
            </p>
        }
    });
    let wrong = frame.errors.summary().map(|(text, request)| {
        view! {
            <p class="strip wrong" role="alert">
                <span class="dot crit" aria-hidden="true"></span>
                {text}
                {request.map(|id| view! { <span class="faint mono">{format!("request {id}")}</span> })}
            </p>
        }
    });
    let page = view! {
        <a class="skip" href="#page">"Skip to the page"</a>
        <div class="app">
            {sidebar(frame)}
            <header class="top">
                <button class="burger" type="button" popovertarget="side" aria-label="Menu">
                    <Icon d=path::BARS />
                </button>
                <h1>{title}</h1>
                <span class="crumb">{crumb.clone()}</span>
                <span class="end"></span>
                {account(frame)}
            </header>
            <main class="page admin" id="page" tabindex="-1">
                <div class="admin-body">{observing(frame)} {notice} {wrong} {body}</div>
            </main>
        </div>
    };
    let place = if crumb.is_empty() { String::new() } else { format!(" · {crumb}") };
    document(&frame.look, &format!("{title}{place} · Obstack"), title, page.into_any())
}

fn nav(frame: &AdminFrame, sections: &[Section], place: &Place) -> AnyView {
    sections
        .iter()
        .map(|section| {
            let current = (*section == frame.section).then_some("page");
            view! { <a class="nav" href=section.href(place) aria-current=current>{section.title()}</a> }
        })
        .collect_view()
        .into_any()
}

fn sidebar(frame: &AdminFrame) -> AnyView {
    let tenants = frame
        .me
        .memberships
        .iter()
        .map(|membership| {
            view! {
                <a class="nav" href=format!("/t/{}", membership.tenant)>
                    <span class="badge" aria-hidden="true">{initial(&membership.name)}</span>
                    {membership.name.clone()}
                </a>
            }
        })
        .collect_view();
    let (heading, sections) = match &frame.place {
        Place::Account => (String::new(), ().into_any()),
        Place::Tenant { membership, settings: true, .. } => {
            (membership.name.clone(), nav(frame, &Section::OF_TENANT, &frame.place))
        }
        Place::Tenant { membership, settings: false, .. } => {
            (membership.name.clone(), nav(frame, &[Section::Keys], &frame.place))
        }
        Place::Installation => (String::new(), ().into_any()),
    };
    let sections = (!heading.is_empty()).then(|| {
        view! {
            <h2 class="side-head">{format!("Settings of {heading}")}</h2>
            <nav class="side-nav" aria-label="Settings of the tenant">{sections}</nav>
            {view_as(&frame.place)}
        }
    });
    let installation = frame.me.user.platform_admin.then(|| {
        view! {
            <h2 class="side-head">"Installation"</h2>
            <nav class="side-nav" aria-label="Installation">
                {nav(frame, &Section::OF_INSTALLATION, &Place::Installation)}
            </nav>
        }
    });
    view! {
        <aside class="side" id="side" popover="auto">
            <a class="brand" href="/">
                <Logo />
                "Obstack"
            </a>
            {(!frame.me.memberships.is_empty())
                .then(|| view! { <nav class="side-nav" aria-label="Tenants">{tenants}</nav> })}
            {sections}
            {installation}
            <h2 class="side-head">"You"</h2>
            <nav class="side-nav" aria-label="You">
                <a
                    class="nav"
                    href="/account"
                    aria-current=(frame.section == Section::Account).then_some("page")
                >
                    {Section::Account.title()}
                </a>
            </nav>
        </aside>
    }
    .into_any()
}

fn view_as(place: &Place) -> AnyView {
    let Place::Tenant { membership, settings: true, observing: false } = place else { return ().into_any() };
    view! {
        <form method="post" action=format!("/t/{}/view-as", membership.tenant)>
            <button class="nav" title="Read-only, and in the audit log">"View as a viewer"</button>
        </form>
    }
    .into_any()
}

fn account(frame: &AdminFrame) -> AnyView {
    let themes = Theme::ALL
        .into_iter()
        .map(|theme| {
            let pressed = if theme == frame.look.theme { "true" } else { "false" };
            view! { <button name="theme" value=theme.as_str() aria-pressed=pressed>{theme.label()}</button> }
        })
        .collect_view();
    let user = &frame.me.user;
    view! {
        <details class="menu who">
            <summary aria-label=format!(
                "Account of {}",
                user.name,
            )>{user.name.split_whitespace().take(2).map(initial).collect::<String>()}</summary>
            <div class="sheet">
                <div class="cap">
                    <b>{user.name.clone()}</b>
                    <br />
                    {user.email.clone()}
                </div>
                <hr />
                <div class="cap">"Theme"</div>
                <form class="themes" method="post" action="/theme" aria-label="Theme">
                    <input type="hidden" name="return" value=frame.look.here.clone() />
                    {themes}
                </form>
                <hr />
                <form method="post" action="/logout">
                    <button class="item">"Sign out"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

fn observing(frame: &AdminFrame) -> AnyView {
    let Place::Tenant { membership, observing: true, .. } = &frame.place else { return ().into_any() };
    view! {
        <form class="strip" method="post" action="/view-as/end">
            <span class="dot warn" aria-hidden="true"></span>
            {format!("You see {} as a viewer. Nothing can be changed; this is in the audit log.", membership.name)}
            <button class="btn small">"Leave the view"</button>
        </form>
    }
    .into_any()
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| crate::platform::uppercase(&first.to_string())).unwrap_or_default()
}
