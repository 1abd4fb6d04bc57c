//! All issuers, by id and by the `iss` of their tokens. Of two with one `iss`, the lowest id has it.

use super::change::Report;
use crate::compiled::Issuer;
use crate::entity::Kind;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All issuers of a policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Issuers {
    by_id: BTreeMap<Box<str>, Arc<Issuer>>,
    by_issuer: HashMap<Box<str>, Arc<Issuer>, FixedState>,
}

impl Issuers {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Issuer>> {
        self.by_id.get(id)
    }

    /// The issuer of tokens with this `iss`.
    pub(super) fn of_token(&self, issuer: &str) -> Option<&Arc<Issuer>> {
        self.by_issuer.get(issuer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.by_id.values()
    }

    /// The same with this one in place of the one of its id.
    pub(super) fn replaced(&self, issuer: Issuer) -> Issuers {
        let mut by_id = self.by_id.clone();
        by_id.insert(issuer.id().into(), Arc::new(issuer));
        Issuers::new(by_id, &mut |_, _| {})
    }

    /// With these put (or, where `None`, deleted); what was fetched for one of them stays.
    pub(super) fn with(
        &self,
        changes: BTreeMap<Box<str>, Option<Issuer>>,
        reports: &mut Vec<Report>,
    ) -> Issuers {
        let mut by_id = self.by_id.clone();
        let changed: Vec<Box<str>> = changes.keys().cloned().collect();
        for (id, issuer) in changes {
            match issuer {
                Some(mut issuer) => {
                    if let Some(former) = self.by_id.get(&id) {
                        issuer.keep_fetched(former);
                    }
                    by_id.insert(id, Arc::new(issuer));
                }
                None => {
                    by_id.remove(&id);
                }
            }
        }
        let mut told = |hidden: &Issuer, holder: &Issuer| {
            if [hidden, holder]
                .iter()
                .any(|issuer| changed.binary_search_by(|id| (**id).cmp(issuer.id())).is_ok())
            {
                let message = format!("`{}` has the same `issuer`, and holds", holder.id());
                reports.push(Report::new(Kind::Issuer.as_str(), hidden.id(), message));
            }
        };
        Issuers::new(by_id, &mut told)
    }

    /// `is_hidden` is told of each issuer that another one hides, and by which.
    fn new(by_id: BTreeMap<Box<str>, Arc<Issuer>>, is_hidden: &mut dyn FnMut(&Issuer, &Issuer)) -> Issuers {
        let mut by_issuer: HashMap<Box<str>, Arc<Issuer>, FixedState> = HashMap::default();
        for issuer in by_id.values() {
            let holder = by_issuer
                .entry(issuer.issuer().into())
                .or_insert_with(|| Arc::clone(issuer));
            if !Arc::ptr_eq(holder, issuer) {
                is_hidden(issuer, holder);
            }
        }
        Issuers { by_id, by_issuer }
    }
}
