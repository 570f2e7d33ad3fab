//! Who a provider's person is here, and what the rules give them: one transaction that makes or finds the account, replaces
//! the memberships this provider gave, and writes the audit entry.

use std::sync::Arc;

use contract::{Timestamp, sign_in::MappingRule};
use uuid::Uuid;

use super::{
    NoAccess, SignIn, SignInError, jwt,
    mapping::{Claims, Grants, evaluate, values_at},
    provider::Provider,
    relying::refused,
    store,
};
use crate::{
    Error,
    audit::{self, Action, Entry, Target},
    auth::normalized_email,
    db::Tx,
    scope::{Actor, ActorKind, Origin},
};

/// Longest subject, bytes; the standard's limit.
const SUBJECT_MAX: usize = 255;
/// Longest name that is kept.
const NAME_MAX: usize = 200;
/// Values of a claim that a denied person is shown.
const SHOWN_MAX: usize = 50;

/// Why somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newcomer {
    /// A sign-in: written to the audit log.
    SignsIn,
    /// A token on the API, many times an hour.
    ShowsToken,
    /// A session is kept alive.
    Stays,
}

/// Somebody with an account here.
pub(super) struct Person {
    pub(super) user: Uuid,
}

impl SignIn {
    /// Makes or finds the account of these claims and gives it what the rules say, no more and no less.
    pub(super) async fn arrive(
        &self,
        provider: &Provider,
        claims: &Claims,
        why: Newcomer,
        origin: &Arc<Origin>,
        now: Timestamp,
    ) -> Result<Person, SignInError> {
        let subject = jwt::text(claims, "sub").filter(|sub| !sub.is_empty() && sub.len() <= SUBJECT_MAX);
        let subject = subject.ok_or_else(|| refused("its token names no person"))?;
        let rules = provider.rules();
        let grants = self.granted(provider, &rules, claims).await?;
        if grants.is_empty() {
            let denied = no_access(provider, &rules, claims);
            if why != Newcomer::ShowsToken {
                self.deny(provider, subject, &denied, origin, now).await?;
            }
            return Err(SignInError::NoAccess(Box::new(denied)));
        }
        let mut tx = self.db.begin().await?;
        let (user, disabled) = account(&mut tx, provider, subject, claims, now).await?;
        if disabled {
            return Err(SignInError::Disabled);
        }
        replace_memberships(&mut tx, provider.id, user, &grants, now).await?;
        if why == Newcomer::SignsIn {
            let actor = Actor::new(ActorKind::User, &user.to_string(), &name_of(claims), origin.clone());
            let entry = Entry::done(Action::SignIn, Target::new("user", user))
                .after(serde_json::json!({ "provider": provider.name, "roles": grants }));
            // Its own administrators see it, and who runs the installation.
            let tenants = sqlx::query_scalar!("select distinct tenant_id from memberships where user_id = $1", user)
                .fetch_all(&mut *tx)
                .await?;
            let chains: Vec<_> = tenants.into_iter().map(Some).chain([None]).collect();
            audit::record_in(&mut tx, &actor, &chains, now, entry).await?;
        }
        tx.commit().await?;
        Ok(Person { user })
    }

    /// What the rules give, in tenants that exist.
    pub(super) async fn granted(
        &self,
        provider: &Provider,
        rules: &[MappingRule],
        claims: &Claims,
    ) -> Result<Grants, Error> {
        let slugs: Vec<String> = rules.iter().map(|rule| rule.tenant.clone()).collect();
        let tenants = store::existing_tenants(&self.db, &slugs).await?;
        Ok(evaluate(rules, claims, provider.own_tenant(), &tenants).1)
    }

