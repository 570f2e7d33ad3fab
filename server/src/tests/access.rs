//! Who may call what. Every REST operation, server function, page and form must have a row here; a new one fails this test
//! until somebody decided who may use it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use contract::ids::Role;
use sqlx::PgPool;

use super::Portal;

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    /// Everybody.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Members of the tenant with at least this role.
    Member(Role),
    /// Platform administrators.
    Operator,
}
use Who::{Anyone, Member, Operator, SignedIn};

/// Method, path template as registered, a concrete path for tenant acme, and who may use it.
const ACCESS: &[(&str, &str, &str, Who)] = &[
    // REST
    ("GET", "/api/v1/version", "/api/v1/version", Anyone),
    ("POST", "/api/v1/auth/login", "/api/v1/auth/login", Anyone),
    ("POST", "/api/v1/auth/logout", "/api/v1/auth/logout", Anyone),
    ("GET", "/api/v1/auth/me", "/api/v1/auth/me", SignedIn),
    ("GET", "/api/v1/t/{tenant}/overview", "/api/v1/t/acme/overview", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/topology", "/api/v1/t/acme/topology", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/topology.svg", "/api/v1/t/acme/topology.svg", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/topology.dot", "/api/v1/t/acme/topology.dot", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/topology.csv", "/api/v1/t/acme/topology.csv", Member(Role::Viewer)),
    (
        "GET",
        "/api/v1/t/{tenant}/topology/node",
        "/api/v1/t/acme/topology/node?focus=app:shop/cart",
        Member(Role::Viewer),
    ),
    ("GET", "/api/v1/t/{tenant}/stores", "/api/v1/t/acme/stores", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/demo/faults", "/api/v1/t/acme/demo/faults", Member(Role::Editor)),
    ("PUT", "/api/v1/t/{tenant}/demo/faults/{fault}", "/api/v1/t/acme/demo/faults/errors10", Member(Role::Editor)),
    ("DELETE", "/api/v1/t/{tenant}/demo/faults/{fault}", "/api/v1/t/acme/demo/faults/errors10", Member(Role::Editor)),
    ("GET", "/api/v1/t/{tenant}/live", "/api/v1/t/acme/live", Member(Role::Viewer)),
    ("POST", "/api/v1/t/{tenant}/isolation-proof", "/api/v1/t/acme/isolation-proof", Member(Role::Admin)),
    ("GET", "/api/v1/admin/stores", "/api/v1/admin/stores", Operator),
    ("POST", "/api/v1/admin/stores", "/api/v1/admin/stores", Operator),
    ("POST", "/api/v1/admin/stores/test", "/api/v1/admin/stores/test", Operator),
    ("GET", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("PUT", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("DELETE", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("POST", "/api/v1/admin/stores/{name}/test", "/api/v1/admin/stores/embedded/test", Operator),
    // Server functions
    ("GET", "/ui/overview/page", "/ui/overview/page?args%5Btenant%5D=acme", Member(Role::Viewer)),
    ("GET", "/ui/stores/status", "/ui/stores/status?args%5Btenant%5D=acme", Member(Role::Viewer)),
    ("GET", "/ui/demo/faults", "/ui/demo/faults?args%5Btenant%5D=acme", Member(Role::Editor)),
    (
        "POST",
        "/ui/demo/switch",
        "/ui/demo/switch?args%5Btenant%5D=acme&args%5Bfault%5D=errors10&args%5Bon%5D=true",
        Member(Role::Editor),
    ),
    ("GET", "/ui/topology/graph", "/ui/topology/graph?args%5Btenant%5D=acme", Member(Role::Viewer)),
    (
        "GET",
        "/ui/topology/node",
        "/ui/topology/node?args%5Btenant%5D=acme&args%5Bfocus%5D=app%3Ashop%2Fcart&args%5Brange%5D=now-1h..now",
        Member(Role::Viewer),
    ),
    (
        "GET",
        "/ui/topology/strip",
        "/ui/topology/strip?args%5Btenant%5D=acme&args%5Brange%5D=now-1h..now",
        Member(Role::Viewer),
    ),
    ("GET", "/ui/topology/empty-checks", "/ui/topology/empty-checks?args%5Btenant%5D=acme", Member(Role::Viewer)),
    // Pages
    ("GET", "/t/{tenant}", "/t/acme", Member(Role::Viewer)),
    ("GET", "/t/{tenant}/topology", "/t/acme/topology", Member(Role::Viewer)),
    // Pages of administration and their forms
    ("GET", "/admin/stores", "/admin/stores", Operator),
    ("POST", "/admin/stores", "/admin/stores", Operator),
    ("POST", "/admin/stores/test", "/admin/stores/test", Operator),
    ("GET", "/admin/stores/{name}", "/admin/stores/embedded", Operator),
    ("POST", "/admin/stores/{name}", "/admin/stores/embedded", Operator),
    ("POST", "/admin/stores/{name}/test", "/admin/stores/embedded/test", Operator),
    ("POST", "/admin/stores/{name}/fix", "/admin/stores/embedded/fix", Operator),
    ("POST", "/admin/stores/{name}/delete", "/admin/stores/embedded/delete", Operator),
    ("GET", "/t/{tenant}/settings/isolation", "/t/acme/settings/isolation", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/isolation", "/t/acme/settings/isolation", Member(Role::Admin)),
    // Public pages and forms
    ("GET", "/", "/", Anyone),
    ("GET", "/demo-mesh.svg", "/demo-mesh.svg", Anyone),
    ("GET", "/login", "/login", Anyone),
    ("POST", "/theme", "/theme", Anyone),
    ("POST", "/t/{tenant}/demo/{fault}/start", "/t/acme/demo/errors10/start", Member(Role::Editor)),
    ("POST", "/t/{tenant}/demo/{fault}/stop", "/t/acme/demo/errors10/stop", Member(Role::Editor)),
];

/// Everything the portal serves that could show data or change it.
fn served() -> BTreeSet<(String, String)> {
    let api: serde_json::Value = serde_json::from_str(&crate::rest::openapi_json().unwrap()).unwrap();
    let operations = api["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "put", "post", "delete", "patch"].contains(&key.as_str()));
        methods.map(move |method| (method.to_uppercase(), format!("/api/v1{path}")))
    });
    let functions = server_fn::axum::server_fn_paths().map(|(path, method)| (method.to_string(), path.to_owned()));
    let pages =
        leptos_axum::generate_route_list(app::App).into_iter().map(|route| ("GET".to_owned(), route.path().to_owned()));
    let forms = crate::router::FORMS.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    operations.chain(functions).chain(pages).chain(forms).collect()
}

#[test]
fn every_endpoint_has_its_row() {
    let rows: BTreeSet<(String, String)> =
        ACCESS.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    let served = served();
    let missing: Vec<_> = served.difference(&rows).collect();
    assert!(missing.is_empty(), "decide who may use these, and add them to ACCESS: {missing:#?}");
    let gone: Vec<_> = rows.difference(&served).collect();
    assert!(gone.is_empty(), "these rows have no endpoint any more: {gone:#?}");
}

/// Refused as nobody: 401, or led to the sign-in page.
fn refused_as_nobody(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || status == StatusCode::SEE_OTHER
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_gets_further_than_the_table_says(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (viewer, foreigner) = (portal.login("vik@acme.test").await, portal.login("gus@globex.test").await);
    for (method, template, path, who) in ACCESS {
        let method: Method = method.parse().unwrap();
        let anonymous = portal.ask(method.clone(), path, None).await.status;
        if *template == "/api/v1/auth/logout" {
            // Signing the others out would spoil the rows after it.
            continue;
        }
        let foreign = portal.ask(method.clone(), path, Some(&foreigner)).await.status;
        let seen = portal.ask(method.clone(), path, Some(&viewer)).await.status;
        match who {
            Anyone => assert!(
                !refused_as_nobody(anonymous) || *template == "/theme",
                "{method} {template}: {anonymous} for anybody"
            ),
            SignedIn => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert!(foreign.is_success(), "{method} {template}: {foreign} for somebody");
            }
            Operator => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::FORBIDDEN, "{method} {template}: somebody without the right");
                assert_eq!(seen, StatusCode::FORBIDDEN, "{method} {template}: a viewer");
            }
            Member(least) => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::NOT_FOUND, "{method} {template}: a foreign tenant's user");
                if *least > Role::Viewer {
                    assert_eq!(seen, StatusCode::FORBIDDEN, "{method} {template}: a viewer");
                } else {
                    assert!(
                        !seen.is_client_error()
                            || seen == StatusCode::UPGRADE_REQUIRED
                            || seen == StatusCode::BAD_REQUEST && template.ends_with("/live"),
                        "{method} {template}: {seen} for a viewer"
                    );
                }
            }
        }
    }
}
