//! `/`: what this is, shown by the mesh itself.

use contract::Timestamp;
use leptos::prelude::*;

use super::{Look, document, foot, top};

/// A drawing of a mesh for strangers: never of a tenant that is not meant to be shown.
#[derive(Clone, Debug)]
pub struct MeshPicture {
    /// The drawing, made by us: it is put into the page as it is.
    pub svg: String,
    /// When its data was gathered.
    pub at: Timestamp,
    /// Number of services in it.
    pub services: usize,
    /// Calls per second over all edges.
    pub requests_per_s: f64,
}

/// What the landing page shows.
#[derive(Clone, Debug, Default)]
pub struct LandingPage {
    /// The visitor is signed in.
    pub signed_in: bool,
    /// The demo runs here, so the login shows accounts to try.
    pub demo: bool,
    /// The demo's mesh; absent where there is none or its store has never answered.
    pub mesh: Option<MeshPicture>,
}

/// The landing page as a whole document.
pub fn render_landing(look: &Look, page: &LandingPage) -> String {
    let word = match (page.signed_in, page.demo) {
        (true, _) => "Open the portal",
        (false, true) => "Open the live demo",
        (false, false) => "Sign in",
    };
    let mesh = page.mesh.as_ref().map(|mesh| {
        let facts = format!("{} services · {}", mesh.services, mesh::format::rate(mesh.requests_per_s));
        view! {
            <section class="card mesh-card" aria-label="The demo mesh">
                <header>
                    <h2>"The demo mesh"</h2>
                    <span class="faint num">{facts}</span>
                    <span class="faint num end">{format!("as of {} UTC", mesh.at.hh_mm_ss())}</span>
                </header>
                <div class="drawing" inner_html=mesh.svg.clone()></div>
            </section>
        }
    });
    let body = view! {
        <div class="public">
            {top(view! { <a class="btn" href="/login">{if page.signed_in { "Open" } else { "Sign in" }}</a> }.into_any())}
            <main class="hero">
                <div>
                    <h1>"See what your service mesh is doing, and why."</h1>
                    <p class="lead">
                        "Obstack reads the metrics your Istio mesh already has and says in one sentence what hurts, since when, and what changed. "
                        "Topology, latency, errors and mutual TLS of every call, for every team its own part of the mesh."
                    </p>
                    <div class="actions">
                        <a class="btn pri" href="/login">{word}</a>
                        <span class="cmd">"make demo"</span>
                    </div>
                </div>
                {mesh}
                <div class="proof">
                    <div>
                        <h2>"A sentence first"</h2>
                        <p>"The overview names the service that hurts, how much against its own usual, and what changed just before."</p>
                    </div>
                    <div>
                        <h2>"The mesh as it runs"</h2>
                        <p>"Drawn on the server, complete before any script, and the same node in the same place after every refresh."</p>
                    </div>
                    <div>
                        <h2>"Walls between tenants"</h2>
                        <p>"Every query is rewritten for its tenant before it leaves, and what belongs to others does not exist."</p>
                    </div>
                    <div>
                        <h2>"Your stores, or none"</h2>
                        <p>"Prometheus where you have it, an embedded store where you do not. One binary, no internet needed."</p>
                    </div>
                </div>
            </main>
            {foot(look)}
        </div>
    };
    document(
        look,
        "Obstack: see what your service mesh is doing",
        "Topology, latency, errors and mutual TLS of an Istio service mesh, for every tenant its own part of it.",
        body.into_any(),
    )
}
