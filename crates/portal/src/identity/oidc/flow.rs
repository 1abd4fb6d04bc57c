//! One sign-in at the identity provider, from the browser that starts it to the same browser coming back. Pure.
//!
//! All that has to be remembered is a secret in that browser's cookie: `state`, `nonce` and the PKCE verifier are each a hash of it, so
//! that none tells another, the portal keeps nothing for who never comes back, and any portal of several can take the answer.

use super::super::browser::return_path;
use super::super::secret::is_secret;
use super::form;
use crate::text::secret;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// How long a browser may be away, in seconds.
pub(crate) const FLOW_S: u64 = 600;

/// A sign-in that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    secret: String,
    return_to: String,
}

/// What the browser brings back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Returned<'a> {
    pub(crate) state: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    /// RFC 9207.
    pub(crate) iss: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

/// Why it is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlowError {
    /// No cookie, another browser's, or an old one.
    #[error("this sign-in was not started in this browser, or too long ago; start again")]
    State,
    /// The provider said no.
    #[error("the identity provider refused: {0}")]
    Provider(String),
    /// Another provider answers.
    #[error("the answer comes from another identity provider than was asked")]
    Issuer,
    /// It brings no code.
    #[error("the identity provider sent no code")]
    Code,
}

impl Flow {
    /// A new one, which ends at this path of the portal.
    pub(crate) fn start(return_to: Option<&str>) -> Flow {
        Flow {
            secret: secret(),
            return_to: return_path(return_to).to_owned(),
        }
    }

    /// What the cookie holds.
    pub(crate) fn cookie(&self) -> String {
        format!("{}.{}", self.secret, URL_SAFE_NO_PAD.encode(&self.return_to))
    }

    /// From the cookie; `None` where it is none of ours.
    pub(crate) fn of_cookie(value: &str) -> Option<Flow> {
        let (secret, path) = value.split_once('.')?;
        if !is_secret(secret, "") {
            return None;
        }
        let path = String::from_utf8(URL_SAFE_NO_PAD.decode(path).ok()?).ok()?;
        Some(Flow {
            secret: secret.to_owned(),
            return_to: return_path(Some(&path)).to_owned(),
        })
    }

    /// Where the browser goes in the end: a path of the portal.
    pub(crate) fn return_to(&self) -> &str {
        &self.return_to
    }

    fn derived(&self, word: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(word);
        digest.update([0]);
        digest.update(&self.secret);
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }

    fn state(&self) -> String {
        self.derived("state")
    }

    /// What the ID token has to repeat.
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What the token endpoint has to be shown (RFC 7636 §4.1).
    pub(crate) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// Where the browser goes now.
    pub(crate) fn authorization_url(
        &self,
        endpoint: &str,
        client: &str,
        redirect: &str,
        scope: &str,
    ) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()));
        form::with_query(
            endpoint,
            &[
                ("response_type", "code"),
                ("client_id", client),
                ("redirect_uri", redirect),
                ("scope", scope),
                ("state", &self.state()),
                ("nonce", &self.nonce()),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        )
    }

    /// The code, where the answer is of this flow and of this issuer. `names_itself`: it says that it always gives `iss`.
    pub(crate) fn code<'a>(
        &self,
        returned: &Returned<'a>,
        issuer: &str,
        names_itself: bool,
    ) -> Result<&'a str, FlowError> {
        let state = returned.state.unwrap_or_default();
        verify_slices_are_equal(state.as_bytes(), self.state().as_bytes()).map_err(|_| FlowError::State)?;
        if returned.iss.is_some_and(|iss| iss != issuer) || (names_itself && returned.iss.is_none()) {
            return Err(FlowError::Issuer);
        }
        if let Some(error) = returned.error {
            // A word of RFC 6749 §4.1.2.1; anything else is not repeated to people.
            let is_word = error.len() <= 64
                && error
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            return Err(FlowError::Provider(
                if is_word { error } else { "error" }.to_owned(),
            ));
        }
        returned
            .code
            .filter(|code| !code.is_empty())
            .ok_or(FlowError::Code)
    }
}

#[cfg(test)]
mod tests {
    //! What comes back counts only in the browser that went.

    use super::*;

    const ISSUER: &str = "https://login.example.com";

    #[test]
    fn a_flow_survives_its_cookie() {
        let flow = Flow::start(Some("/clients?a=b"));
        assert_eq!(Flow::of_cookie(&flow.cookie()), Some(flow.clone()));
        assert_eq!(flow.return_to(), "/clients?a=b");
        assert_eq!(Flow::start(Some("//evil.example")).return_to(), "/");
        let forged = format!("{}.{}", flow.secret, URL_SAFE_NO_PAD.encode("//evil.example"));
        assert_eq!(Flow::of_cookie(&forged).unwrap().return_to(), "/");
        for none in ["", ".", "a.b", &flow.secret, &format!("{}.%", flow.secret)] {
            assert_eq!(Flow::of_cookie(none), None, "{none}");
        }
    }

    #[test]
    fn the_url_has_the_challenge_and_not_the_verifier() {
        let flow = Flow::start(None);
        let url = flow.authorization_url(
            "https://a/authorize",
            "portal",
            "https://p/callback",
            "openid email",
        );
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(flow.verifier()));
        assert!(url.starts_with(
            "https://a/authorize?response_type=code&client_id=portal&redirect_uri=https%3A%2F%2Fp"
        ));
        assert!(
            url.contains(&format!("code_challenge={challenge}&code_challenge_method=S256")),
            "{url}"
        );
        assert!(url.contains(&flow.state()) && url.contains(&flow.nonce()));
        assert!(!url.contains(&flow.verifier()) && !url.contains(&flow.secret));
        assert_eq!(flow.verifier().len(), 43);
    }

    #[test]
    fn what_is_taken() {
        let flow = Flow::start(None);
        let state = flow.state();
        let good = Returned {
            state: Some(&state),
            code: Some("c"),
            ..Returned::default()
        };
        assert_eq!(flow.code(&good, ISSUER, false), Ok("c"));
        let other = Flow::start(None);
        assert_eq!(other.code(&good, ISSUER, false), Err(FlowError::State));
        let check = |returned: Returned<'_>, expected: FlowError| {
            assert_eq!(flow.code(&returned, ISSUER, false), Err(expected));
        };
        check(
            Returned {
                state: None,
                ..good.clone()
            },
            FlowError::State,
        );
        check(
            Returned {
                code: None,
                ..good.clone()
            },
            FlowError::Code,
        );
        check(
            Returned {
                code: Some(""),
                ..good.clone()
            },
            FlowError::Code,
        );
        check(
            Returned {
                iss: Some("https://login.example.com/"),
                ..good.clone()
            },
            FlowError::Issuer,
        );
        let denied = Returned {
            error: Some("access_denied"),
            ..good.clone()
        };
        check(denied, FlowError::Provider("access_denied".into()));
        let script = Returned {
            error: Some("<script>"),
            ..good.clone()
        };
        check(script, FlowError::Provider("error".into()));
        assert_eq!(flow.code(&good, ISSUER, true), Err(FlowError::Issuer));
        let named = Returned {
            iss: Some(ISSUER),
            ..good
        };
        assert_eq!(flow.code(&named, ISSUER, true), Ok("c"));
    }
}
