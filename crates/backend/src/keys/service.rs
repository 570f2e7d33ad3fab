//! Keys as people manage them: their own with the right to own ones, everybody's with the right to manage keys.

use contract::{
    Timestamp,
    keys::{ApiKey, ApiKeyPage, ApiKeyQuery, KeyState, MadeApiKey, NewApiKey, RotateApiKey},
};
use tracing::instrument;
use uuid::Uuid;

use super::{
    Keys, input,
    store::{self, KeyRow, NewKey, Place},
    text::KeyText,
};
use crate::{
    Error, Scope,
    audit::{self, Action, Entry, Target},
    db::Tx,
    etag,
    scope::{ActorKind, KeyScope, Permission},
    tenants::Limit,
};

const USUAL: u32 = 50;
const MOST: u32 = 200;
const DAY_SECS: u64 = 86_400;

impl Keys {
    /// Newest first: the caller's own, or everybody's for who manages keys.
    #[instrument(name = "keys.list", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn list(&self, scope: &Scope, query: &ApiKeyQuery, now: Timestamp) -> Result<ApiKeyPage, Error> {
        let of = seen_by(scope)?;
        let limit = query.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Error::invalid("/limit", format!("Ask for 1 to {MOST} keys at a time.")));
        }
        let before = match &query.cursor {
            None => None,
            Some(cursor) => Some(
                read_place(cursor)
                    .ok_or_else(|| Error::invalid("/cursor", "Send `next` of the page before, as it was."))?,
            ),
        };
        let mut tx = self.db.tenant(scope).await?;
        let mut rows = store::keys(&mut tx, scope, of, None, before, i64::from(limit) + 1, now).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|row| {
            let micros = row.created_at.unix_timestamp_nanos() / 1000;
            format!("{micros}.{}", row.id.simple())
        });
        Ok(ApiKeyPage { items: rows.into_iter().map(|row| row.shown).collect(), next })
    }

    /// One key.
    #[instrument(name = "keys.get", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn get(&self, scope: &Scope, id: &str, now: Timestamp) -> Result<ApiKey, Error> {
        let of = seen_by(scope)?;
        let mut tx = self.db.tenant(scope).await?;
        Ok(find(&mut tx, scope, of, id, now).await?.shown)
    }

    /// Makes a key, the caller's own or a service account's. The answer is the only place that has it.
    #[instrument(name = "keys.create", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn create(&self, scope: &Scope, asked: &NewApiKey, now: Timestamp) -> Result<MadeApiKey, Error> {
        let account = asked.service_account.as_deref().map(str::trim).filter(|id| !id.is_empty());
        scope.require(if account.is_some() { Permission::ManageKeys } else { Permission::ManageOwnKeys })?;
        let wanted = input::wanted(scope, asked, self.longest_days())?;
        let mut tx = self.db.tenant(scope).await?;
        let (user_id, service_account_id) = match account {
            None => (Some(own_account(scope)?), None),
            Some(id) => {
                let missing =
                    || Error::invalid("/service_account", "There is no such service account. Choose another.");
                let id: Uuid = id.parse().map_err(|_| missing())?;
                store::lock_account(&mut tx, scope, id).await?;
                let found = store::accounts(&mut tx, scope, Some(id), now).await?.into_iter().next();
                let owner = found.ok_or_else(missing)?;
                locked(owner.provisioned_by.as_deref(), "The service account")?;
                if wanted.role > owner.role {
                    let why =
                        format!("{} has the role {}; its keys cannot have more.", owner.name, owner.role.as_str());
                    return Err(Error::invalid("/role", why));
                }
                (None, Some(id))
            }
        };
        self.leave_room(&mut tx, scope, now).await?;
        let text = KeyText::generate()?;
        let scopes: Vec<String> = wanted.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        let key = NewKey {
            id: Uuid::now_v7(),
            user_id,
            service_account_id,
            name: &wanted.name,
            role: wanted.role.as_str(),
            scopes: &scopes,
            hash: text.hash(),
            hint: text.hint(),
            created_by: &scope.actor().name,
            now: now.to_datetime(),
            expires_at: after(now, u64::from(wanted.days) * DAY_SECS).to_datetime(),
            replaces: None,
        };
        store::insert_key(&mut tx, scope, &key).await?;
        let made = find(&mut tx, scope, None, &key.id.to_string(), now).await?.shown;
        let entry = Entry::done(Action::KeyCreated, Target::new("key", key.id)).after(made.without_use());
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(MadeApiKey { secret: text.expose().to_owned(), key: made })
    }

    /// Makes a key that takes over from another: same owner, role and scopes. The old one keeps working for the overlap.
    #[instrument(name = "keys.rotate", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn rotate(
        &self,
        scope: &Scope,
        id: &str,
        asked: &RotateApiKey,
        if_match: Option<&str>,
        now: Timestamp,
    ) -> Result<MadeApiKey, Error> {
        let of = seen_by(scope)?;
        let mut wrong = Vec::new();
        let overlap = input::keep(&mut wrong, input::overlap(asked.overlap.as_deref()));
        let days = input::keep(&mut wrong, input::days(asked.expires_in_days, self.longest_days()));
        let (Some(overlap), Some(days)) = (overlap, days) else { return Err(Error::InvalidFields(wrong)) };
        let mut tx = self.db.tenant(scope).await?;
        let old = find_to_change(&mut tx, scope, of, id, if_match, now).await?;
        if old.shown.state != KeyState::Active {
            return Err(Error::Conflict { why: "This key does not work any more. Make a new one instead.".to_owned() });
        }
        if store::is_replaced(&mut tx, scope, old.id).await? {
            return Err(Error::Conflict { why: "This key was rotated already; rotate its successor.".to_owned() });
        }
        may_renew(scope, &old)?;
        self.leave_room(&mut tx, scope, now).await?;
        let text = KeyText::generate()?;
        let key = NewKey {
            id: Uuid::now_v7(),
            user_id: old.user_id,
            service_account_id: old.service_account_id,
            name: &old.shown.name,
            role: old.shown.role.as_str(),
            scopes: &old.shown.scopes,
            hash: text.hash(),
            hint: text.hint(),
            created_by: &scope.actor().name,
            now: now.to_datetime(),
            expires_at: after(now, u64::from(days) * DAY_SECS).to_datetime(),
            replaces: Some(old.id),
        };
        store::insert_key(&mut tx, scope, &key).await?;
        store::end_by(&mut tx, scope, old.id, after(now, overlap)).await?;
        let made = find(&mut tx, scope, None, &key.id.to_string(), now).await?.shown;
        let entry = Entry::done(Action::KeyRotated, Target::new("key", key.id))
            .before(old.shown.without_use())
            .after(made.without_use());
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(MadeApiKey { secret: text.expose().to_owned(), key: made })
    }

    /// Ends a key at once. Ending it again changes nothing.
    #[instrument(name = "keys.revoke", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn revoke(&self, scope: &Scope, id: &str, if_match: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let of = seen_by(scope)?;
        let mut tx = self.db.tenant(scope).await?;
        let old = find_to_change(&mut tx, scope, of, id, if_match, now).await?;
        if old.shown.state == KeyState::Revoked {
            return Ok(());
        }
        store::revoke(&mut tx, scope, old.id, now).await?;
        let revoked = find(&mut tx, scope, None, id, now).await?.shown;
        let entry = Entry::done(Action::KeyRevoked, Target::new("key", old.id))
            .before(old.shown.without_use())
            .after(revoked.without_use());
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn leave_room(&self, tx: &mut Tx, scope: &Scope, now: Timestamp) -> Result<(), Error> {
        let have = store::count_active(tx, scope, now).await?;
        scope.tenant().plan.allow(Limit::ApiKeys, have.into())
    }
}

