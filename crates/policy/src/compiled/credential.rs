//! One thing that a client may show, and what it is compared with.

use super::id::Id;
use super::reading::Strings;
use crate::entity;
use crate::rules;
use crate::time::unix_seconds;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

/// The credentials of a client, each with its own id.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the one that most clients have lies within its client"
)]
pub(crate) enum Credentials {
    One(Credential),
    Several(Box<[Credential]>),
}

/// One thing that a client may show.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: Id,
    /// Unix seconds; the largest number: never.
    expires_at: u64,
    pub(crate) shows: Shows,
}

/// What is compared with what was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// A key, by the hash of all of it.
    Key([u8; 32]),
    /// Tokens of this issuer (by id) with this client claim.
    Token(Arc<str>, Box<str>),
    /// A certificate, by its public key.
    Spki([u8; 32]),
    /// A certificate, by a name in it.
    San(Box<str>),
}

impl Credentials {
    /// Of several with one id, the first.
    pub(super) fn new(mut credentials: Vec<Credential>) -> Credentials {
        if credentials.len() > 1 {
            let mut seen = BTreeSet::new();
            credentials.retain(|credential| seen.insert(credential.id.clone()));
        }
        match credentials.pop() {
            Some(one) if credentials.is_empty() => Credentials::One(one),
            last => {
                credentials.extend(last);
                Credentials::Several(credentials.into())
            }
        }
    }
}

impl Deref for Credentials {
    type Target = [Credential];

    fn deref(&self) -> &[Credential] {
        match self {
            Credentials::One(credential) => std::slice::from_ref(credential),
            Credentials::Several(credentials) => credentials,
        }
    }
}

impl Credential {
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.expires_at != u64::MAX && now >= self.expires_at
    }

    /// `None` where some member of it is refused.
    pub(super) fn new(wire: &entity::Credential, strings: &mut Strings) -> Option<Credential> {
        let (id, shows, expires_at) = match wire {
            entity::Credential::ApiKey {
                id,
                sha256,
                expires_at,
            } => (id, Shows::Key(rules::sha256(sha256)?), expires_at),
            entity::Credential::Jwt {
                id,
                issuer,
                client,
                expires_at,
            } => {
                let good = rules::is_id(issuer) && rules::is_value(client);
                let shows = good.then(|| Shows::Token(strings.text(issuer), client.clone()))?;
                (id, shows, expires_at)
            }
            entity::Credential::Certificate {
                id,
                spki_sha256,
                san,
                expires_at,
            } => {
                let shows = match (spki_sha256, san) {
                    (Some(hash), None) => Shows::Spki(rules::sha256(hash)?),
                    (None, Some(name)) if rules::is_value(name) => Shows::San(name.clone()),
                    _ => return None,
                };
                (id, shows, expires_at)
            }
        };
        let expires_at = match expires_at {
            None => u64::MAX,
            Some(text) => unix_seconds(text)?,
        };
        rules::is_id(id).then(|| Credential {
            id: Id::from(&**id),
            expires_at,
            shows,
        })
    }
}
