//! The caller of a request: from what it shows to be somebody to the tenants it reaches. Rights are read from the database;
//! what is remembered of them is forgotten when any instance changes something, and after a few seconds in any case.

mod known;

pub(crate) use known::Known;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use contract::{
    ApiError, Door, ErrorCode, Portal, Role, TenantSlug, Timestamp,
    auth::{Me, Membership, User},
};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::{
    Backend, Error, Scope,
    auth::{Person, changes::Change},
    portal::Scoped,
    scope::{Access, Actor, ActorKind, KeyScope, Origin, SeenTenant},
};

/// What a request shows to be somebody; checked by whoever makes it.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    Nobody,
    /// A session, or a token made from one.
    Person {
        /// The account.
        user: Uuid,
        /// The sign-in provider that vouches for the session.
        provider: Option<Uuid>,
        /// The tenant that is being viewed as a viewer.
        observing: Option<TenantSlug>,
    },
    /// A token made from a session: the same person, for as long as the session lives.
    SessionToken(SessionGrant),
    /// An API key, or a token made from one.
    Key(KeyGrant),
}

/// What a valid token that was made from a session gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrant {
    /// The account.
    pub user: Uuid,
    /// The sign-in provider that vouches for the session.
    pub provider: Option<Uuid>,
    /// The session, as it is named to people.
    pub session: Uuid,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// How a token narrows the key it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByToken {
    /// What is left of the key's scopes.
    pub scopes: BTreeSet<KeyScope>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// What a valid key gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyGrant {
    /// The key.
    pub id: Uuid,
    /// Its name, for people.
    pub name: String,
    /// The one tenant it is for.
    pub tenant: TenantSlug,
    /// The lesser of the key's role and its owner's role now.
    pub role: Role,
    /// What it was given.
    pub scopes: BTreeSet<KeyScope>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Set when a token made from the key was shown instead of the key.
    pub by_token: Option<ByToken>,
}

impl KeyGrant {
    /// What a token made from the key gives: less, and not as long.
    pub(crate) fn narrowed(mut self, by: ByToken) -> Self {
        self.scopes.retain(|scope| by.scopes.contains(scope));
        self.expires_at = self.expires_at.min(by.expires_at);
        self.by_token = Some(by);
        self
    }
}

type Tenants = Arc<HashMap<TenantSlug, Arc<SeenTenant>>>;

/// The caller of one request.
pub struct Visitor {
    backend: Arc<Backend>,
    credential: Credential,
    origin: Arc<Origin>,
    tenants: Tenants,
    who: Who,
}

enum Who {
    Nobody,
    Person { person: Arc<Person>, me: Arc<Me>, provider: Option<Uuid>, observing: Option<TenantSlug> },
    Key { grant: KeyGrant, me: Arc<Me> },
}

/// A platform administrator on a request: what administration of the installation asks for. Only a [`Visitor`] makes one.
#[derive(Clone, Debug)]
pub struct Operator {
    actor: Actor,
    user: Uuid,
}

impl Operator {
    /// Who acts, for the audit log.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The administrator's account.
    pub fn user(&self) -> Uuid {
        self.user
    }
}

impl Backend {
    /// News about people, tenants, sessions and keys, for connections that stay open.
    pub fn news(&self) -> broadcast::Receiver<Change> {
        self.caches().known.news()
    }

    /// Who this is: a right that was taken away is gone from the next request on.
    pub async fn visitor(self: &Arc<Self>, credential: Credential, origin: Arc<Origin>) -> Result<Arc<Visitor>, Error> {
        let tenants = self.known_tenants().await?;
        let who = match credential.clone() {
            Credential::Nobody => Who::Nobody,
            Credential::Person { user, provider, observing } => match self.known_person(user).await? {
                Some(person) => Who::of_person(person, provider, observing, &tenants),
                None => Who::Nobody,
            },
            Credential::SessionToken(grant) => match self.known_person(grant.user).await? {
                Some(person) => Who::of_person(person, grant.provider, None, &tenants),
                None => Who::Nobody,
            },
            Credential::Key(grant) => Who::of_key(grant, &tenants),
        };
        Ok(Arc::new(Visitor { backend: self.clone(), credential, origin, tenants, who }))
    }
}

impl Who {
    fn of_person(
        person: Arc<Person>,
        provider: Option<Uuid>,
        observing: Option<TenantSlug>,
        tenants: &HashMap<TenantSlug, Arc<SeenTenant>>,
    ) -> Self {
        // A view as a viewer ends by itself when the right to it does.
        let observing = observing.filter(|slug| {
            tenants.contains_key(slug)
                && (person.user.platform_admin || person.roles.get(slug).is_some_and(|role| *role == Role::Admin))
        });
        let member = |slug: &TenantSlug, role: Role| {
            let record = tenants.get(slug)?.record();
            Some(Membership { tenant: slug.clone(), name: record.name.clone(), role })
        };
        let me = match &observing {
            Some(slug) => Me {
                user: User { platform_admin: false, ..person.user.clone() },
                memberships: member(slug, Role::Viewer).into_iter().collect(),
            },
            None => {
                let open = person.roles.iter().filter(|(slug, _)| {
                    tenants.get(slug).is_some_and(|tenant| {
                        shut(tenant, vouched(&person, provider, tenant), person.user.platform_admin).is_none()
                    })
                });
                let mut memberships: Vec<_> = open.filter_map(|(slug, role)| member(slug, *role)).collect();
                memberships.sort_by(|a, b| (&a.name, &a.tenant).cmp(&(&b.name, &b.tenant)));
                Me { user: person.user.clone(), memberships }
            }
        };
        Self::Person { person, me: Arc::new(me), provider, observing }
    }

