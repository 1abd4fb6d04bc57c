//! The decision: every step of policy §4, in that order; the first that applies refuses.
//!
//! Third of the three calls; run for every request on the current policy, so that a change, a revocation or an expiry holds
//! at once. Must not verify, allocate where it can be avoided, or look at a clock.

use super::decision::{Decision, Permit, Rejection};
use super::effective::Effective;
use super::facts::{Certificate, Facts};
use super::identity::Identity;
use super::proof::{Bearer, Claimed, Proof, Standing};
use super::step::Step;
use super::token_steps::Bearing;
use super::trail::Trail;
use crate::code::Code;
use crate::compiled::{Credential, State};
use crate::policy::{Held, Named, Policy, Shown};
use crate::token::{HEADER_FORM_BYTES_MAX, header_form};
use std::borrow::Cow;

/// Why a step refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    code: Code,
    detail: Option<&'static str>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Refusal {
        Refusal { code, detail: None }
    }
}

/// Decides on a request. `policy`: the one that `proof` was presented under; `now`: Unix seconds.
pub fn decide<'d>(policy: &'d Policy, facts: &'d Facts<'_>, proof: &'d Proof<'_>, now: u64) -> Decision<'d> {
    let claimed = &proof.claimed;
    let mut steps = Steps {
        policy,
        certificate: facts.certificate,
        cell: facts.cell,
        proof,
        now,
        at: Step::Shown,
        trail: Trail {
            api: claimed.chosen.api,
            operation: claimed.chosen.operation,
            ..Trail::default()
        },
        bearing: None,
    };
    match steps.run() {
        Ok(identity) => Decision::Permit(Permit {
            trail: steps.trail,
            identity,
            bearing: steps.bearing,
        }),
        Err(Refusal { code, detail }) => Decision::Reject(Rejection {
            trail: Trail {
                held: None,
                ..steps.trail
            },
            step: steps.at,
            code,
            detail,
        }),
    }
}

/// One decision under way.
struct Steps<'d> {
    policy: &'d Policy,
    /// Shown, whether the API asks for it or not.
    certificate: Option<&'d Certificate>,
    /// The gateway's own.
    cell: Option<&'d str>,
    proof: &'d Proof<'d>,
    now: u64,
    /// The step that is taken.
    at: Step,
    trail: Trail<'d>,
    bearing: Option<Bearing<'d>>,
}

