//! A feed that is followed: what a carrier brings is believed by `feed::Reader`, written down, and shown by whoever follows.
//!
//! `beginning` reads where it begins, `carrier` says what a carrier is, `bundle` looks at one, `stream` and `log` have one flow in, `pace` says when,
//! `follower` makes of it what is shown, `kept` is the last known good on disk, `standing` is what may be said of it, and `service` is the
//! thread that ties them together. A gateway's data plane is one that follows, a relay another. Nothing here judges a signature or decides
//! about a request.

mod applied;
mod beginning;
mod bundle;
mod carrier;
mod flowing;
mod follower;
mod kept;
#[cfg(feature = "kafka")]
mod log;
mod looking;
mod pace;
mod service;
mod standing;
mod stream;
#[cfg(test)]
mod tests;

pub use applied::Applied;
pub(crate) use beginning::read_signed_floor;
pub use beginning::{Beginning, begin};
pub use follower::Sink;
pub(crate) use service::{Floors, Prepared};
pub use service::{Following, Parts};
pub(crate) use standing::Gate;
pub use standing::{Counts, Follow, Reading};
pub(crate) use stream::told as portal_refused;

use std::time::Duration;

/// How often a carrier is looked at while all is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A carrier whose end is not the view is read again after this long, doubling up to the next (feed.md §2, rule 2).
const MISMATCH_PAUSE: Duration = Duration::from_secs(5);
const MISMATCH_PAUSE_MAX: Duration = Duration::from_secs(300);
/// The longest pause after an answer that is none.
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// A bundle: as much as a floor.
const BUNDLE_BYTES_MAX: usize = feed::FLOOR_BYTES_MAX;
/// Name resolution, TCP and TLS to a carrier's server.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Without a byte of a bundle's answer, or of the head of a stream's.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Without a byte of a stream: three heartbeats.
const STREAM_SILENCE_MAX: Duration = Duration::from_secs(30);
/// A bundle's whole answer.
const FETCH_MAX: Duration = Duration::from_secs(300);
/// A commit that only says that the view is still the newest is written down at most once in this time.
const HEARTBEAT_KEPT_EVERY: Duration = Duration::from_secs(60);

/// Unix seconds.
pub(crate) fn unix_s() -> u64 {
    since_1970().as_secs()
}

/// Unix milliseconds.
pub(crate) fn unix_ms() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
