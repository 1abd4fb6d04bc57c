//! Which addresses may be dialled: skeleton. Pure; asked when a target is configured and again for every address that is dialled.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// What is refused by default, less what the operator allowed, plus the gateway's own listeners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetRules {
    /// `allow_targets`.
    pub allowed: Vec<IpNet>,
    /// Addresses that this gateway itself listens on, with real ports; never permitted.
    pub own: Vec<SocketAddr>,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {range}; to permit it: {permit}")]
pub struct TargetRefusal {
    /// The address.
    pub address: IpAddr,
    /// Which range it is in, in words.
    pub range: &'static str,
    /// The exact line that would permit it; empty for the gateway's own listeners.
    pub permit: String,
}

#[allow(unused_variables, reason = "skeleton")]
impl TargetRules {
    /// Whether this address may be dialled.
    pub fn judge(&self, address: SocketAddr) -> Result<(), TargetRefusal> {
        todo!()
    }
}
