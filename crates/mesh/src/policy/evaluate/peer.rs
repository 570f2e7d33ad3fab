//! The stage of mutual TLS: which connections are refused before any policy runs.

use super::{Answer, BY_PEER, Fields, Layer, layers::Run};
use crate::{
    order,
    policy::{
        object::MtlsMode,
        plan::PeerRule,
        request::{Given, Peer, Protocol},
        settings::Enforcement,
    },
};

impl Run<'_, '_> {
    /// R59–R61 and R75. Answers whether the port does not terminate TLS.
    pub(super) fn peer(&mut self) -> Answer {
        let plan = self.plan;
        let object = plan.peer.from.map_or("the default".to_owned(), |from| from.meta.id());
        let (mut reject, mut fields, mut tls_off) = (Answer::No, Fields::new(), Answer::No);
        match plan.point.enforcement {
            Enforcement::Gateway | Enforcement::Waypoint => return Answer::No,
            Enforcement::Ztunnel => {
                for group in &plan.peer.groups {
                    let all = group.iter().fold(Answer::Yes, |all, rule| all.and(self.peer_rule(*rule, &mut fields)));
                    reject = reject.or(all);
                }
            }
            Enforcement::Sidecar => {
                let modes = match self.request.destination_port {
                    Given::Known(port) => vec![rank(plan.peer.mode_of(port))],
                    Given::Unknown => order::distinct(
                        plan.peer.ports.iter().map(|port| rank(port.1)).chain([rank(plan.peer.mode)]).collect(),
                    ),
                };
                let answers: Vec<Answer> = modes.iter().map(|mode| self.refuses(*mode)).collect();
                if modes.len() > 1 {
                    fields.insert("destination.port".to_owned());
                }
                if self.request.peer.is_unknown() {
                    fields.insert("source.tls".to_owned());
                }
                reject = if answers.windows(2).all(|pair| pair[0] == pair[1]) { answers[0] } else { Answer::Maybe };
                let off = modes.contains(&DISABLE);
                tls_off = if off && modes.len() > 1 { Answer::Maybe } else { off.into() };
            }
        }
        let why = match reject {
            Answer::No => format!("{object} admits this connection"),
            Answer::Yes => format!("{object} refuses this connection"),
            Answer::Maybe => format!("whether {object} admits this connection is unknown"),
        };
        self.stage(Layer::Peer, reject, BY_PEER.to_owned(), why, fields, Vec::new());
        tls_off
    }

    fn refuses(&self, mode: u8) -> Answer {
        let plaintext = match &self.request.peer {
            Given::Unknown => Answer::Maybe,
            Given::Known(Peer::Plaintext) => Answer::Yes,
            Given::Known(Peer::Mtls(_)) => Answer::No,
        };
        match mode {
            STRICT => plaintext,
            // Without TLS termination a TLS hello is no HTTP request; raw TCP lets it through.
            DISABLE if self.request.protocol != Protocol::Tcp => plaintext.negated(),
            _ => Answer::No,
        }
    }

    fn peer_rule(&self, rule: PeerRule, fields: &mut Fields) -> Answer {
        let mut anonymous = || match &self.request.peer {
            Given::Unknown => {
                fields.insert("source.tls".to_owned());
                Answer::Maybe
            }
            Given::Known(Peer::Plaintext) => Answer::Yes,
            Given::Known(Peer::Mtls(_)) => Answer::No,
        };
        let anonymous = match rule {
            PeerRule::NoIdentity | PeerRule::NoIdentityOn(_) => anonymous(),
            PeerRule::NotPort(_) => Answer::Yes,
        };
        let mut on = |port: u32| match self.request.destination_port {
            Given::Unknown => {
                fields.insert("destination.port".to_owned());
                Answer::Maybe
            }
            Given::Known(own) => (u32::from(own) == port).into(),
        };
        match rule {
            PeerRule::NoIdentity => anonymous,
            PeerRule::NoIdentityOn(port) => anonymous.and(on(port)),
            PeerRule::NotPort(port) => on(port).negated(),
        }
    }
}

const STRICT: u8 = 3;
const DISABLE: u8 = 1;

fn rank(mode: MtlsMode) -> u8 {
    match mode {
        MtlsMode::Unset => 0,
        MtlsMode::Disable => DISABLE,
        MtlsMode::Permissive => 2,
        MtlsMode::Strict => STRICT,
    }
}
