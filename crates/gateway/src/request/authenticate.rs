//! Credentials → proof: what was shown, and whether its signature is good. Who that is, and what may be done, is decided
//! by `authorize`, for every request anew.
//!
//! Signatures are computed here, on the worker: some 24 µs, less than handing them over would cost. Those that were
//! good are remembered by `Proofs`.

use super::{Admitted, HeadFields, Surroundings};
use crate::downstream::Received;
use crate::keys::Wanted;
use policy::{Facts, Policy, Proof};

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

impl<'r> Identified<'_, 'r> {
    /// The request itself.
    pub(crate) fn received(&self) -> &Received<'r> {
        &self.admitted.routed.received
    }
}

/// Looks at the credentials. Refuses nothing: which fault comes first is `authorize`'s to say. `cell`: the gateway's own.
pub(crate) fn authenticate<'s, 'r>(
    admitted: Admitted<'s, 'r>,
    around: &Surroundings<'s>,
    cell: Option<&str>,
) -> Identified<'s, 'r> {
    let enforced = around.snapshot.enforced.as_ref();
    let proven = enforced.map(|enforced| {
        let fields = HeadFields::of(&admitted.routed.received);
        prove(&enforced.policy, &fields.facts(cell), around)
    });
    Identified { admitted, proven }
}

fn prove<'s>(policy: &'s Policy, facts: &Facts<'_>, around: &Surroundings<'_>) -> Proven<'s> {
    let claimed = match around.proofs.recall(policy, facts) {
        Ok(proof) => {
            around.metrics.proof(true);
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
        around.metrics.proof(false);
    }
    if let Some(verified) = proof.verified() {
        around.proofs.keep(verified);
    }
    Proven {
        policy,
        proof,
        wanted,
    }
}
