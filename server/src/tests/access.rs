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
    /// Nobody, as things are: leads to the sign-in page.
    Leads,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in, for what is theirs; everything else is not found.
    OwnThing,
    /// Whoever is signed in, for themselves; what is sent here does not fit.
    Oneself,
    /// Members of the tenant with at least this role.
    Member(Role),
    /// The same, for endpoints that need more than this test sends them: 400 or 404 is as far as it gets.
    Input(Role),
    /// Who administers the installation.
    Operator,
}
use Who::{Anyone, Input, Leads, Member, Oneself, Operator, OwnThing, SignedIn};

/// Method, path template as registered, a concrete path for tenant acme, and who may use it.
const ACCESS: &[(&str, &str, &str, Who)] = &[
    // REST
    ("GET", "/api/v1/version", "/api/v1/version", Anyone),
    ("POST", "/api/v1/auth/login", "/api/v1/auth/login", Anyone),
    ("POST", "/api/v1/auth/logout", "/api/v1/auth/logout", Anyone),
    ("GET", "/api/v1/auth/me", "/api/v1/auth/me", SignedIn),
    ("GET", "/api/v1/auth/sessions", "/api/v1/auth/sessions", SignedIn),
    ("DELETE", "/api/v1/auth/sessions", "/api/v1/auth/sessions", SignedIn),
    ("DELETE", "/api/v1/auth/sessions/{id}", "/api/v1/auth/sessions/7a1b8c1e-0000-4000-8000-000000000000", OwnThing),
    ("GET", "/api/v1/t/{tenant}/audit", "/api/v1/t/acme/audit", Member(Role::Admin)),
    ("GET", "/api/v1/t/{tenant}/audit.ndjson", "/api/v1/t/acme/audit.ndjson", Member(Role::Admin)),
    ("GET", "/api/v1/t/{tenant}/audit/verify", "/api/v1/t/acme/audit/verify", Member(Role::Admin)),
    ("GET", "/api/v1/admin/audit", "/api/v1/admin/audit", Operator),
    ("GET", "/api/v1/admin/audit.ndjson", "/api/v1/admin/audit.ndjson", Operator),
    ("GET", "/api/v1/admin/audit/verify", "/api/v1/admin/audit/verify", Operator),
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
    ("POST", "/api/v1/t/{tenant}/policies/evaluate", "/api/v1/t/acme/policies/evaluate", Input(Role::Viewer)),
    ("POST", "/api/v1/t/{tenant}/policies/lint", "/api/v1/t/acme/policies/lint", Input(Role::Viewer)),
    ("POST", "/api/v1/t/{tenant}/policies/diff", "/api/v1/t/acme/policies/diff", Input(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/demo/faults", "/api/v1/t/acme/demo/faults", Member(Role::Editor)),
    ("PUT", "/api/v1/t/{tenant}/demo/faults/{fault}", "/api/v1/t/acme/demo/faults/errors10", Member(Role::Editor)),
    ("DELETE", "/api/v1/t/{tenant}/demo/faults/{fault}", "/api/v1/t/acme/demo/faults/errors10", Member(Role::Editor)),
    ("GET", "/api/v1/t/{tenant}/live", "/api/v1/t/acme/live", Member(Role::Viewer)),
    ("GET", "/api/v1/auth/oidc/{provider}/login", "/api/v1/auth/oidc/nobody/login", Anyone),
    ("GET", "/api/v1/auth/oidc/{provider}/callback", "/api/v1/auth/oidc/nobody/callback", Anyone),
    ("POST", "/api/v1/auth/oidc/{provider}/backchannel-logout", "/api/v1/auth/oidc/nobody/backchannel-logout", Anyone),
    ("GET", "/api/v1/t/{tenant}/identity-providers", "/api/v1/t/acme/identity-providers", Member(Role::Admin)),
    ("POST", "/api/v1/t/{tenant}/identity-providers", "/api/v1/t/acme/identity-providers", Member(Role::Admin)),
    (
        "GET",
        "/api/v1/t/{tenant}/identity-providers/{name}",
        "/api/v1/t/acme/identity-providers/sso",
        Member(Role::Admin),
    ),
    (
        "PUT",
        "/api/v1/t/{tenant}/identity-providers/{name}",
        "/api/v1/t/acme/identity-providers/sso",
        Member(Role::Admin),
    ),
    (
        "DELETE",
        "/api/v1/t/{tenant}/identity-providers/{name}",
        "/api/v1/t/acme/identity-providers/sso",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/api/v1/t/{tenant}/identity-providers/{name}/test",
        "/api/v1/t/acme/identity-providers/sso/test",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/api/v1/t/{tenant}/identity-providers/{name}/preview",
        "/api/v1/t/acme/identity-providers/sso/preview",
        Member(Role::Admin),
    ),
    ("GET", "/api/v1/admin/identity-providers", "/api/v1/admin/identity-providers", Operator),
    ("POST", "/api/v1/admin/identity-providers", "/api/v1/admin/identity-providers", Operator),
    ("GET", "/api/v1/admin/identity-providers/{name}", "/api/v1/admin/identity-providers/sso", Operator),
    ("PUT", "/api/v1/admin/identity-providers/{name}", "/api/v1/admin/identity-providers/sso", Operator),
    ("DELETE", "/api/v1/admin/identity-providers/{name}", "/api/v1/admin/identity-providers/sso", Operator),
    ("POST", "/api/v1/admin/identity-providers/{name}/test", "/api/v1/admin/identity-providers/sso/test", Operator),
    (
        "POST",
        "/api/v1/admin/identity-providers/{name}/preview",
        "/api/v1/admin/identity-providers/sso/preview",
        Operator,
    ),
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
    // Public pages and forms
    ("GET", "/", "/", Anyone),
    ("GET", "/demo-mesh.svg", "/demo-mesh.svg", Anyone),
    ("GET", "/login", "/login", Anyone),
    ("POST", "/theme", "/theme", Anyone),
    ("GET", "/account", "/account", SignedIn),
    ("POST", "/account/sessions/end", "/account/sessions/end", SignedIn),
    ("POST", "/account/sessions/{id}/end", "/account/sessions/7a1b8c1e-0000-4000-8000-000000000000/end", OwnThing),
    ("GET", "/admin/audit", "/admin/audit", Operator),
    ("GET", "/t/{tenant}/settings/audit", "/t/acme/settings/audit", Member(Role::Admin)),
    ("POST", "/t/{tenant}/view-as", "/t/acme/view-as", Member(Role::Admin)),
    ("POST", "/view-as/end", "/view-as/end", SignedIn),
    // Leads to the sign-in page once somebody has an account; the form asks for the printed token.
    ("GET", "/setup", "/setup", Leads),
    ("POST", "/setup", "/setup", Anyone),
    ("GET", "/setup/tenant", "/setup/tenant", Operator),
    ("POST", "/setup/tenant", "/setup/tenant", Operator),
    ("GET", "/setup/stores", "/setup/stores", Operator),
    ("POST", "/t/{tenant}/demo/{fault}/start", "/t/acme/demo/errors10/start", Member(Role::Editor)),
    ("POST", "/t/{tenant}/demo/{fault}/stop", "/t/acme/demo/errors10/stop", Member(Role::Editor)),
    ("GET", "/t/{tenant}/settings/sign-in", "/t/acme/settings/sign-in", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/sign-in", "/t/acme/settings/sign-in", Member(Role::Admin)),
    ("GET", "/t/{tenant}/settings/sign-in/{name}", "/t/acme/settings/sign-in/sso", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/sign-in/{name}", "/t/acme/settings/sign-in/sso", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/sign-in/{name}/delete", "/t/acme/settings/sign-in/sso/delete", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/sign-in/{name}/test", "/t/acme/settings/sign-in/sso/test", Member(Role::Admin)),
    (
        "POST",
        "/t/{tenant}/settings/sign-in/{name}/preview",
        "/t/acme/settings/sign-in/sso/preview",
        Member(Role::Admin),
    ),
    ("GET", "/admin/sign-in", "/admin/sign-in", Operator),
    ("POST", "/admin/sign-in", "/admin/sign-in", Operator),
    ("GET", "/admin/sign-in/{name}", "/admin/sign-in/sso", Operator),
    ("POST", "/admin/sign-in/{name}", "/admin/sign-in/sso", Operator),
    ("POST", "/admin/sign-in/{name}/delete", "/admin/sign-in/sso/delete", Operator),
    ("POST", "/admin/sign-in/{name}/test", "/admin/sign-in/sso/test", Operator),
    ("POST", "/admin/sign-in/{name}/preview", "/admin/sign-in/sso/preview", Operator),
    ("GET", "/api/v1/admin/tenants", "/api/v1/admin/tenants", Operator),
    ("POST", "/api/v1/admin/tenants", "/api/v1/admin/tenants", Operator),
    ("GET", "/api/v1/admin/tenants/{slug}", "/api/v1/admin/tenants/acme", Operator),
    ("PUT", "/api/v1/admin/tenants/{slug}", "/api/v1/admin/tenants/acme", Operator),
    ("DELETE", "/api/v1/admin/tenants/{slug}", "/api/v1/admin/tenants/acme", Operator),
    ("POST", "/api/v1/admin/tenants/{slug}/suspend", "/api/v1/admin/tenants/acme/suspend", Operator),
    ("POST", "/api/v1/admin/tenants/{slug}/resume", "/api/v1/admin/tenants/acme/resume", Operator),
    ("GET", "/api/v1/admin/users", "/api/v1/admin/users", Operator),
    ("GET", "/api/v1/admin/users/{id}", "/api/v1/admin/users/00000000-0000-0000-0000-000000000001", Operator),
    ("PUT", "/api/v1/admin/users/{id}", "/api/v1/admin/users/00000000-0000-0000-0000-000000000001", Operator),
    (
        "POST",
        "/api/v1/admin/users/{id}/reset-link",
        "/api/v1/admin/users/00000000-0000-0000-0000-000000000001/reset-link",
        Operator,
    ),
    ("POST", "/api/v1/auth/password", "/api/v1/auth/password", Oneself),
    ("GET", "/api/v1/t/{tenant}/settings", "/api/v1/t/acme/settings", Member(Role::Admin)),
    ("PUT", "/api/v1/t/{tenant}/settings", "/api/v1/t/acme/settings", Member(Role::Admin)),
    ("GET", "/api/v1/t/{tenant}/members", "/api/v1/t/acme/members", Member(Role::Admin)),
    (
        "GET",
        "/api/v1/t/{tenant}/members/{user_id}",
        "/api/v1/t/acme/members/00000000-0000-0000-0000-000000000001",
        Member(Role::Admin),
    ),
    (
        "PUT",
        "/api/v1/t/{tenant}/members/{user_id}",
        "/api/v1/t/acme/members/00000000-0000-0000-0000-000000000001",
        Member(Role::Admin),
    ),
    (
        "DELETE",
        "/api/v1/t/{tenant}/members/{user_id}",
        "/api/v1/t/acme/members/00000000-0000-0000-0000-000000000001",
        Member(Role::Admin),
    ),
    ("GET", "/api/v1/t/{tenant}/invites", "/api/v1/t/acme/invites", Member(Role::Admin)),
    ("POST", "/api/v1/t/{tenant}/invites", "/api/v1/t/acme/invites", Member(Role::Admin)),
    (
        "GET",
        "/api/v1/t/{tenant}/invites/{id}",
        "/api/v1/t/acme/invites/00000000-0000-0000-0000-000000000001",
        Member(Role::Admin),
    ),
    (
        "DELETE",
        "/api/v1/t/{tenant}/invites/{id}",
        "/api/v1/t/acme/invites/00000000-0000-0000-0000-000000000001",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/api/v1/t/{tenant}/invites/{id}/resend",
        "/api/v1/t/acme/invites/00000000-0000-0000-0000-000000000001/resend",
        Member(Role::Admin),
    ),
    ("GET", "/invite/{token}", "/invite/no-such-link", Anyone),
    ("POST", "/invite/{token}", "/invite/no-such-link", Anyone),
    ("GET", "/forgot", "/forgot", Anyone),
    ("POST", "/forgot", "/forgot", Anyone),
    ("GET", "/reset/{token}", "/reset/no-such-link", Anyone),
    ("POST", "/reset/{token}", "/reset/no-such-link", Anyone),
    ("POST", "/account/password", "/account/password", Oneself),
    ("GET", "/admin", "/admin", Operator),
    ("POST", "/admin", "/admin", Operator),
    ("GET", "/admin/tenants/{slug}", "/admin/tenants/acme", Operator),
    ("POST", "/admin/tenants/{slug}", "/admin/tenants/acme", Operator),
    ("POST", "/admin/tenants/{slug}/suspend", "/admin/tenants/acme/suspend", Operator),
    ("POST", "/admin/tenants/{slug}/resume", "/admin/tenants/acme/resume", Operator),
    ("POST", "/admin/tenants/{slug}/delete", "/admin/tenants/acme/delete", Operator),
    ("GET", "/admin/people", "/admin/people", Operator),
    ("POST", "/admin/people/{id}/disable", "/admin/people/00000000-0000-0000-0000-000000000001/disable", Operator),
    ("POST", "/admin/people/{id}/enable", "/admin/people/00000000-0000-0000-0000-000000000001/enable", Operator),
    ("POST", "/admin/people/{id}/grant", "/admin/people/00000000-0000-0000-0000-000000000001/grant", Operator),
    ("POST", "/admin/people/{id}/withdraw", "/admin/people/00000000-0000-0000-0000-000000000001/withdraw", Operator),
    (
        "POST",
        "/admin/people/{id}/reset-link",
        "/admin/people/00000000-0000-0000-0000-000000000001/reset-link",
        Operator,
    ),
    ("GET", "/t/{tenant}/settings", "/t/acme/settings", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings", "/t/acme/settings", Member(Role::Admin)),
    ("GET", "/t/{tenant}/settings/members", "/t/acme/settings/members", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/members/invite", "/t/acme/settings/members/invite", Member(Role::Admin)),
    (
        "POST",
        "/t/{tenant}/settings/members/{user_id}/role",
        "/t/acme/settings/members/00000000-0000-0000-0000-000000000001/role",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/t/{tenant}/settings/members/{user_id}/remove",
        "/t/acme/settings/members/00000000-0000-0000-0000-000000000001/remove",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/t/{tenant}/settings/members/invites/{id}/resend",
        "/t/acme/settings/members/invites/00000000-0000-0000-0000-000000000001/resend",
        Member(Role::Admin),
    ),
    (
        "POST",
        "/t/{tenant}/settings/members/invites/{id}/revoke",
        "/t/acme/settings/members/invites/00000000-0000-0000-0000-000000000001/revoke",
        Member(Role::Admin),
    ),
    ("POST", "/api/v1/auth/token", "/api/v1/auth/token", SignedIn),
    ("GET", "/api/v1/t/{tenant}/api-keys", "/api/v1/t/acme/api-keys", Member(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/service-accounts", "/api/v1/t/acme/service-accounts", Member(Role::Admin)),
    ("POST", "/api/v1/t/{tenant}/service-accounts", "/api/v1/t/acme/service-accounts", Member(Role::Admin)),
    ("GET", "/api/v1/t/{tenant}/service-accounts/{id}", "/api/v1/t/acme/service-accounts/1", Member(Role::Admin)),
    ("PUT", "/api/v1/t/{tenant}/service-accounts/{id}", "/api/v1/t/acme/service-accounts/1", Member(Role::Admin)),
    ("DELETE", "/api/v1/t/{tenant}/service-accounts/{id}", "/api/v1/t/acme/service-accounts/1", Member(Role::Admin)),
    ("GET", "/t/{tenant}/settings/keys", "/t/acme/settings/keys", Member(Role::Viewer)),
    ("POST", "/t/{tenant}/settings/service-accounts", "/t/acme/settings/service-accounts", Member(Role::Admin)),
    ("POST", "/t/{tenant}/settings/service-accounts/{id}", "/t/acme/settings/service-accounts/1", Member(Role::Admin)),
    (
        "POST",
        "/t/{tenant}/settings/service-accounts/{id}/delete",
        "/t/acme/settings/service-accounts/1/delete",
        Member(Role::Admin),
    ),
    ("POST", "/api/v1/t/{tenant}/isolation-proof", "/api/v1/t/acme/isolation-proof", Member(Role::Admin)),
    ("GET", "/api/v1/admin/stores", "/api/v1/admin/stores", Operator),
    ("POST", "/api/v1/admin/stores", "/api/v1/admin/stores", Operator),
    ("POST", "/api/v1/admin/stores/test", "/api/v1/admin/stores/test", Operator),
    ("GET", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("PUT", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("DELETE", "/api/v1/admin/stores/{name}", "/api/v1/admin/stores/embedded", Operator),
    ("POST", "/api/v1/admin/stores/{name}/test", "/api/v1/admin/stores/embedded/test", Operator),
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
    ("POST", "/api/v1/t/{tenant}/api-keys", "/api/v1/t/acme/api-keys", Input(Role::Viewer)),
    ("GET", "/api/v1/t/{tenant}/api-keys/{id}", "/api/v1/t/acme/api-keys/1", Input(Role::Viewer)),
    ("DELETE", "/api/v1/t/{tenant}/api-keys/{id}", "/api/v1/t/acme/api-keys/1", Input(Role::Viewer)),
    ("POST", "/api/v1/t/{tenant}/api-keys/{id}/rotate", "/api/v1/t/acme/api-keys/1/rotate", Input(Role::Viewer)),
    ("POST", "/t/{tenant}/settings/keys", "/t/acme/settings/keys", Input(Role::Viewer)),
    ("POST", "/t/{tenant}/settings/keys/{id}/rotate", "/t/acme/settings/keys/1/rotate", Input(Role::Viewer)),
    ("POST", "/t/{tenant}/settings/keys/{id}/revoke", "/t/acme/settings/keys/1/revoke", Input(Role::Viewer)),
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
    let admin = portal.login("ana@acme.test").await;
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
            Leads => {
                assert!(
                    anonymous.is_redirection() && seen.is_redirection(),
                    "{method} {template}: {anonymous}, {seen}"
                );
            }
            SignedIn => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert!(
                    foreign.is_success() || foreign.is_redirection(),
                    "{method} {template}: {foreign} for somebody"
                );
            }
            Oneself => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::BAD_REQUEST, "{method} {template}: somebody who sends nothing");
            }
            OwnThing => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::NOT_FOUND, "{method} {template}: not their own");
            }
            Operator => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::FORBIDDEN, "{method} {template}: a member of a tenant");
                assert_eq!(seen, StatusCode::FORBIDDEN, "{method} {template}: a viewer");
                let admin = portal.ask(method.clone(), path, Some(&admin)).await.status;
                assert_eq!(admin, StatusCode::FORBIDDEN, "{method} {template}: a tenant's administrator");
            }
            Member(least) | Input(least) => {
                assert!(refused_as_nobody(anonymous), "{method} {template}: {anonymous} for nobody");
                assert_eq!(foreign, StatusCode::NOT_FOUND, "{method} {template}: a foreign tenant's user");
                let told = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::PRECONDITION_REQUIRED];
                if matches!(who, Input(_)) && *least == Role::Viewer {
                    assert!(told.contains(&seen), "{method} {template}: {seen} for a viewer");
                } else if *least > Role::Viewer {
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
