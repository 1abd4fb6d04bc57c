//! The steps of a token after its signature: types of claims, audience, times, `cnf`, revocations, client.
//!
//! All claim rules are here, and none is left to a library (policy §3). Each step is one function, in the order in which
//! they are taken.

use super::decide::Refusal;
use super::facts::Certificate;
use super::trail::Trail;
use crate::code::Code;
use crate::compiled::Issuer;
use crate::keys::Key;
use crate::policy::{Held, Named, Policy, Shown};
use crate::token::{Parsed, Scopes, Token, Value};

/// The largest number of seconds that a claim may hold, 2^53.
const SECONDS_MAX: f64 = 9_007_199_254_740_992.0;

/// A token whose signature holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearing<'d> {
    pub(super) token: &'d Token,
    pub(super) parsed: &'d Parsed,
    pub(super) issuer: &'d Issuer,
    pub(super) key: &'d Key,
}

/// The times that a token has.
struct Times {
    expires: u64,
    not_before: Option<u64>,
    issued_at: Option<u64>,
}

impl<'d> Bearing<'d> {
    /// All steps up to the client; who it is, where one is registered.
    pub(super) fn check(
        &self,
        policy: &'d Policy,
        certificate: Option<&Certificate>,
        now: u64,
        trail: &mut Trail<'d>,
    ) -> Result<Option<Held<'d>>, Refusal> {
        let times = self.times()?;
        if self.issuer.is_cognito && self.claim("token_use").and_then(Value::as_str) != Some("access") {
            return Err(Code::TokenUnsupported.into());
        }
        self.check_audience()?;
        let leeway_s = self.issuer.leeway_s;
        if times
            .not_before
            .is_some_and(|not_before| not_before > now.saturating_add(leeway_s))
        {
            return Err(Code::TokenNotYetValid.into());
        }
        if now >= times.expires + leeway_s {
            return Err(Code::TokenExpired.into());
        }
        self.check_confirmation(certificate)?;
        self.check_revocations(policy, times.issued_at, now, trail)?;
        self.client(policy)
    }

    fn times(&self) -> Result<Times, Refusal> {
        let seconds = |name: &str| match self.claim(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match whole_seconds(*number) {
                None => Err(Refusal::from(Code::TokenMalformed)),
                seconds => Ok(seconds),
            },
            Some(_) => Err(Code::TokenMalformed.into()),
        };
        Ok(Times {
            expires: seconds("exp")?.ok_or(Code::TokenMalformed)?,
            not_before: seconds("nbf")?,
            issued_at: seconds("iat")?,
        })
    }

    fn check_audience(&self) -> Result<(), Refusal> {
        let is_ours = |value: &Value| {
            value
                .as_str()
                .is_some_and(|audience| self.issuer.has_audience(audience))
        };
        let audience = match self.claim("aud") {
            None if self.issuer.is_cognito => self.claim("client_id"),
            audience => audience,
        };
        let good = match audience {
            Some(Value::Array(items)) => {
                items.iter().all(|item| item.as_str().is_some()) && items.iter().any(is_ours)
            }
            Some(value) => is_ours(value),
            None => false,
        };
        if good {
            Ok(())
        } else {
            Err(Code::AudienceMismatch.into())
        }
    }

    /// A token that is bound to something has to be shown with it (RFC 7800 §3.1, RFC 8705 §3.1).
    fn check_confirmation(&self, certificate: Option<&Certificate>) -> Result<(), Refusal> {
        let met = match self.claim("cnf") {
            None => true,
            Some(Value::Object(members)) if members.len() == 1 => {
                let thumbprint = members.get("x5t#S256").and_then(Value::as_str);
                thumbprint.is_some_and(|thumbprint| {
                    certificate.is_some_and(|certificate| *certificate.x5t_s256 == *thumbprint)
                })
            }
            Some(_) => false,
        };
        if met {
            Ok(())
        } else {
            Err(Code::TokenUnsupported.into())
        }
    }

    fn check_revocations(
        &self,
        policy: &'d Policy,
        issued_at: Option<u64>,
        now: u64,
        trail: &mut Trail<'d>,
    ) -> Result<(), Refusal> {
        let revocations = policy.revocations();
        let issuer = self.issuer.id();
        let of_key = || {
            let kid = self.key.kid()?;
            revocations.find(Named::Key(issuer, kid), None, now)
        };
        let of_token = || {
            let asked = revocations.name_token_hashes();
            asked.then(|| revocations.find(Named::TokenHash(self.token.sha256()), None, now))?
        };
        let of_jti = || {
            let jti = self.claim("jti")?.as_str()?;
            revocations.find(Named::TokenId(issuer, jti), None, now)
        };
        let of_subject = || {
            let subject = self.claim("sub")?.as_str()?;
            revocations.find(Named::Subject(issuer, subject), issued_at, now)
        };
        let of_client = || {
            let client = self.client_claim()?.as_str()?;
            revocations.find(Named::Client(issuer, client), issued_at, now)
        };
        let found = of_key()
            .or_else(of_token)
            .or_else(of_jti)
            .or_else(of_subject)
            .or_else(of_client);
        match found {
            None => Ok(()),
            Some(revocation) => {
                trail.revocation = Some(revocation);
                Err(Code::TokenRevoked.into())
            }
        }
    }

    fn client(&self, policy: &'d Policy) -> Result<Option<Held<'d>>, Refusal> {
        let claim = self.client_claim().and_then(Value::as_str);
        let held = claim.and_then(|claim| policy.held(Shown::Token(self.issuer.id(), claim)));
        if held.is_none() && !self.issuer.any_client {
            return Err(Code::ClientUnknown.into());
        }
        Ok(held)
    }

    fn claim(&self, name: &str) -> Option<&'d Value> {
        self.parsed.claims.get(name)
    }

    pub(super) fn user(&self) -> Option<&'d Value> {
        self.issuer.claims.user.find(&self.parsed.claims)
    }

    pub(super) fn role(&self) -> Option<&'d Value> {
        self.issuer.claims.role.find(&self.parsed.claims)
    }

    pub(super) fn client_claim(&self) -> Option<&'d Value> {
        self.issuer.claims.client.find(&self.parsed.claims)
    }

    /// Null is none.
    pub(super) fn tenant(&self) -> Option<&'d Value> {
        let value = self.issuer.claims.tenant.find(&self.parsed.claims);
        value.filter(|value| **value != Value::Null)
    }

    pub(super) fn scopes(&self) -> Scopes<'d> {
        Scopes::of(self.issuer.claims.scopes.find(&self.parsed.claims))
    }
}

/// 0 to 2^53, truncated.
pub(super) fn whole_seconds(number: f64) -> Option<u64> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0 to 2^53, and truncation is the rule"
    )]
    (0.0..=SECONDS_MAX).contains(&number).then_some(number as u64)
}
