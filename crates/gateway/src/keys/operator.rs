//! One key set for a policy that is being built: fetched as the operator, to whom no target rule applies (policy.md §6).
//!
//! The same way as a gateway's own fetch otherwise: verified TLS, redirects never followed, caps on size and time.

use super::fetch::fetch_set;
use crate::upstream::{FetchError, Lookups, Place, SystemResolver, TargetRules, Upstreams};
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
    fetch_by(jwks_uri, WITHIN).await
}

async fn fetch_by(jwks_uri: &str, within: Duration) -> Result<Vec<u8>, FetchError> {
    let place = Place::of(jwks_uri, &Upstreams::default())?;
    let lookups = Lookups::new(Arc::new(SystemResolver));
    fetch_set(&place, &lookups, &TargetRules::of_operator(), within, BYTES_MAX).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_issuer_that_never_answers_is_given_up() {
        // It listens, so that a connection is made, and nobody ever looks at it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/jwks", listener.local_addr().unwrap());
        let fetched = tokio::task::LocalSet::new()
            .run_until(fetch_by(&uri, Duration::from_millis(50)))
            .await;
        let said = fetched.unwrap_err().to_string();
        assert_eq!(said, "no whole answer within 50 ms");
    }
}
