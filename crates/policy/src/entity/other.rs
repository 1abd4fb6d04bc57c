//! Plans, revocations, tenants and cells.

use super::Status;
use serde::{Deserialize, Serialize};

/// What a client buys: a short-window limit, a long-window quota, or both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// `N/s`, `N/m` or `N/h`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate: Option<Box<str>>,
    /// Most requests at once; default the number of `rate`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::strict::integral"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000_000_000)))]
    pub burst: Option<u64>,
    /// `N/day` or `N/month`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub quota: Option<Box<str>>,
}

/// What holds no longer: exactly one of the forms of policy §1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revocation {
    /// The id of the issuer, beside `jti`, `kid`, `subject` or `client`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub issuer: Option<Box<str>>,
    /// One token, by its `jti` claim.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub jti: Option<Box<str>>,
    /// One token: SHA-256 of its first two parts with the dot between, lower-case hexadecimal.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_sha256: Option<Box<str>>,
    /// One credential, by its id.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub credential: Option<Box<str>>,
    /// Every token under one key of the issuer.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub kid: Option<Box<str>>,
    /// Tokens of one `sub` that were issued before `issued_before`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub subject: Option<Box<str>>,
    /// Tokens of one client claim that were issued before `issued_before`.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub client: Option<Box<str>>,
    /// RFC 3339 with Z; a token without `iat` counts as issued before.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued_before: Option<Box<str>>,
    /// When the revocation ends, RFC 3339 with Z.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Box<str>>,
}

/// Whose data it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tenant {
    /// The id of the cell in which its data lives; every cell where absent.
    #[serde(
        default,
        deserialize_with = "super::strict::given",
        skip_serializing_if = "Option::is_none"
    )]
    pub cell: Option<Box<str>>,
    /// Whether it may be worked on.
    #[serde(
        default,
        deserialize_with = "super::strict::word",
        skip_serializing_if = "Status::is_default"
    )]
    pub status: Status,
}

/// A deployment cell. It has nothing but its id yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cell {}
