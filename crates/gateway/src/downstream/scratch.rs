//! Everything that one active connection needs in memory, reused from request to request and from connection to connection.
//!
//! An idle connection owns none of it: that is what ten thousand of them cost next to nothing for.

use crate::http1::{RequestHead, ResponseHead};
use crate::io::Buffer;
use crate::upstream::Declared;
use crate::usage::Account;
use std::cell::RefCell;

const INBOUND_BYTES: usize = 8 * 1024;
const ANSWER_BYTES: usize = 16 * 1024;
const OUT_BYTES: usize = 4 * 1024;
/// What a returned buffer may keep; one that had to grow beyond is made anew.
const KEPT_BYTES_MAX: usize = 128 * 1024;
/// How many a worker keeps.
const KEPT_COUNT_MAX: usize = 64;

/// The working memory of one active connection.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Bytes from the client.
    pub(crate) inbound: Buffer,
    pub(crate) head: RequestHead,
    /// The upstream request's head, and a small body behind it.
    pub(crate) request: Vec<u8>,
    pub(crate) request_trailers: Declared,
    /// Request chunks on their way up.
    pub(crate) chunks: Vec<u8>,
    /// Bytes from the upstream.
    pub(crate) answer: Buffer,
    pub(crate) answer_head: ResponseHead,
    /// The client's answer on its way down.
    pub(crate) response: Vec<u8>,
    pub(crate) response_trailers: Declared,
    /// The date that an answer without one gets.
    pub(crate) date: String,
    pub(crate) account: Account,
}

impl Scratch {
    fn new() -> Self {
        Self {
            inbound: Buffer::new(INBOUND_BYTES),
            head: RequestHead::new(),
            request: Vec::with_capacity(OUT_BYTES),
            request_trailers: Declared::default(),
            chunks: Vec::new(),
            answer: Buffer::new(ANSWER_BYTES),
            answer_head: ResponseHead::new(),
            response: Vec::with_capacity(OUT_BYTES),
            response_trailers: Declared::default(),
            date: String::new(),
            account: Account::new(),
        }
    }

    /// Drops what it should not keep until the next request.
    fn tidy(&mut self) {
        self.inbound.clear();
        self.answer.clear();
        self.account.route = None;
        if self.inbound.capacity() > KEPT_BYTES_MAX {
            self.inbound = Buffer::new(INBOUND_BYTES);
        }
        if self.answer.capacity() > KEPT_BYTES_MAX {
            self.answer = Buffer::new(ANSWER_BYTES);
        }
        for out in [&mut self.request, &mut self.chunks, &mut self.response] {
            out.clear();
            out.shrink_to(KEPT_BYTES_MAX);
        }
    }
}

/// A worker's spare ones.
#[allow(
    clippy::vec_box,
    reason = "a connection's task holds the box, and moving a scratch would copy all of it"
)]
#[derive(Debug, Default)]
pub(crate) struct Scratches(RefCell<Vec<Box<Scratch>>>);

impl Scratches {
    pub(crate) fn take(&self) -> Box<Scratch> {
        self.0
            .borrow_mut()
            .pop()
            .unwrap_or_else(|| Box::new(Scratch::new()))
    }

    pub(crate) fn put(&self, mut scratch: Box<Scratch>) {
        let mut spare = self.0.borrow_mut();
        if spare.len() < KEPT_COUNT_MAX {
            scratch.tidy();
            spare.push(scratch);
        }
    }
}
