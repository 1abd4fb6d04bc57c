//! Trailer fields pass where the message declared them, and never those that say who somebody is, or prove it.

use crate::http1::{FieldRef, Known};

/// How many bytes a message's trailers may take.
pub(crate) const BYTES_MAX: usize = 8 * 1024;
/// How many trailer fields a message may have.
pub(crate) const COUNT_MAX: usize = 32;

/// The names that a message's `Trailer` field lists.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    names: Vec<u8>,
    /// A field that carried a credential; empty where none did.
    withheld: String,
}

impl Declared {
    /// Takes over what this head declares; keeps its memory. `withheld`: a field that carried a credential, and is kept
    /// out though it be declared.
    pub(crate) fn set<'a>(&mut self, fields: impl Iterator<Item = FieldRef<'a>>, withheld: Option<&str>) {
        self.names.clear();
        self.withheld.clear();
        self.withheld.push_str(withheld.unwrap_or_default());
        for field in fields.filter(|field| field.known == Known::Trailer) {
            self.names.extend_from_slice(field.value);
            self.names.push(b',');
        }
    }

    fn passes(&self, name: &[u8]) -> bool {
        let is_withheld = !self.withheld.is_empty() && is_spelled(name, &self.withheld);
        !is_withheld && self.names(name)
    }

    fn names(&self, name: &[u8]) -> bool {
        self.names
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
            Known::Authorization | Known::Identity | Known::XCellId | Known::Dangerous | Known::XRequestId
        )
    };
    trailers
        .filter(move |field| !known(field.known) && declared.passes(field.name))
        .map(|field| (field.name, field.value))
}

/// Whether a name is this one in any case, also with `_` for `-`: CGI-like services cannot tell the two apart.
pub(crate) fn is_spelled(name: &[u8], as_name: &str) -> bool {
    let folded = |byte: &u8| match byte {
        b'_' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    name.len() == as_name.len() && name.iter().map(folded).eq(as_name.as_bytes().iter().map(folded))
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
        declared.set(
            [field(
                "Trailer",
                "X-Checksum, X-User-Id, Authorization, X-Api-Key, x_api_key",
                Known::Trailer,
            )]
            .into_iter(),
            Some("x-api-key"),
        );
        let sent = [
            field("x-checksum", "1", Known::Other),
            field("X-Extra", "2", Known::Other),
            field("X-User-Id", "3", Known::Identity),
            field("Authorization", "4", Known::Authorization),
            field("X-Api-Key", "5", Known::Other),
            field("x_api_key", "6", Known::Other),
        ];
        let passed = passing(sent.into_iter(), &declared).collect::<Vec<_>>();
        assert_eq!(passed, [(&b"x-checksum"[..], &b"1"[..])]);
    }
}
