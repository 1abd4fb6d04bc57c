//! One key set for a policy that is being built: fetched as the operator, to whom no target rule applies (policy.md §6).
//!
//! The same way as a gateway's own fetch otherwise: verified TLS, redirects never followed, caps on size and time.

use super::fetch::{FetchError, Limits, Place, fetch_within};
use crate::upstream::{Lookups, SystemResolver, TargetRules, Upstreams};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::sync::Arc;
use std::time::Duration;

/// Nothing waits for the policy but a person or a CI job.
const WITHIN: Duration = Duration::from_secs(10);
/// The set, in bytes.
const BYTES_MAX: usize = 1 << 20;

/// The bytes of the set at this `http` or `https` URL; what they say is not judged. Runs within a `LocalSet`.
///
/// # Errors
/// Where it cannot be had within 10 s and 1 MiB, as [`FetchError`] says.
pub async fn fetch_as_operator(jwks_uri: &str) -> Result<Vec<u8>, FetchError> {
    let limits = Limits {
        within: WITHIN,
        bytes_max: BYTES_MAX,
    };
    fetch_by(jwks_uri, limits).await
}

async fn fetch_by(jwks_uri: &str, limits: Limits) -> Result<Vec<u8>, FetchError> {
    let place = Place::of(jwks_uri, &Upstreams::default())?;
    let lookups = Lookups::new(Arc::new(SystemResolver));
    let rules = TargetRules {
        allowed: vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())],
        ..TargetRules::default()
    };
    fetch_within(&place, &lookups, &rules, limits).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_issuer_that_never_answers_is_given_up() {
        // It listens, so that a connection is made, and nobody ever looks at it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/jwks", listener.local_addr().unwrap());
        let limits = Limits {
            within: Duration::from_millis(50),
            bytes_max: BYTES_MAX,
        };
        let fetched = tokio::task::LocalSet::new()
            .run_until(fetch_by(&uri, limits))
            .await;
        let said = fetched.unwrap_err().to_string();
        assert_eq!(said, "no whole answer within 50 ms");
    }
}
