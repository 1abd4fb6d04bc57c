//! A policy with where it came from, and the key sets that were fetched for it laid over it.

use super::signed;
use super::source::{self, PolicyError};
use crate::configuration::{Configuration, Feed};
use crate::follow::{Beginning, Gate};
use crate::keys::{Followed, KeyStore};
use feed::Shown;
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
    /// Until when it is decided by; `None`: for ever.
    gate: Option<Arc<Gate>>,
}

/// Where a policy came from.
#[derive(Debug)]
pub(super) struct Provenance {
    /// `auth`, `file`, `floor` or `feed`.
    pub(super) source: &'static str,
    /// Its own file, and the SHA-256 of what was read of it.
    pub(super) file: Option<(PathBuf, String)>,
    /// A floor's or a feed's revision.
    pub(super) revision: Option<u64>,
    /// A floor's or a feed's digest.
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
        let loaded = source::load(configuration)?;
        Ok(loaded.map(|(policy, provenance)| Enforced::of(policy, provenance, store)))
    }

    /// Begins with what a feed's floor or what was kept of it says, with the last key sets over it.
    pub(crate) fn begin(
        configuration: &Configuration,
        feed: &Feed,
        store: &KeyStore,
    ) -> Result<(Enforced, Beginning), PolicyError> {
        let (policy, provenance, beginning) = signed::begin(configuration, feed)?;
        Ok((Enforced::of(policy, provenance, store), beginning))
    }

    fn of(policy: Policy, provenance: Provenance, store: &KeyStore) -> Enforced {
        let enforced = Enforced {
            followed: followed(&policy),
            policy,
            provenance: Arc::new(provenance),
            gate: None,
        };
        let followed = enforced.followed();
        enforced.with_kept_keys(&followed, store)
    }

    /// With the last key set of each of these.
    fn with_kept_keys(self, followed: &[Followed], store: &KeyStore) -> Enforced {
        let mut enforced = self;
        for followed in followed {
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
        enforced
    }

    /// The same, decided by as long as this gate is open.
    pub(crate) fn until(self, gate: Option<Arc<Gate>>) -> Enforced {
        Enforced { gate, ..self }
    }

    /// Whether it is too old to decide on.
    pub(crate) fn is_too_old(&self, unix_s: u64) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.is_closed(unix_s))
    }

    /// The same after what a view of its feed changes. Costs what the changes cost; keys that were fetched stay.
    pub(crate) fn after(&self, shown: &Shown, store: &KeyStore) -> Enforced {
        let (policy, reports) = feed::apply(&self.policy, &shown.changes);
        source::tell(&reports);
        let provenance = Provenance {
            source: self.provenance.source,
            file: self.provenance.file.clone(),
            revision: Some(shown.view.revision),
            digest: Some(shown.view.digest.to_string()),
        };
        let has_issuer = shown.changes.iter().any(|(key, _)| key.starts_with("issuer/"));
        let after = Enforced {
            policy,
            provenance: Arc::new(provenance),
            ..self.clone()
        };
        if !has_issuer {
            return after;
        }
        let followed = followed(&after.policy);
        let new: Vec<Followed> = followed
            .iter()
            .filter(|one| !self.follows(one))
            .cloned()
            .collect();
        Enforced { followed, ..after }.with_kept_keys(&new, store)
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

    /// `auth`, `file`, `floor` or `feed`.
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
