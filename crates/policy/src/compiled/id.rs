//! An id that lies where it is used: a million of them must not be a million allocations, each a cache line away.

use std::cmp::Ordering;
use std::ops::Deref;

/// Bytes that lie within; ids in use rarely have more.
const INLINE: usize = 22;

/// An id, as text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Id {
    /// Up to 22 bytes, and how many.
    Inline(u8, [u8; INLINE]),
    Boxed(Box<str>),
}

impl From<&str> for Id {
    fn from(text: &str) -> Id {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(inline), Ok(len)) => {
                inline.copy_from_slice(text.as_bytes());
                Id::Inline(len, bytes)
            }
            _ => Id::Boxed(text.into()),
        }
    }
}

impl Id {
    /// The same, without a look at whether it is text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Id::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Id::Boxed(text) => text.as_bytes(),
        }
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Id::Inline(..) => std::str::from_utf8(self.as_bytes()).expect("the bytes are those of a text"),
            Id::Boxed(text) => text,
        }
    }
}

/// By bytes.
impl Ord for Id {
    fn cmp(&self, other: &Id) -> Ordering {
        str::cmp(self, other)
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Id) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Debug for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    //! Around the length that lies within.

    use super::*;

    #[test]
    fn the_text_is_kept() {
        for len in [0, 1, 21, 22, 23, 128] {
            let text = "x".repeat(len);
            let id = Id::from(text.as_str());
            assert_eq!((&*id, id.as_bytes()), (text.as_str(), text.as_bytes()));
        }
        assert!(Id::from("a") < Id::from("b") && Id::from("B") < Id::from("a"));
        assert!(Id::from("a".repeat(23).as_str()) < Id::from("b"));
        assert_eq!(size_of::<Id>(), 24);
    }
}
