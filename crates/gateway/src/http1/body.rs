//! Body decoding: skeleton.

use super::{BodyFault, FieldRef, Framing};

/// Takes a body apart. Holds no data of its own but unfinished chunk lines and trailers, both bounded.
#[derive(Debug)]
pub struct BodyDecoder {}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyPart<'a> {
    /// Body bytes, not empty.
    Data(&'a [u8]),
    /// Only framing was consumed (or nothing): more input is needed.
    More,
    /// The body is complete; what follows in the input belongs to the next message.
    End,
}

#[allow(unused_variables, reason = "skeleton")]
impl BodyDecoder {
    /// For a body of this framing. `trailer_bytes_max`, `trailer_count_max`: what trailers may take.
    pub fn new(framing: Framing, trailer_bytes_max: usize, trailer_count_max: usize) -> Self {
        Self {}
    }
    /// Whether the body has ended (an empty one has from the start).
    pub fn is_ended(&self) -> bool {
        todo!()
    }
    /// Bytes still to come, where the framing tells: `Some` for `Length`.
    pub fn remaining(&self) -> Option<u64> {
        todo!()
    }
    /// Takes from the front of `input`; returns how many bytes were used up, and what they were. `Data` never spans two chunks.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, BodyPart<'a>), BodyFault> {
        todo!()
    }
    /// The peer closed: fine for `Close` framing and for ended bodies, a fault otherwise.
    pub fn finish(&mut self) -> Result<(), BodyFault> {
        todo!()
    }
    /// The trailer fields, after `End`. Framing, routing and hop-by-hop names are a fault, not passed on.
    pub fn trailers(&self) -> impl Iterator<Item = FieldRef<'_>> {
        std::iter::empty()
    }
}
