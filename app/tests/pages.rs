//! The pages as the server renders them, with a portal that keeps its data in memory: two tenants, and every state a page
//! owes. Asserts on resolved content, never on the skeleton.

#[path = "pages/fake.rs"]
mod fake;
#[path = "pages/render.rs"]
mod render;

use fake::{Mood, World};
use render::{get, get_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_overview_is_complete_without_scripts() {
    let page = get(World::new(Mood::Hurt), "/t/acme").await;
    assert_eq!(page.status, 200);
    for text in ["payments", "answers six times slower than usual", "8.2 %", "What changed", "12:01", "Break something"]
    {
        assert!(page.html.contains(text), "{text} is missing");
    }
    assert!(page.html.contains("<svg class=\"plot\""), "charts are drawn on the server");
    assert!(page.html.contains("aria-label=\"payments latency\""));
    assert!(!page.html.contains("class=\"skeleton\""), "nothing is still waiting");
    assert!(page.html.contains("href=\"/t/acme/topology?sel=app"), "numbers and names are links");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_needs_an_inline_style_or_a_script_without_nonce() {
    for path in ["/t/acme", "/t/nobody", "/nowhere"] {
        let page = get(World::new(Mood::Hurt), path).await;
        assert!(!page.html.contains(" style="), "{path}");
        let scripts = page.html.matches("<script").count();
        assert_eq!(page.html.matches("nonce=\"n0nce\"").count(), scripts, "{path}: every script carries the nonce");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn links_keep_the_time() {
    let page = get(World::new(Mood::Hurt), "/t/acme?from=now-6h").await;
    assert!(page.html.contains("Last 6 h"));
    assert!(page.html.contains("/t/acme/topology?from=now-6h"), "{}", page.html);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_tenant_is_not_found_and_shows_nothing_of_it() {
    let page = get(World::new(Mood::Hurt), "/t/globex").await;
    assert_eq!(page.status, 404);
    assert!(page.html.contains("This page does not exist"));
    assert!(!page.html.contains("globex-only"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tenants_see_their_own() {
    let acme = get(World::new(Mood::Hurt), "/t/acme").await;
    let globex = get(World::new(Mood::Hurt).for_operator(), "/t/globex").await;
    assert!(!acme.html.contains("llm-gateway") && globex.html.contains("llm-gateway"));
    assert!(globex.html.contains("href=\"/t/acme\""), "the switcher leads to the other tenant");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_that_leads_nowhere_is_a_404() {
    for path in ["/nowhere", "/t/acme/nowhere", "/t/UPPER"] {
        let page = get(World::new(Mood::Hurt), path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.html.contains("This page does not exist"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_asked_to_sign_in() {
    let page = get(World::new(Mood::Hurt).signed_out(), "/t/acme").await;
    assert_eq!(page.status, 401);
    assert!(page.html.contains("Your session has ended"));
    assert!(page.html.contains("/login?return=/t/acme"), "{}", page.html);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_viewer_cannot_break_anything() {
    let page = get(World::new(Mood::Hurt).for_viewer(), "/t/acme").await;
    assert_eq!(page.status, 200);
    assert!(!page.html.contains("Break something"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn faults_are_forms_that_work_without_scripts() {
    let page = get(World::new(Mood::Hurt), "/t/acme?from=now-6h").await;
    assert!(page.html.contains("method=\"post\" action=\"/t/acme/demo/errors10/start\""), "off can be started");
    assert!(page.html.contains("method=\"post\" action=\"/t/acme/demo/payments-slow/stop\""), "on can be stopped");
    assert!(page.html.contains("name=\"return\" value=\"/t/acme?from=now-6h\""));
    assert!(page.html.contains("Heals at 12:24:00 UTC"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn quiet_is_a_state_of_its_own() {
    let page = get(World::new(Mood::Quiet), "/t/acme").await;
    assert!(page.html.contains("All quiet"));
    assert!(page.html.contains("dot ok big"));
    assert!(!page.html.contains("is-crit"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_empty_mesh_tells_why() {
    let page = get(World::new(Mood::Empty), "/t/acme").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("No traffic in shop, ai"));
    assert_eq!(page.html.matches("checks were made; one of them tells why").count(), 1);
    for question in ["sidecars", "scraped", "window", "namespaces", "tenant"] {
        assert!(page.html.contains(question), "{question}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn old_data_shows_its_age_and_which_store_is_gone() {
    let page = get(World::new(Mood::Stale), "/t/acme").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("Showing what was known at 12:16:40 UTC"), "{}", page.html);
    assert!(page.html.contains("down since 12:16"));
    assert!(page.html.contains("payments"), "the old answer stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_without_any_answer_is_an_error_with_its_name() {
    let page = get(World::new(Mood::Down), "/t/acme").await;
    assert_eq!(page.status, 502);
    assert!(
        page.html.contains("A store is unreachable") && page.html.contains("prom-a") && page.html.contains("Try again")
    );
    assert!(page.html.contains("class=\"side\""), "the frame stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_theme_is_in_the_first_byte() {
    let page = get_with(World::new(Mood::Hurt), "/t/acme", &[("cookie", "a=b; theme=dark")]).await;
    assert!(page.html.contains("<html lang=\"en\" data-theme=\"dark\""), "{}", &page.html[..200]);
    let page = get(World::new(Mood::Hurt), "/t/acme").await;
    assert!(page.html.contains("data-theme=\"system\""));
}

/// Pages are finished and dropped on other threads than they began on; whatever may not leave its thread panics here.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_pages_at_once_are_all_whole() {
    let mut pages = tokio::task::JoinSet::new();
    for number in 0..60 {
        let path = if number % 2 == 0 { "/t/acme" } else { "/t/acme/topology" };
        pages.spawn(async move { get(World::new(Mood::Hurt), path).await });
    }
    while let Some(page) = pages.join_next().await {
        let page = page.expect("no panic");
        assert_eq!(page.status, 200);
        assert!(page.html.contains("</html>") && page.html.contains("__INCOMPLETE_CHUNKS"), "the end is there");
    }
}

/// Writes every state to the directory in `PAGES_OUT`, to be looked at in a browser. Does nothing without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_can_be_looked_at() {
    let Ok(out) = std::env::var("PAGES_OUT") else { return };
    for (name, world) in [
        ("hurt", World::new(Mood::Hurt)),
        ("quiet", World::new(Mood::Quiet)),
        ("empty", World::new(Mood::Empty)),
        ("stale", World::new(Mood::Stale)),
        ("down", World::new(Mood::Down)),
        ("viewer", World::new(Mood::Hurt).for_viewer()),
        ("signed-out", World::new(Mood::Hurt).signed_out()),
    ] {
        for theme in ["light", "dark"] {
            let page = get_with(world.clone(), "/t/acme", &[("cookie", &format!("theme={theme}"))]).await;
            render::keep(&out, &format!("{name}-{theme}"), &page.html);
        }
    }
    render::keep(&out, "not-found-light", &get(World::new(Mood::Hurt), "/nowhere").await.html);
    for (name, html) in fake::public_pages() {
        render::keep(&out, &name, &html);
    }
}
