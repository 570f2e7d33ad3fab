//! Password hashing: argon2id with the parameters OWASP's password storage cheat sheet names first (19 MiB, 2 passes, one
//! lane), never on an async thread and never more than two at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc::PasswordHash},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// Longest password, bytes. Longer ones only cost time.
pub const PASSWORD_MAX_BYTES: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Each takes 19 MiB and one core for about 20 ms.
const AT_ONCE: usize = 2;
/// As many as sign in at the beginning of a day wait less than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// When to come back for whoever has waited that long.
const RETRY_SECS: u64 = 10;

/// A hash of a password nobody has, made with the parameters above: checking against it takes as long as a real check.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZWJvZHkgZWxzZXM$NsT0X0ZiVq9sDydNbn0c0Tg7kIYJXJYUlhdFOeWZcGY";

/// Why a password cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// Nobody types that much.
    #[error("the password is longer than {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
}

/// The right to hash, which only so many have at a time.
#[derive(Clone)]
pub(super) struct Turn(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Hashes and checks passwords. Clones share the limit on how many at a time.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// With its own limit; one per process is enough.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// The PHC string to keep.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        bounds(password).map_err(|error| Error::invalid("/password", error.to_string()))?;
        let password = password.to_owned();
        let turn = self.turn().await?;
        run(turn, move || match argon2().hash_password(password.as_bytes()) {
            Ok(hash) => Ok(hash.to_string()),
            Err(error) => Err(Error::internal(error.to_string())),
        })
        .await?
    }

    /// True when this is the password of that hash. Without a hash: false, in the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        let turn = self.turn().await?;
        self.verify_in(&turn, password, hash).await
    }

    /// Waits for a turn. Whoever counts tries does so within it: no more are under way than have one.
    pub(super) async fn turn(&self) -> Result<Turn, Error> {
        // A flood must not pile up: whoever waits this long is asked to come back.
        let waited = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.0).acquire_owned()).await;
        let permit = waited.map_err(|_| Error::RateLimited { retry_after: RETRY_SECS })?.map_err(Error::internal)?;
        Ok(Turn(Arc::new(permit)))
    }

    /// [`Passwords::verify`] for who has a turn already.
    pub(super) async fn verify_in(&self, turn: &Turn, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        if bounds(password).is_err() {
            return Ok(false);
        }
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODYS).to_owned();
        let matches = run(turn.clone(), move || {
            let hash = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
            match argon2().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::internal(error.to_string())),
            }
        })
        .await??;
        Ok(known && matches)
    }
}

async fn run<T: Send + 'static>(turn: Turn, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || {
        // Held by the work too: a caller who goes away must not let a third one start.
        let _turn = turn;
        work()
    })
    .await
    .map_err(Error::internal)
}

/// Checks the length.
pub(crate) fn bounds(password: &str) -> Result<(), PasswordError> {
    match password.len() {
        0 => Err(PasswordError::Empty),
        1..=PASSWORD_MAX_BYTES => Ok(()),
        _ => Err(PasswordError::TooLong),
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_accepts_its_password_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash)).await.expect("checked"));
        assert!(!passwords.verify("correct horse ", Some(&hash)).await.expect("checked"));
        assert_ne!(passwords.hash("correct horse").await.expect("hashed"), hash, "every hash has its own salt");
    }

    #[tokio::test]
    async fn nobodys_hash_costs_the_same_and_never_matches() {
        let real = Passwords::new().hash("x").await.expect("hashed");
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(NOBODYS), cost(&real));
        assert!(PasswordHash::new(NOBODYS).is_ok());
        assert!(!Passwords::new().verify("anything", None).await.expect("checked"));
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let passwords = Passwords::new();
        let hash = passwords.hash(&"p".repeat(PASSWORD_MAX_BYTES)).await.expect("the longest is fine");
        assert!(passwords.hash("").await.is_err());
        assert!(passwords.hash(&"p".repeat(PASSWORD_MAX_BYTES + 1)).await.is_err());
        assert!(!passwords.verify(&"p".repeat(PASSWORD_MAX_BYTES + 1), Some(&hash)).await.expect("checked"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_asked_to_come_back() {
        let passwords = Passwords::new();
        let _busy = Arc::clone(&passwords.0).acquire_many_owned(2).await.expect("open");
        let error = passwords.verify("x", None).await.expect_err("nobody gets through");
        assert!(matches!(error, Error::RateLimited { retry_after: 10 }), "{error}");
    }

    #[tokio::test]
    async fn a_broken_hash_is_an_error_not_a_match() {
        assert!(Passwords::new().verify("x", Some("plain text")).await.is_err());
    }
}
