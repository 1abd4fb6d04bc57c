//! Body framing taken off: which of the bytes that arrive are the message's content, and where does it end?
//!
//! Behind both heads, in both directions. Content is handed out as slices of the caller's buffer and never copied;
//! a chunk's size line is a state machine of a few bytes, so reads may end anywhere. Whether a body is too long is
//! the driver's to say.

use super::chunk::SizeLine;
use super::trailers::Trailers;
use super::{BodyFault, FieldRef, Framing};

/// Chunk extensions of a whole body. They are dropped unread, so a sender that goes on and on only wants us to work.
const EXTENSION_BYTES_MAX: u32 = 16_384;

/// Takes a body apart. Holds no data of its own but unfinished chunk lines and trailers, both bounded.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    extension_bytes: u32,
    trailer_bytes_max: usize,
    trailer_count_max: usize,
    /// Made when a trailer section begins with anything but its end.
    trailers: Option<Box<Trailers>>,
}

#[derive(Debug)]
enum State {
    Length(u64),
    Close,
    Size(SizeLine),
    /// This much of the chunk is to come, at least one byte.
    Chunk(u64),
    ChunkCr,
    ChunkLf,
    /// Behind the last chunk's size line.
    TrailerStart,
    /// The CR came that ends a body without trailers.
    LastLf,
    Trailers,
    Ended,
}

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

impl BodyDecoder {
    /// For a body of this framing. `trailer_bytes_max` (field lines with their CRLFs), `trailer_count_max`: what trailers may take.
    pub fn new(framing: Framing, trailer_bytes_max: usize, trailer_count_max: usize) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Ended,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(SizeLine::default()),
            Framing::Close => State::Close,
        };
        Self {
            state,
            extension_bytes: 0,
            trailer_bytes_max,
            trailer_count_max,
            trailers: None,
        }
    }

    /// Whether the body has ended (an empty one has from the start).
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Bytes still to come, where the framing tells: `Some` for `Length` and once the body has ended.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            State::Ended => Some(0),
            _ => None,
        }
    }

    /// Takes from the front of `input`; returns how many bytes were used up, and what they were.
    ///
    /// `Data` never spans two chunks. Framing before it is used up along with it, so more bytes may be used than
    /// `Data` has, which is then the last of them. After a fault the decoder is of no further use.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, BodyPart<'a>), BodyFault> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            let Some(&first) = rest.first() else {
                return Ok((
                    used,
                    if self.is_ended() {
                        BodyPart::End
                    } else {
                        BodyPart::More
                    },
                ));
            };
            match &mut self.state {
                State::Ended => return Ok((used, BodyPart::End)),
                State::Close => return Ok((input.len(), BodyPart::Data(rest))),
                State::Length(left) | State::Chunk(left) => {
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= take as u64;
                    if *left == 0 {
                        self.end_of_data();
                    }
                    return Ok((used + take, BodyPart::Data(&rest[..take])));
                }
                State::Trailers => {
                    let trailers = self.trailers.get_or_insert_default();
                    let (taken, ended) =
                        trailers.push(rest, self.trailer_bytes_max, self.trailer_count_max)?;
                    used += taken;
                    if ended {
                        self.state = State::Ended;
                    }
                }
                State::TrailerStart if first != b'\r' => self.state = State::Trailers,
                _ => {
                    self.framing_byte(first)?;
                    used += 1;
                }
            }
        }
    }

    /// The peer closed: fine for `Close` framing and for ended bodies, a fault otherwise.
    pub fn finish(&mut self) -> Result<(), BodyFault> {
        match self.state {
            State::Close | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            _ => Err(BodyFault("the connection closed before the body ended")),
        }
    }

    /// The trailer fields, after `End`. Framing, routing and hop-by-hop names are a fault, not passed on.
    pub fn trailers(&self) -> impl Iterator<Item = FieldRef<'_>> {
        self.trailers.iter().flat_map(|trailers| trailers.fields())
    }

    fn end_of_data(&mut self) {
        self.state = match self.state {
            State::Chunk(_) => State::ChunkCr,
            _ => State::Ended,
        };
    }

    /// One byte of what stands between chunks.
    fn framing_byte(&mut self, byte: u8) -> Result<(), BodyFault> {
        self.state = match (&mut self.state, byte) {
            (State::Size(line), _) => {
                let Some(size) = line.push(byte)? else {
                    return Ok(());
                };
                self.extension_bytes += line.extension_bytes();
                if self.extension_bytes > EXTENSION_BYTES_MAX {
                    return Err(BodyFault("the body has too many bytes of chunk extensions"));
                }
                if size == 0 {
                    State::TrailerStart
                } else {
                    State::Chunk(size)
                }
            }
            (State::ChunkCr, b'\r') => State::ChunkLf,
            (State::ChunkLf, b'\n') => State::Size(SizeLine::default()),
            (State::TrailerStart, _) => State::LastLf,
            (State::LastLf, b'\n') => State::Ended,
            _ => return Err(BodyFault("a chunk is not followed by CRLF")),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
