//! The policy that one request sees whole, and what can be asked of it.

use super::apis::{Apis, Chosen};
use super::issuers::Issuers;
use super::links::{Held, Links, Shown};
use super::named::ById;
use super::revocations::Revocations;
use crate::compiled::{Api, Cell, Client, Issuer, Plan, Tenant};
use crate::keys::{KeySetError, key_set};
use crate::request::Facts;
use std::sync::Arc;

/// A compiled policy. A clone is a few reference counts.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(super) issuers: Arc<Issuers>,
    pub(super) apis: Arc<Apis>,
    pub(super) clients: ById<Client>,
    pub(super) links: Links,
    pub(super) plans: ById<Plan>,
    pub(super) revocations: Revocations,
    pub(super) tenants: ById<Tenant>,
    pub(super) cells: ById<Cell>,
}

/// How many entities of each kind there are, unsupported ones among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the kinds' own words")]
pub struct Counts {
    pub issuers: usize,
    pub apis: usize,
    pub clients: usize,
    pub plans: usize,
    pub revocations: usize,
    pub tenants: usize,
    pub cells: usize,
}

impl Policy {
    /// The same with these keys in place of what was fetched for the issuer before. They stand before those of the
    /// policy, and stay until the issuer's `issuer` or `jwks_uri` is another. `jwk_set`: RFC 7517 §5.
    pub fn with_fetched_keys(&self, issuer_id: &str, jwk_set: &[u8]) -> Result<Policy, KeySetError> {
        let issuer = self.issuers.get(issuer_id).ok_or(KeySetError::IssuerUnknown)?;
        let issuer = issuer.with_fetched(key_set(jwk_set)?);
        Ok(Policy {
            issuers: Arc::new(self.issuers.replaced(issuer)),
            ..self.clone()
        })
    }

    /// All issuers, in the order of their ids.
    pub fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.iter()
    }

    /// One issuer.
    pub fn issuer(&self, id: &str) -> Option<&Arc<Issuer>> {
        self.issuers.get(id)
    }

    /// All APIs, in the order of their ids.
    pub fn apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.iter()
    }

    /// One API.
    pub fn api(&self, id: &str) -> Option<&Arc<Api>> {
        self.apis.get(id)
    }

    /// All clients, in no order.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.iter()
    }

    /// One client.
    pub fn client(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    /// One plan.
    pub fn plan(&self, id: &str) -> Option<&Arc<Plan>> {
        self.plans.get(id)
    }

    /// How many entities there are.
    pub fn counts(&self) -> Counts {
        Counts {
            issuers: self.issuers.len(),
            apis: self.apis.len(),
            clients: self.clients.len(),
            plans: self.plans.len(),
            revocations: self.revocations.len(),
            tenants: self.tenants.len(),
            cells: self.cells.len(),
        }
    }

    pub(crate) fn choose(&self, facts: &Facts<'_>) -> Chosen<'_> {
        self.apis.choose(facts)
    }

    pub(crate) fn issuer_of_token(&self, issuer: &str) -> Option<&Arc<Issuer>> {
        self.issuers.of_token(issuer)
    }

    pub(crate) fn held(&self, shown: Shown<'_>) -> Option<Held<'_>> {
        self.links.find(shown)
    }

    pub(crate) fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    pub(crate) fn has_tenants(&self) -> bool {
        self.tenants.len() > 0
    }

    pub(crate) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.get(id).map(|tenant| &**tenant)
    }

    pub(crate) fn cell(&self, id: &str) -> Option<&Cell> {
        self.cells.get(id).map(|cell| &**cell)
    }
}
