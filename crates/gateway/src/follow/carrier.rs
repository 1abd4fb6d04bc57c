//! What brings a feed. There are two natures: a bundle is looked at, and read whole where it has changed; a stream and a log flow, from a position
//! or from their start, without an end.
//!
//! Nothing here judges what is brought.

use super::bundle::Bundle;
#[cfg(feature = "kafka")]
use super::log::Log;
use super::stream::Stream;
use crate::configuration;
use crate::upstream::{FetchError, Resolve};
use feed::View;
use std::sync::Arc;

/// Brings a feed.
pub(super) enum Carrier {
    /// It is looked at.
    Looked(Bundle),
    /// It flows.
    Flowing(Flow),
}

/// A carrier that flows. Runs within a `LocalSet`.
pub(super) enum Flow {
    /// A portal's stream.
    Stream(Stream),
    /// A topic in Kafka.
    #[cfg(feature = "kafka")]
    Log(Log),
}

/// Where a carrier that was opened begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// At the start: what was given before counts for nothing.
    Start,
    /// Behind the view that it was told.
    Resumed,
}

/// What a carrier that flows gives.
#[derive(Debug)]
pub(super) enum Given<'f> {
    /// A line, without its end, of a carrier that is at its end behind each commit.
    Line(&'f [u8]),
    /// A record of a log: its key, and its value, which is absent where the key is deleted.
    #[allow(
        dead_code,
        reason = "of a log, which is a carrier with the feature `kafka` alone"
    )]
    Record(&'f str, Option<&'f [u8]>),
    /// All was given that a log had when it was asked for its end.
    #[allow(
        dead_code,
        reason = "of a log, which is a carrier with the feature `kafka` alone"
    )]
    End,
    /// Nothing comes, and why; the carrier keeps its position and goes on by itself.
    #[allow(
        dead_code,
        reason = "of a log, which is a carrier with the feature `kafka` alone"
    )]
    Stalled(String),
}

/// Why nothing was brought. A carrier that flows is opened again after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody is there.
    Unreachable(String),
    /// Somebody is, and what is there is not what was asked for, or broke off.
    Failed(String),
    /// The position is gone, or what is there is another log: it is read again from its start.
    #[allow(
        dead_code,
        reason = "of a log, which is a carrier with the feature `kafka` alone"
    )]
    Gone(String),
}

impl Carrier {
    /// Of the feed of this name.
    pub(super) fn new(carrier: &configuration::Carrier, feed: &str, resolver: Arc<dyn Resolve>) -> Carrier {
        match carrier {
            configuration::Carrier::Bundle(place) => Carrier::Looked(Bundle::new(place, resolver)),
            configuration::Carrier::Portal(portal) => {
                Carrier::Flowing(Flow::Stream(Stream::new(portal, feed, resolver)))
            }
            #[cfg(feature = "kafka")]
            configuration::Carrier::Kafka(settings) => Carrier::Flowing(Flow::Log(Log::new(settings, feed))),
        }
    }
}

impl Flow {
    /// Where it comes from, for a log.
    pub(super) fn told(&self) -> String {
        match self {
            Flow::Stream(stream) => stream.told(),
            #[cfg(feature = "kafka")]
            Flow::Log(log) => log.told(),
        }
    }

    /// Opens it behind this view, or at its start; what was open is closed. A carrier that cannot resume opens at its start.
    pub(super) async fn open(&mut self, behind: Option<&View>) -> Result<Opened, Failure> {
        match self {
            Flow::Stream(stream) => stream.open(behind).await,
            #[cfg(feature = "kafka")]
            Flow::Log(log) => log.open().map(|()| Opened::Start),
        }
    }

    /// The next that it gives. May be dropped and called again, and nothing is lost. After a failure it is opened again.
    pub(super) async fn next(&mut self) -> Result<Given<'_>, Failure> {
        match self {
            Flow::Stream(stream) => Ok(Given::Line(stream.line().await?)),
            #[cfg(feature = "kafka")]
            Flow::Log(log) => log.next().await,
        }
    }

    /// Closes it.
    pub(super) fn close(&mut self) {
        match self {
            Flow::Stream(stream) => stream.close(),
            #[cfg(feature = "kafka")]
            Flow::Log(log) => log.close(),
        }
    }
}

impl Failure {
    pub(crate) fn message(&self) -> &str {
        match self {
            Failure::Unreachable(message) | Failure::Failed(message) | Failure::Gone(message) => message,
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        match error {
            FetchError::Unreachable(_) => Failure::Unreachable(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}
