//! From bytes to claims: what was shown, and the key that each needs (policy §3, contract §3).
//!
//! First of the three calls. Refusals that neither time nor a signature can change are found here, so that no token is
//! parsed and no signature computed for a request that is refused anyway. Must not read the time.

use super::facts::{Facts, Recall};
use super::proof::{Bearer, Claimed, Standing};
use super::step::Step;
use crate::code::Code;
use crate::compiled::{Accepts, DEFAULT_ACCEPTS, DEFAULT_KEY_FIELD, Issuer, Shows};
use crate::keys::{Algorithm, Key};
use crate::policy::{Chosen, Held, Policy, Shown};
use crate::token::{Parsed, Token};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of an API key.
const KEY_BYTES_MAX: usize = 256;

/// Reads what a request shows. `recall`: tokens that were parsed before.
pub fn present<'p>(policy: &'p Policy, facts: &Facts<'_>, recall: &dyn Recall) -> Claimed<'p> {
    let chosen = policy.choose(facts);
    let mut claimed = Claimed::new(chosen);
    let is_public = chosen.operation.is_some_and(|operation| operation.is_public());
    if is_public && chosen.api.is_some_and(|api| api.ignores_on_public) {
        return claimed;
    }
    let (accepts, key_field) = match chosen.api {
        Some(api) => (api.accepts, &*api.key_field),
        None => (DEFAULT_ACCEPTS, DEFAULT_KEY_FIELD),
    };
    let authorization = Values::of(facts, "authorization");
    let key = Values::of(facts, key_field);
    claimed.shows_certificate = accepts.certificate && facts.certificate.is_some();
    let Some(bearer) = shown(&authorization, &key, accepts, is_public, &mut claimed) else {
        return claimed;
    };
    if let Some(key) = key.first {
        claimed.key = api_key(policy, key);
        if claimed.key.is_none() {
            let other_scheme = claimed.shows_other_scheme;
            (claimed.refused_at, claimed.refused) = if other_scheme {
                (Step::Accepted, Some(Code::CredentialUnsupported))
            } else {
                (Step::Key, Some(Code::ApiKeyUnknown))
            };
            return claimed;
        }
    }
    claimed.bearer = bearer.map(|bytes| bearer_of(policy, bytes, recall));
    claimed
}

/// The values of one field.
struct Values<'a> {
    first: Option<&'a [u8]>,
    are_several: bool,
}

impl<'a> Values<'a> {
    fn of(facts: &Facts<'a>, name: &str) -> Values<'a> {
        let mut values = Values {
            first: None,
            are_several: false,
        };
        facts.fields.values(name, &mut |value| {
            values.are_several = values.first.is_some();
            values.first = values.first.or(Some(value));
        });
        values
    }
}

/// The first steps: nothing shown, two of one kind, a kind that is not accepted. `None`: it ends there. Otherwise the
/// token where one was shown.
fn shown<'a>(
    authorization: &Values<'a>,
    key: &Values<'a>,
    accepts: Accepts,
    is_public: bool,
    claimed: &mut Claimed<'_>,
) -> Option<Option<&'a [u8]>> {
    if authorization.first.is_none() && key.first.is_none() && !claimed.shows_certificate {
        claimed.refused = (!is_public).then_some(Code::CredentialMissing);
        return None;
    }
    claimed.shows_something = true;
    if authorization.are_several || key.are_several {
        (claimed.refused_at, claimed.refused) = (Step::OneOfAKind, Some(Code::CredentialsDisagree));
        return None;
    }
    let bearer = authorization.first.and_then(bearer_token);
    claimed.shows_other_scheme = authorization.first.is_some() && bearer.is_none();
    let unsupported = (bearer.is_some() && !accepts.jwt)
        || (key.first.is_some() && !accepts.api_key)
        || (claimed.shows_other_scheme && key.first.is_none());
    if unsupported {
        (claimed.refused_at, claimed.refused) = (Step::Accepted, Some(Code::CredentialUnsupported));
        return None;
    }
    Some(bearer)
}

