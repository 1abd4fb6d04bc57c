//! A revocation: what holds no longer, from when, until when.
//!
//! One that is not understood restricts nothing (contract §2): whoever publishes it says `needs` where it matters.

use super::reading::{Refused, holds, ruled, wire};
use crate::entity;
use crate::policy::Body;
use crate::rules;
use crate::time::unix_seconds;

/// What holds no longer.
#[derive(Debug)]
pub(crate) struct Revocation {
    pub(crate) id: Box<str>,
    /// Unix seconds; the largest number: no end.
    until: u64,
    pub(crate) what: What,
}

/// What a revocation names. Issuers by id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// One token, by the hash of its first two parts.
    TokenHash([u8; 32]),
    /// One token of an issuer, by its `jti`.
    TokenId { issuer: Box<str>, jti: Box<str> },
    /// One credential of a client, by its id.
    Credential(Box<str>),
    /// All tokens under one key of an issuer.
    Key { issuer: Box<str>, kid: Box<str> },
    /// Tokens of one `sub` that were issued before this second.
    Subject {
        issuer: Box<str>,
        subject: Box<str>,
        before: u64,
    },
    /// Tokens of one client claim that were issued before this second.
    Client {
        issuer: Box<str>,
        client: Box<str>,
        before: u64,
    },
}

impl Revocation {
    pub(crate) fn holds(&self, now: u64) -> bool {
        self.until == u64::MAX || now < self.until
    }

    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Result<Revocation, String> {
        let wire: entity::Revocation = wire(body, needs)?;
        Revocation::new(id, wire).map_err(|refused| refused.to_string())
    }

    fn new(id: &str, wire: entity::Revocation) -> Result<Revocation, Refused> {
        let until = match &wire.until {
            None => u64::MAX,
            Some(text) => ruled("until", unix_seconds(text))?,
        };
        let before = match &wire.issued_before {
            None => None,
            Some(text) => Some(ruled("issued_before", unix_seconds(text))?),
        };
        holds("issuer", wire.issuer.as_deref().is_none_or(rules::is_id))?;
        for (member, value) in [
            ("jti", &wire.jti),
            ("kid", &wire.kid),
            ("subject", &wire.subject),
            ("client", &wire.client),
        ] {
            holds(member, value.as_deref().is_none_or(rules::is_value))?;
        }
        holds("credential", wire.credential.as_deref().is_none_or(rules::is_id))?;
        Ok(Revocation {
            id: id.into(),
            until,
            what: ruled("issuer", what(wire, before)?)?,
        })
    }
}

/// Exactly one of the forms, with nothing of another.
fn what(wire: entity::Revocation, before: Option<u64>) -> Result<Option<What>, Refused> {
    let form = (
        wire.issuer,
        wire.jti,
        wire.token_sha256,
        wire.credential,
        wire.kid,
        wire.subject,
        wire.client,
        before,
    );
    Ok(match form {
        (Some(issuer), Some(jti), None, None, None, None, None, None) => Some(What::TokenId { issuer, jti }),
        (None, None, Some(hash), None, None, None, None, None) => {
            Some(What::TokenHash(ruled("token_sha256", rules::sha256(&hash))?))
        }
        (None, None, None, Some(credential), None, None, None, None) => Some(What::Credential(credential)),
        (Some(issuer), None, None, None, Some(kid), None, None, None) => Some(What::Key { issuer, kid }),
        (Some(issuer), None, None, None, None, Some(subject), None, Some(before)) => Some(What::Subject {
            issuer,
            subject,
            before,
        }),
        (Some(issuer), None, None, None, None, None, Some(client), Some(before)) => Some(What::Client {
            issuer,
            client,
            before,
        }),
        _ => None,
    })
}
