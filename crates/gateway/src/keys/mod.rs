//! Issuers' key sets: fetched beside the workers, by the same target rules as everything that is dialled, and put in
//! force as a new policy snapshot.
//!
//! `schedule` says when, and who waits for it; it is pure. `fetch` brings one set, `store` keeps the last one over a
//! restart, `service` is the thread that ties them together, `handle` what a worker asks, `once` what `explain` does.

mod fetch;
mod handle;
mod once;
mod operator;
mod schedule;
mod service;
mod store;

pub use crate::upstream::FetchError;
pub(crate) use handle::{KeySets, Wanted};
pub(crate) use once::fetch_all;
pub use operator::fetch_as_operator;
pub(crate) use service::{Fetched, Followed, KeyService, Parts, Prepared};
pub(crate) use store::{KeyStore, SetState};

use std::time::Duration;

/// An issuer is asked for its keys at most once in this time; the fetch at start does not count (policy.md §6).
const INTERVAL: Duration = Duration::from_secs(5);
/// Added to the former by chance, so that a fleet of gateways does not ask in step.
const JITTER_MAX: Duration = Duration::from_millis(500);
/// A fetch, from the name's resolution to the body's last byte. With the two above it is less than `WAIT_MAX`, so that
/// whoever begins to wait just after a fetch began still sees the end of the next one.
const FETCH_MAX: Duration = Duration::from_secs(4);
/// A request waits for a key at most this long.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Requests that wait for keys, over all workers and issuers; a further one is refused at once.
const WAITERS_MAX: usize = 1_024;
/// Of these, those of one client address: whoever makes up key ids must not take the places of everybody else.
const CLIENT_WAITERS_MAX: usize = 256;
/// A key id that a fetch has not found is refused without a fetch for this long.
const REFUTED_FOR: Duration = Duration::from_secs(5);
/// Key ids of one issuer that are remembered as not found; further ones wait for the next fetch.
const REFUTED_MAX: usize = 4_096;
/// A set that was fetched is fetched again after this time, so that a key that its issuer took away goes.
const REFRESH: Duration = Duration::from_secs(300);
/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// A key set, in bytes: 128 keys of 8,192 bits fit several times.
pub(crate) const KEY_SET_BYTES_MAX: usize = 512 * 1024;
/// Fetches at a time, of all issuers.
const FETCHES_MAX: usize = 8;
