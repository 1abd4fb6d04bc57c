//! Entities of one kind by their ids.

use super::shards::{Shards, hash};
use crate::compiled::{Cell, Client, Plan, Revocation, Tenant};
use std::sync::Arc;

/// What has an id.
pub(super) trait Named {
    fn id(&self) -> &str;
}

macro_rules! named {
    ($($kind:ty),*) => {
        $(impl Named for $kind {
            fn id(&self) -> &str {
                &self.id
            }
        })*
    };
}
named!(Cell, Plan, Revocation, Tenant);

impl Named for Client {
    fn id(&self) -> &str {
        Client::id(self)
    }
}

/// Entities by id.
#[derive(Debug)]
pub(super) struct ById<T>(Shards<Arc<T>>);

impl<T> Clone for ById<T> {
    fn clone(&self) -> Self {
        ById(self.0.clone())
    }
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        ById(Shards::default())
    }
}

impl<T: Named> ById<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.0.candidates(hash(id)).find(|item| item.id() == id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.iter()
    }

    /// Puts it in place of the former one of its id, which is returned.
    pub(super) fn put(&mut self, item: Arc<T>) -> Option<Arc<T>> {
        let former = self.take(item.id());
        self.0.insert(hash(item.id()), item, |item| hash(item.id()));
        former
    }

    pub(super) fn take(&mut self, id: &str) -> Option<Arc<T>> {
        self.0.remove(hash(id), |item| item.id() == id)
    }
}