    fn of_key(grant: KeyGrant, tenants: &HashMap<TenantSlug, Arc<SeenTenant>>) -> Self {
        let Some(tenant) = tenants.get(&grant.tenant) else { return Self::Nobody };
        let membership =
            Membership { tenant: grant.tenant.clone(), name: tenant.record().name.clone(), role: grant.role };
        let user =
            User { id: grant.id.to_string(), email: String::new(), name: grant.name.clone(), platform_admin: false };
        let memberships = if tenant.record().suspended.is_none() { vec![membership] } else { Vec::new() };
        Self::Key { grant, me: Arc::new(Me { user, memberships }) }
    }
}

/// Whether the session's provider can vouch for somebody in this tenant: the installation's and the tenant's own can,
/// another tenant's cannot.
fn vouched(person: &Person, provider: Option<Uuid>, tenant: &SeenTenant) -> bool {
    let owner = provider.and_then(|provider| person.providers.get(&provider));
    owner.is_some_and(|owner| owner.is_none_or(|owner| owner == tenant.record().id))
}

/// Why members do not get into this tenant at the moment, if they do not.
fn shut(tenant: &SeenTenant, vouched: bool, platform_admin: bool) -> Option<String> {
    let record = tenant.record();
    match &record.suspended {
        Some(_) if platform_admin => {}
        Some(why) if why.is_empty() => {
            return Some(format!(
                "{} is suspended. The people who run this installation can tell you more.",
                record.name
            ));
        }
        Some(why) => return Some(format!("{} is suspended: {why}", record.name)),
        None => {}
    }
    (record.require_sso && !vouched)
        .then(|| format!("{} asks for single sign-on: sign in with its provider instead of a password.", record.name))
}

impl Visitor {
    /// The same caller with the rights of now, for connections that stay open.
    pub async fn again(&self) -> Result<Arc<Self>, Error> {
        let credential = self.backend.still(self.credential.clone()).await?;
        self.backend.visitor(credential, self.origin.clone()).await
    }

    /// What the request showed to be somebody.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Refuses tokens: what outlives them, and what they could be exchanged for, asks for the session or key itself.
    ///
    /// # Errors
    /// [`Error::Denied`] when the request shows a token made by [`Backend::token`].
    pub fn without_token(&self) -> Result<(), Error> {
        match &self.credential {
            Credential::SessionToken(_) | Credential::Key(KeyGrant { by_token: Some(_), .. }) => Err(Error::Denied {
                why: "A short-lived token cannot do this. Show the API key, or sign in.".to_owned(),
            }),
            Credential::Nobody | Credential::Person { .. } | Credential::Key(_) => Ok(()),
        }
    }

    /// The caller's scope in a tenant. `NotFound` unless they have a place in it, `Unauthenticated` when nobody is signed
    /// in, `Denied` when the tenant is shut for them.
    pub fn scope(&self, slug: &TenantSlug) -> Result<Scope, ApiError> {
        let missing = || ApiError::not_found("This tenant");
        let known = || self.tenants.get(slug).cloned().ok_or_else(missing);
        match &self.who {
            Who::Nobody => Err(ApiError::unauthenticated()),
            Who::Person { me, observing: Some(observed), .. } => {
                if slug != observed {
                    return Err(missing());
                }
                Ok(Scope::new(me.clone(), Access::Observer, self.actor(), known()?))
            }
            Who::Person { person, me, provider, observing: None } => {
                let (role, platform_admin) = (person.roles.get(slug).copied(), person.user.platform_admin);
                if role.is_none() && !platform_admin {
                    return Err(missing());
                }
                let tenant = known()?;
                let why = role.and_then(|_| shut(&tenant, vouched(person, *provider, &tenant), platform_admin));
                match why {
                    Some(why) if !platform_admin => Err(ApiError::new(ErrorCode::Denied, why)),
                    // Who runs the installation keeps that right, and only that.
                    Some(_) => Ok(self.in_tenant(me, Access::Person { role: None, platform_admin }, tenant)),
                    None => Ok(self.in_tenant(me, Access::Person { role, platform_admin }, tenant)),
                }
            }
            Who::Key { grant, me } => {
                if *slug != grant.tenant {
                    return Err(missing());
                }
                let tenant = known()?;
                if let Some(why) = tenant.record().suspended.as_ref().and_then(|_| shut(&tenant, true, false)) {
                    return Err(ApiError::new(ErrorCode::Denied, why));
                }
                let access = Access::Key { role: grant.role, scopes: Arc::new(grant.scopes.clone()) };
                Ok(self.in_tenant(me, access, tenant))
            }
        }
    }

