//! One fetch of each issuer's keys, for whoever explains a decision and was asked to ask.

use super::fetch::fetch;
use super::service::Followed;
use crate::upstream::{Lookups, Place, SystemResolver, TargetRules, Upstreams};
use std::io;
use std::sync::Arc;

/// The sets of these issuers, in their order, or why each could not be had.
pub(crate) fn fetch_all(
    followed: &[Followed],
    rules: &TargetRules,
) -> io::Result<Vec<Result<Vec<u8>, String>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let all = local.block_on(&runtime, async {
        let (lookups, upstreams) = (Lookups::new(Arc::new(SystemResolver)), Upstreams::default());
        let mut all = Vec::new();
        for followed in followed {
            let fetched = match Place::of(&followed.jwks_uri, &upstreams) {
                Ok(place) => fetch(&place, &lookups, rules).await,
                Err(error) => Err(error),
            };
            all.push(fetched.map_err(|error| error.to_string()));
        }
        all
    });
    drop(local);
    // A query to a resolver that does not answer is not waited for.
    runtime.shutdown_background();
    Ok(all)
}
