//! Certificates: one authority, a server, and a client for every identity.

use std::{collections::BTreeMap, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::{ClientConfig, RootCertStore, pki_types::PrivateKeyDer};

use crate::words;

pub struct Authority {
    pub root: String,
    /// Certificate and key.
    pub server: (String, String),
    clients: BTreeMap<(&'static str, bool), Arc<ClientConfig>>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        // Another name than those it signs for, which would look as if they had signed themselves.
        params.distinguished_name.push(DnType::CommonName, "Obstack test root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
        let names = words::NAMES.iter().map(|name| SanType::DnsName((*name).try_into().expect("a name")));
        let local = SanType::DnsName("localhost".try_into().expect("a name"));
        let (certificate, key) = signed(&issuer, names.chain([local]).collect());
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).expect("a root");
        let mut clients = BTreeMap::new();
        for identity in words::IDENTITIES {
            let uri = SanType::URI(format!("spiffe://{identity}").try_into().expect("a URI"));
            let (client, client_key) = signed(&issuer, vec![uri]);
            for sni in [false, true] {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let key = PrivateKeyDer::try_from(client_key.serialize_der()).expect("a key");
                let mut config = ClientConfig::builder_with_provider(provider)
                    .with_protocol_versions(&[&rustls::version::TLS12])
                    .expect("a version")
                    .with_root_certificates(roots.clone())
                    .with_client_auth_cert(vec![client.der().clone()], key)
                    .expect("a certificate");
                config.enable_sni = sni;
                clients.insert((identity, sni), Arc::new(config));
            }
        }
        Self { root: issuer.pem(), server: (certificate.pem(), key.serialize_pem()), clients }
    }

    pub fn client(&self, identity: &str, sni: bool) -> Arc<ClientConfig> {
        let found = self.clients.iter().find(|((own, with), _)| *own == identity && *with == sni);
        found.map(|(_, config)| config.clone()).expect("a known identity")
    }
}

fn signed(issuer: &CertifiedIssuer<'_, KeyPair>, names: Vec<SanType>) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, issuer).expect("a certificate"), key)
}
