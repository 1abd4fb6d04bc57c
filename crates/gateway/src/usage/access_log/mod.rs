//! The access log: one JSON object a line for every request, off the request's path.
//!
//! A worker formats into a buffer of its own; full or old buffers go to one writer thread through a bounded queue. A
//! slow disk or pipe never holds a worker up: what does not fit is dropped and counted.

mod handle;
mod line;
mod sink;
mod worker;
mod writer;

pub use handle::AccessLog;
pub use worker::WorkerLog;

#[cfg(test)]
mod tests;
