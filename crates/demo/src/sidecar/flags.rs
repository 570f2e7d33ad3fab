//! Envoy's response flags, and the answers a proxy gives in place of an upstream that does not.

use http::StatusCode;

/// Why a request did not go through. Names and meanings are Envoy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Upstream connection failure: refused, or the handshake failed.
    Uf,
    /// Upstream request timeout.
    Ut,
    /// Upstream connection terminated before it answered.
    Uc,
    /// No route: no such service, or nobody behind it.
    Nr,
    /// The caller hung up before the answer.
    Dc,
}

impl Flag {
    /// Its two or three letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uf => "UF",
            Self::Ut => "UT",
            Self::Uc => "UC",
            Self::Nr => "NR",
            Self::Dc => "DC",
        }
    }

    /// The status of the local answer; none when there is nobody left to answer to.
    pub fn local_reply(self) -> Option<StatusCode> {
        match self {
            Self::Uf | Self::Uc => Some(StatusCode::SERVICE_UNAVAILABLE),
            Self::Ut => Some(StatusCode::GATEWAY_TIMEOUT),
            Self::Nr => Some(StatusCode::NOT_FOUND),
            Self::Dc => None,
        }
    }

    /// The text of the local answer.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Uf => "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
            Self::Ut => "upstream request timeout",
            Self::Uc => {
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
            }
            Self::Nr => "no route",
            Self::Dc => "downstream disconnected",
        }
    }
}

/// The label `response_flags`: `-` for none, otherwise names with commas. `URX` joins when retries ran out.
pub fn label(flag: Option<Flag>, retries_exhausted: bool) -> &'static str {
    match (flag, retries_exhausted) {
        (None, false) => "-",
        (None, true) => "URX",
        (Some(Flag::Uf), true) => "UF,URX",
        (Some(Flag::Ut), true) => "UT,URX",
        (Some(Flag::Uc), true) => "UC,URX",
        (Some(flag @ (Flag::Nr | Flag::Dc)), true) => flag.name(),
        (Some(flag), false) => flag.name(),
    }
}

/// The gRPC status Envoy makes of an HTTP status in a local answer.
pub fn grpc_status(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}
