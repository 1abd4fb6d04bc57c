//! A token from an authorisation server: client credentials (RFC 6749 §4.4), the client authenticated as in §2.3.1.

use super::{Secret, TOKEN_BYTES_MAX, TokenError};
use crate::aws::{encoded, fetch};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use std::time::Duration;

/// The token, and how long it lives where that is said.
pub(super) fn ask(
    url: &str,
    client: &str,
    secret: &Secret,
    scope: Option<&str>,
) -> Result<(String, Option<Duration>), TokenError> {
    let answer = fetch(request(url, client, secret, scope)?).map_err(TokenError::Server)?;
    read(&answer)
}

fn request(
    url: &str,
    client: &str,
    secret: &Secret,
    scope: Option<&str>,
) -> Result<Request<Full<Bytes>>, TokenError> {
    let mut form = String::from("grant_type=client_credentials");
    if let Some(scope) = scope {
        form.push_str("&scope=");
        form.push_str(&encoded(scope));
    }
    let credential = STANDARD.encode(format!("{}:{}", encoded(client), encoded(secret.reveal())));
    Request::post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, format!("Basic {credential}"))
        .body(Full::from(form))
        .map_err(|_| TokenError::Answer)
}

fn read(answer: &[u8]) -> Result<(String, Option<Duration>), TokenError> {
    let answer: serde_json::Value = serde_json::from_slice(answer).map_err(|_| TokenError::Answer)?;
    let token = answer["access_token"]
        .as_str()
        .filter(|token| token.len() <= TOKEN_BYTES_MAX);
    // Some write the number as a string.
    let life = &answer["expires_in"];
    let life = life.as_u64().or_else(|| life.as_str()?.parse().ok());
    let life = life.filter(|life| (1..=31_536_000).contains(life));
    Ok((
        token.ok_or(TokenError::Answer)?.to_owned(),
        life.map(Duration::from_secs),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_encoded_before_it_is_authenticated() {
        let made = request(
            "https://a.example/token",
            "a:b",
            &Secret::new("p%q"),
            Some("kafka read"),
        )
        .unwrap();
        let credential = made.headers()[AUTHORIZATION].to_str().unwrap();
        let credential = STANDARD
            .decode(credential.strip_prefix("Basic ").unwrap())
            .unwrap();
        assert_eq!(credential, b"a%3Ab:p%25q");
    }

    #[test]
    fn an_answer_has_a_token_and_may_say_its_life() {
        let check = |answer: &str, expected: Option<(&str, Option<u64>)>| {
            let seen = read(answer.as_bytes()).ok();
            let expected = expected.map(|(token, life)| (token.to_owned(), life.map(Duration::from_secs)));
            assert_eq!(seen, expected, "{answer}");
        };
        check(
            r#"{"access_token":"t","expires_in":60,"token_type":"Bearer"}"#,
            Some(("t", Some(60))),
        );
        check(r#"{"access_token":"t","expires_in":"60"}"#, Some(("t", Some(60))));
        check(r#"{"access_token":"t","expires_in":0}"#, Some(("t", None)));
        check(r#"{"access_token":"t"}"#, Some(("t", None)));
        check(r#"{"error":"invalid_client"}"#, None);
        check("<html>", None);
    }
}
