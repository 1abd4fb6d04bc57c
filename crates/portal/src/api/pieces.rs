//! Bodies that come piece by piece: streams, bundles, exports.

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// A body of pieces as they come. An empty one says that this was all; a body without one breaks off, and must not look whole.
pub(super) struct Pieces(pub(super) mpsc::Receiver<Bytes>);

/// There was more to send.
#[derive(Debug, thiserror::Error)]
#[error("the answer breaks off here")]
pub(super) struct BrokenOff;

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0.poll_recv(context).map(|piece| match piece {
            Some(piece) if piece.is_empty() => None,
            Some(piece) => Some(Ok(Frame::data(piece))),
            None => Some(Err(BrokenOff)),
        })
    }
}
