//! Looks at the certificate chain a workload shows, as anybody on the network could.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A chain that was checked against the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// URI in the leaf.
    pub spiffe_id: String,
    /// Serial number of the leaf.
    pub serial: String,
    /// Lifetime of the leaf, seconds.
    pub lifetime_secs: i64,
    /// Number of certificates.
    pub length: usize,
}

/// Shakes hands without a certificate of our own. In TLS 1.3 the server's chain arrives before it refuses ours.
pub async fn look(address: SocketAddr, root_pem: &str) -> Shown {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap()).unwrap();
    let eye = Arc::new(Eye { roots, seen: Mutex::default() });
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(eye.clone())
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("any.example").unwrap();
    // Whether the server ends it now or at the first read does not matter.
    drop(TlsConnector::from(Arc::new(config)).connect(name, stream).await);
    eye.seen.lock().unwrap().clone().expect("the server shows a chain that leads to the root")
}

#[derive(Debug)]
struct Eye {
    roots: RootCertStore,
    seen: Mutex<Option<Shown>>,
}

impl ServerCertVerifier for Eye {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(leaf)?,
            &self.roots,
            rest,
            now,
            algorithms.all,
        )?;
        let (_, parsed) = X509Certificate::from_der(leaf).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        let uri = names.value.general_names.iter().find_map(|name| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        });
        let validity = parsed.validity();
        *self.seen.lock().unwrap() = Some(Shown {
            spiffe_id: uri.unwrap(),
            serial: parsed.raw_serial_as_string(),
            lifetime_secs: validity.not_after.timestamp() - validity.not_before.timestamp(),
            length: 1 + rest.len(),
        });
        Ok(ServerCertVerified::assertion())
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
