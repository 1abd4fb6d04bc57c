//! A policy with where it came from, and the key sets that were fetched for it laid over it.

use super::source::{self, PolicyError};
use crate::configuration::Configuration;
use crate::keys::{Followed, KeyStore};
use policy::{KeySetError, Policy};
use std::path::PathBuf;
use std::sync::Arc;

/// A policy in force. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Enforced {
    pub(crate) policy: Policy,
    pub(super) provenance: Arc<Provenance>,
    /// The issuers whose key sets are fetched.
    followed: Arc<[Followed]>,
}

/// Where a policy came from.
#[derive(Debug)]
pub(super) struct Provenance {
    /// `auth`, `file` or `floor`.
    pub(super) source: &'static str,
    /// Its own file, and the SHA-256 of what was read of it.
    pub(super) file: Option<(PathBuf, String)>,
    /// A floor's revision.
    pub(super) revision: Option<u64>,
    /// A floor's digest.
    pub(super) digest: Option<String>,
}

/// Why a key set is not laid over the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeysRefused {
    /// It is none.
    #[error("{0}")]
    NoSet(#[from] KeySetError),
    /// Taking it would lock everybody out.
    #[error("the key set has no key that can be used")]
    NoKey,
}

impl Enforced {
    /// Reads the policy that the configuration names, and lays the last key sets over it. `None`: it names none.
    pub(crate) fn load(
        configuration: &Configuration,
        store: &KeyStore,
    ) -> Result<Option<Enforced>, PolicyError> {
        let Some((policy, provenance)) = source::load(configuration)? else {
            return Ok(None);
        };
        let mut enforced = Enforced {
            followed: followed(&policy),
            policy,
            provenance: Arc::new(provenance),
        };
        for followed in enforced.followed() {
            let Some(set) = store.last(&followed.issuer, &followed.jwks_uri) else {
                continue;
            };
            match enforced.with_keys(&followed.id, &set) {
                Ok(with_keys) => enforced = with_keys,
                Err(error) => {
                    tracing::error!(issuer = %followed.id, %error, "the kept key set is none, and is not used");
                    store.forget(&followed.issuer, &followed.jwks_uri);
                }
            }
        }
        Ok(Some(enforced))
    }

    /// The same with these keys for an issuer, in place of what was fetched for it before.
    pub(crate) fn with_keys(&self, issuer: &str, key_set: &[u8]) -> Result<Enforced, KeysRefused> {
        let policy = self.policy.with_fetched_keys(issuer, key_set)?;
        let has_key = policy
            .issuer(issuer)
            .is_some_and(|issuer| issuer.keys_fetched() > 0);
        if !has_key {
            return Err(KeysRefused::NoKey);
        }
        Ok(Enforced {
            policy,
            ..self.clone()
        })
    }

    /// The issuers whose key sets are fetched.
    pub(crate) fn followed(&self) -> Vec<Followed> {
        self.followed.to_vec()
    }

    /// Whether this issuer is one of them, as it was when its fetch began.
    pub(crate) fn follows(&self, followed: &Followed) -> bool {
        self.followed.contains(followed)
    }

    /// The policy's own file and the SHA-256 of what was read of it.
    pub(crate) fn file(&self) -> Option<(PathBuf, String)> {
        self.provenance.file.clone()
    }

    /// `auth`, `file` or `floor`.
    pub(crate) fn source(&self) -> &'static str {
        self.provenance.source
    }
}

/// Of a policy as it was read: no set is laid over it yet.
fn followed(policy: &Policy) -> Arc<[Followed]> {
    let issuers = policy.issuers().filter_map(|issuer| {
        Some(Followed {
            id: issuer.id().into(),
            issuer: issuer.issuer().into(),
            jwks_uri: issuer.jwks_uri()?.into(),
            has_inline_keys: issuer.has_keys(),
        })
    });
    issuers.collect()
}