    fn in_tenant(&self, me: &Arc<Me>, access: Access, tenant: Arc<SeenTenant>) -> Scope {
        Scope::new(me.clone(), access, self.actor(), tenant)
    }

    /// The right to administer the installation: `Unauthenticated` for nobody, `Denied` for everybody else.
    pub fn operator(&self) -> Result<Operator, ApiError> {
        let denied = |why: &str| Err(ApiError::new(ErrorCode::Denied, why));
        match &self.who {
            Who::Nobody => Err(ApiError::unauthenticated()),
            Who::Person { observing: Some(_), .. } => {
                denied("You are viewing a tenant as a viewer. Leave the view to administer the installation.")
            }
            Who::Person { person, .. } if person.user.platform_admin => {
                let user = person.user.id.parse().map_err(|error| Error::internal(format!("user id: {error}")))?;
                Ok(Operator { actor: self.actor(), user })
            }
            Who::Person { .. } => {
                denied("Only platform administrators can do this. Ask the people who run this installation.")
            }
            Who::Key { .. } => denied("The installation cannot be administered with an API key."),
        }
    }

    /// Who acts, for the audit log.
    pub fn actor(&self) -> Actor {
        let of = |kind, me: &Me| Actor::new(kind, &me.user.id, &me.user.name, self.origin.clone());
        match &self.who {
            Who::Nobody => Actor::new(ActorKind::Nobody, "", "", self.origin.clone()),
            Who::Person { me, .. } => of(ActorKind::User, me),
            Who::Key { me, .. } => of(ActorKind::Key, me),
        }
    }

    /// Whether there is such a tenant. For the audit log only: callers must not learn it.
    pub fn exists(&self, slug: &TenantSlug) -> bool {
        self.tenants.contains_key(slug)
    }

    /// The same request by a viewer of one tenant who is nothing else, for the isolation proof.
    pub(crate) fn as_viewer_of(&self, slug: &TenantSlug) -> Self {
        let user =
            User { id: Uuid::nil().to_string(), email: String::new(), name: String::new(), platform_admin: false };
        let me = Arc::new(Me { user: user.clone(), memberships: Vec::new() });
        let person =
            Person { user, roles: [(slug.clone(), Role::Viewer)].into_iter().collect(), providers: Default::default() };
        let who = Who::Person { person: Arc::new(person), me, provider: None, observing: None };
        Self {
            backend: self.backend.clone(),
            credential: Credential::Nobody,
            origin: self.origin.clone(),
            tenants: self.tenants.clone(),
            who,
        }
    }

    /// All tenants but one, whoever asks: for the isolation proof, which never shows them.
    pub(crate) fn other_tenants(&self, slug: &TenantSlug) -> Vec<TenantSlug> {
        self.tenants.keys().filter(|other| *other != slug).cloned().collect()
    }

    /// The account, when a person asks.
    pub fn user(&self) -> Option<Uuid> {
        match &self.who {
            Who::Person { person, .. } => person.user.id.parse().ok(),
            Who::Nobody | Who::Key { .. } => None,
        }
    }

    /// The sign-in provider that vouches for the session.
    pub fn provider(&self) -> Option<Uuid> {
        match &self.who {
            Who::Person { provider, .. } => *provider,
            Who::Nobody | Who::Key { .. } => None,
        }
    }

    /// The key, when one is used.
    pub fn key(&self) -> Option<&KeyGrant> {
        match &self.who {
            Who::Key { grant, .. } => Some(grant),
            Who::Nobody | Who::Person { .. } => None,
        }
    }

    /// The tenant that is being viewed as a viewer.
    pub fn observing(&self) -> Option<&TenantSlug> {
        match &self.who {
            Who::Person { observing, .. } => observing.as_ref(),
            Who::Nobody | Who::Key { .. } => None,
        }
    }

    /// Whether the person could view this tenant as a viewer: who runs the installation, and the tenant's administrators.
    pub fn may_observe(&self, slug: &TenantSlug) -> bool {
        match &self.who {
            Who::Person { person, observing: None, .. } => {
                self.tenants.contains_key(slug)
                    && (person.user.platform_admin || person.roles.get(slug).is_some_and(|role| *role == Role::Admin))
            }
            Who::Nobody | Who::Person { .. } | Who::Key { .. } => false,
        }
    }
}

impl Door for Visitor {
    fn me(&self) -> Option<&Me> {
        match &self.who {
            Who::Nobody => None,
            Who::Person { me, .. } | Who::Key { me, .. } => Some(me),
        }
    }

    fn portal(&self, tenant: &TenantSlug) -> Result<Arc<dyn Portal>, ApiError> {
        Ok(Arc::new(Scoped { backend: self.backend.clone(), scope: self.scope(tenant)? }))
    }
}