/// Whose keys the caller sees: everybody's (`None`) or their own.
fn seen_by(scope: &Scope) -> Result<Option<Uuid>, Error> {
    if scope.may(Permission::ManageKeys) {
        return Ok(None);
    }
    scope.require(Permission::ManageOwnKeys)?;
    own_account(scope).map(Some)
}

fn own_account(scope: &Scope) -> Result<Uuid, Error> {
    match scope.actor().kind {
        ActorKind::User => scope.actor().id.parse().map_err(|error| Error::internal(format!("user id: {error}"))),
        ActorKind::Key | ActorKind::System | ActorKind::Provider | ActorKind::Nobody => {
            Err(Error::Denied { why: "Only people have keys of their own.".to_owned() })
        }
    }
}

async fn find(tx: &mut Tx, scope: &Scope, of: Option<Uuid>, id: &str, now: Timestamp) -> Result<KeyRow, Error> {
    let missing = || Error::NotFound { what: "This key" };
    let id: Uuid = id.parse().map_err(|_| missing())?;
    store::keys(tx, scope, of, Some(id), None, 1, now).await?.into_iter().next().ok_or_else(missing)
}

async fn find_to_change(
    tx: &mut Tx,
    scope: &Scope,
    of: Option<Uuid>,
    id: &str,
    if_match: Option<&str>,
    now: Timestamp,
) -> Result<KeyRow, Error> {
    if let Ok(id) = id.parse() {
        store::lock_key(tx, scope, id).await?;
    }
    let row = find(tx, scope, of, id, now).await?;
    etag::require(if_match, &row.shown.without_use())?;
    locked(row.shown.provisioned_by.as_deref(), "The key")?;
    Ok(row)
}

/// A key that is renewed becomes known to who renews it: they must be able to give what it can do.
fn may_renew(scope: &Scope, old: &KeyRow) -> Result<(), Error> {
    let access = scope.access();
    let may_give = |word: &String| KeyScope::from_name(word).is_some_and(|scope| access.may_give(scope));
    if old.user_id.is_some() && old.user_id != own_account(scope).ok() {
        let why = "Only its owner can rotate a personal key, because the new one is shown. You can revoke it.";
        return Err(Error::Denied { why: why.to_owned() });
    }
    if access.grantable_role() < Some(old.shown.role) || !old.shown.scopes.iter().all(may_give) {
        let why = "The key can do more than you can, and the new one would be shown to you. Somebody with its rights has to rotate it.";
        return Err(Error::Denied { why: why.to_owned() });
    }
    Ok(())
}

/// What a file manages is changed there.
pub(super) fn locked(provisioned_by: Option<&str>, what: &str) -> Result<(), Error> {
    match provisioned_by {
        None => Ok(()),
        Some(file) => {
            Err(Error::Conflict { why: format!("{what} is managed by {file}. Change it there and restart Obstack.") })
        }
    }
}

fn after(now: Timestamp, secs: u64) -> Timestamp {
    Timestamp(now.0.saturating_add_unsigned(secs.saturating_mul(1000)))
}

fn read_place(cursor: &str) -> Option<Place> {
    let (micros, id) = cursor.split_once('.')?;
    let nanos = micros.parse::<i64>().ok()?;
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos) * 1000).ok()?;
    Some(Place { at, id: id.parse().ok()? })
}
