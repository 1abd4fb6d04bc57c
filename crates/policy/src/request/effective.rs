//! Which scopes hold: the token's, the grant's, or what both have (policy §2).

use crate::token::Scopes;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The scopes that hold for a request; worked out when they are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effective<'d> {
    /// A key or a certificate: the grant's.
    Grant(&'d [Arc<str>]),
    /// A token of a registered client: what both have, in the grant's order.
    Both(&'d [Arc<str>], Scopes<'d>),
    /// A token that needs no registered client: its own.
    Token(Scopes<'d>),
}

impl<'d> Effective<'d> {
    pub(super) fn contains(self, scope: &str) -> bool {
        let granted = |grant: &[Arc<str>]| grant.iter().any(|held| **held == *scope);
        match self {
            Effective::Grant(grant) => granted(grant),
            Effective::Both(grant, token) => granted(grant) && token.contains(scope),
            Effective::Token(token) => token.contains(scope),
        }
    }

    pub(super) fn has_all(self, scopes: &[Box<str>]) -> bool {
        scopes.iter().all(|scope| self.contains(scope))
    }

    /// Each once, in order.
    pub(super) fn list(self) -> Vec<&'d str> {
        match self {
            Effective::Grant(grant) => grant.iter().map(|scope| &**scope).collect(),
            Effective::Both(grant, token) => {
                let held = grant.iter().map(|scope| &**scope);
                held.filter(|scope| token.contains(scope)).collect()
            }
            Effective::Token(token) => {
                let mut seen = BTreeSet::new();
                token.iter().filter(|scope| seen.insert(*scope)).collect()
            }
        }
    }
}
