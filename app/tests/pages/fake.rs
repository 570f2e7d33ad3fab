//! A portal that keeps its data in memory. Two tenants: acme (shop, ai) and globex (ai), which acme's people may not enter.

#[path = "data.rs"]
mod data;

use std::sync::Arc;

use app::{
    platform::Theme,
    public::{DemoAccount, LandingPage, LoginPage, Look, MeshPicture, render_landing, render_login},
};
use async_trait::async_trait;
use contract::{
    ApiError, Door, ErrorCode, Portal, Role, TenantSlug, TimeRange,
    auth::{Account, Me, Membership, Shell, User},
    demo::{DemoControl, Fault, FaultState},
    overview::{EmptyCheck, Overview, OverviewPage, OverviewQuery},
    policies::{Diffed, Evaluated, Linted, Policies},
    stores::{StoreStatus, Stores},
    topology::{Focus, Graph, NodeDetail, Topology, TopologyQuery},
};

use data::{at, checks, page, stores};

/// What the mesh is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// payments is slow.
    Hurt,
    /// All is well.
    Quiet,
    /// No traffic at all.
    Empty,
    /// The store is down, and there is an older answer.
    Stale,
    /// The store is down, and there never was an answer.
    Down,
}

/// A caller and a mesh.
#[derive(Clone)]
pub struct World {
    mood: Mood,
    me: Option<Me>,
}

fn slug(text: &str) -> TenantSlug {
    text.parse().expect("a slug")
}

fn member(tenant: &str, name: &str, role: Role) -> Membership {
    Membership { tenant: slug(tenant), name: name.into(), role }
}

impl World {
    /// Ana, editor of acme.
    pub fn new(mood: Mood) -> Self {
        let user =
            User { id: "u1".into(), email: "ana@acme.test".into(), name: "Ana Alvarez".into(), platform_admin: false };
        Self { mood, me: Some(Me { user, memberships: vec![member("acme", "Acme", Role::Editor)] }) }
    }

    fn with(mut self, memberships: Vec<Membership>) -> Self {
        if let Some(me) = &mut self.me {
            me.memberships = memberships;
        }
        self
    }

    /// A member of both tenants.
    pub fn for_operator(self) -> Self {
        self.with(vec![member("acme", "Acme", Role::Admin), member("globex", "Globex", Role::Admin)])
    }

    /// Somebody who only looks.
    pub fn for_viewer(self) -> Self {
        self.with(vec![member("acme", "Acme", Role::Viewer)])
    }

    /// Nobody.
    pub fn signed_out(mut self) -> Self {
        self.me = None;
        self
    }
}

impl Door for World {
    fn me(&self) -> Option<&Me> {
        self.me.as_ref()
    }

    fn portal(&self, tenant: &TenantSlug) -> Result<Arc<dyn Portal>, ApiError> {
        let me = self.me.clone().ok_or_else(ApiError::unauthenticated)?;
        let membership = me.memberships.iter().find(|membership| &membership.tenant == tenant).cloned();
        let membership = membership.ok_or_else(|| ApiError::not_found("This tenant"))?;
        Ok(Arc::new(Inside { mood: self.mood, me, membership }))
    }
}

struct Inside {
    mood: Mood,
    me: Me,
    membership: Membership,
}

impl Portal for Inside {
    fn account(&self) -> &dyn Account {
        self
    }
    fn overview(&self) -> &dyn Overview {
        self
    }
    fn topology(&self) -> &dyn Topology {
        self
    }
    fn policies(&self) -> &dyn Policies {
        self
    }
    fn stores(&self) -> &dyn Stores {
        self
    }
    fn demo(&self) -> Result<&dyn DemoControl, ApiError> {
        if self.membership.role >= Role::Editor {
            Ok(self)
        } else {
            Err(ApiError::new(ErrorCode::Denied, "Editors only."))
        }
    }
}

#[async_trait]
impl Policies for Inside {
    async fn evaluate(&self, _: String) -> Result<Evaluated, ApiError> {
        Err(ApiError::not_found("This page"))
    }
    async fn lint(&self, _: String) -> Result<Linted, ApiError> {
        Err(ApiError::not_found("This page"))
    }
    async fn diff(&self, _: String) -> Result<Diffed, ApiError> {
        Err(ApiError::not_found("This page"))
    }
}

