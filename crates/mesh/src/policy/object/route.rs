//! What of a VirtualService hangs on the policies: routes that look at claims of a token.

use super::Meta;
use crate::policy::place::Text;

/// A VirtualService with routes that look at claims, which a gateway has only where a RequestAuthentication reads the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRoute {
    /// Name, namespace, position.
    pub meta: Meta,
    /// `gateways`, as written.
    pub gateways: Vec<String>,
    /// The keys of `headers` and `withoutHeaders` that name claims, each with its path.
    pub keys: Vec<(String, Text)>,
}
