//! A feed that is followed: what a carrier brings is believed by `feed::Reader`, written down, and put in force.
//!
//! `carrier` looks, `pace` says when, `follower` makes of it what is shown, `kept` is the last known good on disk, `standing` is
//! what may be said of it, and `service` is the thread that ties them together. Nothing here judges a signature or decides about a request.

mod carrier;
mod follower;
mod kept;
mod pace;
mod service;
mod standing;

pub(crate) use follower::Beginning;
pub(crate) use kept::read as read_kept;
pub(crate) use service::{Floors, FollowService, Parts, Prepared};
pub(crate) use standing::{Follow, Gate, Reading};

use std::time::Duration;

/// How often a carrier is looked at while all is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A bundle whose end is not the view is read again after this long, doubling up to the next (feed.md §2, rule 2).
const MISMATCH_PAUSE: Duration = Duration::from_secs(5);
const MISMATCH_PAUSE_MAX: Duration = Duration::from_secs(300);
/// The longest pause after an answer that is none.
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// A bundle: as much as a floor.
const BUNDLE_BYTES_MAX: usize = feed::FLOOR_BYTES_MAX;
/// Name resolution, TCP and TLS to a bundle's server.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Without a byte of its answer.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// The whole answer.
const FETCH_MAX: Duration = Duration::from_secs(300);
/// A commit that only says that the view is still the newest is written down at most once in this time.
const HEARTBEAT_KEPT_EVERY: Duration = Duration::from_secs(60);

/// Unix seconds.
pub(crate) fn unix_s() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
