//! The demo's certificate authority: a root of ten years, an intermediate of one, and what it signs. Lives in the
//! parent's memory only; a new start makes a new root.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKey, SanType,
};
use time::OffsetDateTime;

use crate::{clock, topology::Role, topology::Workload, wire::CertUse};

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The request is not a readable PKCS #10 request, or signing failed.
    #[error("certificate authority: {0}")]
    Crypto(#[from] rcgen::Error),
    /// This workload does not get a new one now. The demo's `email` is refused until its leaf is nearly over.
    #[error("certificate authority refuses {0}")]
    Refused(&'static str),
}

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// From when to when a certificate is valid, unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Start.
    pub not_before: i64,
    /// End.
    pub not_after: i64,
}

/// The authority.
pub struct Ca {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    root_validity: Validity,
    intermediate_validity: Validity,
    leaf_ttl: Duration,
}

impl Ca {
    /// A fresh authority whose leaves live this long.
    pub fn new(leaf_ttl: Duration) -> Result<Self, CaError> {
        let now = clock::now_secs();
        let root_validity = Validity { not_before: now - HOUR, not_after: now - HOUR + 3650 * DAY };
        let root =
            CertifiedIssuer::self_signed(authority("Obstack demo root", root_validity, 1), KeyPair::generate()?)?;
        let intermediate_validity = Validity { not_before: now - HOUR, not_after: now - HOUR + 365 * DAY };
        let params = authority("Obstack demo intermediate", intermediate_validity, 0);
        let intermediate = CertifiedIssuer::signed_by(params, KeyPair::generate()?, &root)?;
        Ok(Self { root, intermediate, root_validity, intermediate_validity, leaf_ttl })
    }

    /// The root, PEM: what every workload trusts.
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// Validity of root and intermediate.
    pub fn authorities(&self) -> (Validity, Validity) {
        (self.root_validity, self.intermediate_validity)
    }

    /// Signs a request. Of the request only the key counts: who asks is known from the pipe it came through.
    /// `held` is the end of the leaf the workload already has.
    pub fn sign(
        &self,
        workload: &Workload,
        usage: CertUse,
        csr_pem: &str,
        held: Option<i64>,
    ) -> Result<(String, Validity), CaError> {
        let key = CertificateSigningRequestParams::from_pem(csr_pem)?.public_key;
        let now = clock::now_secs();
        let validity = match usage {
            CertUse::Workload => self.leaf_validity(workload, now, held)?,
            CertUse::Gateway => gateway_validity(workload, now),
        };
        let params = match usage {
            CertUse::Workload => leaf(SanType::URI(workload.spiffe_id().try_into()?), workload.name, validity, true),
            CertUse::Gateway => {
                let host = gateway_host(workload);
                leaf(SanType::DnsName(host.try_into()?), host, validity, false)
            }
        };
        Ok((self.chain(&params, &key)?, validity))
    }

    fn chain(&self, params: &CertificateParams, key: &PublicKey) -> Result<String, CaError> {
        let leaf = params.signed_by(key, &self.intermediate)?;
        Ok(format!("{}{}", leaf.pem(), self.intermediate.pem()))
    }

    /// Ten minutes for most. `legacy` shows a leaf of a day that ended three hours ago. `email` holds one of a day
    /// that should have been renewed eight hours ago and gets no other until a tenth of it is left.
    fn leaf_validity(&self, workload: &Workload, now: i64, held: Option<i64>) -> Result<Validity, CaError> {
        match workload.name {
            "legacy" => Ok(Validity { not_before: now - 27 * HOUR, not_after: now - 3 * HOUR }),
            "email" if held.is_some_and(|end| end - now > DAY / 10) => Err(CaError::Refused("email")),
            "email" => Ok(Validity { not_before: now - 20 * HOUR, not_after: now + 4 * HOUR }),
            _ => {
                let ttl = i64::try_from(self.leaf_ttl.as_secs()).unwrap_or(i64::MAX / 2);
                // Two seconds back, so that a peer whose clock lags does not refuse it.
                Ok(Validity { not_before: now - 2, not_after: now + ttl })
            }
        }
    }
}

/// Host name a gateway serves to the outside.
pub fn gateway_host(workload: &Workload) -> &'static str {
    debug_assert_eq!(workload.role, Role::Gateway, "only gateways have a public host");
    if workload.namespace == "shop" { "shop.example" } else { "api.example" }
}

/// Ninety days each; the shop's has six left.
fn gateway_validity(workload: &Workload, now: i64) -> Validity {
    let left = if workload.namespace == "shop" { 6 * DAY } else { 71 * DAY };
    Validity { not_before: now + left - 90 * DAY, not_after: now + left }
}

fn authority(name: &str, validity: Validity, path_len: u8) -> CertificateParams {
    let mut params = dated(name, validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(name: SanType, common_name: &str, validity: Validity, client: bool) -> CertificateParams {
    let mut params = dated(common_name, validity);
    params.subject_alt_names = vec![name];
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if client {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    params
}

fn dated(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Obstack demo");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = datetime(validity.not_before);
    params.not_after = datetime(validity.not_after);
    params
}

fn datetime(secs: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