impl<'d> Steps<'d> {
    fn run(&mut self) -> Result<Identity<'d>, Refusal> {
        let claimed = &self.proof.claimed;
        if let Some(code) = claimed.refused {
            self.at = claimed.refused_at;
            return Err(code.into());
        }
        if !claimed.shows_something {
            return Ok(Identity {
                cell: self.cell,
                ..Identity::default()
            });
        }
        self.at = Step::Key;
        let key = self.key(claimed)?;
        self.at = Step::Token;
        let token = self.token(claimed)?;
        self.at = Step::Certificate;
        let certificate = self.certificate(claimed)?;
        self.at = Step::Agreement;
        self.agreement(key, token, certificate)?;
        self.at = Step::Client;
        self.client(token.flatten())?;
        self.at = Step::Tenant;
        let tenant = self.tenant()?;
        let identity = Identity::new(&self.trail, self.bearing.as_ref(), tenant, self.cell);
        if self
            .trail
            .operation
            .is_some_and(|operation| operation.is_public())
        {
            return Ok(identity.fitting());
        }
        self.at = Step::Operation;
        self.operation(claimed)?;
        self.at = Step::Grant;
        self.grant()?;
        self.at = Step::Scopes;
        self.scopes()?;
        self.at = Step::ClaimSize;
        if identity.is_too_large() {
            return Err(Code::ClaimTooLarge.into());
        }
        Ok(identity)
    }

    /// The step *the key*. That it is one was found before.
    fn key(&mut self, claimed: &Claimed<'d>) -> Result<Option<Held<'d>>, Refusal> {
        let Some(held) = claimed.key else { return Ok(None) };
        let usable = self.usable(held.credential);
        // Beside a key that does not pass, another scheme is a kind that is not accepted; that step comes first.
        if usable.is_err() && claimed.shows_other_scheme {
            self.trail.revocation = None;
            self.at = Step::Accepted;
            return Err(Code::CredentialUnsupported.into());
        }
        self.trail.api_key = Some(held.credential);
        usable.map(|()| Some(held))
    }

    /// Neither revoked nor expired.
    fn usable(&mut self, credential: &'d Credential) -> Result<(), Refusal> {
        let named = Named::Credential(&credential.id);
        if let Some(revocation) = self.policy.revocations().find(named, None, self.now) {
            self.trail.revocation = Some(revocation);
            return Err(Code::CredentialRevoked.into());
        }
        if credential.is_expired(self.now) {
            return Err(Code::CredentialExpired.into());
        }
        Ok(())
    }

    /// The step *the token*. Outer: whether there is one; inner: whose it is, where that is registered.
    #[allow(
        clippy::option_option,
        reason = "a token without a client and no token are different things"
    )]
    fn token(&mut self, claimed: &'d Claimed<'d>) -> Result<Option<Option<Held<'d>>>, Refusal> {
        let Some(Bearer { token, standing }) = &claimed.bearer else {
            return Ok(None);
        };
        let (issuer, key) = match *standing {
            Standing::Refused {
                code, detail, issuer, ..
            } => {
                self.trail.issuer = issuer;
                return Err(Refusal { code, detail });
            }
            Standing::Unverified { issuer, key, .. } => (issuer, key),
        };
        self.trail.issuer = Some(issuer);
        self.trail.key = Some(key);
        let (Ok(parsed), true) = (token.parsed(), self.proof.holds()) else {
            return Err(Code::SignatureInvalid.into());
        };
        let bearing = Bearing {
            token,
            parsed,
            issuer,
            key,
        };
        self.bearing = Some(bearing);
        let held = bearing.check(self.policy, self.certificate, self.now, &mut self.trail)?;
        self.trail.token_credential = held.map(|held| held.credential);
        Ok(Some(held))
    }

    /// The step *the certificate*.
    fn certificate(&mut self, claimed: &Claimed<'d>) -> Result<Option<Held<'d>>, Refusal> {
        let shown = self.certificate.filter(|_| claimed.shows_certificate);
        let Some(certificate) = shown else { return Ok(None) };
        let held = owner(self.policy, certificate).ok_or(Code::CertificateUnknown)?;
        self.trail.certificate = Some(held.credential);
        self.usable(held.credential).map(|()| Some(held))
    }

    /// The step *disagreement*: all that is shown leads to one client.
    #[allow(clippy::option_option, reason = "as `token`")]
    fn agreement(
        &mut self,
        key: Option<Held<'d>>,
        token: Option<Option<Held<'d>>>,
        certificate: Option<Held<'d>>,
    ) -> Result<(), Refusal> {
        let any_client = self.bearing.is_some_and(|bearing| bearing.issuer.any_client);
        if key.is_some() && any_client {
            return Err(Code::CredentialsDisagree.into());
        }
        let mut led = [key.map(Some), token, certificate.map(Some)]
            .into_iter()
            .flatten();
        let first = led.next().flatten();
        let id = |held: Option<Held<'d>>| held.map(|held| held.client.id());
        if led.any(|other| other.is_none() || id(other) != id(first)) {
            return Err(Code::CredentialsDisagree.into());
        }
        self.trail.client = first.map(|held| held.client);
        Ok(())
    }

    /// The step *client*.
    fn client(&mut self, token: Option<Held<'d>>) -> Result<(), Refusal> {
        let Some(client) = self.trail.client else {
            return Ok(());
        };
        if client.state == State::Unsupported {
            return Err(Code::PolicyUnsupported.into());
        }
        if let Some(held) = token {
            self.usable(held.credential)?;
        }
        if client.state == State::Suspended {
            return Err(Code::ClientSuspended.into());
        }
        Ok(())
    }

    /// The steps *tenant* and *cell*; the tenant that the service is told.
    fn tenant(&mut self) -> Result<Option<Cow<'d, str>>, Refusal> {
        let claim = self.bearing.and_then(|bearing| bearing.tenant());
        let own = self.trail.client.and_then(|client| client.tenant());
        let told = match claim {
            Some(claim) => header_form(claim),
            None => own.map(Cow::Borrowed),
        };
        if !self.policy.has_tenants() {
            return Ok(told);
        }
        let Some(id) = told else {
            // A claim that nothing can be made of is not the same as none.
            return if claim.is_some() {
                Err(Code::TenantUnknown.into())
            } else {
                Ok(None)
            };
        };
        let contradicts = own.is_some_and(|own| own != id);
        if contradicts || id.len() > HEADER_FORM_BYTES_MAX {
            return Err(Code::TenantUnknown.into());
        }
        let tenant = self.policy.tenant(&id).ok_or(Code::TenantUnknown)?;
        self.trail.tenant = Some(tenant);
        match tenant.state {
            State::Active => {}
            State::Suspended => return Err(Code::TenantSuspended.into()),
            State::Unsupported => return Err(Code::PolicyUnsupported.into()),
        }
        self.at = Step::Cell;
        if let Some(cell) = tenant.cell.as_deref() {
            self.trail.cell = self.policy.cell(cell);
            if self.trail.cell.is_some_and(|cell| !cell.is_supported) {
                return Err(Code::PolicyUnsupported.into());
            }
            if self.cell.is_some_and(|ours| ours != cell) {
                return Err(Code::CellMismatch.into());
            }
        }
        Ok(Some(id))
    }

    /// The step *operation*.
    fn operation(&self, claimed: &Claimed<'d>) -> Result<(), Refusal> {
        if claimed.chosen.api.is_some_and(|api| !api.is_supported) {
            return Err(Code::PolicyUnsupported.into());
        }
        match claimed.chosen.operation {
            Some(_) => Ok(()),
            None => Err(Code::OperationUnknown.into()),
        }
    }

    /// The step *grant*.
    fn grant(&mut self) -> Result<(), Refusal> {
        if let Some(bearing) = self.bearing.filter(|bearing| bearing.issuer.any_client) {
            self.trail.effective = Some(Effective::Token(bearing.scopes()));
            return Ok(());
        }
        let api = self.trail.api.ok_or(Code::OperationUnknown)?;
        let client = self.trail.client.ok_or(Code::GrantMissing)?;
        let grant = client.grant(api.id()).ok_or(Code::GrantMissing)?;
        self.trail.grant = Some(grant);
        self.trail.plan = grant.plan().and_then(|plan| self.policy.plan(plan));
        if self.trail.plan.is_some_and(|plan| !plan.is_supported) {
            return Err(Code::PolicyUnsupported.into());
        }
        self.trail.effective = Some(match &self.bearing {
            Some(bearing) => Effective::Both(grant.scopes(), bearing.scopes()),
            None => Effective::Grant(grant.scopes()),
        });
        Ok(())
    }

    /// The step *scopes*.
    fn scopes(&mut self) -> Result<(), Refusal> {
        let (Some(operation), Some(effective)) = (self.trail.operation, self.trail.effective) else {
            return Err(Code::OperationUnknown.into());
        };
        let alternatives = operation.alternatives();
        self.trail.held = alternatives
            .iter()
            .find(|scopes| effective.has_all(scopes))
            .map(|scopes| &**scopes);
        if self.trail.held.is_none() {
            self.trail.wanted = alternatives.first().map(|scopes| &**scopes);
            return Err(Code::ScopeMissing.into());
        }
        Ok(())
    }
}

/// Whose certificate it is: by its public key, else by its names where all that are known lead to one client.
fn owner<'d>(policy: &'d Policy, certificate: &Certificate) -> Option<Held<'d>> {
    let by_key =
        crate::rules::sha256(&certificate.spki_sha256).and_then(|hash| policy.held(Shown::Spki(&hash)));
    if by_key.is_some() {
        return by_key;
    }
    let mut named = certificate
        .sans
        .iter()
        .filter_map(|name| policy.held(Shown::San(name)));
    let first = named.next()?;
    named
        .all(|other| other.client.id() == first.client.id())
        .then_some(first)
}
