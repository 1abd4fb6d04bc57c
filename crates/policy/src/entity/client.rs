//! Who calls: a registered application, what it shows, and what it was granted.

use serde::{Deserialize, Serialize};

/// A registered application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Client {
    /// Who owns it.
    pub team: Box<str>,
    /// Whether it may call at all.
    #[serde(
        default,
        deserialize_with = "super::strict::word",
        skip_serializing_if = "Status::is_default"
    )]
    pub status: Status,
    /// Whose data it works on; a token's tenant claim must not contradict it.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub tenant: Option<Box<str>>,
    /// What it may show.
    #[serde(
        default,
        deserialize_with = "super::strict::objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub credentials: Vec<Credential>,
    /// What it may call; one for each API.
    #[serde(
        default,
        deserialize_with = "super::strict::objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub grants: Vec<Grant>,
}

/// Whether something is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use.
    #[default]
    Active,
    /// Refused for the time being.
    Suspended,
}

impl Status {
    pub(super) fn is_default(&self) -> bool {
        *self == Status::Active
    }
}

/// What a client may show. The id is one among all credentials of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Credential {
    /// `sb_<id>_<43 base64url characters>`.
    ApiKey {
        /// Its id, which is part of the key.
        id: Box<str>,
        /// SHA-256 of the whole key, lower-case hexadecimal.
        sha256: Box<str>,
        /// From when on it is refused, RFC 3339 with Z.
        #[serde(
            default,
            deserialize_with = "super::strict::given",
            skip_serializing_if = "Option::is_none"
        )]
        expires_at: Option<Box<str>>,
    },
    /// Tokens of an issuer with this client claim.
    Jwt {
        /// Its id.
        id: Box<str>,
        /// The id of the issuer.
        issuer: Box<str>,
        /// The token's client claim.
        client: Box<str>,
        /// From when on it is refused, RFC 3339 with Z.
        #[serde(
            default,
            deserialize_with = "super::strict::given",
            skip_serializing_if = "Option::is_none"
        )]
        expires_at: Option<Box<str>>,
    },
    /// A client certificate, by exactly one of its key and a name in it.
    Certificate {
        /// Its id.
        id: Box<str>,
        /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hexadecimal.
        #[serde(
            default,
            deserialize_with = "super::strict::given",
            skip_serializing_if = "Option::is_none"
        )]
        spki_sha256: Option<Box<str>>,
        /// A URI or DNS name of its subjectAltName.
        #[serde(
            default,
            deserialize_with = "super::strict::given",
            skip_serializing_if = "Option::is_none"
        )]
        san: Option<Box<str>>,
        /// From when on it is refused, RFC 3339 with Z.
        #[serde(
            default,
            deserialize_with = "super::strict::given",
            skip_serializing_if = "Option::is_none"
        )]
        expires_at: Option<Box<str>>,
    },
}

/// What a client may do with an API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Grant {
    /// The id of the API.
    pub api: Box<str>,
    /// Scopes; none where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Box<str>>,
    /// The id of the plan.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub plan: Option<Box<str>>,
}
