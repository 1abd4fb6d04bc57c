//! Who decides who may call: the part of the internal form that policy is made or read from.
//!
//! Where a policy comes from and what it says are two things: what a file or a floor says is read when the configuration
//! is put to use, by `enforcement`.

use crate::upstream::TargetRules;
use hyper::header::HeaderValue;
use ipnet::{IpNet, Ipv4Net};
use policy::path::Pattern;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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
    pub carrier: Carrier,
    /// How long a gateway with an older copy waits for its feed before it serves.
    pub wait: Duration,
    /// How old what the feed said may get, in seconds.
    pub staleness_s_max: u64,
    /// How old a floor may get, in seconds, where what is too old is not decided by; absent where it is.
    pub deny_floor_s_max: Option<u64>,
}

/// What brings a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// A whole policy as one signed file.
    Bundle(Bundle),
    /// A portal, by its stream.
    Portal(Portal),
    /// A topic in Kafka.
    #[cfg(feature = "kafka")]
    Kafka(Box<feed::kafka::Settings>),
}

/// Where a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// In a file.
    File(PathBuf),
    /// At an `http` or `https` URL.
    Url(Box<str>),
}

/// A portal, and what it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Its `http` or `https` URL, without a query.
    pub url: Box<str>,
    /// What says who this is.
    pub token: Token,
    /// Who may be called over plain HTTP, beside this machine.
    pub plain: Vec<IpNet>,
}

impl Portal {
    /// The URL without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    /// Over plain HTTP only what is named is called, as a token is shown there.
    pub(crate) fn rules(&self) -> TargetRules {
        if self
            .url
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
        {
            return TargetRules::of_operator();
        }
        let loopback: [IpNet; 2] = [
            Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
            IpAddr::V6(Ipv6Addr::LOCALHOST).into(),
        ];
        TargetRules {
            allowed: self.plain.iter().copied().chain(loopback).collect(),
            own: Vec::new(),
            named_only: true,
        }
    }
}

/// To whom a gateway reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// Which gateway it is; the machine's name where absent.
    pub name: Option<Box<str>>,
    /// The portal.
    pub portal: Portal,
    /// Whether that is the one whose stream is followed, and is named there.
    pub(super) is_of_feed: bool,
}

/// A bearer token. Shown to nobody but whom it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has 1 to {TOKEN_BYTES_MAX} visible ASCII characters, and no blank")]
pub struct TokenRefusal;

/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 4_096;

impl Token {
    /// Of what was read.
    ///
    /// # Errors
    /// Where it could not stand in a header field.
    pub fn new(text: &str) -> Result<Token, TokenRefusal> {
        let fits =
            (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Token(text.into()))
        } else {
            Err(TokenRefusal)
        }
    }

    /// As a field's value, which no log shows.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let value = HeaderValue::try_from(format!("Bearer {}", self.0));
        let mut value = value.expect("a token is visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// For the one place that shows it as it was written.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
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
