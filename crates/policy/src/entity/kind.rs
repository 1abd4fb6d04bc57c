//! The kinds of entities, by the words that records and files use.

/// A kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Who signs tokens.
    Issuer,
    /// What may be called.
    Api,
    /// Who calls.
    Client,
    /// What a client buys.
    Plan,
    /// What holds no longer.
    Revocation,
    /// Whose data it is.
    Tenant,
    /// Where that data lives.
    Cell,
}

impl Kind {
    /// Every kind, in the order of a policy file.
    pub const ALL: [Kind; 7] = [
        Kind::Issuer,
        Kind::Api,
        Kind::Client,
        Kind::Plan,
        Kind::Revocation,
        Kind::Tenant,
        Kind::Cell,
    ];

    /// The word in a record's key and its `kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Issuer => "issuer",
            Kind::Api => "api",
            Kind::Client => "client",
            Kind::Plan => "plan",
            Kind::Revocation => "revocation",
            Kind::Tenant => "tenant",
            Kind::Cell => "cell",
        }
    }

    /// The top-level key of a policy file.
    pub const fn section(self) -> &'static str {
        match self {
            Kind::Issuer => "issuers",
            Kind::Api => "apis",
            Kind::Client => "clients",
            Kind::Plan => "plans",
            Kind::Revocation => "revocations",
            Kind::Tenant => "tenants",
            Kind::Cell => "cells",
        }
    }

    /// The kind of this word; `None` where this reader does not know it.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// As [`Kind::as_str`].
impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
