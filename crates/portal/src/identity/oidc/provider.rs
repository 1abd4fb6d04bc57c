//! The identity provider: what it says of itself, its keys, and the exchange of a code for an ID token.
//!
//! What it says is kept for an hour; while it is down, what was said last holds, and it is asked again at most once in five seconds. A sign-in
//! needs it, a session that is there does not.

use super::super::settings::{Admit, OidcSettings};
use super::flow::{Flow, FlowError, Returned};
use super::form;
use super::id_token::{IdTokenError, Verifier};
use super::mapping::{SignedIn, signed_in};
use crate::fetch::{Answer, FetchError, Fetcher, check_url};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use hyper::{StatusCode, body::Bytes};
use serde::Deserialize;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long what it says of itself, and its keys, are good.
const KEPT: Duration = Duration::from_secs(3_600);
/// How often it is asked at most, for the same thing.
const PAUSE: Duration = Duration::from_secs(5);
/// Connections that are kept: a sign-in asks for one thing after another.
const IDLE_MAX: usize = 4;
/// Bytes of an ID token, as of any token.
const TOKEN_BYTES_MAX: usize = 16_384;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It was asked for something and did not give it.
    #[error("the identity provider's {what}: {source}")]
    Fetch {
        /// For what.
        what: &'static str,
        /// Why not.
        source: FetchError,
    },
    /// It answered with something else.
    #[error("the identity provider's {what}: {problem}")]
    Answer {
        /// For what.
        what: &'static str,
        /// What was wrong.
        problem: String,
    },
    /// It was asked a moment ago, and failed.
    #[error("the identity provider failed a moment ago; try again in a few seconds")]
    Pause,
    /// What the browser brought back is not taken.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// What the provider signed is not taken.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
}

impl ProviderError {
    /// Whether it is the provider's failure, which may pass, and not the sign-in's.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(
            self,
            ProviderError::Fetch { .. } | ProviderError::Answer { .. } | ProviderError::Pause
        )
    }
}

/// What a provider says of itself (OpenID Connect Discovery §3). Other members say nothing to us.
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
}

#[derive(Debug)]
struct Known {
    metadata: Option<Metadata>,
    metadata_asked: Option<Instant>,
    verifier: Verifier,
    has_keys: bool,
    keys_asked: Option<Instant>,
}

/// One identity provider.
#[derive(Debug)]
pub(crate) struct Provider {
    settings: OidcSettings,
    redirect_uri: String,
    fetcher: Fetcher,
    /// Held while it is asked, so that many sign-ins ask once.
    known: Mutex<Known>,
}

impl Provider {
    /// Asks nothing yet: the portal starts with the provider dead. `redirect_uri`: where browsers come back to.
    pub(crate) fn new(settings: OidcSettings, redirect_uri: String) -> Result<Provider, FetchError> {
        let verifier = Verifier::new(
            &settings.issuer,
            &settings.client_id,
            settings.algorithms.as_deref(),
        );
        Ok(Provider {
            redirect_uri,
            fetcher: Fetcher::new(IDLE_MAX)?,
            known: Mutex::new(Known {
                metadata: None,
                metadata_asked: None,
                verifier,
                has_keys: false,
                keys_asked: None,
            }),
            settings,
        })
    }

    /// Its identifier.
    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Whether it lets in who has no role.
    pub(crate) fn admits_everybody(&self) -> bool {
        self.settings.admit == Admit::Everybody
    }

    /// Where the browser goes to sign in.
    pub(crate) async fn authorization_url(&self, flow: &Flow) -> Result<String, ProviderError> {
        let metadata = self.metadata().await?;
        Ok(flow.authorization_url(
            &metadata.authorization_endpoint,
            &self.settings.client_id,
            &self.redirect_uri,
            &self.settings.scope,
        ))
    }

    /// Who signed in, from what the browser brought back. `now`: Unix seconds.
    pub(crate) async fn finish(
        &self,
        flow: &Flow,
        returned: &Returned<'_>,
        now: u64,
    ) -> Result<SignedIn, ProviderError> {
        let metadata = self.metadata().await?;
        let names_itself = metadata.authorization_response_iss_parameter_supported;
        let code = flow.code(returned, &self.settings.issuer, names_itself)?;
        let token = self.exchange(&metadata, flow, code).await?;
        let verifier = self.verifier(&metadata, &token).await?;
        let claims = verifier.claims(&token, &flow.nonce(), now)?;
        Ok(signed_in(&claims, &self.settings.claims, &self.settings.roles))
    }

