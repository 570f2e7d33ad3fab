//! Changing one's own password, and setting a forgotten one with a link that works once. Who holds a provider's account, or
//! one that a configuration manages, is sent there.

use std::{net::IpAddr, sync::Arc};

use contract::{
    Timestamp,
    people::{PasswordChange, ResetLink},
};
use tracing::instrument;
use uuid::Uuid;

use super::{
    attempts::{Attempt, Counted},
    normalized_email, policy,
};
use crate::{
    Backend, Error, Visitor,
    audit::{self, Action, Entry, Target},
    db::Tx,
    mail::Message,
    scope::{Actor, ActorKind, Origin},
    vault::{link_secret, sha256},
};

/// How long a link works.
const RESET_LIFE_SECS: i64 = 3600;
const LINK_OVER: &str =
    "This link does not work any more: it was used, replaced by a newer one, or is older than an hour.";

/// Passwords of local accounts.
pub struct OwnPasswords<'b>(&'b Backend);

impl Backend {
    /// Passwords of local accounts.
    pub fn passwords(&self) -> OwnPasswords<'_> {
        OwnPasswords(self)
    }
}

/// A local account that can have a new password.
struct Account {
    id: Uuid,
    email: String,
    name: String,
    hash: Option<String>,
}

impl OwnPasswords<'_> {
    /// Changes the caller's password. All their sessions end, this one too: the server begins a new one. Tells whose it is.
    #[instrument(name = "passwords.change", skip_all)]
    pub async fn change(&self, visitor: &Visitor, client: IpAddr, change: &PasswordChange) -> Result<Uuid, Error> {
        let now = self.0.clock.now();
        let user = visitor.user().ok_or(Error::Unauthenticated { why: "Sign in to change your password." })?;
        if visitor.observing().is_some() {
            let why = "You are viewing a tenant as a viewer. Leave the view to change your password.".to_owned();
            return Err(Error::Denied { why });
        }
        let mut tx = self.0.db.begin().await?;
        let account = account(&mut tx, user).await?;
        drop(tx);
        let limits = &self.0.auth.limits;
        let attempt = match Attempt::count(&self.0.db, limits, &account.email, client, now).await? {
            Counted::Within(attempt) => attempt,
            Counted::Over { retry_after_secs } => return Err(Error::RateLimited { retry_after: retry_after_secs }),
        };
        let passwords = self.0.auth.passwords();
        if !passwords.verify(&change.current_password, account.hash.as_deref()).await? {
            return Err(Error::invalid("/current_password", "This is not your password."));
        }
        attempt.forgive(&self.0.db).await?;
        policy::check("/new_password", &change.new_password, &account.email)?;
        if change.new_password == change.current_password {
            return Err(Error::invalid("/new_password", "This is the password you have. Choose another."));
        }
        let hash = passwords.hash(&change.new_password).await?;
        let mut tx = self.0.db.begin().await?;
        set(&mut tx, user, &hash, now).await?;
        let entry = Entry::done(Action::PasswordChanged, Target::new("user", user));
        audit::record(&mut tx, &visitor.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Whose password a link would set: name and address.
    pub async fn reset_of(&self, secret: &str) -> Result<(String, String), Error> {
        let mut tx = self.0.db.begin().await?;
        let user = open(&mut tx, secret, self.0.clock.now()).await?;
        let account = account(&mut tx, user).await?;
        Ok((account.name, account.email))
    }

    /// Sets a password with a link; the link is used up, and all sessions end.
    #[instrument(name = "passwords.reset", skip_all)]
    pub async fn reset(&self, secret: &str, password: &str, origin: Arc<Origin>) -> Result<(), Error> {
        let now = self.0.clock.now();
        let (_, email) = self.reset_of(secret).await?;
        policy::check("/password", password, &email)?;
        let hash = self.0.auth.passwords().hash(password).await?;
        let mut tx = self.0.db.begin().await?;
        let user = open(&mut tx, secret, now).await?;
        let account = account(&mut tx, user).await?;
        set(&mut tx, user, &hash, now).await?;
        let actor = Actor::new(ActorKind::User, &user.to_string(), &account.name, origin);
        let entry = Entry::done(Action::PasswordReset, Target::new("user", user));
        audit::record(&mut tx, &actor, None, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks for a link by mail. The answer and its time are the same for addresses nobody has: whether there is an account
    /// is looked up later, by the job that sends mail.
    #[instrument(name = "passwords.forgot", skip_all)]
    pub async fn forgot(&self, email: &str, client: IpAddr, origin: Arc<Origin>) -> Result<(), Error> {
        if !self.0.mail().is_configured() {
            return Err(Error::NotFound { what: "This page" });
        }
        let email = normalized_email(email)
            .ok_or_else(|| Error::invalid("/email", "Write the e-mail address you sign in with."))?;
        // Counted apart from tries to sign in, so that nobody can lock somebody else out by asking.
        let counted = format!("forgot {email}");
        let (limits, now) = (&self.0.auth.limits, self.0.clock.now());
        if let Counted::Over { retry_after_secs } = Attempt::count(&self.0.db, limits, &counted, client, now).await? {
            return Err(Error::RateLimited { retry_after: retry_after_secs });
        }
        self.0.mail().look_up(email, origin);
        Ok(())
    }

    /// The mail with a link, when the address has an account that can have one.
    pub(crate) async fn reset_mail(&self, email: &str, origin: Arc<Origin>) -> Result<Option<Message>, Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let user = sqlx::query_scalar!(
            "select id from users
             where lower(email) = $1 and origin = 'local' and disabled_at is null and provisioned_by is null",
            email
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(user) = user else { return Ok(None) };
        let secret = issue(&mut tx, user, now).await?;
        let actor = Actor::new(ActorKind::Nobody, "", "", origin);
        let entry = Entry::done(Action::PasswordResetSent, Target::new("user", user));
        audit::record(&mut tx, &actor, None, now, entry).await?;
        tx.commit().await?;
        let link = link(self.0, &secret)?;
        let text = format!(
            "Somebody asked for a new password for this address on Obstack.\n\nTo set one, open this link within an hour:\n\
             {link}\n\nIf it was not you, do nothing: your password stays as it is.\n"
        );
        Ok(Some(Message { to: email.to_owned(), subject: "Set a new password".to_owned(), text }))
    }
}

/// Makes a link for somebody else's account; the right to is the caller's to check, and the audit entry to write.
pub(crate) async fn reset_link(backend: &Backend, tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<ResetLink, Error> {
    let account = account(tx, user).await?;
    let secret = issue(tx, account.id, now).await?;
    Ok(ResetLink { link: link(backend, &secret)?, expires_at: ends(now).to_string() })
}

fn ends(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(RESET_LIFE_SECS * 1000))
}

fn link(backend: &Backend, secret: &str) -> Result<String, Error> {
    Ok(backend.config.public_url.join(&format!("/reset/{secret}")).map_err(Error::internal)?.to_string())
}

/// The account, when its password is kept and changed here.
async fn account(tx: &mut Tx, user: Uuid) -> Result<Account, Error> {
    let row = sqlx::query!(
        "select id, email, name, origin, password_hash, provisioned_by from users where id = $1 and disabled_at is null",
        user
    )
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(Error::NotFound { what: "This account" })?;
    if row.origin != "local" {
        let why = "The password of this account is kept by its sign-in provider. Change it there.".to_owned();
        return Err(Error::Conflict { why });
    }
    if let Some(file) = row.provisioned_by {
        return Err(Error::Conflict { why: format!("This account is managed by {file}. Change its password there.") });
    }
    Ok(Account { id: row.id, email: row.email, name: row.name, hash: row.password_hash })
}

/// Writes the password, uses up all links, and ends all sessions.
async fn set(tx: &mut Tx, user: Uuid, hash: &str, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update users set password_hash = $2, password_changed_at = $3, updated_at = $3 where id = $1",
        user,
        hash,
        now.to_datetime(),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from one_time_tokens where user_id = $1 and purpose = 'reset'", user)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from sessions where user_id = $1", user).execute(&mut **tx).await?;
    Ok(())
}

/// A link for the account instead of all earlier ones.
async fn issue(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<String, Error> {
    let (secret, hash) = link_secret()?;
    sqlx::query!("delete from one_time_tokens where user_id = $1 and purpose = 'reset'", user)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "insert into one_time_tokens (token_hash, purpose, user_id, created_at, expires_at) values ($1, 'reset', $2, $3, $4)",
        &hash[..],
        user,
        now.to_datetime(),
        ends(now).to_datetime(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(secret)
}

/// Whose link it is; locked, so that of two who use it at once one is late.
async fn open(tx: &mut Tx, secret: &str, now: Timestamp) -> Result<Uuid, Error> {
    let hash = sha256(secret.as_bytes());
    let user = sqlx::query_scalar!(
        r#"select user_id as "user_id!" from one_time_tokens
           where token_hash = $1 and purpose = 'reset' and expires_at > $2 for update"#,
        &hash[..],
        now.to_datetime(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    user.ok_or_else(|| Error::Conflict { why: LINK_OVER.to_owned() })
}
