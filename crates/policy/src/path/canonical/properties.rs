//! What holds for every canonical path: it is a fixed point, means what the raw one meant, and only to one reader.

use super::*;
use proptest::prelude::*;

/// Paths out of the pieces that matter, so that most mean something and many are refused.
fn raw_paths() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("/".to_owned()),
        3 => "[a-zA-Z0-9._~-]{1,3}",
        3 => Just(".".to_owned()),
        1 => Just(";".to_owned()),
        1 => Just("%2f".to_owned()),
        1 => Just("%2E".to_owned()),
        1 => Just("%3b".to_owned()),
        1 => Just("%25".to_owned()),
        1 => Just("%e2%82%ac".to_owned()),
        2 => any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02X}")),
        1 => "[ -~]{1,2}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// RFC 3986 decoding of everything, once.
fn decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&path[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// Whether a server that decodes everything, splits at slashes and cuts parameters off would walk upwards, stay,
/// or skip a segment, or meet a byte that ends or splits names elsewhere.
fn is_ambiguous(decoded: &[u8]) -> bool {
    let segments: Vec<_> = decoded[1..].split(|&byte| byte == b'/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().any(|(index, segment)| {
        let name = segment.split(|&byte| byte == b';').next().unwrap();
        let is_trailing_slash = index == last && segment.is_empty();
        matches!(name, b"." | b"..") || (name.is_empty() && !is_trailing_slash)
    }) || std::str::from_utf8(decoded)
        .map_or(true, |text| text.contains(|c: char| c.is_control() || c == '\\'))
}

/// What the property below samples, for every short combination of the pieces that make a difference.
#[test]
fn every_short_path_is_refused_exactly_when_it_is_ambiguous() {
    const PIECES: [&str; 8] = ["/", ".", ";", "a", "%2e", "%2F", "%3B", "%41"];
    const PIECES_MAX: u32 = 5;
    for count in 0..=PIECES_MAX {
        for number in 0..PIECES.len().pow(count) {
            let piece = |n| PIECES[number / PIECES.len().pow(n) % PIECES.len()];
            let raw = format!("/{}", (0..count).map(piece).collect::<String>());
            let parsed = CanonicalPath::parse(raw.as_bytes());
            assert_eq!(parsed.is_err(), is_ambiguous(&decoded(&raw)), "{raw}");
            if let Ok(path) = parsed {
                let expected = raw.replace("%2e", ".").replace("%41", "A");
                assert_eq!(path.as_str(), expected);
                assert_eq!(matches!(path.text, Cow::Borrowed(_)), raw == expected, "{raw}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = CanonicalPath::parse(&raw);
    }

    #[test]
    fn the_result_is_a_fixed_point_that_means_the_same(raw in raw_paths()) {
        if let Ok(path) = CanonicalPath::parse(raw.as_bytes()) {
            let again = CanonicalPath::parse(path.as_str().as_bytes()).unwrap();
            prop_assert!(matches!(again.text, Cow::Borrowed(_)));
            prop_assert_eq!(&again, &path);
            prop_assert_eq!(decoded(path.as_str()), decoded(&raw));
        }
    }

    #[test]
    fn exactly_the_ambiguous_is_refused(raw in raw_paths()) {
        let in_grammar = raw.bytes().enumerate().all(|(at, byte)| match byte {
            b'%' => raw.get(at + 1..at + 3).is_some_and(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte),
        });
        let expected = in_grammar && !is_ambiguous(&decoded(&raw));
        prop_assert_eq!(CanonicalPath::parse(raw.as_bytes()).is_ok(), expected, "{}", raw);
    }

    #[test]
    fn escaping_what_needs_none_changes_nothing(raw in raw_paths()) {
        let Ok(path) = CanonicalPath::parse(raw.as_bytes()) else { return Ok(()) };
        let mut respelled = String::new();
        let mut escape_ahead = 0;
        for c in path.as_str().chars() {
            escape_ahead = if c == '%' { 3 } else { escape_ahead };
            if is_unreserved(c as u8) && escape_ahead == 0 {
                respelled.push_str(&format!("%{:02x}", c as u32));
            } else {
                respelled.push(c);
            }
            escape_ahead = escape_ahead.max(1) - 1;
        }
        let again = CanonicalPath::parse(respelled.as_bytes());
        prop_assert_eq!(again.as_ref(), Ok(&path), "{}", respelled);
    }

    #[test]
    fn a_rewritten_path_is_canonical(raw in raw_paths(), cut in any::<proptest::sample::Index>(), add in "(/[a-z]{1,3}){0,2}") {
        let Ok(path) = CanonicalPath::parse(raw.as_bytes()) else { return Ok(()) };
        let text = path.as_str();
        let strip = PathPrefix::parse(&text[..cut.index(text.len() + 1)]).ok();
        let add = PathPrefix::parse(&add).ok();
        let mut out = Vec::new();
        if path.rewrite_into(strip.as_ref(), add.as_ref(), &mut out).is_ok() {
            let front = add.as_ref().map_or("", PathPrefix::as_str);
            let stripped = &text[strip.as_ref().map_or(0, |strip| strip.as_str().len())..];
            let expected = format!("{front}{}", if stripped.is_empty() { "/" } else { stripped });
            prop_assert_eq!(std::str::from_utf8(&out).unwrap(), expected.as_str());
            let again = CanonicalPath::parse(&out).unwrap();
            prop_assert!(matches!(again.text, Cow::Borrowed(_)));
        } else {
            prop_assert!(out.is_empty());
        }
    }
}
