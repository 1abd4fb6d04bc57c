//! Tokens for OAUTHBEARER (RFC 7628): from a file, from an authorisation server, or signed for Amazon MSK.
//!
//! librdkafka asks when four fifths of the last one's life are over, from the thread that polls. What is fetched has a limit in bytes and
//! in time. No token and no secret is ever part of an error.

mod aws;
mod server;

use super::{Sasl, Secret, Token};
use crate::aws::{CredentialsError, FetchError, find};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// How soon a token is asked for again that does not say how long it lives.
const LIFE_UNKNOWN: Duration = Duration::from_secs(300);

/// Where fresh ones come from.
#[derive(Debug)]
pub(super) enum Tokens {
    File(PathBuf),
    Server {
        url: Box<str>,
        client: Box<str>,
        secret: Secret,
        scope: Option<Box<str>>,
    },
    AwsMskIam {
        region: Box<str>,
    },
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the file of the token cannot be read")]
    File(#[source] std::io::Error),
    #[error("what is there is no token: empty, larger than {TOKEN_BYTES_MAX} bytes, or not printable")]
    NoToken,
    #[error("the token has expired; whoever writes it does so too late")]
    Expired,
    #[error("the token endpoint does not answer")]
    Server(#[source] FetchError),
    #[error("the token endpoint answers without a token")]
    Answer,
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error("the token cannot be signed")]
    Sign,
}

impl TokenError {
    /// With its cause, for librdkafka, which takes a text alone.
    pub(super) fn said(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

impl Tokens {
    /// `None`: this is no way that needs one.
    pub(super) fn of(sasl: &Sasl) -> Option<Tokens> {
        match sasl.clone() {
            Sasl::Scram { .. } | Sasl::Plain { .. } => None,
            Sasl::OAuthBearer(Token::File(path)) => Some(Tokens::File(path)),
            Sasl::OAuthBearer(Token::ClientCredentials {
                url,
                client,
                secret,
                scope,
            }) => Some(Tokens::Server {
                url,
                client,
                secret,
                scope,
            }),
            Sasl::AwsMskIam { region } => Some(Tokens::AwsMskIam { region }),
        }
    }

    /// One that lives.
    pub(super) fn fresh(&self) -> Result<OAuthToken, TokenError> {
        let now = SystemTime::now();
        match self {
            Tokens::File(path) => described(&read(path)?, None, now),
            Tokens::Server {
                url,
                client,
                secret,
                scope,
            } => {
                let (token, life) = server::ask(url, client, secret, scope.as_deref())?;
                described(&token, life, now)
            }
            Tokens::AwsMskIam { region } => aws::token(region, &find(region)?, now),
        }
    }
}

fn read(path: &Path) -> Result<String, TokenError> {
    let file = std::fs::File::open(path).map_err(TokenError::File)?;
    let mut text = String::new();
    let most = TOKEN_BYTES_MAX as u64 + 1;
    file.take(most)
        .read_to_string(&mut text)
        .map_err(TokenError::File)?;
    Ok(text)
}

/// A token with how long it lives: as its server says, else as it says itself (RFC 7519 §4.1.4), where it is a JWT. Nothing of it is verified:
/// that is the broker's part.
fn described(token: &str, life: Option<Duration>, now: SystemTime) -> Result<OAuthToken, TokenError> {
    let token = token.trim();
    let is_printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !is_printable {
        return Err(TokenError::NoToken);
    }
    let claims = claims(token).unwrap_or_default();
    let says = claims.get("exp").and_then(serde_json::Value::as_f64);
    let until = match (life, says.filter(|exp| *exp > 0.0 && *exp < 1e11)) {
        (Some(life), _) => now + life,
        (None, Some(exp)) => UNIX_EPOCH + Duration::from_secs_f64(exp),
        (None, None) => now + LIFE_UNKNOWN,
    };
    if until <= now {
        return Err(TokenError::Expired);
    }
    let principal = claims.get("sub").and_then(serde_json::Value::as_str);
    Ok(OAuthToken {
        token: token.to_owned(),
        principal_name: principal.unwrap_or("switchboard").replace('\0', ""),
        lifetime_ms: unix_ms(until),
    })
}

fn claims(token: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn unix_ms(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_763_900_000;

    fn check(token: &str, life: Option<u64>, expected: Result<(&str, i64), &str>) {
        let now = UNIX_EPOCH + Duration::from_secs(NOW_S);
        let made = described(token, life.map(Duration::from_secs), now);
        let seen = made.map(|made| {
            (
                made.principal_name,
                made.lifetime_ms / 1_000 - i64::try_from(NOW_S).unwrap(),
            )
        });
        match (seen, expected) {
            (Ok(seen), Ok((principal, life))) => assert_eq!(seen, (principal.to_owned(), life)),
            (Err(error), Err(part)) => assert!(error.said().contains(part), "{error}"),
            (seen, expected) => panic!("{seen:?} for {expected:?}"),
        }
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_lives_as_long_as_is_said() {
        check("opaque\n", None, Ok(("switchboard", 300)));
        check("opaque", Some(60), Ok(("switchboard", 60)));
        let token = jwt(&format!(r#"{{"sub":"gw-1","exp":{}}}"#, NOW_S + 900));
        check(&token, None, Ok(("gw-1", 900)));
        check(&token, Some(60), Ok(("gw-1", 60)));
        check(&jwt(&format!(r#"{{"exp":{}}}"#, NOW_S - 1)), None, Err("expired"));
        check(&jwt(r#"{"exp":1e300}"#), None, Ok(("switchboard", 300)));
        for bad in ["", " \n", "two words", "\u{1}"] {
            check(bad, None, Err("no token"));
        }
    }

    #[test]
    fn a_file_is_read_again_and_tells_what_is_wrong_with_it() {
        let path = std::env::temp_dir().join(format!("feed-token-{}", std::process::id()));
        let tokens = Tokens::of(&Sasl::OAuthBearer(Token::File(path.clone()))).unwrap();
        assert!(matches!(tokens.fresh(), Err(TokenError::File(_))));
        for token in ["one", "two"] {
            std::fs::write(&path, token).unwrap();
            assert_eq!(tokens.fresh().unwrap().token, token);
        }
        std::fs::write(&path, "x".repeat(TOKEN_BYTES_MAX + 1)).unwrap();
        assert!(matches!(tokens.fresh(), Err(TokenError::NoToken)));
        std::fs::remove_file(&path).unwrap();
    }
}
