//! From what was shown to the client that it names.
//!
//! An index over the credentials of all clients: a key by its id, a token by issuer and client claim, a certificate by its
//! public key or a name. Where two clients claim one, the lowest id in byte order has it.

use super::shards::{Shards, hash};
use crate::compiled::{Client, Credential, Shows};
use std::sync::Arc;

/// One credential of one client.
#[derive(Debug, Clone)]
struct Link {
    client: Arc<Client>,
    /// Which of its credentials; a client has at most 64, one that is not understood as many as its record holds.
    credential: u32,
}

impl Link {
    fn credential(&self) -> &Credential {
        &self.client.credentials[self.credential as usize]
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
    /// The id within a key.
    KeyId(&'a str),
    /// The id of the issuer and the client claim.
    Token(&'a str, &'a str),
    Spki(&'a [u8; 32]),
    San(&'a str),
}

impl<'c> Shown<'c> {
    fn of(credential: &'c Credential) -> Shown<'c> {
        match &credential.shows {
            Shows::Key(_) => Shown::KeyId(&credential.id),
            Shows::Token(issuer, client) => Shown::Token(issuer, client),
            Shows::Spki(hash) => Shown::Spki(hash),
            Shows::San(name) => Shown::San(name),
        }
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
            .filter(|link| Shown::of(link.credential()) == shown)
            .min_by(|a, b| (a.client.id(), a.credential).cmp(&(b.client.id(), b.credential)))?;
        Some(Held {
            client: &found.client,
            credential: found.credential(),
        })
    }

    /// Adds all credentials of a client; says which of them another client has as well.
    pub(super) fn add(&mut self, client: &Arc<Client>, mut is_anothers: impl FnMut(&str, &str)) {
        for (index, credential) in (0u32..).zip(&client.credentials) {
            let shown = Shown::of(credential);
            let key = hash(shown);
            for link in self.0.candidates(key) {
                if !Arc::ptr_eq(&link.client, client) && Shown::of(link.credential()) == shown {
                    is_anothers(&credential.id, link.client.id());
                }
            }
            let link = Link {
                client: Arc::clone(client),
                credential: index,
            };
            self.0
                .insert(key, link, |link| hash(Shown::of(link.credential())));
        }
    }

    pub(super) fn remove(&mut self, client: &Arc<Client>) {
        for credential in &client.credentials {
            let key = hash(Shown::of(credential));
            self.0.remove(key, |link| Arc::ptr_eq(&link.client, client));
        }
    }
}
