//! Invitations: whoever has the link may belong to the tenant with the role named. The link's secret is shown once; its
//! SHA-256 is kept. Accepting stands in `accept`.

use contract::{
    Role, Timestamp,
    members::{Invitation, InvitationPage, InviteLink, NewInvitation},
    tenants::ListQuery,
};
use tracing::instrument;
use uuid::Uuid;

use super::service::grantable;
use crate::{
    Backend, Error, Scope,
    audit::{self, Action, Entry, Target},
    auth::normalized_email,
    db::Tx,
    etag::require,
    mail::Message,
    scope::Permission,
    tenants::{Limit, list_page},
    vault::link_secret,
};

/// How long a link works.
const LIFE_SECS: i64 = 7 * 86_400;

/// Invitations of a tenant.
pub struct Invitations<'b>(&'b Backend);

impl Backend {
    /// Invitations of a tenant.
    pub fn invitations(&self) -> Invitations<'_> {
        Invitations(self)
    }
}

impl Invitations<'_> {
    /// Invitations nobody has answered, newest first.
    pub async fn list(&self, scope: &Scope, query: &ListQuery) -> Result<InvitationPage, Error> {
        scope.require(Permission::ViewMembers)?;
        let (limit, now) = (list_page(query.limit)?, self.0.clock.now());
        let after = query.cursor.as_deref().map(str::parse::<Uuid>).transpose();
        let after = after.map_err(|_| Error::invalid("/cursor", "Send `next` of the page before, as it was."))?;
        let mut tx = self.0.db.tenant(scope).await?;
        let rows = sqlx::query_as!(
            Row,
            "select id, email, role, invited_by, created_at, expires_at from invitations
             where tenant_id = $1 and accepted_at is null and revoked_at is null and ($2::uuid is null or id < $2)
             order by id desc limit $3",
            scope.tenant().id,
            after,
            limit + 1,
        )
        .fetch_all(&mut *tx)
        .await?;
        let more = rows.len() as i64 > limit;
        let items = rows.into_iter().take(limit as usize).map(|row| row.into_invitation(now));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more).map(|last| last.id.clone());
        Ok(InvitationPage { items, next })
    }

    /// One of them.
    pub async fn get(&self, scope: &Scope, id: Uuid) -> Result<Invitation, Error> {
        scope.require(Permission::ViewMembers)?;
        found(&mut self.0.db.tenant(scope).await?, scope, id, self.0.clock.now()).await
    }

    /// Invites somebody, with the link to hand over; it is mailed where mail is configured.
    #[instrument(name = "invitations.create", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn create(&self, scope: &Scope, new: &NewInvitation) -> Result<InviteLink, Error> {
        scope.require(Permission::ManageMembers)?;
        grantable(scope, new.role)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let wrong = |why: String| Error::invalid("/email", why);
        let email = normalized_email(&new.email)
            .filter(|email| email.len() >= 3)
            .ok_or_else(|| wrong("Write an e-mail address, for example ana@acme.com.".to_owned()))?;
        let mut tx = self.0.db.tenant(scope).await?;
        // One at a time, so that the plan's limit holds.
        super::lock(&mut tx, tenant).await?;
        let domains =
            sqlx::query_scalar!("select invite_domains from tenants where id = $1", tenant).fetch_one(&mut *tx).await?;
        let domain = email.rsplit('@').next().unwrap_or_default();
        if !domains.is_empty() && !domains.iter().any(|allowed| allowed == domain) {
            return Err(wrong(format!("Invitations may go to {} only.", domains.join(", "))));
        }
        let belongs = sqlx::query_scalar!(
            r#"select exists (select 1 from memberships m join users u on u.id = m.user_id
                 where m.tenant_id = $1 and m.origin = 'local' and u.origin = 'local' and lower(u.email) = $2) as "belongs!""#,
            tenant,
            email,
        )
        .fetch_one(&mut *tx)
        .await?;
        if belongs {
            return Err(wrong(format!("{email} is a member already. Change the role in the list.")));
        }
        let pending = sqlx::query_scalar!(
            r#"select exists (select 1 from invitations
                 where tenant_id = $1 and lower(email) = $2 and accepted_at is null and revoked_at is null) as "pending!""#,
            tenant,
            email,
        )
        .fetch_one(&mut *tx)
        .await?;
        if pending {
            return Err(wrong(format!("{email} is invited already. Send that invitation again, or revoke it first.")));
        }
        scope.tenant().plan.allow(Limit::Members, people(&mut tx, tenant).await?)?;
        let (invitation, secret) = insert(&mut tx, tenant, &email, new.role, &scope.actor().name, now).await?;
        let entry =
            Entry::done(Action::InvitationCreated, Target::new("invitation", &invitation.id)).after(&invitation);
        audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        tx.commit().await?;
        self.hand_over(scope, invitation, &secret)
    }

    /// Gives an invitation a new link and another seven days; the old link is worth nothing from now on.
    #[instrument(name = "invitations.resend", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn resend(&self, scope: &Scope, id: Uuid, if_match: Option<&str>) -> Result<InviteLink, Error> {
        scope.require(Permission::ManageMembers)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let mut tx = self.0.db.tenant(scope).await?;
        let before = found(&mut tx, scope, id, now).await?;
        require(if_match, &before)?;
        grantable(scope, before.role)?;
        let (secret, hash) = link_secret()?;
        sqlx::query!(
            "update invitations set token_hash = $3, expires_at = $4 where tenant_id = $1 and id = $2",
            tenant,
            id,
            &hash[..],
            ends(now).to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        let after = found(&mut tx, scope, id, now).await?;
        let entry = Entry::done(Action::InvitationCreated, Target::new("invitation", id)).before(&before).after(&after);
        audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        tx.commit().await?;
        self.hand_over(scope, after, &secret)
    }

    /// Takes an invitation back: its link is worth nothing from now on.
    #[instrument(name = "invitations.revoke", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn revoke(&self, scope: &Scope, id: Uuid, if_match: Option<&str>) -> Result<(), Error> {
        scope.require(Permission::ManageMembers)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let mut tx = self.0.db.tenant(scope).await?;
        let before = found(&mut tx, scope, id, now).await?;
        require(if_match, &before)?;
        sqlx::query!(
            "update invitations set revoked_at = $3 where tenant_id = $1 and id = $2",
            tenant,
            id,
            now.to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        let entry = Entry::done(Action::InvitationRevoked, Target::new("invitation", id)).before(&before);
        audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    fn hand_over(&self, scope: &Scope, invitation: Invitation, secret: &str) -> Result<InviteLink, Error> {
        let link = link(self.0, secret)?;
        let mailed = mail(self.0, &scope.tenant().name, &scope.actor().name, &invitation, &link);
        Ok(InviteLink { invitation, link, mailed })
    }
}

