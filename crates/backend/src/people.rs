//! People of the whole installation: list, disable, make platform administrators, and help those who forgot a password.
//! For platform administrators. What a configuration provisions is changed there.

use contract::{
    Role, Timestamp,
    auth::Membership,
    people::{PeoplePage, Person, PersonChange, PersonSummary, ResetLink},
    tenants::ListQuery,
};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Backend, Error, Operator,
    audit::{self, Action, Entry, Target},
    auth::reset_link,
    db::Tx,
    etag::require,
    members::{keep_an_admin, lock},
    tenants::{escaped, list_page},
};

/// Who runs the installation is changed by one at a time. The number only has to differ from other locks.
const LOCK: i64 = 0x0b57_ac00_0002;
const MEMBERSHIPS_MAX: i64 = 2000;

/// People of the installation.
pub struct People<'b>(&'b Backend);

impl Backend {
    /// People of the installation, for platform administrators.
    pub fn people(&self) -> People<'_> {
        People(self)
    }
}

impl People<'_> {
    /// A page of people, by name.
    pub async fn list(&self, _operator: &Operator, query: &ListQuery) -> Result<PeoplePage, Error> {
        let (limit, now) = (list_page(query.limit)?, self.0.clock.now());
        let like = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let like = like.map(|text| format!("%{}%", escaped(text)));
        let after = match query.cursor.as_deref() {
            None => None,
            Some(cursor) => {
                let read =
                    cursor.split_once('.').and_then(|(id, name)| Some((name.to_owned(), id.parse::<Uuid>().ok()?)));
                Some(read.ok_or_else(|| Error::invalid("/cursor", "Send `next` of the page before, as it was."))?)
            }
        };
        let mut tx = self.0.db.begin().await?;
        let rows = sqlx::query!(
            r#"select u.id, lower(u.name) as "sorted!",
                      (select count(*) from sessions s where s.user_id = u.id and s.expires_at > $5) as "sessions!",
                      (select max(s.last_seen_at) from sessions s where s.user_id = u.id) as last_seen
               from users u
               where ($1::text is null or u.name ilike $1 or u.email ilike $1)
                 and ($2::text is null or (lower(u.name), u.id) > ($2, $3))
               order by lower(u.name), u.id limit $4"#,
            like,
            after.as_ref().map(|(name, _)| name.as_str()),
            after.as_ref().map(|(_, id)| *id),
            limit + 1,
            now.to_datetime(),
        )
        .fetch_all(&mut *tx)
        .await?;
        let more = rows.len() as i64 > limit;
        let shown = &rows[..rows.len().min(limit as usize)];
        let next = shown.last().filter(|_| more).map(|last| format!("{}.{}", last.id.simple(), last.sorted));
        let mut items = Vec::with_capacity(shown.len());
        for row in shown {
            let last_seen = row.last_seen.map(|at| Timestamp::from(at).to_string());
            items.push(PersonSummary { person: found(&mut tx, row.id).await?, sessions: row.sessions, last_seen });
        }
        Ok(PeoplePage { items, next })
    }

    /// One person.
    pub async fn get(&self, _operator: &Operator, user: Uuid) -> Result<Person, Error> {
        found(&mut self.0.db.begin().await?, user).await
    }

    /// Disables or enables somebody, and makes them a platform administrator or not. Who is disabled has no session and no
    /// working key from that moment on. Nobody can do either to themselves, and no tenant loses its last administrator.
    #[instrument(name = "people.change", skip_all)]
    pub async fn change(
        &self,
        operator: &Operator,
        user: Uuid,
        change: &PersonChange,
        if_match: Option<&str>,
    ) -> Result<Person, Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(&mut *tx).await?;
        let before = found(&mut tx, user).await?;
        require(if_match, &before)?;
        if (before.platform_admin, before.disabled) == (change.platform_admin, change.disabled) {
            return Ok(before);
        }
        if let Some(file) = &before.provisioned_by {
            return Err(Error::Conflict {
                why: format!("{} is managed by {file}. Change it there and restart.", before.name),
            });
        }
        if user == operator.user() {
            let why =
                "You cannot disable yourself or stop running the installation. Ask another platform administrator.";
            return Err(Error::Conflict { why: why.to_owned() });
        }
        sqlx::query!(
            "update users set platform_admin = $2, disabled_at = case when $3 then coalesce(disabled_at, $4) end, updated_at = $4
             where id = $1",
            user,
            change.platform_admin,
            change.disabled,
            now.to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        if change.disabled && !before.disabled {
            keep_admins_of(&mut tx, user).await?;
        }
        self.keep_somebody(&mut tx).await?;
        if change.disabled {
            sqlx::query!("delete from sessions where user_id = $1", user).execute(&mut *tx).await?;
            sqlx::query!("delete from one_time_tokens where user_id = $1", user).execute(&mut *tx).await?;
        }
        let after = found(&mut tx, user).await?;
        let action = match (before.disabled, after.disabled) {
            (false, true) => Action::UserDisabled,
            (true, false) => Action::UserEnabled,
            (true, true) | (false, false) => Action::UserChanged,
        };
        let entry = Entry::done(action, Target::new("user", user)).before(&before).after(&after);
        audit::record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// A link that sets a new password for a local account, to be handed over. Shown this once.
    #[instrument(name = "people.reset_link", skip_all)]
    pub async fn reset_link(&self, operator: &Operator, user: Uuid) -> Result<ResetLink, Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let link = reset_link(self.0, &mut tx, user, now).await?;
        let entry = Entry::done(Action::PasswordResetSent, Target::new("user", user));
        audit::record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(link)
    }

    async fn keep_somebody(&self, tx: &mut Tx) -> Result<(), Error> {
        let left = sqlx::query_scalar!(
            r#"select count(*) as "left!" from users where platform_admin and disabled_at is null"#
        )
        .fetch_one(&mut **tx)
        .await?;
        if left == 0 {
            let why = "Nobody would run the installation any more. Make somebody else a platform administrator first.";
            return Err(Error::Conflict { why: why.to_owned() });
        }
        Ok(())
    }
}

