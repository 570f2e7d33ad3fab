//! Accepting an invitation. The link is the right to do so; which account accepts is for the person to say, and an account
//! is never chosen by its e-mail address alone.

use std::sync::Arc;

use contract::{Role, TenantSlug, Timestamp};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Backend, Error,
    audit::{self, Action, Entry, Target},
    auth::policy,
    db::Tx,
    scope::{Actor, ActorKind, Origin},
    tenants::{Limit, Plan, display_name},
    vault::sha256,
};

/// An invitation as whoever has its link sees it.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The tenant.
    pub slug: TenantSlug,
    /// Its name.
    pub tenant: String,
    /// Who is invited.
    pub email: String,
    /// With which role.
    pub role: Role,
    /// Name of who invited.
    pub by: String,
    /// The tenant asks for single sign-on: a password will not get in.
    pub require_sso: bool,
    /// There is a local account with the address already.
    pub account: bool,
}

/// Who accepts.
pub enum AcceptAs {
    /// An account that has just shown who it is.
    Account(Uuid),
    /// A new local account with the invitation's address.
    New {
        /// Display name.
        name: String,
        /// Password, not yet checked.
        password: String,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The account that now belongs to the tenant.
    pub user: Uuid,
    /// The tenant.
    pub slug: TenantSlug,
}

struct Row {
    id: Uuid,
    tenant_id: Uuid,
    slug: TenantSlug,
    name: String,
    plan: Plan,
    require_sso: bool,
    email: String,
    role: Role,
    invited_by: String,
    account: bool,
}

impl Backend {
    /// What an invitation's link is for.
    ///
    /// # Errors
    /// Not found, or a conflict that says why the link does not work any more.
    pub async fn invited(&self, secret: &str) -> Result<Invited, Error> {
        let row = open(&mut self.db.begin().await?, secret, self.clock.now()).await?;
        Ok(Invited {
            slug: row.slug,
            tenant: row.name,
            email: row.email,
            role: row.role,
            by: row.invited_by,
            require_sso: row.require_sso,
            account: row.account,
        })
    }

    /// Accepts an invitation. A role somebody has already is never lowered by it.
    #[instrument(name = "invitations.accept", skip_all)]
    pub async fn accept_invitation(&self, secret: &str, who: AcceptAs, origin: Arc<Origin>) -> Result<Accepted, Error> {
        let now = self.clock.now();
        // A new password is hashed before anything is locked.
        let prepared = match &who {
            AcceptAs::Account(_) => None,
            AcceptAs::New { name, password } => {
                let invited = self.invited(secret).await?;
                let name = display_name("/name", name)?;
                policy::check("/password", password, &invited.email)?;
                Some((name, self.auth.passwords().hash(password).await?))
            }
        };
        let mut tx = self.db.begin().await?;
        let row = open(&mut tx, secret, now).await?;
        // The account first, then the tenant: the order in which disabling somebody locks them.
        let (user, name) = match (who, prepared) {
            (AcceptAs::Account(user), _) => (user, account_name(&mut tx, user).await?),
            (AcceptAs::New { .. }, Some((name, hash))) => {
                (new_account(&mut tx, &row.email, &name, &hash, now).await?, name)
            }
            (AcceptAs::New { .. }, None) => return Err(Error::internal("a new account without a password")),
        };
        super::lock(&mut tx, row.tenant_id).await?;
        let members = sqlx::query_scalar!(
            r#"select count(distinct user_id) as "n!" from memberships where tenant_id = $1 and user_id <> $2"#,
            row.tenant_id,
            user
        )
        .fetch_one(&mut *tx)
        .await?;
        row.plan.allow(Limit::Members, members)?;
        let role = sqlx::query_scalar!(
            "insert into memberships (tenant_id, user_id, origin, role, created_at) values ($1, $2, 'local', $3, $4)
             on conflict (tenant_id, user_id, origin) do update set role =
                 case when array_position(array['viewer', 'editor', 'admin'], memberships.role)
                         >= array_position(array['viewer', 'editor', 'admin'], excluded.role)
                      then memberships.role else excluded.role end
             returning role",
            row.tenant_id,
            user,
            row.role.as_str(),
            now.to_datetime(),
        )
        .fetch_one(&mut *tx)
        .await?;
        sqlx::query!(
            "update invitations set accepted_at = $3, accepted_by = $4 where tenant_id = $1 and id = $2",
            row.tenant_id,
            row.id,
            now.to_datetime(),
            user,
        )
        .execute(&mut *tx)
        .await?;
        let actor = Actor::new(ActorKind::User, &user.to_string(), &name, origin);
        let entry = Entry::done(Action::InvitationAccepted, Target::new("invitation", row.id))
            .after(serde_json::json!({"user": user, "name": name, "invited": row.email, "role": role}));
        audit::record(&mut tx, &actor, Some(row.tenant_id), now, entry).await?;
        tx.commit().await?;
        Ok(Accepted { user, slug: row.slug })
    }
}

/// The invitation behind a link, locked; an error that says why it cannot be accepted any more.
async fn open(tx: &mut Tx, secret: &str, now: Timestamp) -> Result<Row, Error> {
    let hash = sha256(secret.as_bytes());
    let row = sqlx::query!(
        r#"select i.id, i.tenant_id, i.email, i.role, i.invited_by, i.expires_at, i.accepted_at, i.revoked_at,
                  t.slug, t.name, t.plan, t.require_sso, t.suspended_at,
                  exists (select 1 from users u where lower(u.email) = lower(i.email) and u.origin = 'local') as "account!"
           from invitations i join tenants t on t.id = i.tenant_id
           where i.token_hash = $1 and t.disabled_at is null for update of i"#,
        &hash[..],
    )
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(Error::NotFound { what: "This invitation" })?;
    let over = |why: &str| Err(Error::Conflict { why: format!("{why} Ask {} for another.", row.invited_by) });
    if row.accepted_at.is_some() {
        return Err(Error::Conflict { why: "This invitation has been accepted already. Sign in to go on.".to_owned() });
    }
    if row.revoked_at.is_some() {
        return over("This invitation was taken back.");
    }
    if row.expires_at <= now.to_datetime() {
        return over("This invitation has expired.");
    }
    if row.suspended_at.is_some() {
        return over(&format!("{} is suspended at the moment.", row.name));
    }
    Ok(Row {
        id: row.id,
        tenant_id: row.tenant_id,
        slug: row.slug.parse().map_err(|error| Error::internal(format!("slug {}: {error}", row.slug)))?,
        plan: row.plan.parse().map_err(Error::internal)?,
        role: row.role.parse().map_err(Error::internal)?,
        name: row.name,
        require_sso: row.require_sso,
        email: row.email,
        invited_by: row.invited_by,
        account: row.account,
    })
}

async fn account_name(tx: &mut Tx, user: Uuid) -> Result<String, Error> {
    let name = sqlx::query_scalar!("select name from users where id = $1 and disabled_at is null for share", user)
        .fetch_optional(&mut **tx)
        .await?;
    name.ok_or(Error::Unauthenticated { why: "Sign in to accept the invitation." })
}

async fn new_account(tx: &mut Tx, email: &str, name: &str, hash: &str, now: Timestamp) -> Result<Uuid, Error> {
    let made = sqlx::query_scalar!(
        "insert into users (id, email, name, password_hash, password_changed_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5, $5) on conflict (lower(email)) where origin = 'local' do nothing returning id",
        Uuid::now_v7(),
        email,
        name,
        hash,
        now.to_datetime(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    made.ok_or_else(|| Error::Conflict { why: format!("There is an account for {email} already. Sign in to accept.") })
}
