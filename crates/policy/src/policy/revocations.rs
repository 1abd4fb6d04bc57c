//! What holds no longer, found by what it names.
//!
//! Of several that refuse one thing, the lowest id in byte order is told. A policy without revocations of a form pays
//! nothing for it.

use super::named::ById;
use super::shards::{Shards, hash};
use crate::compiled::{Revocation, What};
use std::hash::Hash;
use std::sync::Arc;

/// What may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Named<'a> {
    TokenHash(&'a [u8; 32]),
    TokenId(&'a str, &'a str),
    Credential(&'a str),
    Key(&'a str, &'a str),
    Subject(&'a str, &'a str),
    Client(&'a str, &'a str),
}

impl<'r> Named<'r> {
    fn of(what: &'r What) -> Named<'r> {
        match what {
            What::TokenHash(hash) => Named::TokenHash(hash),
            What::TokenId { issuer, jti } => Named::TokenId(issuer, jti),
            What::Credential(id) => Named::Credential(id),
            What::Key { issuer, kid } => Named::Key(issuer, kid),
            What::Subject { issuer, subject, .. } => Named::Subject(issuer, subject),
            What::Client { issuer, client, .. } => Named::Client(issuer, client),
        }
    }
}

/// All revocations of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Revocations {
    by_id: ById<Revocation>,
    by_name: Shards<Arc<Revocation>>,
    /// How many name a token by its hash: without any, no token is hashed.
    token_hashes: usize,
}

impl Revocations {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn name_token_hashes(&self) -> bool {
        self.token_hashes > 0
    }

    /// The revocation that holds now of what is named; `issued_at` counts for those of a subject or a client.
    pub(crate) fn find(
        &self,
        named: Named<'_>,
        issued_at: Option<u64>,
        now: u64,
    ) -> Option<&Arc<Revocation>> {
        if self.by_name.len() == 0 {
            return None;
        }
        let is_meant = |revocation: &&Arc<Revocation>| {
            Named::of(&revocation.what) == named
                && revocation.holds(now)
                && match &revocation.what {
                    What::Subject { before, .. } | What::Client { before, .. } => {
                        issued_at.is_none_or(|issued_at| issued_at < *before)
                    }
                    _ => true,
                }
        };
        let found = self.by_name.candidates(hash(named)).filter(is_meant);
        found.min_by(|a, b| a.id.cmp(&b.id))
    }

    pub(super) fn put(&mut self, revocation: Revocation) {
        self.take(&revocation.id);
        let revocation = Arc::new(revocation);
        self.token_hashes += usize::from(matches!(revocation.what, What::TokenHash(_)));
        let key = hash(Named::of(&revocation.what));
        self.by_name
            .insert(key, Arc::clone(&revocation), |item| hash(Named::of(&item.what)));
        self.by_id.put(revocation);
    }

    pub(super) fn take(&mut self, id: &str) {
        if let Some(former) = self.by_id.take(id) {
            self.token_hashes -= usize::from(matches!(former.what, What::TokenHash(_)));
            let key = hash(Named::of(&former.what));
            self.by_name.remove(key, |item| Arc::ptr_eq(item, &former));
        }
    }
}
