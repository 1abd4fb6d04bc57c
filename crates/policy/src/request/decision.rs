//! What was decided, and what follows from it for the request and for the answer (contract §4).
//!
//! Reasons and challenges are written when they are asked for; a permit that nobody explains allocates nothing.

use super::identity::Identity;
use super::permitted::Principal;
use super::step::Step;
use super::token_steps::Bearing;
use super::trail::Trail;
use crate::code::Code;
use crate::compiled::{Accepts, Api, Client, DEFAULT_ACCEPTS, Grant, Operation};
use crate::rules::is_scope;
use std::sync::Arc;

/// The realm where no API fits.
const NO_REALM: &str = "switchboard";

/// What was decided.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a permit is the ordinary case, and is not worth an allocation"
)]
pub enum Decision<'d> {
    /// The request may go on, as this.
    Permit(Permit<'d>),
    /// It may not.
    Reject(Rejection<'d>),
}

/// A request that may go on.
#[derive(Debug)]
pub struct Permit<'d> {
    pub(super) trail: Trail<'d>,
    pub(super) identity: Identity<'d>,
    pub(super) bearing: Option<Bearing<'d>>,
}

/// A request that may not.
#[derive(Debug)]
pub struct Rejection<'d> {
    pub(super) trail: Trail<'d>,
    pub(super) step: Step,
    pub(super) code: Code,
    pub(super) detail: Option<&'static str>,
}

impl Decision<'_> {
    /// What was found on the way, in the order of contract §4.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Decision::Permit(permit) => permit.reasons(),
            Decision::Reject(rejection) => rejection.reasons(),
        }
    }
}

impl<'d> Permit<'d> {
    /// The API that answers.
    pub fn api(&self) -> Option<&'d Arc<Api>> {
        self.trail.api
    }

    /// The operation that was asked for.
    pub fn operation(&self) -> Option<&'d Operation> {
        self.trail.operation
    }

    /// The registered client.
    pub fn client(&self) -> Option<&'d Arc<Client>> {
        self.trail.client
    }

    /// The registered client's id, or the client claim in header form.
    pub fn client_id(&self) -> Option<&str> {
        self.identity.client.as_deref()
    }

    /// The user, in header form.
    pub fn user(&self) -> Option<&str> {
        self.identity.user.as_deref()
    }

    /// The user's role, in header form.
    pub fn role(&self) -> Option<&str> {
        self.identity.role.as_deref()
    }

    /// The tenant, in header form.
    pub fn tenant(&self) -> Option<&str> {
        self.identity.tenant.as_deref()
    }

    /// The gateway's own cell, where it has one.
    pub fn cell(&self) -> Option<&str> {
        self.identity.cell
    }

    /// The scopes that hold, each once; none on a public operation.
    pub fn scopes(&self) -> Vec<&'d str> {
        self.trail
            .effective
            .map(|effective| effective.list())
            .unwrap_or_default()
    }

    /// Those of the scopes that are scope tokens (contract §2), so that blanks can stand between them: a token that needs
    /// no registered client may hold others, which no operation asks for.
    pub fn scope_tokens(&self) -> impl Iterator<Item = &'d str> {
        self.scopes().into_iter().filter(|scope| is_scope(scope))
    }

    /// The id of the grant's plan.
    pub fn plan(&self) -> Option<&'d str> {
        self.trail.grant.and_then(Grant::plan)
    }

    /// The identity fields that the service is told, in order.
    pub fn identity(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Identity {
            user,
            role,
            client,
            tenant,
            cell,
        } = &self.identity;
        let fields = [
            ("X-User-Id", user.as_deref()),
            ("X-User-Role", role.as_deref()),
            ("X-Client-Id", client.as_deref()),
            ("X-Tenant-Id", tenant.as_deref()),
            ("X-Cell-Id", *cell),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// Whether the Authorization field is taken off: a bearer token was used, and the API keeps it.
    pub fn removes_authorization(&self) -> bool {
        self.bearing.is_some() && !self.trail.api.is_some_and(|api| api.forward_token)
    }

    /// The field that is taken off because it carried the key that was used, in lower case.
    pub fn removes_key_header(&self) -> Option<&'d str> {
        self.trail.api_key?;
        self.trail.api.map(|api| api.key_field())
    }

    /// The registered client's credentials that it was let in by, at most one of a kind, by their ids: as bytes, which cost nothing. Whoever
    /// notes them does so for every request.
    pub fn credentials(&self) -> impl Iterator<Item = &'d [u8]> {
        let Trail {
            api_key,
            token_credential,
            certificate,
            ..
        } = self.trail;
        let shown = [api_key, token_credential, certificate];
        shown
            .into_iter()
            .flatten()
            .map(|credential| credential.id.as_bytes())
    }

    /// Who it is from; nobody where nothing was shown.
    pub fn principal(&self) -> Principal<'d> {
        Principal::new(self.trail.client, self.bearing)
    }

    /// What was found on the way, in the order of contract §4.
    pub fn reasons(&self) -> Vec<String> {
        self.trail.reasons()
    }
}

impl<'d> Rejection<'d> {
    /// Why.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The step that refuses; those before it have passed.
    pub fn step(&self) -> Step {
        self.step
    }

    /// More for logs and `explain`, never for the caller: `key_unknown` or `key_ambiguous`.
    pub fn detail(&self) -> Option<&'static str> {
        self.detail
    }

    /// The API, where one fits.
    pub fn api(&self) -> Option<&'d Arc<Api>> {
        self.trail.api
    }

    /// The registered client, where it was established.
    pub fn client(&self) -> Option<&'d Arc<Client>> {
        self.trail.client
    }

    /// Its id.
    pub fn client_id(&self) -> Option<&'d str> {
        self.trail.client.map(|client| client.id())
    }

    /// The values of `WWW-Authenticate`, in order (RFC 9110 §11.6.1, RFC 6750 §3).
    pub fn challenges(&self) -> Vec<String> {
        let accepts = self.trail.api.map_or(DEFAULT_ACCEPTS, |api| api.accepts);
        match self.code.status() {
            401 => self.unauthenticated(accepts),
            _ if self.code == Code::ScopeMissing && accepts.jwt => {
                let wanted = self.trail.wanted.unwrap_or_default().join(" ");
                vec![format!("Bearer error=\"insufficient_scope\", scope=\"{wanted}\"")]
            }
            _ => Vec::new(),
        }
    }

    /// One for each credential that the API accepts; a bearer one too where that is certificates alone.
    fn unauthenticated(&self, accepts: Accepts) -> Vec<String> {
        let realm = self.trail.api.map_or(NO_REALM, |api| api.id());
        let mut challenges = Vec::with_capacity(2);
        if accepts.jwt || !accepts.api_key {
            let error = if self.code.is_about_token() {
                ", error=\"invalid_token\""
            } else {
                ""
            };
            challenges.push(format!("Bearer realm=\"{realm}\"{error}"));
        }
        if accepts.api_key {
            challenges.push(format!("ApiKey realm=\"{realm}\""));
        }
        challenges
    }

    /// What was found on the way, up to the refusal, in the order of contract §4.
    pub fn reasons(&self) -> Vec<String> {
        self.trail.reasons()
    }
}