/// Refuses to have disabled somebody who was a tenant's last administrator. All tenants they belong to are locked, in the
/// order of their ids, so that nobody becomes or stops being an administrator there meanwhile.
async fn keep_admins_of(tx: &mut Tx, user: Uuid) -> Result<(), Error> {
    let rows = sqlx::query!(
        r#"select t.id, t.name from memberships m join tenants t on t.id = m.tenant_id
           where m.user_id = $1 and t.disabled_at is null group by t.id, t.name order by t.id limit $2"#,
        user,
        MEMBERSHIPS_MAX
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        lock(tx, row.id).await?;
    }
    for row in rows {
        // Read under the lock: the role may have changed while we waited for it.
        let admin = sqlx::query_scalar!(
            r#"select exists (select 1 from memberships where tenant_id = $1 and user_id = $2 and role = 'admin') as "admin!""#,
            row.id,
            user,
        )
        .fetch_one(&mut **tx)
        .await?;
        // An administrator counted until a moment ago.
        keep_an_admin(tx, row.id, i64::from(admin), &row.name).await?;
    }
    Ok(())
}

async fn found(tx: &mut Tx, user: Uuid) -> Result<Person, Error> {
    let row = sqlx::query!(
        "select id, name, email, origin, platform_admin, disabled_at, provisioned_by from users where id = $1",
        user
    )
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(Error::NotFound { what: "This person" })?;
    let rows = sqlx::query!(
        "select t.slug, t.name, m.role from memberships m join tenants t on t.id = m.tenant_id
         where m.user_id = $1 and t.disabled_at is null order by t.name, t.slug limit $2",
        user,
        MEMBERSHIPS_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut memberships: Vec<Membership> = Vec::new();
    for row in rows {
        let role: Role = row.role.parse().map_err(Error::internal)?;
        let tenant = row.slug.parse().map_err(|error| Error::internal(format!("slug {}: {error}", row.slug)))?;
        match memberships.last_mut().filter(|last| last.tenant == tenant) {
            Some(last) => last.role = last.role.max(role),
            None => memberships.push(Membership { tenant, name: row.name, role }),
        }
    }
    Ok(Person {
        id: row.id.to_string(),
        name: row.name,
        email: row.email,
        origin: row.origin,
        platform_admin: row.platform_admin,
        disabled: row.disabled_at.is_some(),
        provisioned_by: row.provisioned_by,
        memberships,
    })
}
