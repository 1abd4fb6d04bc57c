//! A bearer token: no bytes break its reader, the same bytes are always read alike, and what is taken is what a second,
//! careless reader takes as well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::Token;
use serde_json::Value;

/// Bytes of a token, policy §3.
const TOKEN_BYTES_MAX: usize = 16_384;

fuzz_target!(|raw: &[u8]| {
    let token = Token::parse(raw);
    assert_eq!(token.is_readable(), Token::parse(raw).is_readable());
    if token.is_readable() {
        assert_eq!(token.bytes(), raw);
        check_taken(raw);
    }
});

/// What has to be true of whatever passes, by another reader of JSON and by counting.
fn check_taken(raw: &[u8]) {
    assert!(raw.len() <= TOKEN_BYTES_MAX);
    let text = std::str::from_utf8(raw).expect("a token that is taken is ASCII");
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    assert!(text.bytes().all(fits));
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    let (header, claims) = (object(parts[0]), object(parts[1]));
    assert!(header["alg"].is_string() && claims["iss"].is_string());
    for refused in ["crit", "b64", "jwk", "jku", "x5u", "x5c"] {
        assert!(header.get(refused).is_none(), "{refused} was taken");
    }
}

/// A part, decoded without any care.
fn object(part: &str) -> Value {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in part.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    let value: Value = serde_json::from_slice(&bytes).expect("what was taken is JSON");
    assert!(value.is_object());
    value
}
