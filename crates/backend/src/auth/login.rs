//! Signing in with e-mail and password. Whatever is wrong, the answer and its timing are the same.

use std::net::IpAddr;

use contract::{Timestamp, auth::User};
use tracing::instrument;
use uuid::Uuid;

use super::{
    Auth,
    attempts::{self, Attempt, Counted},
};
use crate::Error;

/// Longest e-mail address (RFC 5321, 4.5.3.1.3), bytes.
const EMAIL_MAX_BYTES: usize = 254;

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown, disabled, without a password, wrong password, unusable input: one text for all of them.
    #[error("The e-mail address or the password is wrong.")]
    Refused {
        /// The account that was tried, for the audit log; none when nobody has the address.
        account: Option<Uuid>,
    },
    /// Too many failures from here or for this account, known or not.
    #[error("Too many attempts. Try again in {retry_after_secs} s.")]
    Limited {
        /// For `Retry-After`.
        retry_after_secs: u64,
    },
    /// Not decided.
    #[error(transparent)]
    Backend(#[from] Error),
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused { account: _ } => {
                Self::Unauthenticated { why: "The e-mail address or the password is wrong." }
            }
            LoginError::Limited { retry_after_secs } => Self::RateLimited { retry_after: retry_after_secs },
            LoginError::Backend(error) => error,
        }
    }
}

impl Auth {
    /// Checks e-mail and password of a local account. `client` is who asks, for counting failures.
    #[instrument(name = "auth.login", skip_all)]
    pub async fn login(&self, email: &str, password: &str, client: IpAddr, now: Timestamp) -> Result<User, LoginError> {
        let email = normalized_email(email);
        // Counted within the turn and taken back within it: many who sign in at once behind one address are never counted
        // together, and many who guess at once still are.
        let turn = self.passwords.turn().await?;
        // An address that cannot exist is counted as well, all such as one account.
        let counted = Attempt::count(&self.db, &self.limits, email.as_deref().unwrap_or(""), client, now).await?;
        let attempt = match counted {
            Counted::Within(attempt) => attempt,
            Counted::Over { retry_after_secs } => return Err(LoginError::Limited { retry_after_secs }),
        };
        let account = match &email {
            Some(email) => self.account(email).await?,
            None => None,
        };
        let hash = account.as_ref().and_then(|(_, hash)| hash.as_deref());
        let right = self.passwords.verify_in(&turn, password, hash).await?;
        let tried = account.as_ref().and_then(|(user, _)| user.id.parse().ok());
        let Some((user, _)) = account.filter(|_| right) else { return Err(LoginError::Refused { account: tried }) };
        attempt.forgive(&self.db).await?;
        drop(turn);
        tracing::info!(user.id = %user.id, "signed in");
        Ok(user)
    }

    /// Counts a guess at something that is no account's password. Refused when there were too many from here or in all.
    pub(crate) async fn count_guess(&self, what: &str, client: IpAddr, now: Timestamp) -> Result<(), Error> {
        match Attempt::count(&self.db, &self.limits, &format!("guess:{what}"), client, now).await? {
            Counted::Within(_) => Ok(()),
            Counted::Over { retry_after_secs } => Err(Error::RateLimited { retry_after: retry_after_secs }),
        }
    }

    /// Removes counts of failed tries that no longer matter. A few at a time; call it every minute or so.
    pub async fn purge_attempts(&self, now: Timestamp) -> Result<u64, Error> {
        attempts::purge(&self.db, &self.limits, now).await
    }

    /// The account that may sign in with this address.
    async fn account(&self, email: &str) -> Result<Option<(User, Option<String>)>, Error> {
        let row = sqlx::query!(
            "select id, email, name, platform_admin, password_hash from users
             where lower(email) = $1 and origin = 'local' and disabled_at is null",
            email
        )
        .fetch_optional(self.db.system())
        .await?;
        Ok(row.map(|row| {
            let user =
                User { id: row.id.to_string(), email: row.email, name: row.name, platform_admin: row.platform_admin };
            (user, row.password_hash)
        }))
    }
}

/// The form in which addresses are compared: trimmed, lower case. `None` when it cannot be one: something on both sides of
/// an `@`, no spaces or control characters, at most 254 bytes. ASCII only, as lower-casing anything else depends on the
/// language.
pub fn normalized_email(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = text.len() <= EMAIL_MAX_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
    let (local, domain) = text.rsplit_once('@')?;
    (plain && !local.is_empty() && !domain.is_empty()).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        assert_eq!(normalized_email(" Ana@Acme.test "), Some("ana@acme.test".to_owned()));
        for bad in
            ["", "ana", "@acme.test", "ana@", "a na@acme.test", "ana\0@acme.test", &format!("{}@x", "a".repeat(253))]
        {
            assert_eq!(normalized_email(bad), None, "{bad:?}");
        }
    }
}
