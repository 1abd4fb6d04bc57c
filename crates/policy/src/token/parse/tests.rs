//! The form of tokens: what is malformed, and what is unsupported whatever the policy says.

use super::*;

const CLAIMS: &str = r#"{"iss":"i"}"#;

fn compact(header: &str, claims: &str) -> String {
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims),
        URL_SAFE_NO_PAD.encode("signature")
    )
}

fn check(token: &str, expected: Option<Code>) {
    assert_eq!(Token::parse(token.as_bytes()).parsed().err(), expected, "{token}");
}

fn check_header(header: &str, expected: Option<Code>) {
    check(&compact(header, CLAIMS), expected);
}

#[test]
fn three_parts_of_strict_base64url() {
    let good = compact(r#"{"alg":"RS256"}"#, CLAIMS);
    check(&good, None);
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    check(&format!("{signed}."), None);
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        signed.into(),
        format!("{good}."),
        format!("{good}.a"),
        format!(".{good}"),
        format!("{good}="),
        format!("{good} "),
        format!("{signed}.a"),
        format!("{signed}.ab"),
        format!("{signed}.a+b/"),
        format!("{signed}.abc=").replace('=', "\u{e9}"),
    ] {
        check(&bad, Some(Code::TokenMalformed));
    }
    // The last digit of two has four unused bits.
    check(&format!("{signed}.aA"), None);
    check(&format!("{signed}.aB"), Some(Code::TokenMalformed));
}

#[test]
fn a_token_has_a_size() {
    let filled = |len: usize| {
        let shortest = compact(r#"{"alg":"RS256"}"#, CLAIMS);
        let (signed, _) = shortest.rsplit_once('.').expect("three parts");
        let missing = len - signed.len() - 1;
        format!("{signed}.{}", "A".repeat(missing))
    };
    // A base64 text of 4n + 1 digits does not exist, so the sizes are checked by what fits.
    let (most, over) = (filled(TOKEN_BYTES_MAX), filled(TOKEN_BYTES_MAX + 4));
    assert_eq!(most.len(), TOKEN_BYTES_MAX);
    let fits = (most.len() - most.rfind('.').expect("three parts") - 1) % 4 != 1;
    check(&most, (!fits).then_some(Code::TokenMalformed));
    check(&over, Some(Code::TokenMalformed));
    assert!(Token::parse(over.as_bytes()).bytes().is_empty());
}

#[test]
fn members_that_have_to_be_strings() {
    use Code::TokenMalformed as Malformed;
    for header in [
        "{}",
        r#"{"alg":1}"#,
        r#"{"alg":null}"#,
        r#"{"alg":"RS256","kid":1}"#,
        r#"{"alg":"RS256","kid":null}"#,
        "[]",
    ] {
        check_header(header, Some(Malformed));
    }
    for claims in [
        "{}",
        r#"{"iss":1}"#,
        r#"{"iss":null}"#,
        r#"{"iss":["i"]}"#,
        "1",
        r#"{"iss":"i","iss":"i"}"#,
    ] {
        check(&compact(r#"{"alg":"RS256"}"#, claims), Some(Malformed));
    }
    // Malformed goes before unsupported.
    check_header(r#"{"crit":[]}"#, Some(Malformed));
}

#[test]
fn members_that_are_refused() {
    use Code::TokenUnsupported as Unsupported;
    for name in REFUSED_MEMBERS {
        for value in ["null", "[]", "\"x\"", "true"] {
            check_header(
                &format!(r#"{{"alg":"RS256","{name}":{value}}}"#),
                Some(Unsupported),
            );
        }
    }
    for kind in [
        "null",
        "1",
        "\"\"",
        "\"JWE\"",
        "\"application/jwt\"",
        "\"dpop+jwt\"",
        "\"jwt \"",
    ] {
        check_header(&format!(r#"{{"alg":"RS256","typ":{kind}}}"#), Some(Unsupported));
    }
    for kind in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        check_header(&format!(r#"{{"alg":"RS256","typ":"{kind}"}}"#), None);
    }
    check_header(r#"{"alg":"none"}"#, None);
}

#[test]
fn the_hash_leaves_the_signature_out() {
    let good = compact(r#"{"alg":"RS256"}"#, CLAIMS);
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    let expected: [u8; 32] = Sha256::digest(signed).into();
    for text in [good.clone(), format!("{signed}.")] {
        assert_eq!(Token::parse(text.as_bytes()).sha256(), &expected);
    }
}
