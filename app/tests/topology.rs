//! The topology page as the server renders it, with a portal that keeps its data in memory: the drawing, the panel, the
//! tables, and every state the page owes.

#[path = "topology/fake.rs"]
mod fake;
#[path = "../src/topology/tests.rs"]
mod mesh_fixture;
#[path = "pages/render.rs"]
mod render;

use fake::World;
use render::{get, get_with};

#[tokio::test]
async fn the_drawing_is_complete_without_scripts() {
    let page = get(World::default(), "/t/acme/topology").await;
    assert_eq!(page.status, 200);
    for name in ["istio-ingress", "storefront", "payments", "bank.example"] {
        assert!(page.html.contains(name), "{name}");
    }
    assert_eq!(page.html.matches("data-node=").count(), 12);
    assert_eq!(page.html.matches("marker-end=").count(), 11);
    assert!(page.html.contains("topo-edge crit w4"), "the failing call stands out and has a width");
    assert!(page.html.contains("topo-edge ok w4 plain") || page.html.contains(" plain\""), "plaintext is dashed");
    assert_eq!(page.html.matches("class=\"topo-lock\"").count(), 1, "one open lock, on the plaintext call");
    assert!(page.html.contains("41/s · 8.2 %"));
    assert!(page.html.contains("12 services · 11 edges"));
    assert!(page.html.contains("aria-label=\"payments, failing: 8.2 % of 41 requests per second fail; 1 caller\""));
    assert!(!page.html.contains("class=\"skeleton\""), "nothing is still waiting");
}

#[tokio::test]
async fn nothing_needs_an_inline_style_or_a_script_without_nonce() {
    for path in ["/t/acme/topology?sel=app:shop/payments", "/t/acme/topology?view=table", "/t/acme/topology?find=("] {
        let page = get(World::default(), path).await;
        assert!(!page.html.contains(" style="), "{path}");
        let scripts = page.html.matches("<script").count();
        assert_eq!(page.html.matches("nonce=\"n0nce\"").count(), scripts, "{path}: every script carries the nonce");
    }
}

#[tokio::test]
async fn a_selected_node_has_its_panel_without_scripts() {
    let page = get(World::default(), "/t/acme/topology?sel=app:shop/payments").await;
    assert_eq!(page.status, 200);
    for text in
        ["Failing more since 11:43 UTC", "It is v2", "7 min left", "plaintext to bank.example", "checkout", "sparkline"]
    {
        assert!(page.html.contains(text), "{text} is missing");
    }
    assert_eq!(page.html.matches("is-selected").count(), 1);
    assert!(page.html.contains("spiffe://demo.obstack/ns/shop/sa/payments"));
    assert!(page.html.contains("?sel=app:shop/payments&amp;") || page.html.contains("focus=app:shop/payments"));
}

#[tokio::test]
async fn a_selection_that_is_gone_does_not_cost_the_page() {
    let page = get(World::default(), "/t/acme/topology?sel=app:shop/nobody").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("It is not in this graph"));
    assert_eq!(page.html.matches("data-node=").count(), 12);
}

#[tokio::test]
async fn the_table_has_the_same_data_and_sorts_by_link() {
    let page = get(World::default(), "/t/acme/topology?view=table&sort=-rate").await;
    assert!(!page.html.contains("data-node="), "no drawing");
    let at = |text: &str| page.html.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let body = at("<tbody>");
    let first = page.html[body..].find("storefront").expect("the busiest service");
    let second = page.html[body..].find(">catalog").expect("the next one");
    assert!(first < second, "busiest first");
    assert!(page.html.contains("aria-sort=\"descending\""));
    assert!(page.html.contains("sort=rate"), "a second click turns it round");
    assert!(page.html.contains("gRPC") && page.html.contains("plaintext"));
}

#[tokio::test]
async fn every_choice_is_a_link_that_keeps_the_others() {
    let page = get(World::default(), "/t/acme/topology?from=now-6h&edges=mtls&find=ns:shop").await;
    for link in [
        "/t/acme/topology?from=now-6h&amp;box=cluster&amp;edges=mtls&amp;find=ns:shop",
        "/t/acme/topology?from=now-6h&amp;edges=p95&amp;find=ns:shop",
        "/t/acme/topology?from=now-6h&amp;edges=mtls&amp;find=ns:shop&amp;errors=1",
        "/t/acme/topology?from=now-6h&amp;view=table&amp;edges=mtls&amp;find=ns:shop",
        "/t/acme/topology?from=now-6h&amp;live=0&amp;edges=mtls&amp;find=ns:shop",
    ] {
        assert!(page.html.contains(link), "{link}");
    }
    assert!(page.html.contains("<input type=\"hidden\" name=\"edges\" value=\"mtls\""), "the find form keeps them too");
    assert!(page.html.contains("/api/v1/t/acme/topology.svg?graph=app&amp;duration=1m&amp;box=namespace"));
    assert!(page.html.contains("11 found") || page.html.contains("found ·"));
}

