//! Bytes from anywhere as the inside of a JSON string (RFC 8259 §7): always valid, always one line.
//!
//! Beyond what JSON asks for, everything that some reader takes for the end of a line or for a control is escaped,
//! so that no caller can forge a second record. Bytes that are not UTF-8 become U+FFFD.

use std::io::Write as _;

/// Appends `value`, escaped, without the quotes around it.
pub(crate) fn escape(out: &mut Vec<u8>, value: &[u8]) {
    if is_plain(value) {
        out.extend_from_slice(value);
    } else {
        escape_slowly(out, value);
    }
}

/// How many bytes `escape` appends.
pub(crate) fn escaped_len(value: &[u8]) -> usize {
    if is_plain(value) {
        return value.len();
    }
    let mut out = Vec::with_capacity(value.len() * 2);
    escape_slowly(&mut out, value);
    out.len()
}

/// Looks at every byte rather than leaving at the first odd one: without a branch it compiles to vector code.
fn is_plain(value: &[u8]) -> bool {
    let odd = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte >= 0x7f);
    !value.iter().fold(false, |any, &byte| any | odd(byte))
}

fn escape_slowly(out: &mut Vec<u8>, value: &[u8]) {
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            escape_character(out, character);
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn escape_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        // C0, DEL and C1 (among them NEL), and Unicode's own line and paragraph separators.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
            // Writing to memory does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        }
        _ => {
            let mut utf8 = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &[u8], expected: &str) {
        let mut out = Vec::new();
        escape(&mut out, value);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_ends_a_string_or_a_line_is_escaped() {
        check(b"/api/orders", "/api/orders");
        check(br#"a"b\c"#, r#"a\"b\\c"#);
        check(b"a\nb\rc\td\0e\x1bf\x7fg", r"a\nb\rc\td\u0000e\u001bf\u007fg");
        check("é\u{85}\u{2028}\u{2029}".as_bytes(), r"é\u0085\u2028\u2029");
        check(b"a\xffb\xc3", "a\u{fffd}b\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_bytes_make_one_valid_line_that_reads_back(value in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut out = vec![b'"'];
            escape(&mut out, &value);
            out.push(b'"');
            prop_assert_eq!(escaped_len(&value), out.len() - 2);
            let text = String::from_utf8(out).unwrap();
            let ends_a_line = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
            prop_assert!(!text.chars().any(ends_a_line));
            let read: String = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&value));
        }
    }
}
