//! Bodies of the pages of stores: the list, one store, the form they share, and what a test found.

mod findings;
mod form;
mod words;

use contract::store_admin::{StoreListed, StorePage, StoreTest};
use leptos::prelude::*;

use self::{
    findings::{Mend, findings},
    form::fields,
    words::{bound, breaker, kind, state, tenancy, yaml},
};
use super::{Confirm, Locked, TypedForm, empty_row};

/// The name of the form of settings, in [`TypedForm`].
pub const FORM: &str = "store";
const FORM_ID: &str = "store-form";

/// What a test found, and whether what was tested is what is saved.
pub struct TestShown {
    /// The findings.
    pub test: StoreTest,
    /// Version of the saved store, when it was that one; a fix is saved at once then.
    pub saved: Option<String>,
}

/// One store with everything its page shows.
pub struct StoreDocument {
    /// The store.
    pub store: StoreListed,
    /// Its version, for the form.
    pub version: String,
    /// What a test found.
    pub test: Option<TestShown>,
}

/// All stores, and a form for another one.
pub fn list(stores: &StorePage, typed: &TypedForm, test: Option<TestShown>) -> AnyView {
    let rows = stores.items.iter().map(row).collect_view().into_any();
    let rows = if stores.items.is_empty() { empty_row(6, "There are no more stores.") } else { rows };
    let next = stores.next.clone().map(|next| {
        view! {
            <p class="pager">
                <a class="btn" href=format!("/admin/stores?cursor={next}")>"More stores"</a>
            </p>
        }
    });
    let shown = test.map(|shown| findings(&shown, Mend::Form("/admin/stores/test")));
    view! {
        <section class="card">
            <header>
                <h2>"Stores"</h2>
            </header>
            <div class="body table-scroll" tabindex="0" role="region" aria-label="Stores">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Tenants kept apart"</th>
                            <th scope="col">"Bound"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Breaker"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        {next}
        {shown}
        <section class="card" id="new">
            <header>
                <h2>"Add a store"</h2>
            </header>
            <div class="body">
                <form class="fields" id=FORM_ID method="post" action="/admin/stores">
                    {fields(None, typed)}
                    <div class="actions">
                        <button class="btn pri">"Add"</button>
                        <button class="btn" formaction="/admin/stores/test">"Test without saving"</button>
                        <span class="hint">"Tenants are bound to it on their own pages."</span>
                    </div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

fn row(listed: &StoreListed) -> AnyView {
    let store = &listed.store;
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/admin/stores/{}", store.name)>{store.name.clone()}</a>
                " "
                <Locked by=store.locked_by.clone() />
            </th>
            <td>{kind(&store.kind)}</td>
            <td>{tenancy(store)}</td>
            <td class="wrap">{bound(&store.tenants)}</td>
            <td class="wrap">{listed.status.iter().map(state).collect_view()}</td>
            <td>{breaker(&listed.breaker)}</td>
        </tr>
    }
    .into_any()
}

/// One store.
pub fn one(document: &StoreDocument, typed: &TypedForm) -> AnyView {
    let (listed, store) = (&document.store, &document.store.store);
    let action = format!("/admin/stores/{}", store.name);
    let test_action = format!("{action}/test");
    let mend = store.locked_by.as_deref().map_or(Mend::Saved(&action), Mend::File);
    let shown = document.test.as_ref().map(|shown| findings(shown, mend));
    let embedded = store.url.is_none();
    let settings = match (&store.locked_by, embedded) {
        (_, true) => view! {
            <p>"It is part of the portal: metrics in the data directory, logs and traces in Postgres. There is nothing to set."</p>
        }
        .into_any(),
        (Some(file), false) => {
            view! {
                <p>{format!("This store is managed by {file}. Change it there and restart.")}</p>
                <form class="actions" method="post" action=test_action.clone()>
                    <button class="btn">"Test"</button>
                </form>
            }
            .into_any()
        }
        (None, false) => {
            let delete = typed.errors("delete");
            let consequence = if store.tenants.is_empty() {
                "No tenant is bound to it. Its settings and its secret are deleted; the data in the store stay.".to_owned()
            } else {
                format!("{} tenants are bound to it. It cannot be deleted until they are bound elsewhere.", store.tenants.len())
            };
            view! {
                <form class="fields" id=FORM_ID method="post" action=action.clone()>
                    <input type="hidden" name="version" value=document.version.clone() />
                    {fields(Some(store), typed)}
                    <div class="actions">
                        <button class="btn pri">"Save"</button>
                        <button class="btn" formaction=test_action.clone()>"Test as typed"</button>
                    </div>
                </form>
                <hr />
                <Confirm
                    label="Delete this store"
                    action=format!("{action}/delete")
                    consequence=consequence
                    typed=store.name.clone()
                    errors=delete
                />
            }
            .into_any()
        }
    };
    let twin = (!embedded).then(|| {
        view! {
            <section class="card">
                <header>
                    <h2>"The same in the configuration"</h2>
                </header>
                <div class="body">
                    <pre class="pre">{yaml(store)}</pre>
                </div>
            </section>
        }
    });
    view! {
        <p>
            <a href="/admin/stores">"All stores"</a>
        </p>
        <section class="card">
            <header>
                <h2>{store.name.clone()}</h2>
                <Locked by=store.locked_by.clone() />
            </header>
            <div class="body">
                <dl class="facts">
                    <dt>"Kind"</dt>
                    <dd>{kind(&store.kind)}</dd>
                    <dt>"Bound tenants"</dt>
                    <dd>{bound(&store.tenants)}</dd>
                    <dt>"State"</dt>
                    <dd>{listed.status.iter().map(state).collect_view()}</dd>
                    <dt>"Circuit breaker"</dt>
                    <dd>{breaker(&listed.breaker)}</dd>
                    {store
                        .updated_at
                        .map(|at| {
                            view! {
                                <dt>"Last changed"</dt>
                                <dd>{at.to_string()}</dd>
                            }
                        })}
                </dl>
            </div>
        </section>
        {shown}
        <section class="card">
            <header>
                <h2>"Settings"</h2>
            </header>
            <div class="body prose">{settings}</div>
        </section>
        {twin}
    }
    .into_any()
}
