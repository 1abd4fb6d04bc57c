//! Buffers, deadlines and transports: what the async shell is made of. Nothing here knows HTTP.

mod buffer;
mod deadline;
mod transport;

pub(crate) use buffer::Buffer;
pub(crate) use deadline::{Deadline, Elapsed};
pub(crate) use transport::Transport;
