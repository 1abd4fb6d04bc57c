//! The client's side: listening sockets, workers, connections, and the way from bytes to a received request.

mod accept;
mod answer;
mod connection;
mod receive;
mod scratch;
mod worker;

pub(crate) use accept::{Acceptor, bind};
pub(crate) use receive::{Received, receive};
pub(crate) use scratch::Scratch;
pub(crate) use worker::{Message, Shared, Worker, WorkerHandle, run};
