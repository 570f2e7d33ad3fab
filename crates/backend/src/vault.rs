//! Secrets that have to be read again: sealed before they are stored, with keys derived from the installation's secret or
//! from a session's id. Hashing of what never has to be read again stands where it is used.
//!
//! The installation's secret is made at the first start and kept in the database, the same for all instances. Who can read
//! the whole database can therefore open what is sealed with it; sessions' tokens not, because their ids are not in it.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey, UnboundKey},
    digest, hkdf,
    rand::{SecureRandom, SystemRandom},
};

use crate::{Error, db::Db};

/// What a derived key is for. Nothing sealed for one purpose opens for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Passwords and tokens of stores.
    StoreSecret,
    /// Client secrets of sign-in providers.
    ClientSecret,
    /// The cookie that carries a sign-in from its beginning to its end.
    SignInCookie,
    /// Signing the short-lived tokens of the API.
    ApiToken,
    /// Refresh and id tokens of a session.
    SessionTokens,
}

impl Purpose {
    fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::StoreSecret => b"obstack store secret",
            Self::ClientSecret => b"obstack client secret",
            Self::SignInCookie => b"obstack sign-in cookie",
            Self::ApiToken => b"obstack api token",
            Self::SessionTokens => b"obstack session tokens",
        }
    }
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Vault([u8; 32]);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// With the installation's secret, which is made when there is none yet. Instances that start at the same time agree.
    pub async fn open(db: &Db) -> Result<Self, Error> {
        let fresh: [u8; 32] = random()?;
        sqlx::query!("insert into installation (secret) values ($1) on conflict do nothing", &fresh[..])
            .execute(db.system())
            .await?;
        let secret = sqlx::query_scalar!("select secret from installation").fetch_one(db.system()).await?;
        let secret = secret.try_into().map_err(|_| Error::internal("the installation's secret has another length"))?;
        Ok(Self(secret))
    }

    /// A vault that only who knows this session's id can open.
    pub fn of_session(session_id: i128) -> Self {
        let mut secret = [0; 32];
        secret.copy_from_slice(digest::digest(&digest::SHA256, &session_id.to_be_bytes()).as_ref());
        // Its SHA-256 finds the session in the database, so the key must be another function of the id.
        let mut this = Self(secret);
        this.0[..16].copy_from_slice(&session_id.to_be_bytes());
        this
    }

    /// A key for a purpose, 256 bits.
    pub fn key(&self, purpose: Purpose) -> Result<[u8; 32], Error> {
        let failed = |_| Error::internal("a key cannot be derived");
        let info = [purpose.as_bytes()];
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, b"obstack").extract(&self.0);
        let mut key = [0; 32];
        derived.expand(&info, hkdf::HKDF_SHA256).map_err(failed)?.fill(&mut key).map_err(failed)?;
        Ok(key)
    }

    /// Seals; every time differently. `about` (a name, an id) must be given again to open.
    pub fn seal(&self, purpose: Purpose, about: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key(purpose)?).map_err(|_| Error::internal("no key"))?;
        let mut sealed = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(about.as_bytes()), &mut sealed)
            .map_err(|_| Error::internal("a secret cannot be sealed"))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens; `None` when it was not sealed here, for this purpose, about this.
    pub fn unseal(&self, purpose: Purpose, about: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let key = UnboundKey::new(&AES_256_GCM, &self.key(purpose).ok()?).ok()?;
        let key = aws_lc_rs::aead::LessSafeKey::new(key);
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = key.open_in_place(nonce, Aad::from(about.as_bytes()), &mut body).ok()?;
        Some(plain.to_vec())
    }
}

/// Random bytes of the operating system's generator.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("there is no randomness"))?;
    Ok(bytes)
}

/// A secret for a link: 256 random bits as URL-safe text, and the SHA-256 that is stored of it.
pub fn link_secret() -> Result<(String, [u8; 32]), Error> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let text = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash = sha256(text.as_bytes());
    Ok((text, hash))
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_purpose_about_the_same_opens() {
        let vault = Vault([7; 32]);
        let sealed = vault.seal(Purpose::StoreSecret, "prom-a", b"hunter2").expect("sealed");
        assert_eq!(vault.unseal(Purpose::StoreSecret, "prom-a", &sealed).as_deref(), Some(b"hunter2".as_slice()));
        assert_eq!(vault.unseal(Purpose::ClientSecret, "prom-a", &sealed), None);
        assert_eq!(vault.unseal(Purpose::StoreSecret, "prom-b", &sealed), None);
        assert_eq!(Vault([8; 32]).unseal(Purpose::StoreSecret, "prom-a", &sealed), None);
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        assert_eq!(vault.unseal(Purpose::StoreSecret, "prom-a", &changed), None);
        assert_eq!(vault.unseal(Purpose::StoreSecret, "prom-a", b"short"), None);
        assert_ne!(vault.seal(Purpose::StoreSecret, "prom-a", b"hunter2").expect("sealed"), sealed);
    }

    #[test]
    fn what_the_database_knows_of_a_session_does_not_open_its_tokens() {
        let sealed = Vault::of_session(42).seal(Purpose::SessionTokens, "", b"refresh").expect("sealed");
        assert!(Vault::of_session(42).unseal(Purpose::SessionTokens, "", &sealed).is_some());
        assert_eq!(Vault(sha256(&42_i128.to_be_bytes())).unseal(Purpose::SessionTokens, "", &sealed), None);
    }

    #[sqlx::test(migrations = "../../migrations")]
    async fn all_instances_have_the_same_secret(pool: sqlx::PgPool) {
        let db = Db::from(pool);
        let (one, two) = (Vault::open(&db).await.expect("made"), Vault::open(&db).await.expect("found"));
        let sealed = one.seal(Purpose::ApiToken, "x", b"y").expect("sealed");
        assert!(two.unseal(Purpose::ApiToken, "x", &sealed).is_some());
    }
}
