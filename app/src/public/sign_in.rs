//! Documents around sign-in providers: a sign-in that did not happen, and leaving the provider too. The server decides; here
//! it is said.

use contract::sign_in::MappingRule;
use leptos::prelude::*;

use super::{Look, document, foot, top};

/// Why nobody is signed in, and the way on.
#[derive(Clone, Debug, Default)]
pub struct SignInProblem {
    /// Heading.
    pub title: String,
    /// What happened and what to do.
    pub text: String,
    /// Address that begins again.
    pub again: Option<String>,
    /// It lets the person be somebody else at the provider.
    pub as_somebody_else: bool,
    /// Rules that would have given access.
    pub wanted: Vec<MappingRule>,
    /// Claims the rules look at, with the values the token had; for people whom no rule fits.
    pub had: Option<Vec<(String, Vec<String>)>>,
}

/// Rules and values that are listed at most; more help nobody.
const SHOWN: usize = 30;

/// The page of a sign-in that did not happen.
pub fn render_sign_in_problem(look: &Look, page: &SignInProblem) -> String {
    let wanted = page.had.is_some().then(|| {
        let rows = page.wanted.iter().take(SHOWN).map(|rule| {
            view! {
                <li>
                    <code>{rule.wanted().to_owned()}</code>
                    " in "
                    <code>{rule.claim.clone()}</code>
                    {format!(" would make you {} in {}.", rule.role.as_str(), rule.tenant)}
                </li>
            }
        });
        let rows = rows.collect_view();
        let none = page.wanted.is_empty().then(|| view! { <li>"There are no rules yet."</li> });
        view! {
            <h3>"What would have been needed"</h3>
            <ul class="claims">{rows} {none}</ul>
        }
    });
    let had = page.had.as_ref().filter(|had| !had.is_empty()).map(|had| {
        let rows = had
            .iter()
            .map(|(claim, values)| {
                let more = values.len().saturating_sub(SHOWN);
                let values = if values.is_empty() {
                    "nothing".to_owned()
                } else {
                    values.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")
                };
                let more = (more > 0).then(|| format!(" and {more} more"));
                view! {
                    <li>
                        <code>{claim.clone()}</code>
                        ": "
                        <code>{values}</code>
                        {more}
                    </li>
                }
            })
            .collect_view();
        view! {
            <h3>"What the provider said of you"</h3>
            <ul class="claims">{rows}</ul>
        }
    });
    let words = if page.as_somebody_else { "Sign in there as somebody else" } else { "Try again" };
    let again = page.again.clone().map(|href| view! { <a class="btn" href=href>{words}</a> });
    let body = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <section class="card state">
                    <h2>
                        <span class="dot crit big" aria-hidden="true"></span>
                        {page.title.clone()}
                    </h2>
                    <p>{page.text.clone()}</p>
                    {wanted}
                    {had}
                    <div class="actions">
                        {again}
                        <a class="btn quiet" href="/login?choose=1">
                            "Sign in another way"
                        </a>
                    </div>
                </section>
            </main>
            {foot(look)}
        </div>
    };
    document(look, &format!("{} · Obstack", page.title), &page.title, body.into_any())
}

/// The page between signing out here and at the provider. The browser goes on by itself; the link is for those that do not.
pub fn render_leaving(look: &Look, onward: &str) -> String {
    let body = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <section class="card state">
                    <h2>"Signed out here"</h2>
                    <p>"Your session in this portal is over. Now you are signed out at your sign-in provider, too."</p>
                    <div class="actions">
                        <a class="btn" href=onward.to_owned()>
                            "Go on"
                        </a>
                    </div>
                </section>
            </main>
            {foot(look)}
        </div>
    };
    document(look, "Signed out · Obstack", "Signed out of Obstack.", body.into_any())
}
