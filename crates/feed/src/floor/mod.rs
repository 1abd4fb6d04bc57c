//! Floors: a whole policy in one file, held together by the commit at its end.

mod read;
mod write;

pub use read::{FLOOR_BYTES_MAX, Floor, FloorError, Live, load_floor, read_floor};
pub use write::{Written, write_floor};
