//! An issuer: how its tokens are read, and which keys they may be signed with.
//!
//! Keys that were fetched stand before those of the policy, and are kept apart from them, so that a change of the policy
//! drops none. Must not fetch, and must not verify.

use super::reading::{Read, Refused, holds, members, ruled, wire};
use crate::entity::{self, AnyClient, Preset};
use crate::keys::{Algorithm, Algorithms, Key, key};
use crate::policy::Body;
use crate::rules::{self, AUDIENCES_MAX, KEYS_MAX, LEEWAY_S_MAX};
use crate::token::ClaimPath;
use std::sync::Arc;

/// Seconds that clocks may differ where an issuer does not say.
const LEEWAY_S: u64 = 30;

/// An issuer of tokens.
#[derive(Debug, Clone)]
pub struct Issuer {
    id: Box<str>,
    issuer: Box<str>,
    audiences: Box<[Box<str>]>,
    pub(crate) algorithms: Algorithms,
    jwks_uri: Option<Box<str>>,
    /// Of the policy.
    inline: Arc<[Arc<Key>]>,
    fetched: Option<Arc<[Arc<Key>]>>,
    pub(crate) claims: Claims,
    pub(crate) is_cognito: bool,
    /// A token needs no registered client, and its own scopes count.
    pub(crate) any_client: bool,
    pub(crate) leeway_s: u64,
    pub(crate) is_supported: bool,
}

/// Which claims hold what.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    pub(crate) user: ClaimPath,
    pub(crate) client: ClaimPath,
    pub(crate) role: ClaimPath,
    pub(crate) tenant: ClaimPath,
    pub(crate) scopes: ClaimPath,
}

impl Issuer {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The `iss` of its tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys can be fetched.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// Whether there was ever a set of keys: some of the policy that can be used, or any that was fetched.
    pub fn has_keys(&self) -> bool {
        !self.inline.is_empty() || self.fetched.is_some()
    }

    /// How many keys can be used of the set that was fetched last.
    pub fn keys_fetched(&self) -> usize {
        self.fetched.as_ref().map_or(0, |keys| keys.len())
    }

    /// Names of all keys that can be used, in the order in which they are tried.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys().filter_map(|key| key.kid())
    }

    /// Whether this version understands it in full; its tokens are refused otherwise.
    pub fn is_supported(&self) -> bool {
        self.is_supported
    }

    /// Whether a token needs no registered client.
    pub fn takes_any_client(&self) -> bool {
        self.any_client
    }

    pub(crate) fn has_audience(&self, audience: &str) -> bool {
        self.audiences.iter().any(|ours| **ours == *audience)
    }

    /// Fetched ones first; one that is both is one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        let fetched: &[Arc<Key>] = self.fetched.as_deref().unwrap_or_default();
        let others = self
            .inline
            .iter()
            .filter(|key| !fetched.iter().any(|other| other.is_copy_of(key)));
        fetched.iter().chain(others)
    }

    /// The same with these keys in place of what was fetched before.
    pub(crate) fn with_fetched(&self, keys: Arc<[Arc<Key>]>) -> Issuer {
        Issuer {
            fetched: Some(keys),
            ..self.clone()
        }
    }

    /// Takes over what was fetched for the former entity of this id, unless its keys are now elsewhere.
    pub(crate) fn keep_fetched(&mut self, former: &Issuer) {
        if former.issuer == self.issuer && former.jwks_uri == self.jwks_uri {
            self.fetched.clone_from(&former.fetched);
        }
    }

    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Read<Issuer> {
        let whole = wire(body, needs)
            .and_then(|wire: entity::Issuer| Issuer::new(id, &wire).map_err(|refused| refused.to_string()));
        match whole {
            Ok(issuer) => Read::Whole(issuer),
            Err(message) => match Issuer::recognised(id, body) {
                Some(issuer) => Read::Unsupported(issuer, message),
                None => Read::Nothing(message),
            },
        }
    }

    fn new(id: &str, wire: &entity::Issuer) -> Result<Issuer, Refused> {
        holds("issuer", rules::is_issuer(&wire.issuer))?;
        let audiences = (1..=AUDIENCES_MAX).contains(&wire.audiences.len())
            && wire.audiences.iter().all(|audience| rules::is_audience(audience));
        holds("audiences", audiences)?;
        let algorithms = match &wire.algorithms {
            None => Algorithms::DEFAULT,
            Some(words) => ruled("algorithms", Algorithms::parse(words.iter().map(|word| &**word)))?,
        };
        holds(
            "jwks_uri",
            wire.jwks_uri.as_deref().is_none_or(rules::is_jwks_uri),
        )?;
        holds("keys", wire.keys.len() <= KEYS_MAX)?;
        let leeway_s = wire.leeway_s.unwrap_or(LEEWAY_S);
        holds("leeway_s", leeway_s <= LEEWAY_S_MAX)?;
        Ok(Issuer {
            id: id.into(),
            issuer: wire.issuer.clone(),
            audiences: wire.audiences.clone().into(),
            algorithms,
            jwks_uri: wire.jwks_uri.clone(),
            inline: wire.keys.iter().filter_map(key).collect(),
            fetched: None,
            claims: Claims::new(&wire.claims, wire.preset)?,
            is_cognito: wire.preset == Some(Preset::Cognito),
            any_client: wire.clients == AnyClient::Any,
            leeway_s,
            is_supported: true,
        })
    }

    /// As much as recognises its tokens.
    fn recognised(id: &str, body: Body<'_>) -> Option<Issuer> {
        let members = members(body);
        let issuer = members
            .get("issuer")?
            .as_str()
            .filter(|issuer| rules::is_issuer(issuer))?;
        Some(Issuer {
            id: id.into(),
            issuer: issuer.into(),
            audiences: Box::default(),
            algorithms: Algorithms::NONE,
            jwks_uri: None,
            inline: Arc::new([]),
            fetched: None,
            claims: Claims::new(&entity::ClaimNames::default(), None).ok()?,
            is_cognito: false,
            any_client: false,
            leeway_s: 0,
            is_supported: false,
        })
    }
}

impl Issuer {
    /// The keys that tokens with this name and algorithm may be signed with, in the order in which they are tried.
    pub(crate) fn fitting(&self, algorithm: Algorithm) -> impl Iterator<Item = &Arc<Key>> {
        self.keys().filter(move |key| key.fits(algorithm))
    }
}

impl Claims {
    fn new(names: &entity::ClaimNames, preset: Option<Preset>) -> Result<Claims, Refused> {
        let defaults = match preset {
            None => ["sub", "azp", "role", "tenant_id", "scope"],
            Some(Preset::Cognito) => ["sub", "client_id", "cognito:groups", "custom:tenant_id", "scope"],
        };
        let path = |given: &Option<Box<str>>, default: &str| {
            let text = given.as_deref().unwrap_or(default);
            ruled("claims", rules::is_claim(text).then(|| ClaimPath::new(text)))
        };
        Ok(Claims {
            user: path(&names.user, defaults[0])?,
            client: path(&names.client, defaults[1])?,
            role: path(&names.role, defaults[2])?,
            tenant: path(&names.tenant, defaults[3])?,
            scopes: path(&names.scopes, defaults[4])?,
        })
    }
}
