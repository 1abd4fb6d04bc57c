//! What is claimed, and what was proved of it: the one signature that there may be.
//!
//! Second of the three calls. `Verified` can be made by `verify` alone, so that whatever a cache holds was checked; it is
//! recalled only for the same token under the same key. Must not read the time or the policy.

use super::step::Step;
use crate::code::Code;
use crate::compiled::Issuer;
use crate::keys::{Algorithm, Key};
use crate::policy::{Chosen, Held};
use crate::token::{Token, Value};
use std::sync::Arc;

/// What a request shows, not yet proved.
#[derive(Debug)]
pub struct Claimed<'p> {
    pub(super) chosen: Chosen<'p>,
    pub(super) shows_something: bool,
    /// An Authorization that is no bearer token.
    pub(super) shows_other_scheme: bool,
    /// A certificate that the API asks for.
    pub(super) shows_certificate: bool,
    /// A refusal that needs neither time nor signature.
    pub(super) refused: Option<Code>,
    /// The step that finds it.
    pub(super) refused_at: Step,
    /// Whose key it is; the key itself was compared.
    pub(super) key: Option<Held<'p>>,
    pub(super) bearer: Option<Bearer<'p>>,
}

/// A bearer token and how it stands.
#[derive(Debug)]
pub(super) struct Bearer<'p> {
    pub(super) token: Arc<Token>,
    pub(super) standing: Standing<'p>,
}

/// How a token stands with the policy.
#[derive(Debug, Clone, Copy)]
pub(super) enum Standing<'p> {
    /// It is refused whatever its signature is.
    Refused {
        code: Code,
        detail: Option<&'static str>,
        issuer: Option<&'p Arc<Issuer>>,
        /// Whether the issuer's keys are worth a fetch.
        wants_keys: bool,
    },
    /// All that is missing is that its signature holds under this key.
    Unverified {
        issuer: &'p Arc<Issuer>,
        key: &'p Arc<Key>,
        algorithm: Algorithm,
    },
}

impl Standing<'_> {
    pub(super) fn refused(code: Code) -> Self {
        Standing::Refused {
            code,
            detail: None,
            issuer: None,
            wants_keys: false,
        }
    }
}

impl<'p> Claimed<'p> {
    /// The token that was shown, also one that cannot be read. None where the request is refused before it.
    pub fn token(&self) -> Option<&Arc<Token>> {
        self.bearer.as_ref().map(|bearer| &bearer.token)
    }

    /// Whether a signature has to be checked, and there is a key for it.
    pub fn is_unverified(&self) -> bool {
        self.unverified().is_some()
    }

    /// Whether the request is refused already, whatever a signature or the time says.
    pub fn is_refused(&self) -> bool {
        let refused = |bearer: &Bearer<'_>| matches!(bearer.standing, Standing::Refused { .. });
        self.refused.is_some() || self.bearer.as_ref().is_some_and(refused)
    }

    /// The id of the token's issuer, where that has a `jwks_uri` and the key is not known: worth a fetch, and `present`
    /// again.
    pub fn wants_keys(&self) -> Option<&'p str> {
        match &self.bearer.as_ref()?.standing {
            Standing::Refused {
                issuer: Some(issuer),
                wants_keys: true,
                ..
            } => Some(issuer.id()),
            _ => None,
        }
    }

    /// The proof without computing a signature, where `verified` is of the same token under the same key.
    #[allow(
        clippy::result_large_err,
        reason = "both ways are ordinary, and neither is worth an allocation"
    )]
    pub fn recall(self, verified: &Verified) -> Result<Proof<'p>, Claimed<'p>> {
        let same = self.unverified().is_some_and(|(token, key, _)| {
            (Arc::ptr_eq(token, &verified.token) || token.bytes() == verified.token.bytes())
                && key.is_same_as(&verified.key)
        });
        if same {
            Ok(Proof {
                claimed: self,
                signature: Signature::Recalled,
            })
        } else {
            Err(self)
        }
    }

    fn unverified(&self) -> Option<(&Arc<Token>, &'p Arc<Key>, Algorithm)> {
        let bearer = self.bearer.as_ref()?;
        match bearer.standing {
            Standing::Unverified { key, algorithm, .. } => Some((&bearer.token, key, algorithm)),
            Standing::Refused { .. } => None,
        }
    }
}

/// What is known of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// There is none to check.
    None,
    Good,
    /// Checked before, for the same token under the same key.
    Recalled,
    Bad,
}

/// What a request shows, with its signature checked.
#[derive(Debug)]
pub struct Proof<'p> {
    pub(super) claimed: Claimed<'p>,
    pub(super) signature: Signature,
}

/// Checks the signature where there is one to check.
pub fn verify(claimed: Claimed<'_>) -> Proof<'_> {
    let signature = match claimed.unverified() {
        None => Signature::None,
        Some((token, key, algorithm)) => match token.parsed() {
            Ok(parsed) if key.verifies(algorithm, token.signed(), &parsed.signature) => Signature::Good,
            _ => Signature::Bad,
        },
    };
    Proof { claimed, signature }
}

impl<'p> Proof<'p> {
    /// What may be kept: that this token's signature held under this key.
    pub fn verified(&self) -> Option<Verified> {
        let (token, key, _) = self.claimed.unverified()?;
        self.holds().then(|| Verified {
            token: Arc::clone(token),
            key: Arc::clone(key),
        })
    }

    /// Whether a signature was computed for this proof.
    pub fn signature_checked(&self) -> bool {
        matches!(self.signature, Signature::Good | Signature::Bad)
    }

    /// The token that was shown, as `Claimed::token`.
    pub fn token(&self) -> Option<&Arc<Token>> {
        self.claimed.token()
    }

    pub(super) fn holds(&self) -> bool {
        matches!(self.signature, Signature::Good | Signature::Recalled)
    }
}

/// That the signature of one token held under one key.
#[derive(Debug, Clone)]
pub struct Verified {
    token: Arc<Token>,
    key: Arc<Key>,
}

impl Verified {
    /// The token.
    pub fn token(&self) -> &Arc<Token> {
        &self.token
    }

    /// The second from which on the token is refused at the latest, less the issuer's leeway; none where it is refused
    /// for having no usable `exp`.
    pub fn expires(&self) -> Option<u64> {
        match self.token.parsed().ok()?.claims.get("exp")? {
            Value::Number(number) => super::token_steps::whole_seconds(*number),
            _ => None,
        }
    }
}
