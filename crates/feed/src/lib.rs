//! How policy travels, and what a reader may believe: records, digests, and the one file format of floors, last known
//! goods and bundles.
//!
//! Pure over bytes; files and sockets belong to whoever has them. contract/README.md §7 is the format, and
//! `contract/vectors/feed` holds both languages to it.

mod apply;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
pub mod bucket;
mod digest;
mod floor;
mod hex;
mod json;
pub mod kafka;
pub mod kept;
mod keys;
mod line;
pub mod publish;
mod reader;
mod sign;
#[cfg(test)]
mod simulation;

pub use apply::apply;
pub use digest::{Digest, FeedDigest};
pub use floor::{FLOOR_BYTES_MAX, Floor, FloorError, Live, Written, load_floor, read_floor, write_floor};
pub use keys::{CommitError, Keyring, KeyringError, Roots};
pub use line::{
    Commit, KEYS_MAX, KeyLine, KeyringLine, Line, RECORD_BYTES_MAX, Record, RootsLine, Scratch, Signed,
    is_feed_name, record_line,
};
pub use reader::{
    AHEAD_S_MAX, Bounds, Changes, Contents, HELD_RECORDS_MAX, Ignored, PENDING_BYTES_MAX, Read, Reader,
    Shown, State, View, read_contents,
};
pub use sign::{KeyError, SigningKey, roots_line};
