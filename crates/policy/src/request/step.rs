//! The steps of a decision by name, so that a refusal can say how far it came.
//!
//! The order is that of policy §4; `decide` takes them, this file only names them.

/// A step of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Step {
    /// Something is shown, unless the operation is public.
    #[default]
    Shown,
    /// Of each kind there is one.
    OneOfAKind,
    /// Each kind is one that the API accepts.
    Accepted,
    /// The API key: known, not revoked, not expired.
    Key,
    /// The token: form, header, issuer, algorithm, key, signature, claims, audience, times, confirmation, revocations,
    /// client.
    Token,
    /// The certificate: known, not revoked, not expired.
    Certificate,
    /// All that is shown leads to one client.
    Agreement,
    /// The client may call at all.
    Client,
    /// Its tenant exists, is active, and is not another's.
    Tenant,
    /// The tenant lives in this cell.
    Cell,
    /// An operation fits.
    Operation,
    /// The client has a grant for the API.
    Grant,
    /// The scopes that the operation asks for hold.
    Scopes,
    /// No claim is too large for its field.
    ClaimSize,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 14] = [
        Step::Shown,
        Step::OneOfAKind,
        Step::Accepted,
        Step::Key,
        Step::Token,
        Step::Certificate,
        Step::Agreement,
        Step::Client,
        Step::Tenant,
        Step::Cell,
        Step::Operation,
        Step::Grant,
        Step::Scopes,
        Step::ClaimSize,
    ];

    /// Its name, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Shown => "shown",
            Step::OneOfAKind => "one of each kind",
            Step::Accepted => "kinds accepted",
            Step::Key => "API key",
            Step::Token => "token",
            Step::Certificate => "certificate",
            Step::Agreement => "one client",
            Step::Client => "client",
            Step::Tenant => "tenant",
            Step::Cell => "cell",
            Step::Operation => "operation",
            Step::Grant => "grant",
            Step::Scopes => "scopes",
            Step::ClaimSize => "claim size",
        }
    }

    /// Whether a public operation takes it too.
    pub const fn is_for_public(self) -> bool {
        (self as u8) < Step::Operation as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there_in_their_order() {
        assert!(Step::ALL.is_sorted());
        assert_eq!(Step::ALL.len(), Step::ClaimSize as usize + 1);
        assert!(Step::Cell.is_for_public() && !Step::Operation.is_for_public());
    }
}
