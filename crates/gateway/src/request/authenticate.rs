//! Credentials → proof: what was shown, and whether its signature is good. Who that is, and what may be done, is decided
//! by `authorize`, for every request anew.
//!
//! Signatures are computed here, on the worker: some 24 µs, less than handing them over would cost. Those that were
//! good are remembered by `Proofs`.

use super::Admitted;
use super::facts::HeadFields;
use super::proofs::Proofs;
use crate::keys::Wanted;
use crate::usage::Metrics;
use policy::{Policy, Proof};

/// A request with its credentials' proof. Only `authenticate` makes one.
#[derive(Debug)]
pub(crate) struct Identified<'s, 'r> {
    pub(super) admitted: Admitted<'s, 'r>,
    /// `None`: there is no policy, and everything is public.
    pub(super) proven: Option<Proven<'s>>,
}

/// What was proven, by which policy.
#[derive(Debug)]
pub(super) struct Proven<'s> {
    pub(super) policy: &'s Policy,
    pub(super) proof: Proof<'s>,
    /// The key that is missing, where its issuer may have it.
    pub(super) wanted: Option<Wanted>,
}

/// What authenticating needs beside the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authenticating<'a> {
    pub(crate) proofs: &'a Proofs,
    pub(crate) metrics: &'a Metrics,
    pub(crate) cell: Option<&'a str>,
}

/// Looks at the credentials. Refuses nothing: which fault comes first is `authorize`'s to say.
pub(crate) fn authenticate<'s, 'r>(
    admitted: Admitted<'s, 'r>,
    policy: Option<&'s Policy>,
    with: Authenticating<'_>,
) -> Identified<'s, 'r> {
    let proven = policy.map(|policy| prove(&admitted, policy, with));
    Identified { admitted, proven }
}

fn prove<'s>(admitted: &Admitted<'_, '_>, policy: &'s Policy, with: Authenticating<'_>) -> Proven<'s> {
    let fields = HeadFields::of(&admitted.routed.received);
    let facts = fields.facts(with.cell);
    let claimed = match with.proofs.recall(policy, &facts) {
        Ok(proof) => {
            with.metrics.proof(true);
            return Proven {
                policy,
                proof,
                wanted: None,
            };
        }
        Err(claimed) => claimed,
    };
    let wanted = claimed.wants_keys().map(|issuer| Wanted {
        issuer: issuer.into(),
        kid: claimed.token().and_then(|token| token.kid()).map(Box::from),
    });
    let proof = policy::verify(claimed);
    if proof.signature_checked() {
        with.metrics.proof(false);
    }
    if let Some(verified) = proof.verified() {
        with.proofs.keep(verified);
    }
    Proven {
        policy,
        proof,
        wanted,
    }
}
