//! A provider as it is kept, and reading it.

use contract::sign_in::MappingRule;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{SignIn, net::Reach, store};
use crate::{Error, vault::Purpose};

/// What the sign-in page shows of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Name in addresses.
    pub name: String,
    /// On the button.
    pub title: String,
}

/// A provider.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) id: Uuid,
    /// The tenant it belongs to, and the only one it can speak for.
    pub(super) tenant_id: Option<Uuid>,
    pub(super) tenant_slug: Option<String>,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret_sealed: Option<Vec<u8>>,
    pub(super) scopes: Vec<String>,
    pub(super) api_audience: Option<String>,
    pub(super) mappings: Value,
    pub(super) provisioned_by: Option<String>,
    pub(super) updated_at: OffsetDateTime,
    pub(super) disabled_at: Option<OffsetDateTime>,
}

impl Provider {
    /// What a tenant's administrator has typed must not lead into our network.
    pub(super) fn reach(&self) -> Reach {
        let by_tenant = self.tenant_id.is_some() && self.provisioned_by.is_none();
        if by_tenant { Reach::Public } else { Reach::Anywhere }
    }

    /// Rules that cannot be read give nothing.
    pub(super) fn rules(&self) -> Vec<MappingRule> {
        let all = self.mappings.as_array().map_or(&[][..], Vec::as_slice);
        all.iter().filter_map(|rule| serde_json::from_value(rule.clone()).ok()).collect()
    }
}

/// What a client secret is sealed about.
pub(crate) fn sealed_about(id: Uuid) -> String {
    format!("identity provider {id}")
}

impl SignIn {
    /// The client secret, when there is one.
    pub(super) fn secret(&self, provider: &Provider) -> Result<Option<String>, Error> {
        let Some(sealed) = &provider.client_secret_sealed else { return Ok(None) };
        let plain = self.vault.unseal(Purpose::ClientSecret, &sealed_about(provider.id), sealed);
        let plain = plain.ok_or_else(|| Error::internal("a client secret does not open"))?;
        String::from_utf8(plain).map(Some).map_err(Error::internal)
    }

    /// Providers the sign-in page offers: the installation's, and those of the tenant somebody is on the way to.
    pub async fn offered(&self, tenant: Option<&str>) -> Result<Vec<Offered>, Error> {
        store::offered(&self.db, tenant).await
    }

    /// Whether anybody could sign in with a password.
    pub async fn has_local_accounts(&self) -> Result<bool, Error> {
        store::has_local_accounts(&self.db).await
    }
}
