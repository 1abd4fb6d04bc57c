//! Canonical paths: no input panics, and what is taken has one meaning and stays what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::path::{CanonicalPath, PathPrefix};

fuzz_target!(|raw: &[u8]| {
    let Ok(path) = CanonicalPath::parse(raw) else {
        return;
    };
    let text = path.as_str();
    check_spelling(text);
    assert_eq!(path.has_encoded_slash(), text.contains("%2F"));
    // Reading it again changes nothing.
    assert_eq!(CanonicalPath::parse(text.as_bytes()).as_ref(), Ok(&path));
    assert_eq!(path.clone().into_owned(), path);

    let mut out = b"before".to_vec();
    assert_eq!(path.rewrite_into(None, None, &mut out), Ok(()));
    assert_eq!(out, [b"before", text.as_bytes()].concat());
    for (at, _) in text.match_indices('/').skip(1).chain([(text.len(), "")]) {
        if let Ok(prefix) = PathPrefix::parse(&text[..at]) {
            check_rewritten(&path, Some(&prefix), None);
            check_rewritten(&path, None, Some(&prefix));
            check_rewritten(&path, Some(&prefix), Some(&prefix));
        }
    }
});

/// Whatever a rewrite gives is canonical, and a rewrite that is refused leaves nothing behind.
fn check_rewritten(path: &CanonicalPath<'_>, strip: Option<&PathPrefix>, add: Option<&PathPrefix>) {
    let mut out = Vec::new();
    match path.rewrite_into(strip, add, &mut out) {
        Ok(()) => {
            let again = CanonicalPath::parse(&out).expect("a rewritten path is canonical");
            assert_eq!(again.as_str().as_bytes(), out);
        }
        Err(_) => assert!(out.is_empty()),
    }
}

/// The rules of `docs/life-of-a-request.md` on canonical paths, told without the parser.
fn check_spelling(text: &str) {
    let segments: Vec<_> = text
        .strip_prefix('/')
        .expect("a path begins with a slash")
        .split('/')
        .collect();
    let (last, others) = segments.split_last().expect("a split gives something");
    for segment in others.iter().chain((!last.is_empty()).then_some(last)) {
        let name = segment.split(';').next().unwrap_or_default();
        assert!(!segment.is_empty() && name != "." && name != "..", "{text}");
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(byte);
    assert!(text.as_bytes().iter().all(plain), "{text}");
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        let byte = u8::from_str_radix(digits, 16).expect("an escape is two hex digits");
        assert_eq!(digits, digits.to_ascii_uppercase());
        assert!(!byte.is_ascii_control() && byte != b'\\', "{text}");
        assert!(
            !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte),
            "{text}"
        );
        decoded.push(byte);
        decoded.extend_from_slice(rest.as_bytes());
    }
    assert!(String::from_utf8(decoded).is_ok(), "{text}");
}
