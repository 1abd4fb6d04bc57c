//! All APIs: which of them a request is for (policy §2, contract §3).
//!
//! Two matchers over base paths: one by hosts for gateways, one for authorizers, which front some APIs and see no host.
//! Both are made anew when an API changes; the APIs themselves are shared.

use super::change::Report;
use crate::compiled::{Api, Operation};
use crate::entity::Kind;
use crate::path::{HostPattern, Table, TableBuilder};
use crate::request::Facts;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All APIs of a policy.
#[derive(Debug)]
pub(super) struct Apis {
    by_id: BTreeMap<Box<str>, Arc<Api>>,
    by_host: Table<Arc<Api>>,
    /// By base path alone, each list in the order of ids.
    by_path: Table<Vec<Arc<Api>>>,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chosen<'p> {
    /// `None`: no API fits.
    pub(crate) api: Option<&'p Arc<Api>>,
    pub(crate) operation: Option<&'p Operation>,
}

impl Default for Apis {
    fn default() -> Self {
        Apis::new(BTreeMap::new(), &mut |_, _| {})
    }
}

impl Apis {
    /// `is_hidden` is told of each API that another one hides on some host, and by which.
    fn new(by_id: BTreeMap<Box<str>, Arc<Api>>, is_hidden: &mut dyn FnMut(&Api, &Api)) -> Apis {
        let mut by_host: TableBuilder<Arc<Api>> = TableBuilder::new();
        let mut by_path: TableBuilder<Vec<Arc<Api>>> = TableBuilder::new();
        for api in by_id.values() {
            let everything = &api.base.everything;
            let mut hold = |host: Option<&HostPattern>| {
                let holder = by_host.entry(host, everything, || Arc::clone(api));
                if !Arc::ptr_eq(holder, api) {
                    is_hidden(api, holder);
                }
            };
            match api.hosts() {
                [] => hold(None),
                hosts => hosts.iter().for_each(|host| hold(Some(host))),
            }
            by_path.entry(None, everything, Vec::new).push(Arc::clone(api));
        }
        Apis {
            by_id,
            by_host: by_host.build(),
            by_path: by_path.build(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Api>> {
        self.by_id.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.by_id.values()
    }

    /// With these put (or, where `None`, deleted).
    pub(super) fn with(
        &self,
        changes: BTreeMap<Box<str>, Option<Arc<Api>>>,
        reports: &mut Vec<Report>,
    ) -> Apis {
        let mut by_id = self.by_id.clone();
        let changed: Vec<Box<str>> = changes.keys().cloned().collect();
        for (id, api) in changes {
            match api {
                Some(api) => by_id.insert(id, api),
                None => by_id.remove(&id),
            };
        }
        let mut told = |hidden: &Api, holder: &Api| {
            if [hidden, holder]
                .iter()
                .any(|api| changed.binary_search_by(|id| (**id).cmp(api.id())).is_ok())
            {
                let message = format!("`{}` has the same host and base path, and holds", holder.id());
                reports.push(Report::new(Kind::Api.as_str(), hidden.id(), message));
            }
        };
        Apis::new(by_id, &mut told)
    }

    pub(super) fn choose(&self, facts: &Facts<'_>) -> Chosen<'_> {
        let Some(fronted) = facts.apis else {
            let api = facts.host.and_then(|host| self.by_host.find(host, facts.path));
            return Chosen::of(api, facts);
        };
        let found = self.by_path.find_on_any_host(facts.path);
        let is_fronted = |api: &&Arc<Api>| fronted.iter().any(|id| **id == *api.id());
        match found.and_then(|apis| apis.iter().find(is_fronted)) {
            Some(api) => Chosen::of(Some(api), facts),
            // It is there, and not to be called here: a shorter neighbour must not answer for it.
            None => Chosen {
                api: found.and_then(|apis| apis.first()),
                operation: None,
            },
        }
    }
}

impl<'p> Chosen<'p> {
    fn of(api: Option<&'p Arc<Api>>, facts: &Facts<'_>) -> Chosen<'p> {
        Chosen {
            api,
            operation: api.and_then(|api| api.operation(facts.path, facts.method)),
        }
    }
}
