//! Proof + operation → permit or reject, by the policy of this request's snapshot, at this second.
//!
//! A grant that was taken away, a revocation and an expiry hold from the next request on, as nothing of a decision is
//! kept.

use super::authenticate::Identified;
use crate::keys::Wanted;
use crate::usage::{Account, keep};
use policy::{Code, Decision, Facts, Permit, Rejection};

/// A request that may be served. Only `authorize` makes one.
#[derive(Debug)]
pub(crate) struct Permitted<'d, 's, 'r> {
    pub(super) identified: &'d Identified<'s, 'r>,
    /// `None`: there is no policy, and everything is public.
    pub(super) permit: Option<Permit<'d>>,
}

/// Why a request may not be served.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// Values of `WWW-Authenticate`.
    pub(crate) challenges: Vec<String>,
    /// The key that is missing, where it alone is to blame and its issuer may have it.
    pub(crate) wanted: Option<Wanted>,
}

/// Decides. `facts`: of this very request; `account` takes whose API and which client it was, also of a reject.
pub(crate) fn authorize<'d, 's, 'r>(
    identified: &'d Identified<'s, 'r>,
    facts: &'d Facts<'d>,
    unix_s: u64,
    account: &mut Account,
) -> Result<Permitted<'d, 's, 'r>, Refused> {
    let Some(proven) = &identified.proven else {
        return Ok(Permitted {
            identified,
            permit: None,
        });
    };
    match policy::decide(proven.policy, facts, &proven.proof, unix_s) {
        Decision::Permit(permit) => {
            note(account, permit.api().map(|api| api.id()), permit.client_id());
            Ok(Permitted {
                identified,
                permit: Some(permit),
            })
        }
        Decision::Reject(rejection) => {
            note(
                account,
                rejection.api().map(|api| api.id()),
                rejection.client_id(),
            );
            account.detail = rejection.detail().map(str::to_owned);
            Err(refused(&rejection, proven.wanted.as_ref()))
        }
    }
}

fn note(account: &mut Account, api: Option<&str>, client: Option<&str>) {
    keep(&mut account.api, api.unwrap_or_default().as_bytes());
    keep(&mut account.client_id, client.unwrap_or_default().as_bytes());
}

fn refused(rejection: &Rejection<'_>, wanted: Option<&Wanted>) -> Refused {
    let code = rejection.code();
    // Another fault that comes first is not mended by a key.
    let by_key = code == Code::KeysUnavailable
        || (code == Code::SignatureInvalid && rejection.detail() == Some("key_unknown"));
    Refused {
        code,
        challenges: rejection.challenges(),
        wanted: wanted.filter(|_| by_key).cloned(),
    }
}
