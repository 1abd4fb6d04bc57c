//! From what was shown to the client that it names.
//!
//! An index over the credentials of all clients: each by its id (which is how a key names it), and by issuer and client
//! claim, by public key, or by a name in a certificate. Where two clients claim one, the lowest id in byte order has it.

use super::shards::{Shards, hash};
use crate::compiled::{Client, Credential, Shows};
use std::sync::Arc;

/// One way to one credential of one client.
#[derive(Debug, Clone)]
struct Link {
    client: Arc<Client>,
    /// Which of its credentials; a client has at most 64, one that is not understood as many as its record holds.
    credential: u32,
    /// By its id, and not by what it proves.
    by_id: bool,
}

impl Link {
    fn credential(&self) -> &Credential {
        &self.client.credentials[self.credential as usize]
    }

    fn shown(&self) -> Option<Shown<'_>> {
        Shown::of(self.credential()).nth(usize::from(!self.by_id))
    }

    fn hash(&self) -> u64 {
        self.shown().map_or(0, hash)
    }
}

/// A credential that was found, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'p> {
    pub(crate) client: &'p Arc<Client>,
    pub(crate) credential: &'p Credential,
}

/// What a credential is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shown<'a> {
    /// An id, as it stands in a key.
    Id(&'a str),
    /// The id of the issuer and the client claim.
    Token(&'a str, &'a str),
    Spki(&'a [u8; 32]),
    San(&'a str),
}

impl<'c> Shown<'c> {
    /// All that leads to a credential.
    fn of(credential: &'c Credential) -> impl Iterator<Item = Shown<'c>> {
        let proof = match &credential.shows {
            Shows::Key(_) => None,
            Shows::Token(issuer, client) => Some(Shown::Token(issuer, client)),
            Shows::Spki(hash) => Some(Shown::Spki(hash)),
            Shows::San(name) => Some(Shown::San(name)),
        };
        std::iter::once(Shown::Id(&credential.id)).chain(proof)
    }
}

/// The index.
#[derive(Debug, Clone, Default)]
pub(super) struct Links(Shards<Link>);

impl Links {
    /// Whose it is: of several, the lowest id; of several of that client, the first.
    pub(super) fn find(&self, shown: Shown<'_>) -> Option<Held<'_>> {
        let found = self
            .0
            .candidates(hash(shown))
            .filter(|link| link.shown() == Some(shown))
            .min_by(|a, b| (a.client.id(), a.credential).cmp(&(b.client.id(), b.credential)))?;
        Some(Held {
            client: &found.client,
            credential: found.credential(),
        })
    }

    /// Adds all credentials of a client; `is_anothers` is told of those that another client has as well, and of it.
    pub(super) fn add(&mut self, client: &Arc<Client>, mut is_anothers: impl FnMut(&str, &str)) {
        for (index, credential) in (0u32..).zip(client.credentials.iter()) {
            for (shown, by_id) in Shown::of(credential).zip([true, false]) {
                let key = hash(shown);
                for link in self.0.candidates(key) {
                    if !Arc::ptr_eq(&link.client, client) && link.shown() == Some(shown) {
                        is_anothers(&credential.id, link.client.id());
                    }
                }
                let link = Link {
                    client: Arc::clone(client),
                    credential: index,
                    by_id,
                };
                self.0.insert(key, link, Link::hash);
            }
        }
    }

    pub(super) fn remove(&mut self, client: &Arc<Client>) {
        for shown in client.credentials.iter().flat_map(Shown::of) {
            self.0.remove(hash(shown), |link| {
                Arc::ptr_eq(&link.client, client) && link.shown() == Some(shown)
            });
        }
    }
}
