//! Who signs tokens, and how its tokens are read.

use serde::{Deserialize, Serialize};

/// An issuer of tokens.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issuer {
    /// The `iss` of its tokens, exactly.
    pub issuer: Box<str>,
    /// A token has to be for one of these (`aud`; with `preset: cognito`, app client ids).
    pub audiences: Vec<Box<str>>,
    /// Signature algorithms that are taken: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA (also Ed25519).
    /// Default: RS256, PS256, ES256, EdDSA.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub algorithms: Option<Vec<Box<str>>>,
    /// Where its keys are (JWK Set, RFC 7517 §5); a record always carries the keys as well.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub jwks_uri: Option<Box<str>>,
    /// Its keys (JWK, RFC 7517 §4). Keys that nothing may use are skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Which claims hold what.
    #[serde(
        default,
        deserialize_with = "super::strict::object",
        skip_serializing_if = "ClaimNames::is_default"
    )]
    pub claims: ClaimNames,
    /// What tokens of a well-known product look like.
    #[serde(
        default,
        deserialize_with = "super::strict::given_word",
        skip_serializing_if = "Option::is_none"
    )]
    pub preset: Option<Preset>,
    /// Whether a token needs a registered client.
    #[serde(
        default,
        deserialize_with = "super::strict::word",
        skip_serializing_if = "AnyClient::is_default"
    )]
    pub clients: AnyClient,
    /// How far clocks may differ, in seconds; default 30.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::strict::integral"
    )]
    #[cfg_attr(feature = "schema", schemars(range(max = 300)))]
    pub leeway_s: Option<u64>,
}

/// Claims: a member's name, or a JSON Pointer (RFC 6901) where it begins with `/`. What is left out has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimNames {
    /// The user; default `sub`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub user: Option<Box<str>>,
    /// The client; default `azp`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub client: Option<Box<str>>,
    /// The role; default `role`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub role: Option<Box<str>>,
    /// The tenant; default `tenant_id`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub tenant: Option<Box<str>>,
    /// The scopes; default `scope`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub scopes: Option<Box<str>>,
}

impl ClaimNames {
    fn is_default(&self) -> bool {
        *self == ClaimNames::default()
    }
}

/// What tokens of a well-known product look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Access tokens of an Amazon Cognito user pool.
    Cognito,
}

/// Whether a token needs a registered client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnyClient {
    /// A client with a jwt credential for this issuer and the token's client claim.
    #[default]
    Registered,
    /// None: the token's own scopes count.
    Any,
}

impl AnyClient {
    fn is_default(&self) -> bool {
        *self == AnyClient::Registered
    }
}
