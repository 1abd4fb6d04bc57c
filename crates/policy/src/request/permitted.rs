//! What a principal may do with a whole API: for authorizers with a result cache, and for people who ask.

use super::effective::Effective;
use super::token_steps::Bearing;
use crate::compiled::{Client, Operation, State};
use crate::policy::Policy;
use crate::token::Scopes;
use std::sync::Arc;

/// Who somebody turned out to be.
#[derive(Debug, Clone, Copy)]
pub struct Principal<'d> {
    client: Option<&'d Arc<Client>>,
    /// A token's scopes, and whether they count alone.
    token: Option<(Scopes<'d>, bool)>,
}

impl<'d> Principal<'d> {
    pub(super) fn new(client: Option<&'d Arc<Client>>, bearing: Option<Bearing<'d>>) -> Principal<'d> {
        Principal {
            client,
            token: bearing.map(|bearing| (bearing.scopes(), bearing.issuer.any_client)),
        }
    }

    /// A client with a key or a certificate.
    pub fn of(client: &'d Arc<Client>) -> Principal<'d> {
        Principal::new(Some(client), None)
    }

    /// The registered client.
    pub fn client(&self) -> Option<&'d Arc<Client>> {
        self.client
    }

    /// The scopes that hold for an API; `None` where nothing but what is public may be called.
    fn effective(&self, policy: &Policy, api: &str) -> Option<Effective<'d>> {
        if self.client.is_some_and(|client| client.state != State::Active) {
            return None;
        }
        if let Some((scopes, true)) = self.token {
            return Some(Effective::Token(scopes));
        }
        let grant = self.client?.grant(api)?;
        let plan = grant.plan().and_then(|plan| policy.plan(plan));
        if plan.is_some_and(|plan| !plan.is_supported) {
            return None;
        }
        Some(match self.token {
            Some((scopes, _)) => Effective::Both(grant.scopes(), scopes),
            None => Effective::Grant(grant.scopes()),
        })
    }
}

/// The operations of an API that the principal may call, public ones among them, in the order written. None where the
/// API is not known or not understood in full. Tenant and cell are not asked about here.
pub fn permitted<'p>(policy: &'p Policy, principal: &Principal<'_>, api: &str) -> Vec<&'p Operation> {
    let Some(api) = policy.api(api) else {
        return Vec::new();
    };
    let effective = principal.effective(policy, api.id());
    let may = |operation: &&Operation| {
        operation.is_public()
            || effective.is_some_and(|effective| {
                operation
                    .alternatives()
                    .iter()
                    .any(|scopes| effective.has_all(scopes))
            })
    };
    api.operations().iter().filter(may).collect()
}