    async fn metadata(&self) -> Result<Metadata, ProviderError> {
        let mut known = self.known.lock().await;
        let is_due = |asked: Option<Instant>, after| asked.is_none_or(|asked| asked.elapsed() >= after);
        match &known.metadata {
            Some(metadata) if !is_due(known.metadata_asked, KEPT) => return Ok(metadata.clone()),
            None if !is_due(known.metadata_asked, PAUSE) => return Err(ProviderError::Pause),
            _ => {}
        }
        known.metadata_asked = Some(Instant::now());
        match self.discover().await {
            Ok(metadata) => {
                known.metadata = Some(metadata.clone());
                Ok(metadata)
            }
            Err(error) => match &known.metadata {
                Some(metadata) => {
                    tracing::warn!(%error, "what the identity provider said an hour ago still holds");
                    Ok(metadata.clone())
                }
                None => Err(error),
            },
        }
    }

    async fn discover(&self) -> Result<Metadata, ProviderError> {
        const WHAT: &str = "discovery document";
        let issuer = &self.settings.issuer;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let body = good(WHAT, self.fetcher.get(&url).await)?;
        let metadata: Metadata = json(WHAT, &body)?;
        // Exactly, or one provider could speak for another (OpenID Connect Discovery §4.3).
        if metadata.issuer != *issuer {
            let problem = "its `issuer` is not the one that is configured, exactly".to_owned();
            return Err(ProviderError::Answer { what: WHAT, problem });
        }
        for url in [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ] {
            check_url(url).map_err(|error| ProviderError::Answer {
                what: WHAT,
                problem: format!("its address {url} is not used: {error}"),
            })?;
        }
        Ok(metadata)
    }

    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    async fn exchange(&self, metadata: &Metadata, flow: &Flow, code: &str) -> Result<String, ProviderError> {
        const WHAT: &str = "token endpoint";
        let verifier = flow.verifier();
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &verifier),
        ];
        let authorization = self.settings.client_secret.as_ref().map(|secret| {
            // Both are escaped before they are joined (RFC 6749 §2.3.1).
            let pair = format!(
                "{}:{}",
                form::escape(&self.settings.client_id),
                form::escape(secret.as_str())
            );
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let authorization = authorization.transpose().map_err(|_| ProviderError::Answer {
            what: WHAT,
            problem: "the client's secret cannot be sent".to_owned(),
        })?;
        if authorization.is_none() {
            pairs.push(("client_id", &self.settings.client_id));
        }
        let asked = self
            .fetcher
            .post_form(&metadata.token_endpoint, authorization, form::encode(&pairs));
        let answer = asked
            .await
            .map_err(|source| ProviderError::Fetch { what: WHAT, source })?;
        if answer.status == StatusCode::BAD_REQUEST {
            // The code is old, used, or not this client's: the sign-in's fault (RFC 6749 §5.2).
            let refusal: TokenRefusal = json(WHAT, &answer.body)?;
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            let word = if refusal.error.bytes().all(is_word) {
                refusal.error
            } else {
                "error".to_owned()
            };
            return Err(FlowError::Provider(word.chars().take(64).collect()).into());
        }
        let body = good(WHAT, Ok(answer))?;
        let TokenAnswer { id_token } = json(WHAT, &body)?;
        if id_token.len() > TOKEN_BYTES_MAX {
            let problem =
                format!("its ID token is longer than {TOKEN_BYTES_MAX} bytes: ask for fewer groups");
            return Err(ProviderError::Answer { what: WHAT, problem });
        }
        Ok(id_token)
    }

    /// With keys that are fresh enough, and fetched anew for a name that is not known.
    async fn verifier(&self, metadata: &Metadata, token: &str) -> Result<Verifier, ProviderError> {
        const WHAT: &str = "key set";
        let mut known = self.known.lock().await;
        let age = known.keys_asked.map(|asked| asked.elapsed());
        let is_old = age.is_none_or(|age| age >= KEPT);
        let may_ask = age.is_none_or(|age| age >= PAUSE);
        if !(is_old || (may_ask && (!known.has_keys || known.verifier.wants_keys(token)))) {
            return if known.has_keys {
                Ok(known.verifier.clone())
            } else {
                Err(ProviderError::Pause)
            };
        }
        known.keys_asked = Some(Instant::now());
        let fetched = good(WHAT, self.fetcher.get(&metadata.jwks_uri).await)
            .and_then(|set| Ok(known.verifier.with_keys(&set)?));
        match fetched {
            Ok(verifier) => {
                known.verifier = verifier;
                known.has_keys = true;
            }
            Err(error) if known.has_keys => {
                tracing::warn!(%error, "the identity provider's former keys still hold");
            }
            Err(error) => return Err(error),
        }
        Ok(known.verifier.clone())
    }
}

fn good(what: &'static str, asked: Result<Answer, FetchError>) -> Result<Bytes, ProviderError> {
    let answer = asked.map_err(|source| ProviderError::Fetch { what, source })?;
    if answer.status == StatusCode::OK {
        Ok(answer.body)
    } else {
        let problem = format!("answered {}", answer.status);
        Err(ProviderError::Answer { what, problem })
    }
}

fn json<T: for<'de> Deserialize<'de>>(what: &'static str, body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|_| ProviderError::Answer {
        what,
        problem: "the answer is not the JSON that it should be".to_owned(),
    })
}
