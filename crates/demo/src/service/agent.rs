//! The certificate agent of a workload: makes a key, has it signed, and does so again at half of the leaf's life, as
//! Istio's agent does. Keys never leave the process.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use contract::demo::Fault;
use rcgen::{CertificateParams, KeyPair};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    clock,
    sidecar::{CertificateInfo, Proxy},
    topology::{Role, Workload},
    wire::{CertUse, FromChild},
};

/// Share of a leaf's life after which it is renewed, and by how much that varies.
const RENEW_AT: f64 = 0.5;
const JITTER: f64 = 0.01;
const RETRY: Duration = Duration::from_secs(30);

/// Which certificates a workload holds.
pub fn uses(me: &Workload) -> &'static [CertUse] {
    match me.role {
        Role::Gateway => &[CertUse::Workload, CertUse::Gateway],
        Role::Http | Role::Grpc | Role::Store => &[CertUse::Workload],
        Role::External | Role::Load => &[],
    }
}

/// Keeps one certificate valid for ever. `answers` brings the signed chain, or nothing when signing was refused.
pub async fn keep(
    usage: CertUse,
    proxy: Arc<Proxy>,
    say: mpsc::Sender<FromChild>,
    mut answers: mpsc::Receiver<Option<String>>,
) {
    let mut first = true;
    loop {
        let renewed = renew(usage, &proxy, &say, &mut answers).await;
        let wait = match renewed {
            Some(info) => {
                let wait = until_renewal(&info, proxy.me, first);
                first = false;
                match wait {
                    Some(wait) => wait,
                    // Expired when it was made, or a gateway's: somebody else's to replace.
                    None => return,
                }
            }
            None => {
                proxy.metrics.failed_signings.fetch_add(1, Relaxed);
                RETRY
            }
        };
        sleep(wait).await;
        if proxy.me.app == "reviews" {
            let mut faults = proxy.faults.clone();
            if faults.wait_for(|on| !on.contains(&Fault::CertStuck)).await.is_err() {
                return;
            }
        }
    }
}

async fn renew(
    usage: CertUse,
    proxy: &Proxy,
    say: &mpsc::Sender<FromChild>,
    answers: &mut mpsc::Receiver<Option<String>>,
) -> Option<CertificateInfo> {
    let key = KeyPair::generate().ok()?;
    let csr_pem = CertificateParams::default().serialize_request(&key).ok()?.pem().ok()?;
    say.send(FromChild::SigningRequest { usage, csr_pem }).await.ok()?;
    let chain_pem = answers.recv().await??;
    let installed = match usage {
        CertUse::Workload => proxy.identity.install_workload(&chain_pem, key.serialized_der()),
        CertUse::Gateway => proxy.identity.install_gateway(&chain_pem, key.serialized_der()),
    };
    installed.inspect_err(|error| eprintln!("demo service: certificate not installed: {error}")).ok()
}

/// How long until the renewal point; none for a certificate that is not renewed here.
fn until_renewal(info: &CertificateInfo, me: &Workload, first: bool) -> Option<Duration> {
    let life = (info.not_after - info.not_before) as f64;
    if info.not_after <= clock::now_secs() || !info.name.starts_with("spiffe://") {
        return None;
    }
    // The two versions of reviews renew a quarter of a life apart, so that one of them soon misses its point when
    // rotation is made to fail.
    let share = if first && me.name == "reviews-v2" { RENEW_AT / 2.0 } else { RENEW_AT };
    let share = share + rand::random_range(-JITTER..JITTER);
    let at = info.not_before as f64 + life * share;
    Some(Duration::from_secs_f64((at - clock::now_ms() as f64 / 1000.0).max(0.05)))
}