    async fn deny(
        &self,
        provider: &Provider,
        subject: &str,
        denied: &NoAccess,
        origin: &Arc<Origin>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        // What this provider gave before counts no more.
        let user = sqlx::query_scalar!(
            "select user_id from user_identities where issuer = $1 and subject = $2",
            provider.issuer,
            subject
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(user) = user {
            replace_memberships(&mut tx, provider.id, user, &Grants::new(), now).await?;
        }
        let actor = Actor::new(ActorKind::Nobody, "", &denied.name, origin.clone());
        let entry = Entry::denied(Action::SignInDenied, Target::new("provider", &provider.name))
            .after(serde_json::json!({ "subject": subject, "had": denied.had }));
        audit::record(&mut tx, &actor, provider.tenant_id, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Provider {
    /// The only tenant it can speak for, when it belongs to one. A tenant whose slug is unknown is still one.
    pub(super) fn own_tenant(&self) -> Option<&str> {
        self.tenant_id.map(|_| self.tenant_slug.as_deref().unwrap_or_default())
    }
}

fn no_access(provider: &Provider, rules: &[MappingRule], claims: &Claims) -> NoAccess {
    let mut had: Vec<(String, Vec<String>)> = Vec::new();
    for rule in rules {
        if !had.iter().any(|(claim, _)| *claim == rule.claim) {
            let mut values = values_at(claims, &rule.claim);
            values.truncate(SHOWN_MAX);
            had.push((rule.claim.clone(), values));
        }
    }
    NoAccess { title: provider.title.clone(), name: name_of(claims), wanted: rules.to_vec(), had }
}

/// What the provider calls somebody.
fn name_of(claims: &Claims) -> String {
    let said = ["name", "preferred_username", "email", "sub"].into_iter().find_map(|claim| {
        let name: String = jwt::text(claims, claim)?.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        let name = name.trim().to_owned();
        (!name.is_empty()).then_some(name)
    });
    said.unwrap_or_else(|| "Somebody".to_owned())
}

/// The account of an issuer's subject, made when there is none, and whether it is switched off.
async fn account(
    tx: &mut Tx,
    provider: &Provider,
    subject: &str,
    claims: &Claims,
    now: Timestamp,
) -> Result<(Uuid, bool), Error> {
    let name = name_of(claims);
    let email = jwt::text(claims, "email").and_then(normalized_email).unwrap_or_default();
    // Two browsers of one person at once must not make two accounts.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 20260101))",
        provider.issuer,
        subject
    )
    .execute(&mut **tx)
    .await?;
    let known = sqlx::query!(
        r#"select u.id, u.disabled_at is not null as "disabled!" from user_identities i join users u on u.id = i.user_id
           where i.issuer = $1 and i.subject = $2"#,
        provider.issuer,
        subject
    )
    .fetch_optional(&mut **tx)
    .await?;
    let at = now.to_datetime();
    if let Some(known) = known {
        if known.disabled {
            return Ok((known.id, true));
        }
        sqlx::query!(
            "update users set name = $2, email = $3, updated_at = $4 where id = $1 and (name, email) is distinct from ($2, $3)",
            known.id,
            name,
            email,
            at
        )
        .execute(&mut **tx)
        .await?;
        sqlx::query!(
            "update user_identities set provider_id = $3, last_sign_in_at = $4 where issuer = $1 and subject = $2",
            provider.issuer,
            subject,
            provider.id,
            at
        )
        .execute(&mut **tx)
        .await?;
        return Ok((known.id, false));
    }
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into users (id, email, name, origin, created_at, updated_at) values ($1, $2, $3, 'provider', $4, $4)",
        id,
        email,
        name,
        at
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into user_identities (issuer, subject, user_id, provider_id, last_sign_in_at) values ($1, $2, $3, $4, $5)",
        provider.issuer,
        subject,
        id,
        provider.id,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok((id, false))
}

/// Makes the memberships this provider gave be these. Rows of others are not touched; what did not change is not written.
pub(super) async fn replace_memberships(
    tx: &mut Tx,
    provider: Uuid,
    user: Uuid,
    grants: &Grants,
    now: Timestamp,
) -> Result<(), Error> {
    let tenants: Vec<String> = grants.keys().cloned().collect();
    let roles: Vec<String> = grants.values().map(|role| role.as_str().to_owned()).collect();
    sqlx::query!(
        "delete from memberships m using tenants t
         where t.id = m.tenant_id and m.user_id = $1 and m.provider_id = $2 and t.slug <> all($3)",
        user,
        provider,
        &tenants
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into memberships (tenant_id, user_id, origin, provider_id, role, created_at)
         select t.id, $1, 'provider', $2, g.role, $5
         from unnest($3::text[], $4::text[]) as g (slug, role) join tenants t on t.slug = g.slug and t.disabled_at is null
         on conflict (tenant_id, user_id, origin) do update set role = excluded.role, provider_id = excluded.provider_id
             where (memberships.role, memberships.provider_id) is distinct from (excluded.role, excluded.provider_id)",
        user,
        provider,
        &tenants,
        &roles,
        now.to_datetime()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
