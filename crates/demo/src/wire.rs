//! The lines parent and child say to each other: JSON, one per line, down the child's stdin and up its stdout.

use std::net::SocketAddr;

use contract::demo::Fault;
use serde::{Deserialize, Serialize};

/// Which of a workload's certificates is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertUse {
    /// The SPIFFE leaf of the sidecar.
    Workload,
    /// The server certificate a gateway shows to the outside.
    Gateway,
}

/// Where a workload listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Name of the workload.
    pub workload: String,
    /// Address of its inbound listener.
    pub address: SocketAddr,
}

/// What a child needs to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// Which workload to be.
    pub workload: String,
    /// Port to listen on when it is free; any free one otherwise.
    pub port: Option<u16>,
    /// Root certificate of the mesh, PEM.
    pub root_pem: String,
    /// Where to send spans and logs, for example `http://127.0.0.1:4318`; nowhere when absent.
    pub otlp_url: Option<String>,
    /// Bearer token for it.
    pub token: Option<String>,
    /// Requests per second at the ingress at the busiest time of day.
    pub peak_rps: f64,
}

/// Parent to child.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToChild {
    /// The first line.
    Config(Config),
    /// The answer to a certificate signing request: leaf first, then the intermediate, PEM.
    Certificate {
        /// Which.
        usage: CertUse,
        /// The chain.
        chain_pem: String,
    },
    /// The certificate authority did not sign.
    Refused {
        /// Which.
        usage: CertUse,
    },
    /// Everybody's address; replaces what was said before.
    Registry {
        /// All endpoints.
        endpoints: Vec<Endpoint>,
    },
    /// The faults that are on; replaces what was said before.
    Faults {
        /// All of them.
        on: Vec<Fault>,
    },
}

/// Child to parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromChild {
    /// It listens.
    Ports {
        /// Inbound listener; absent for the load generator.
        inbound: Option<SocketAddr>,
        /// `/stats/prometheus`; absent without a sidecar or agent.
        stats: Option<SocketAddr>,
    },
    /// Please sign this; the key stays in the child.
    SigningRequest {
        /// Which.
        usage: CertUse,
        /// PKCS #10, PEM.
        csr_pem: String,
    },
}
