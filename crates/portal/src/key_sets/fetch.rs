//! One attempt to have an issuer's key set, within limits, and what went wrong in words for a person.

use super::set::KeySet;
use super::settings::KeySetSettings;
use crate::fetch::{FetchError, Fetcher, check_named};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore};

/// A set, in bytes: what a gateway takes that fetches by itself.
const SET_BYTES_MAX: usize = 512 * 1024;
/// Attempts at a time of one portal: half of them are left to people, however many issuers are down.
const FETCHES_MAX: usize = 2 * BY_ITSELF_MAX;
/// Of these, those that nobody waits for.
pub(crate) const BY_ITSELF_MAX: usize = 8;

/// Fetches key sets. A clone is a reference.
#[derive(Debug, Clone)]
pub(crate) struct KeySetFetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: KeySetSettings,
    /// Made when the first issuer has a `jwks_uri`: a portal without any needs no trusted certificates.
    fetcher: OnceCell<Fetcher>,
    places: Semaphore,
}

impl KeySetFetcher {
    pub(crate) fn new(settings: KeySetSettings) -> KeySetFetcher {
        KeySetFetcher(Arc::new(Inner {
            settings,
            fetcher: OnceCell::new(),
            places: Semaphore::new(FETCHES_MAX),
        }))
    }

    pub(crate) fn settings(&self) -> &KeySetSettings {
        &self.0.settings
    }

    /// The set that is there now, or why it cannot be had: for people, and without anything of the answer.
    pub(crate) async fn fetch(&self, jwks_uri: &str) -> Result<KeySet, String> {
        // It fails only where the semaphore is closed, which nobody does.
        let _place = self.0.places.acquire().await;
        let answer = self.ask(jwks_uri).await.map_err(|error| crate::causes(&error))?;
        if answer.status != StatusCode::OK {
            return Err(format!("it answered {}", answer.status));
        }
        KeySet::read(&answer.body).map_err(|refusal| refusal.to_string())
    }

    async fn ask(&self, jwks_uri: &str) -> Result<crate::fetch::Answer, FetchError> {
        let inner = &self.0;
        let uri =
            check_named(jwks_uri, &inner.settings.plain_http).map_err(|source| FetchError::Address {
                url: jwks_uri.to_owned(),
                source,
            })?;
        // By a new connection each time, so that it is asked where its name leads to by then.
        let made = inner.fetcher.get_or_try_init(|| async { Fetcher::new(0) });
        let accept = HeaderValue::from_static("application/jwk-set+json, application/json");
        made.await?.get_within(uri, accept, SET_BYTES_MAX).await
    }
}
