//! What signing in needs while the portal runs: settings, the provider, turns for hashes, and what was tried lately.

use super::attempts::Attempts;
use super::browser::Front;
use super::oidc::Provider;
use super::password::Passwords;
use super::settings::SignInSettings;
use crate::fetch::FetchError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the provider sends browsers back to.
const CALLBACK: &str = "/v1/sign-in/oidc/callback";

/// Where people sign in. A clone is a reference.
#[derive(Debug, Clone)]
pub(crate) struct Desk(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: SignInSettings,
    pub(crate) front: Front,
    pub(crate) provider: Option<Provider>,
    pub(crate) passwords: Passwords,
    attempts: Mutex<Attempts>,
}

impl Desk {
    /// Asks nobody yet. `is_loopback`: the portal listens on loopback alone.
    pub(crate) fn new(settings: SignInSettings, is_loopback: bool) -> Result<Desk, FetchError> {
        let front = match &settings.public_url {
            Some(url) => Front::at(url),
            None => Front::unnamed(is_loopback),
        };
        let provider = match (&settings.oidc, &settings.public_url) {
            (Some(oidc), Some(url)) => {
                let callback = format!("{}{CALLBACK}", url.trim_end_matches('/'));
                Some(Provider::new(oidc.clone(), callback)?)
            }
            _ => None,
        };
        Ok(Desk::of(settings, front, provider))
    }

    /// Where nobody signs in: for commands on a portal's data.
    pub(crate) fn local() -> Desk {
        Desk::of(SignInSettings::local(), Front::unnamed(true), None)
    }

    fn of(settings: SignInSettings, front: Front, provider: Option<Provider>) -> Desk {
        Desk(Arc::new(Inner {
            front,
            provider,
            passwords: Passwords::new(),
            attempts: Mutex::default(),
            settings,
        }))
    }
}

impl std::ops::Deref for Desk {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    /// What was tried lately. Never held over a wait.
    pub(crate) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        // Counts that a panic left half done are still counts.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
