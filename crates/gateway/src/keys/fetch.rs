//! One fetch of a key set, within a gateway's limits. How is `upstream::fetch`'s business.

use super::{FETCH_MAX, KEY_SET_BYTES_MAX};
use crate::upstream::{FetchError, Fetched, Limits, Lookups, Place, TargetRules, Wanted, fetch_within};
use std::time::Duration;

const ACCEPT: &str = "application/jwk-set+json, application/json";

/// Fetches within a gateway's limits.
pub(super) async fn fetch(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
) -> Result<Vec<u8>, FetchError> {
    fetch_set(place, lookups, rules, FETCH_MAX, KEY_SET_BYTES_MAX).await
}

/// Fetches within these limits.
pub(super) async fn fetch_set(
    place: &Place,
    lookups: &Lookups,
    rules: &TargetRules,
    within: Duration,
    bytes_max: usize,
) -> Result<Vec<u8>, FetchError> {
    let limits = Limits {
        connect: within,
        // The whole ends before it.
        silence: within * 2,
        within,
        bytes_max,
    };
    let wanted = Wanted::of(ACCEPT);
    match fetch_within(place, wanted, lookups, rules, limits).await? {
        Fetched::Whole(set, _) => Ok(set),
        // Only what was asked with a tag is answered so.
        Fetched::Unchanged => Ok(Vec::new()),
    }
}