/// What stands behind the scheme `Bearer` (in any case) and its blanks; empty where nothing does.
fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let end = value.iter().position(|&byte| byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    scheme.eq_ignore_ascii_case(b"bearer").then(|| &rest[blanks..])
}

/// The credential of `sb_<id>_<secret>`; `None` also for a wrong key under a known id.
fn api_key<'p>(policy: &'p Policy, key: &[u8]) -> Option<Held<'p>> {
    if key.len() > KEY_BYTES_MAX {
        return None;
    }
    let rest = key.strip_prefix(b"sb_")?;
    let end = rest.iter().position(|&byte| byte == b'_')?;
    let held = policy.held(Shown::Id(std::str::from_utf8(&rest[..end]).ok()?))?;
    let Shows::Key(expected) = &held.credential.shows else {
        return None;
    };
    let digest: [u8; 32] = Sha256::digest(key).into();
    verify_slices_are_equal(&digest, expected).ok().map(|()| held)
}

fn bearer_of<'p>(policy: &'p Policy, bytes: &[u8], recall: &dyn Recall) -> Bearer<'p> {
    let recalled = recall.token(bytes).filter(|token| token.bytes() == bytes);
    let token = recalled.unwrap_or_else(|| Arc::new(Token::parse(bytes)));
    let standing = match token.parsed() {
        Ok(parsed) => standing(policy, parsed),
        Err(code) => Standing::refused(code),
    };
    Bearer { token, standing }
}

/// The steps *issuer*, *algorithm* and *key*.
fn standing<'p>(policy: &'p Policy, parsed: &Parsed) -> Standing<'p> {
    let Some(issuer) = policy.issuer_of_token(&parsed.issuer) else {
        return Standing::refused(Code::IssuerUnknown);
    };
    let refused = |code, detail, wants_keys| Standing::Refused {
        code,
        detail,
        issuer: Some(issuer),
        wants_keys,
    };
    if !issuer.is_supported {
        return refused(Code::PolicyUnsupported, None, false);
    }
    let algorithm = parsed
        .algorithm
        .filter(|algorithm| issuer.algorithms.contains(*algorithm));
    let Some(algorithm) = algorithm else {
        return refused(Code::TokenUnsupported, None, false);
    };
    match choose_key(issuer, algorithm, parsed.kid.as_deref()) {
        Ok(key) => Standing::Unverified {
            issuer,
            key,
            algorithm,
        },
        Err(Missing::Fit) => refused(Code::TokenUnsupported, None, false),
        Err(Missing::Choice) => refused(Code::SignatureInvalid, Some("key_ambiguous"), false),
        Err(Missing::Key) => {
            let can_fetch = issuer.jwks_uri().is_some();
            if can_fetch && !issuer.has_keys() {
                return refused(Code::KeysUnavailable, None, true);
            }
            refused(
                Code::SignatureInvalid,
                Some("key_unknown"),
                can_fetch && parsed.kid.is_some(),
            )
        }
    }
}

/// Why there is no key.
enum Missing {
    /// None of this name, or none that fits.
    Key,
    /// Some of this name, and none that fits.
    Fit,
    /// Several that fit, and no name.
    Choice,
}

fn choose_key<'p>(
    issuer: &'p Issuer,
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Result<&'p Arc<Key>, Missing> {
    let Some(kid) = kid else {
        let mut fitting = issuer.fitting(algorithm);
        let first = fitting.next().ok_or(Missing::Key)?;
        return fitting.next().map_or(Ok(first), |_| Err(Missing::Choice));
    };
    let named = || issuer.keys().filter(|key| key.kid() == Some(kid));
    match named().find(|key| key.fits(algorithm)) {
        Some(key) => Ok(key),
        None if named().next().is_some() => Err(Missing::Fit),
        None => Err(Missing::Key),
    }
}

/// What `present` needs of a choice, for a policy without any.
impl<'p> Claimed<'p> {
    fn new(chosen: Chosen<'p>) -> Claimed<'p> {
        Claimed {
            chosen,
            shows_something: false,
            shows_other_scheme: false,
            shows_certificate: false,
            refused: None,
            refused_at: Step::Shown,
            key: None,
            bearer: None,
        }
    }
}
