//! The policy that stands in the function's package: read once, at the start.

use crate::settings::Settings;
use feed::Reader;
use policy::Policy;
use std::io;

/// A policy, and where it came from.
#[derive(Debug)]
pub struct Source {
    /// The policy.
    pub policy: Policy,
    /// The name of the feed.
    pub feed: Box<str>,
    /// The revision.
    pub revision: u64,
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum FloorFault {
    /// No file that can be read.
    #[error(
        "SWITCHBOARD_FLOOR is `{path}`: cannot be read ({kind}); write the path of the floor in the package"
    )]
    Unreadable {
        /// Its path.
        path: String,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// A file that is no floor, or not a whole one.
    #[error("SWITCHBOARD_FLOOR is `{path}`: {error}; build the floor anew")]
    NotAFloor {
        /// Its path.
        path: String,
        /// What is wrong with it.
        error: feed::FloorError,
    },
}

/// What an authorizer begins with.
#[derive(Debug)]
pub struct Beginning {
    /// The feed's name.
    pub feed: Box<str>,
    /// The epoch; 0 of a floor that is not signed.
    pub epoch: u64,
    /// The revision.
    pub revision: u64,
    /// When the floor was made, Unix seconds.
    pub at: u64,
    /// A reader that shows it, where it is signed.
    pub reader: Option<Reader>,
}

impl Source {
    /// From the file that the settings name.
    pub fn read(settings: &Settings) -> Result<Source, FloorFault> {
        Source::begin(settings, None).map(|(source, _)| source)
    }

    /// The same, and what following its feed begins with. `now`: Unix seconds, where it is to be followed.
    pub fn begin(settings: &Settings, now: Option<u64>) -> Result<(Source, Beginning), FloorFault> {
        let path = || settings.floor.display().to_string();
        let bytes = std::fs::read(&settings.floor).map_err(|error| FloorFault::Unreadable {
            path: path(),
            kind: error.kind(),
        })?;
        let (floor, policy, _) =
            feed::load_floor(&bytes).map_err(|error| FloorFault::NotAFloor { path: path(), error })?;
        let beginning = Beginning {
            feed: floor.feed().into(),
            epoch: floor.epoch(),
            revision: floor.revision(),
            at: floor.at(),
            reader: now.and_then(|now| Reader::of_floor(&floor, now)),
        };
        let source = Source {
            policy,
            feed: floor.feed().into(),
            revision: floor.revision(),
        };
        Ok((source, beginning))
    }

    /// From the bytes of a floor.
    pub fn of(bytes: &[u8]) -> Result<Source, feed::FloorError> {
        let (floor, policy, _) = feed::load_floor(bytes)?;
        Ok(Source {
            policy,
            feed: floor.feed().into(),
            revision: floor.revision(),
        })
    }
}
