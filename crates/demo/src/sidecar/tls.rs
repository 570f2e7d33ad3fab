//! Mutual TLS with SPIFFE identities: the configurations of both directions, made anew at every rotation, and the
//! check of who the other end is. Asking for certificates is the agent's work, not this file's.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime, pem::PemObject},
    server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier},
    version::TLS13,
};
use x509_parser::{extensions::GeneralName, prelude::FromDer};

/// Why an identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// PEM that is none.
    #[error("not a certificate in PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// rustls refuses it.
    #[error("tls: {0}")]
    Rustls(#[from] rustls::Error),
    /// The client verifier cannot be built from this root.
    #[error("root certificate: {0}")]
    Root(#[from] rustls::server::VerifierBuilderError),
    /// The certificate does not parse.
    #[error("certificate does not parse")]
    Parse,
}

/// What a certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// SPIFFE id, or host name of a gateway's certificate.
    pub name: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Issuer's common name.
    pub issuer: String,
    /// Start of validity, unix seconds.
    pub not_before: i64,
    /// End of validity, unix seconds.
    pub not_after: i64,
}

/// Configurations made of one leaf.
pub struct Current {
    /// What the leaf says.
    pub info: CertificateInfo,
    /// For what comes in.
    pub server: Arc<ServerConfig>,
    /// For what goes out; absent in a gateway's public certificate.
    pub client: Option<Arc<ClientConfig>>,
}

/// The certificates of one workload.
pub struct Identity {
    roots: Arc<RootCertStore>,
    workload: RwLock<Option<Arc<Current>>>,
    gateway: RwLock<Option<Arc<Current>>>,
}

impl Identity {
    /// No certificates yet, only the root everybody trusts.
    pub fn new(root_pem: &str) -> Result<Self, TlsError> {
        Ok(Self { roots: Arc::new(roots(root_pem)?), workload: RwLock::default(), gateway: RwLock::default() })
    }

    /// Takes a new leaf of the mesh into use; open connections keep the old one.
    pub fn install_workload(&self, chain_pem: &str, key_der: &[u8]) -> Result<CertificateInfo, TlsError> {
        let chain = chain(chain_pem)?;
        let info = info(&chain)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots.clone(), provider()).build()?;
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key(key_der))?;
        let mut client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(MeshVerifier { roots: self.roots.clone() }))
            .with_client_auth_cert(chain, key(key_der))?;
        client.resumption = Resumption::disabled();
        let current = Current { info: info.clone(), server: Arc::new(lean(server)), client: Some(Arc::new(client)) };
        *self.workload.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(current));
        Ok(info)
    }

    /// Takes a gateway's public certificate into use.
    pub fn install_gateway(&self, chain_pem: &str, key_der: &[u8]) -> Result<CertificateInfo, TlsError> {
        let chain = chain(chain_pem)?;
        let info = info(&chain)?;
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain, key(key_der))?;
        let current = Current { info: info.clone(), server: Arc::new(lean(server)), client: None };
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(current));
        Ok(info)
    }

    /// The leaf of the mesh in use.
    pub fn workload(&self) -> Option<Arc<Current>> {
        self.workload.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The gateway's public certificate in use.
    pub fn gateway(&self) -> Option<Arc<Current>> {
        self.gateway.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client that speaks to gateways from outside: no identity of its own, checks the host name against the demo's root.
pub fn client_for_gateway(root_pem: &str) -> Result<Arc<ClientConfig>, TlsError> {
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots(root_pem)?)
        .with_no_client_auth();
    client.resumption = Resumption::disabled();
    Ok(Arc::new(client))
}

/// The SPIFFE id in a peer's leaf.
pub fn spiffe_id(certificates: Option<&[CertificateDer<'_>]>) -> Option<String> {
    let leaf = certificates?.first()?;
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(leaf).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(uri) if uri.starts_with("spiffe://") => Some((*uri).to_owned()),
        _ => None,
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(pem: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    Ok(roots)
}

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    Ok(CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?)
}

fn key(der: &[u8]) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))
}

/// Without session tickets: they cost memory and hide rotations behind resumed sessions.
fn lean(mut config: ServerConfig) -> ServerConfig {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

fn info(chain: &[CertificateDer<'_>]) -> Result<CertificateInfo, TlsError> {
    let leaf = chain.first().ok_or(TlsError::Parse)?;
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(leaf).map_err(|_| TlsError::Parse)?;
    let names = parsed.subject_alternative_name().ok().flatten().ok_or(TlsError::Parse)?;
    let name = names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(text) | GeneralName::DNSName(text) => Some((*text).to_owned()),
        _ => None,
    });
    let issuer = parsed.issuer().iter_common_name().next().and_then(|cn| cn.as_str().ok()).unwrap_or_default();
    Ok(CertificateInfo {
        name: name.ok_or(TlsError::Parse)?,
        serial: parsed.raw_serial_as_string().replace(':', ""),
        issuer: issuer.to_owned(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
    })
}

/// Accepts any unexpired leaf of the mesh. A SPIFFE leaf has no host name; whose it has to be is known only per
/// connection, so the caller compares the id right after the handshake, before it sends a byte.
#[derive(Debug)]
struct MeshVerifier {
    roots: Arc<RootCertStore>,
}

impl ServerCertVerifier for MeshVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let leaf = ParsedCertificate::try_from(end_entity)?;
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_server_cert_signed_by_trust_anchor(&leaf, &self.roots, intermediates, now, algorithms.all)?;
        match spiffe_id(Some(std::slice::from_ref(end_entity))) {
            Some(_) => Ok(ServerCertVerified::assertion()),
            None => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &aws_lc_rs::default_provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &aws_lc_rs::default_provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
