//! Object storage as Amazon S3 has it, and what speaks its API: where a relay writes a bundle with its commit (feed.md §5).
//!
//! Two calls, and no more: the end of an object, and writing one where it is still as it was seen. `place` says where that is and how it is
//! addressed, `client` asks, with the credentials that are `held`, `trouble` says what an answer that is none means. Nothing here knows what is written.

mod client;
mod held;
mod place;
mod trouble;

pub use client::{Bucket, Condition, Found, Tag};
pub use place::{Place, PlaceError, region_of_environment};
pub use trouble::BucketError;
