//! How policy travels, and what a reader may believe: records, digests, and the one file format of floors, last known
//! goods and bundles.
//!
//! Pure over bytes; files and sockets belong to whoever has them. contract/README.md §7 is the format, and
//! `contract/vectors/feed` holds both languages to it.

mod digest;
mod floor;
mod hex;
mod json;
mod line;

pub use digest::{Digest, FeedDigest};
pub use floor::{FLOOR_BYTES_MAX, Floor, FloorError, Live, Written, load_floor, read_floor, write_floor};
pub use line::{Commit, Line, RECORD_BYTES_MAX, Record, is_feed_name};
