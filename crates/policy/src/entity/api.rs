//! What may be called: hosts, a base path, and operations with the scopes that they ask for.

use serde::{Deserialize, Serialize};

/// An API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Api {
    /// Who owns it.
    pub team: Box<str>,
    /// On which hosts, exact or `*.suffix`; default every host.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub hosts: Option<Vec<Box<str>>>,
    /// Everything at this path and below it, on whole segments.
    pub base_path: Box<str>,
    /// What callers may show; default jwt and api_key.
    #[serde(
        default,
        deserialize_with = "super::strict::given_words",
        skip_serializing_if = "Option::is_none"
    )]
    pub credentials: Option<Vec<CredentialKind>>,
    /// The field that carries an API key; default `X-Api-Key`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub api_key_header: Option<Box<str>>,
    /// Whether the service sees the token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forward_token: bool,
    /// What becomes of credentials on public operations.
    #[serde(
        default,
        deserialize_with = "super::strict::word",
        skip_serializing_if = "PublicCredentials::is_default"
    )]
    pub public_credentials: PublicCredentials,
    /// Parts of the base path that other teams may claim.
    #[serde(
        default,
        deserialize_with = "super::strict::objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub delegates: Vec<Delegation>,
    /// Operations that need no credential: `METHOD PATTERN`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public: Vec<Box<str>>,
    /// All other operations. What is in neither list is refused.
    #[serde(
        default,
        deserialize_with = "super::strict::objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub operations: Vec<Operation>,
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A JSON Web Token as a bearer token (RFC 6750, RFC 7519).
    Jwt,
    /// An API key in a field of its own.
    ApiKey,
    /// A client certificate.
    Certificate,
}

/// What becomes of credentials on public operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PublicCredentials {
    /// What is shown has to be good, and gives an identity.
    #[default]
    Check,
    /// Nothing is looked at, and no identity is set.
    Ignore,
}

impl PublicCredentials {
    fn is_default(&self) -> bool {
        *self == PublicCredentials::Check
    }
}

/// A part of the base path that another team may claim.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delegation {
    /// A path below the base path.
    pub path: Box<str>,
    /// Who may claim it.
    pub team: Box<str>,
}

/// An operation that needs a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Operation {
    /// `METHOD PATTERN`; `ANY` is every method.
    #[serde(rename = "match")]
    pub matches: Box<str>,
    /// Scopes that are needed, all of them.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub scopes: Option<Vec<Box<str>>>,
    /// Alternatives: all scopes of one of these lists are needed.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub any_of: Option<Vec<Vec<Box<str>>>>,
}
