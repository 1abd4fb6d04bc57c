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
    pub(crate) fn with_keys(&self, issuer: &str, key_set: &[u8]) -> Result<Enforced, KeySetError> {
        Ok(Enforced {
            policy: self.policy.with_fetched_keys(issuer, key_set)?,
            provenance: Arc::clone(&self.provenance),
        })
    }

    /// The issuers whose key sets are fetched.
    pub(crate) fn followed(&self) -> Vec<Followed> {
        let issuers = self.policy.issuers().filter_map(|issuer| {
            Some(Followed {
                id: issuer.id().into(),
                issuer: issuer.issuer().into(),
                jwks_uri: issuer.jwks_uri()?.into(),
                has_inline_keys: issuer.has_inline_keys(),
            })
        });
        issuers.collect()
    }

    /// Whether this issuer is one of them, as it was when its fetch began.
    pub(crate) fn follows(&self, followed: &Followed) -> bool {
        self.followed().contains(followed)
    }

    /// The policy's own file and the SHA-256 of what was read of it.
    pub(crate) fn file(&self) -> Option<(PathBuf, String)> {
        self.provenance.file.clone()
    }
}