struct Row {
    id: Uuid,
    email: String,
    role: String,
    invited_by: String,
    created_at: time::OffsetDateTime,
    expires_at: time::OffsetDateTime,
}

impl Row {
    fn into_invitation(self, now: Timestamp) -> Result<Invitation, Error> {
        Ok(Invitation {
            id: self.id.to_string(),
            email: self.email,
            role: self.role.parse().map_err(Error::internal)?,
            invited_by: self.invited_by,
            created_at: Timestamp::from(self.created_at).to_string(),
            expires_at: Timestamp::from(self.expires_at).to_string(),
            expired: self.expires_at <= now.to_datetime(),
        })
    }
}

/// An invitation nobody has answered; locked until the transaction ends.
async fn found(tx: &mut Tx, scope: &Scope, id: Uuid, now: Timestamp) -> Result<Invitation, Error> {
    let row = sqlx::query_as!(
        Row,
        "select id, email, role, invited_by, created_at, expires_at from invitations
         where tenant_id = $1 and id = $2 and accepted_at is null and revoked_at is null for update",
        scope.tenant().id,
        id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.ok_or(Error::NotFound { what: "This invitation" })?.into_invitation(now)
}

/// Members and open invitations together.
async fn people(tx: &mut Tx, tenant: Uuid) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select (select count(distinct user_id) from memberships where tenant_id = $1)
             + (select count(*) from invitations where tenant_id = $1 and accepted_at is null and revoked_at is null) as "people!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// Writes an invitation; the second is the link's secret.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: Uuid,
    email: &str,
    role: Role,
    invited_by: &str,
    now: Timestamp,
) -> Result<(Invitation, String), Error> {
    let (secret, hash) = link_secret()?;
    let row = sqlx::query_as!(
        Row,
        "insert into invitations (tenant_id, id, email, role, token_hash, invited_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning id, email, role, invited_by, created_at, expires_at",
        tenant,
        Uuid::now_v7(),
        email,
        role.as_str(),
        &hash[..],
        invited_by,
        now.to_datetime(),
        ends(now).to_datetime(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.into_invitation(now)?, secret))
}

fn ends(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(LIFE_SECS * 1000))
}

/// The address to accept at.
pub(crate) fn link(backend: &Backend, secret: &str) -> Result<String, Error> {
    let url = backend.config.public_url.join(&format!("/invite/{secret}"));
    Ok(url.map_err(Error::internal)?.to_string())
}

/// Puts the mail with the link on its way; false where no mail is configured, or too much waits.
pub(crate) fn mail(backend: &Backend, tenant: &str, by: &str, invitation: &Invitation, link: &str) -> bool {
    let text = format!(
        "{by} invites you to {tenant} on Obstack, as {}.\n\nTo accept, open this link:\n{link}\n\n\
         It works until {} and for one person. If you expected no invitation, do nothing.\n",
        invitation.role.as_str(),
        invitation.expires_at,
    );
    backend.mail().send(Message { to: invitation.email.clone(), subject: format!("Invitation to {tenant}"), text })
}
