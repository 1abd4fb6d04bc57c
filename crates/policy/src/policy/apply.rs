//! From changes to a policy: each is read tolerantly and put in its place (contract §2).
//!
//! Costs what the changes cost. What cannot be taken as it is becomes a report, never an error: a reader has to go on
//! deciding on all else.

use super::change::{Body, Change, Report};
use super::named::{ById, Named};
use super::whole::Policy;
use crate::compiled::{Api, Cell, Client, Issuer, Plan, Read, Revocation, Strings, Tenant};
use crate::entity::Kind;
use crate::rules::is_id;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Policy {
    /// The policy of these entities; where one is changed twice, the later change holds.
    pub fn build<'a>(changes: impl IntoIterator<Item = Change<'a>>) -> (Policy, Vec<Report>) {
        Policy::default().apply(changes)
    }

    /// The policy after these changes. Everything that they do not touch is shared with this one.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = Change<'a>>) -> (Policy, Vec<Report>) {
        let mut batch = Batch {
            policy: self.clone(),
            ..Batch::default()
        };
        for change in changes {
            batch.take(change);
        }
        batch.end()
    }
}

/// Changes under way.
#[derive(Debug, Default)]
struct Batch {
    policy: Policy,
    strings: Strings,
    /// Put at the end, together, because their indexes are made anew.
    apis: BTreeMap<Box<str>, Option<Arc<Api>>>,
    issuers: BTreeMap<Box<str>, Option<Issuer>>,
    reports: Vec<Report>,
}

impl Batch {
    fn take(&mut self, change: Change<'_>) {
        match change {
            Change::Delete { kind, id } => {
                if let Some(kind) = Kind::parse(kind) {
                    self.delete(kind, id);
                }
            }
            Change::Put {
                kind,
                id,
                body,
                needs,
            } => match Kind::parse(kind) {
                None => self.report(kind, id, "a kind that this version does not know; ignored"),
                Some(kind) if !is_id(id) => self.report(kind.as_str(), id, "not an id; ignored"),
                Some(kind) => self.put(kind, id, body, needs),
            },
        }
    }

    fn end(mut self) -> (Policy, Vec<Report>) {
        if !self.apis.is_empty() {
            self.policy.apis = Arc::new(self.policy.apis.with(self.apis, &mut self.reports));
        }
        if !self.issuers.is_empty() {
            self.policy.issuers = Arc::new(self.policy.issuers.with(self.issuers, &mut self.reports));
        }
        (self.policy, self.reports)
    }

    fn report(&mut self, kind: &str, id: &str, message: impl Into<String>) {
        self.reports.push(Report::new(kind, id, message));
    }

    /// What can be put; what is wrong with it is reported.
    fn taken<T>(&mut self, kind: Kind, id: &str, read: Read<T>) -> Option<T> {
        match read {
            Read::Whole(entity) => Some(entity),
            Read::Unsupported(entity, message) => {
                self.report(kind.as_str(), id, format!("not supported: {message}"));
                Some(entity)
            }
            Read::Nothing(message) => {
                self.report(kind.as_str(), id, format!("ignored: {message}"));
                None
            }
        }
    }

    fn put(&mut self, kind: Kind, id: &str, body: Body<'_>, needs: &[Box<str>]) {
        match kind {
            Kind::Issuer => {
                let issuer = self.taken(kind, id, Issuer::read(id, body, needs));
                self.issuers.insert(id.into(), issuer);
            }
            Kind::Api => {
                let api = self.taken(kind, id, Api::read(id, body, needs)).map(Arc::new);
                self.apis.insert(id.into(), api);
            }
            Kind::Client => {
                let read = Client::read(id, body, needs, &mut self.strings);
                let client = self.taken(kind, id, read);
                self.put_client(id, client.map(Arc::new));
            }
            Kind::Plan => {
                let plan = self.taken(kind, id, Plan::read(id, body, needs));
                put(&mut self.policy.plans, id, plan);
            }
            Kind::Tenant => {
                let tenant = self.taken(kind, id, Tenant::read(id, body, needs));
                put(&mut self.policy.tenants, id, tenant);
            }
            Kind::Cell => {
                let cell = self.taken(kind, id, Cell::read(id, body, needs));
                put(&mut self.policy.cells, id, cell);
            }
            Kind::Revocation => match Revocation::read(id, body, needs) {
                Ok(revocation) => self.policy.revocations.put(revocation),
                Err(message) => {
                    self.policy.revocations.take(id);
                    self.report(kind.as_str(), id, format!("ignored: {message}"));
                }
            },
        }
    }

    fn delete(&mut self, kind: Kind, id: &str) {
        match kind {
            Kind::Issuer => {
                self.issuers.insert(id.into(), None);
            }
            Kind::Api => {
                self.apis.insert(id.into(), None);
            }
            Kind::Client => self.put_client(id, None),
            Kind::Plan => put(&mut self.policy.plans, id, None),
            Kind::Tenant => put(&mut self.policy.tenants, id, None),
            Kind::Cell => put(&mut self.policy.cells, id, None),
            Kind::Revocation => self.policy.revocations.take(id),
        }
    }

    fn put_client(&mut self, id: &str, client: Option<Arc<Client>>) {
        let Policy { clients, links, .. } = &mut self.policy;
        if let Some(former) = clients.take(id) {
            links.remove(&former);
        }
        let Some(client) = client else { return };
        let reports = &mut self.reports;
        links.add(&client, |credential, other| {
            let message = format!(
                "`{other}` has what credential `{credential}` is found by as well; the lower id has it"
            );
            reports.push(Report::new(Kind::Client.as_str(), id, message));
        });
        clients.put(client);
    }
}

fn put<T: Named>(entities: &mut ById<T>, id: &str, entity: Option<T>) {
    match entity {
        Some(entity) => drop(entities.put(Arc::new(entity))),
        None => drop(entities.take(id)),
    }
}