#[tokio::test]
async fn an_expression_that_cannot_be_read_says_so_at_the_field() {
    let page = get(World::default(), "/t/acme/topology?find=err%3E").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("aria-invalid=\"true\""));
    assert!(page.html.contains("column 5: expected"), "{}", page.html);
}

#[tokio::test]
async fn the_backend_is_asked_for_what_the_url_says() {
    let world = World::default();
    get(world.clone(), "/t/acme/topology?graph=workload&box=none&namespaces=shop,ai&duration=10m&focus=app:shop/cart")
        .await;
    let asked = world.asked();
    assert_eq!(asked.len(), 1, "one request for the graph");
    let query = serde_json::to_value(&asked[0]).expect("a query");
    for (name, value) in
        [("graph", "workload"), ("box", ""), ("namespaces", "shop,ai"), ("duration", "10m"), ("focus", "app:shop/cart")]
    {
        assert_eq!(query[name], value, "{name}");
    }
    assert_eq!(query["layout"], true);
    let plain = World::default();
    get(plain.clone(), "/t/acme/topology").await;
    let query = serde_json::to_value(&plain.asked()[0]).expect("a query");
    assert_eq!(
        (&query["duration"], &query["at"]),
        (&"1m".into(), &serde_json::Value::Null),
        "the present is looked at closely"
    );
}

#[tokio::test]
async fn an_empty_mesh_tells_why() {
    let page = get(World::empty(), "/t/acme/topology").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("No traffic to draw"));
    assert!(page.html.contains("was it scraped lately?"), "the five checks are shown");
    assert!(!page.html.contains("data-node="));
    let narrowed = get(World::empty(), "/t/acme/topology?focus=app:shop/cart").await;
    assert!(narrowed.html.contains("Nothing matches this view") && narrowed.html.contains("Show everything"));
}

#[tokio::test]
async fn old_and_partial_answers_say_so_and_keep_the_drawing() {
    let page = get(World::stale(), "/t/acme/topology").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("Showing what was known at 12:03:20 UTC"), "{}", page.html);
    assert!(page.html.contains("p99 could not be read"));
    assert_eq!(page.html.matches("data-node=").count(), 12);
}

#[tokio::test]
async fn a_store_without_any_answer_a_foreign_tenant_and_a_stranger() {
    let down = get(World::down(), "/t/acme/topology").await;
    assert_eq!(down.status, 502);
    assert!(down.html.contains("A store is unreachable") && down.html.contains("prom-a"));
    let foreign = get(World::default(), "/t/globex/topology").await;
    assert_eq!(foreign.status, 404);
    assert!(!foreign.html.contains("payments"));
    let stranger = get(World::signed_out(), "/t/acme/topology").await;
    assert_eq!(stranger.status, 401);
    assert!(!stranger.html.contains("payments"));
}

/// Writes the page's states to the directory in `PAGES_OUT`, to be looked at in a browser. Does nothing without it.
#[tokio::test]
async fn pages_can_be_looked_at() {
    let Ok(out) = std::env::var("PAGES_OUT") else { return };
    for (name, world, query) in [
        ("graph", World::default(), "?sel=app:shop/payments"),
        ("find", World::default(), "?find=err%3E1%25&edges=p95"),
        ("table", World::default(), "?view=table&sel=app:shop/payments"),
        ("demo", World::wide(), ""),
        ("demo-sel", World::wide(), "?sel=app:shop/payments&box=cluster,namespace"),
        ("graph-forced", World::default(), "?view=graph"),
        ("empty", World::empty(), ""),
        ("stale", World::stale(), ""),
        ("down", World::down(), ""),
    ] {
        for theme in ["light", "dark"] {
            let path = format!("/t/acme/topology{query}");
            let page = get_with(world.clone(), &path, &[("cookie", &format!("theme={theme}"))]).await;
            render::keep(&out, &format!("topology-{name}-{theme}"), &page.html);
        }
    }
}
