//! Is this ID token the provider's, for this portal, of this sign-in? Verified as any issuer's token is, by the policy's own rules; on top
//! of them what OpenID Connect Core §3.1.3.7 asks for. Pure: keys and the second are passed in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use policy::method::Method;
use policy::path::CanonicalPath;
use policy::{Change, Code, Decision, Facts, KeySetError, Policy, decide, present, verify};
use serde_json::{Map, Value, json};

/// The issuer and the API that stand for the provider and the portal in a policy of their own.
const ISSUER: &str = "provider";
const API: &str = "portal";
/// Bytes of a subject (OpenID Connect Core §2).
const SUBJECT_BYTES_MAX: usize = 255;

/// Why an ID token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdTokenError {
    /// As a gateway would refuse it.
    #[error("the ID token is refused: {}", .0.as_str())]
    Refused(Code),
    /// No `sub` that can name a user.
    #[error("the ID token has no `sub` of 1 to {SUBJECT_BYTES_MAX} bytes")]
    Subject,
    /// Of another sign-in, or none.
    #[error("the ID token's `nonce` is not this sign-in's")]
    Nonce,
    /// Made for another client of the provider.
    #[error("the ID token was made for another client (`azp`)")]
    Party,
    /// What says nothing of when it was made.
    #[error("the ID token has no `iat`")]
    IssuedAt,
    /// The provider's key set is none.
    #[error(transparent)]
    Keys(#[from] KeySetErrorText),
}

/// As text, so that it can be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity provider's key set: {0}")]
pub(crate) struct KeySetErrorText(String);

impl From<KeySetError> for IdTokenError {
    fn from(error: KeySetError) -> Self {
        IdTokenError::Keys(KeySetErrorText(error.to_string()))
    }
}

/// A provider's tokens for one client, and the keys that they are signed with.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    policy: Policy,
    client: String,
}

impl Verifier {
    /// Without keys yet. `algorithms`: `None` is the policy's own default.
    pub(crate) fn new(issuer: &str, client: &str, algorithms: Option<&[String]>) -> Verifier {
        let mut entity = json!({
            "issuer": issuer, "audiences": [client], "clients": "any",
            // So that an unknown key is told apart from a bad signature; it is fetched elsewhere.
            "jwks_uri": "https://provider.invalid/",
        });
        if let Some(algorithms) = algorithms {
            entity["algorithms"] = json!(algorithms);
        }
        let api = json!({
            "team": API, "base_path": "/", "credentials": ["jwt"],
            "operations": [{ "match": "ANY /**", "scopes": [] }],
        });
        let (entity, api) = (entity.to_string(), api.to_string());
        let put = |kind, id, body| Change::Put {
            kind,
            id,
            body,
            needs: &[],
        };
        let (policy, _) = Policy::build([
            put("issuer", ISSUER, entity.as_str().into()),
            put("api", API, api.as_str().into()),
        ]);
        Verifier {
            policy,
            client: client.to_owned(),
        }
    }

    /// With these keys in place of those it had.
    pub(crate) fn with_keys(&self, jwk_set: &[u8]) -> Result<Verifier, IdTokenError> {
        Ok(Verifier {
            policy: self.policy.with_fetched_keys(ISSUER, jwk_set)?,
            client: self.client.clone(),
        })
    }

    /// Whether the token names a key that is not known: worth a fetch.
    pub(crate) fn wants_keys(&self, token: &str) -> bool {
        with_facts(token, |facts| {
            present(&self.policy, facts, &()).wants_keys().is_some()
        })
    }

    /// The claims, where everything holds.
    pub(crate) fn claims(
        &self,
        token: &str,
        nonce: &str,
        now: u64,
    ) -> Result<Map<String, Value>, IdTokenError> {
        with_facts(token, |facts| {
            let proof = verify(present(&self.policy, facts, &()));
            match decide(&self.policy, facts, &proof, now) {
                Decision::Permit(_) => Ok(()),
                Decision::Reject(rejection) => Err(IdTokenError::Refused(rejection.code())),
            }
        })?;
        let claims = payload(token).ok_or(IdTokenError::Refused(Code::TokenMalformed))?;
        self.check(&claims, nonce)?;
        Ok(claims)
    }

    fn check(&self, claims: &Map<String, Value>, nonce: &str) -> Result<(), IdTokenError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("nonce") != Some(nonce) {
            return Err(IdTokenError::Nonce);
        }
        let several = claims
            .get("aud")
            .and_then(Value::as_array)
            .is_some_and(|all| all.len() > 1);
        match claims.get("azp") {
            None if !several => {}
            Some(Value::String(party)) if *party == self.client => {}
            _ => return Err(IdTokenError::Party),
        }
        if !claims.contains_key("iat") {
            return Err(IdTokenError::IssuedAt);
        }
        let named = text("sub").is_some_and(|subject| (1..=SUBJECT_BYTES_MAX).contains(&subject.len()));
        if named { Ok(()) } else { Err(IdTokenError::Subject) }
    }
}

/// The facts of a request to the portal's API that shows this token.
fn with_facts<T>(token: &str, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
    let authorization = format!("Bearer {token}");
    let fields: &[(&[u8], &[u8])] = &[(b"authorization", authorization.as_bytes())];
    let path = CanonicalPath::parse(b"/").expect("the root is canonical");
    let apis = [Box::from(API)];
    ask(&Facts {
        host: None,
        path: &path,
        method: Method::parse(b"GET"),
        fields: &fields,
        certificate: None,
        apis: Some(&apis),
        cell: None,
    })
}

/// The claims of a token whose signature was found to hold; its JSON was held to the strict rule then.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