impl Account for Inside {
    fn shell(&self) -> Shell {
        let acme = self.membership.tenant.as_str() == "acme";
        let namespaces = if acme { vec!["shop".into(), "ai".into()] } else { vec!["ai".into()] };
        Shell {
            me: self.me.clone(),
            tenant: self.membership.clone(),
            namespaces,
            demo: true,
            settings: true,
            observing: false,
        }
    }
}

#[async_trait]
impl Stores for Inside {
    async fn status(&self) -> Result<Vec<StoreStatus>, ApiError> {
        Ok(stores(self.mood))
    }
}

#[async_trait]
impl DemoControl for Inside {
    fn faults(&self) -> Vec<FaultState> {
        Fault::ALL
            .into_iter()
            .map(|fault| FaultState { fault, until: (fault == Fault::PaymentsSlow).then(|| at("12:24:00")) })
            .collect()
    }
    async fn start(&self, _: Fault) -> Result<(), ApiError> {
        Ok(())
    }
    async fn stop(&self, _: Fault) -> Result<(), ApiError> {
        Ok(())
    }
}

#[async_trait]
impl Topology for Inside {
    async fn graph(&self, _: TopologyQuery) -> Result<Graph, ApiError> {
        Ok(Graph { at: at("12:20:00").to_string(), ..Graph::default() })
    }
    async fn node(&self, _: Focus, _: TimeRange) -> Result<NodeDetail, ApiError> {
        Ok(NodeDetail::default())
    }
}

#[async_trait]
impl Overview for Inside {
    async fn page(&self, _: OverviewQuery) -> Result<OverviewPage, ApiError> {
        match self.mood {
            Mood::Down => {
                let mut error = ApiError::new(
                    ErrorCode::StoreUnavailable,
                    "The metrics store refuses connections, so there is nothing to show yet.",
                );
                error.store = Some("prom-a".into());
                error.request_id = Some("01jd3c9x".into());
                Err(error)
            }
            Mood::Empty => Ok(OverviewPage {
                at: at("12:20:00"),
                stores: stores(self.mood),
                empty_checks: checks(),
                ..OverviewPage::default()
            }),
            Mood::Hurt | Mood::Quiet | Mood::Stale => Ok(page(self.mood, self.membership.tenant.as_str())),
        }
    }
    async fn empty_checks(&self) -> Result<Vec<EmptyCheck>, ApiError> {
        Ok(checks())
    }
}

/// The public documents in their states.
pub fn public_pages() -> Vec<(String, String)> {
    let account = |name: &str, email: &str, sees: &str| DemoAccount {
        name: name.into(),
        email: email.into(),
        password: "demo".into(),
        sees: sees.into(),
    };
    let accounts = vec![
        account("Ana", "ana@acme.test", "acme"),
        account("Gil", "gil@globex.test", "globex"),
        account("Olga", "olga@obstack.test", "both tenants"),
    ];
    let picture = MeshPicture {
        svg: "<svg viewBox=\"0 0 600 200\"><rect x=\"20\" y=\"70\" width=\"120\" height=\"40\" fill=\"none\" stroke=\"currentColor\"/></svg>".into(),
        at: at("12:20:00"),
        services: 14,
        requests_per_s: 648.0,
    };
    let mut all = Vec::new();
    for theme in [Theme::Light, Theme::Dark] {
        let look = Look { theme, stylesheet: "/pkg/obstack.css".into(), here: "/".into() };
        let landing = LandingPage { demo: true, mesh: Some(picture.clone()), ..LandingPage::default() };
        all.push((format!("landing-{}", theme.as_str()), render_landing(&look, &landing)));
        let login = LoginPage { back: "/t/acme".into(), accounts: accounts.clone(), ..LoginPage::default() };
        all.push((format!("login-{}", theme.as_str()), render_login(&look, &login)));
        let failed =
            LoginPage { email: "ana@acme.test".into(), error: Some("E-mail or password do not fit.".into()), ..login };
        all.push((format!("login-failed-{}", theme.as_str()), render_login(&look, &failed)));
    }
    all
}
