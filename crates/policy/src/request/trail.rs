//! What was found on the way to a decision, and how it is told (contract §4).
//!
//! References only, so that a decision that nobody asks for reasons pays nothing for them.

use super::effective::Effective;
use crate::compiled::{Api, Cell, Client, Credential, Grant, Issuer, Operation, Plan, Revocation, Tenant};
use crate::keys::Key;
use std::sync::Arc;

/// What was established before the decision.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trail<'d> {
    pub(super) api: Option<&'d Arc<Api>>,
    pub(super) operation: Option<&'d Operation>,
    pub(super) api_key: Option<&'d Credential>,
    pub(super) issuer: Option<&'d Arc<Issuer>>,
    pub(super) key: Option<&'d Key>,
    pub(super) token_credential: Option<&'d Credential>,
    pub(super) certificate: Option<&'d Credential>,
    pub(super) client: Option<&'d Arc<Client>>,
    pub(super) revocation: Option<&'d Revocation>,
    pub(super) tenant: Option<&'d Tenant>,
    /// The tenant's, where it is known.
    pub(super) cell: Option<&'d Cell>,
    pub(super) grant: Option<&'d Grant>,
    /// The grant's, where it is known.
    pub(super) plan: Option<&'d Arc<Plan>>,
    /// The scopes that hold, once that is established.
    pub(super) effective: Option<Effective<'d>>,
    /// Of a permit: the alternative of the operation that held.
    pub(super) held: Option<&'d [Box<str>]>,
    /// The alternative that is told as missing.
    pub(super) wanted: Option<&'d [Box<str>]>,
}

impl<'d> Trail<'d> {
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::with_capacity(12);
        let mut tell = |kind: &str, id: Option<&str>| {
            if let Some(id) = id {
                reasons.push(format!("{kind}/{id}"));
            }
        };
        tell("api", self.api.map(|api| api.id()));
        if let Some(operation) = self.operation {
            let kind = if operation.is_public() {
                "public"
            } else {
                "operation"
            };
            tell(kind, Some(operation.matches()));
        }
        tell("credential", self.api_key.map(|credential| &*credential.id));
        tell("issuer", self.issuer.map(|issuer| issuer.id()));
        tell("key", self.key.map(|key| key.kid().unwrap_or_default()));
        tell(
            "credential",
            self.token_credential.map(|credential| &*credential.id),
        );
        tell("credential", self.certificate.map(|credential| &*credential.id));
        tell("client", self.client.map(|client| client.id()));
        tell("revocation", self.revocation.map(|revocation| &*revocation.id));
        tell("tenant", self.tenant.map(|tenant| &*tenant.id));
        tell("cell", self.cell.map(|cell| &*cell.id));
        tell("grant", self.grant.map(Grant::api));
        tell("plan", self.plan.map(|plan| plan.id()));
        for scope in self.held.into_iter().flatten() {
            tell("scope", Some(scope));
        }
        for scope in self.missing() {
            tell("missing", Some(scope));
        }
        reasons
    }

    /// Of what the challenge names, that which does not hold.
    fn missing(&self) -> impl Iterator<Item = &'d str> {
        let effective = self.effective;
        let wanted = self.wanted.into_iter().flatten().map(|scope| &**scope);
        wanted.filter(move |scope| !effective.is_some_and(|effective| effective.contains(scope)))
    }
}
