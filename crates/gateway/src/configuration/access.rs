//! Who decides who may call: the part of the internal form that policy is made or read from.
//!
//! Where a policy comes from and what it says are two things: what a file or a floor says is read when the configuration
//! is put to use, by `enforcement`.

use policy::path::Pattern;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where policy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// From nowhere: everything is public.
    None,
    /// From `auth`, in the gateway's own file.
    Auth(Arc<Auth>),
    /// From a file that a person wrote.
    File(PathBuf),
    /// From a compiled floor.
    Floor(PathBuf),
    /// From a signed floor, and from then on from the feed whose roots it pins.
    Feed(Arc<Feed>),
}

/// A feed that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// What is decided by until the feed says more.
    pub floor: PathBuf,
    /// What brings it.
    pub bundle: Bundle,
    /// How long a gateway with an older copy waits for its feed before it serves.
    pub wait: Duration,
    /// How old what the feed said may get, in seconds.
    pub staleness_s_max: u64,
    /// How old a floor may get, in seconds, where what is too old is not decided by; absent where it is.
    pub deny_floor_s_max: Option<u64>,
}

/// Where a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// In a file.
    File(PathBuf),
    /// At an `http` or `https` URL.
    Url(Box<str>),
}

/// How old what a feed said may get, where nothing else is said.
pub(super) const STALENESS_S_MAX: u64 = 3_600;
/// How long a feed is waited for, where nothing else is said.
pub(super) const FEED_WAIT: Duration = Duration::from_millis(500);

impl PolicySource {
    /// As `/ready` names it.
    pub fn name(&self) -> &'static str {
        match self {
            PolicySource::None => "none",
            PolicySource::Auth(_) => "auth",
            PolicySource::File(_) => "file",
            PolicySource::Floor(_) => "floor",
            PolicySource::Feed(_) => "feed",
        }
    }

    /// The file that it is read from, where it has one of its own.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            PolicySource::None | PolicySource::Auth(_) => None,
            PolicySource::File(path) | PolicySource::Floor(path) => Some(path),
            PolicySource::Feed(feed) => Some(&feed.floor),
        }
    }
}

/// `auth`: tokens of one issuer. What is absent has policy's own default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Where the issuer's keys are.
    pub jwks_uri: Box<str>,
    /// The `iss` of a token.
    pub issuer: Box<str>,
    /// A token is for one of these.
    pub audiences: Vec<Box<str>>,
    /// Algorithms that are taken.
    pub algorithms: Option<Vec<&'static str>>,
    /// Claims that hold what, by policy's name for it: `user`, `client`, `role`, `tenant`, `scopes`.
    pub claims: Vec<(&'static str, Box<str>)>,
    /// Paths that need no token, under every method.
    pub exclude_paths: Vec<Pattern>,
    /// Whether the service sees the token.
    pub forward_token: Option<bool>,
    /// How far clocks may differ.
    pub leeway_s: Option<u64>,
}

/// Failed credentials a minute that a client address has, where nothing else is said.
pub const FAILED_CREDENTIALS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).expect("600 is not 0");
