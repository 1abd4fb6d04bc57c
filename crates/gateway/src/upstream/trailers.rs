//! Trailer fields pass where the message declared them, and never those that say who somebody is.

use crate::http1::{FieldRef, Known};

/// How many bytes a message's trailers may take.
pub(crate) const BYTES_MAX: usize = 8 * 1024;
/// How many trailer fields a message may have.
pub(crate) const COUNT_MAX: usize = 32;

/// The names that a message's `Trailer` field lists.
#[derive(Debug, Default)]
pub(crate) struct Declared(Vec<u8>);

impl Declared {
    /// Takes over what this head declares; keeps its memory.
    pub(crate) fn set<'a>(&mut self, fields: impl Iterator<Item = FieldRef<'a>>) {
        self.0.clear();
        for field in fields.filter(|field| field.known == Known::Trailer) {
            self.0.extend_from_slice(field.value);
            self.0.push(b',');
        }
    }

    fn names(&self, name: &[u8]) -> bool {
        self.0
            .split(|byte| *byte == b',')
            .any(|declared| declared.trim_ascii().eq_ignore_ascii_case(name))
    }
}

/// Those trailers that go on. The codec has refused framing and routing names already.
pub(crate) fn passing<'a>(
    trailers: impl Iterator<Item = FieldRef<'a>>,
    declared: &Declared,
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let known = |known| {
        matches!(
            known,
            Known::Identity | Known::XCellId | Known::Dangerous | Known::XRequestId
        )
    };
    trailers
        .filter(move |field| !known(field.known) && declared.names(field.name))
        .map(|field| (field.name, field.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, value: &'static str, known: Known) -> FieldRef<'static> {
        FieldRef {
            name: name.as_bytes(),
            value: value.as_bytes(),
            known,
        }
    }

    #[test]
    fn only_declared_names_pass_and_identity_never_does() {
        let mut declared = Declared::default();
        declared.set([field("Trailer", "X-Checksum, X-User-Id", Known::Trailer)].into_iter());
        let sent = [
            field("x-checksum", "1", Known::Other),
            field("X-Extra", "2", Known::Other),
            field("X-User-Id", "3", Known::Identity),
        ];
        let passed = passing(sent.into_iter(), &declared).collect::<Vec<_>>();
        assert_eq!(passed, [(&b"x-checksum"[..], &b"1"[..])]);
    }
}
