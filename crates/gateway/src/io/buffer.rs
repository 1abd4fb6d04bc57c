//! A byte buffer that is read into at its end and consumed from its front.
//!
//! Its memory is zeroed once, when it is made or grows, and then reused from request to request.

/// Bytes between two marks in a fixed piece of memory.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// An empty one with room for `capacity` bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity],
            start: 0,
            end: 0,
        }
    }

    /// What was read and not consumed.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How much was read and not consumed.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "no more is consumed than was filled");
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Room to read into; what is filled moves to the front where that makes room. Empty only when `len() == capacity()`.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes[self.end..]
    }

    /// Says that `count` bytes were written to the front of `space()`.
    pub(crate) fn filled_more(&mut self, count: usize) {
        debug_assert!(
            self.end + count <= self.bytes.len(),
            "no more is filled than there was space"
        );
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Makes room for `capacity` bytes in all; what is filled stays.
    pub(crate) fn grow(&mut self, capacity: usize) {
        if capacity > self.bytes.len() {
            self.bytes.resize(capacity, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    fn fill(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.space()[..bytes.len()].copy_from_slice(bytes);
        buffer.filled_more(bytes.len());
    }

    #[test]
    fn what_is_left_moves_to_the_front_when_the_end_is_reached() {
        let mut buffer = Buffer::new(8);
        fill(&mut buffer, b"abcdefgh");
        assert!(buffer.space().is_empty());
        buffer.consume(5);
        assert_eq!(buffer.space().len(), 5);
        fill(&mut buffer, b"ijk");
        assert_eq!(buffer.filled(), b"fghijk");
    }

    #[test]
    fn growing_keeps_the_content() {
        let mut buffer = Buffer::new(4);
        fill(&mut buffer, b"abcd");
        buffer.consume(1);
        buffer.grow(16);
        assert_eq!(buffer.filled(), b"bcd");
        assert_eq!(buffer.space().len(), 12);
    }
}
