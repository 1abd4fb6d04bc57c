//! What most histories begin with: two clients, published as revision 1.
//!
//! Nothing is expected here.

use crate::world::{EPOCH, NOW, commit, keyring, record, roots};

pub(super) const A: (&str, &str) = ("client/a", r#"{"n":1}"#);
pub(super) const B: (&str, &str) = ("client/b", r#"{"n":1}"#);
pub(super) const A2: (&str, &str) = ("client/a", r#"{"n":2}"#);

/// Two clients, published as revision 1.
pub(super) struct Shop {
    pub(super) roots: String,
    pub(super) keyring: String,
    pub(super) a: String,
    pub(super) b: String,
    pub(super) commit: String,
}

impl Shop {
    pub(super) fn new() -> Shop {
        let (a, b) = (record(EPOCH, 1, A), record(EPOCH, 1, B));
        let commit = commit((EPOCH, 1, NOW), &[(A.0, &a), (B.0, &b)]);
        Shop {
            roots: roots(),
            keyring: keyring(EPOCH, EPOCH),
            a,
            b,
            commit,
        }
    }

    pub(super) fn floor(&self) -> [&str; 5] {
        [&self.roots, &self.keyring, &self.a, &self.b, &self.commit]
    }

    /// A commit of its records as another revision, or at another time.
    pub(super) fn again(&self, revision: u64, at: u64) -> String {
        commit((EPOCH, revision, at), &[(A.0, &self.a), (B.0, &self.b)])
    }
}

pub(super) const BOTH: [(&str, Option<&str>); 2] = [(A.0, Some(A.1)), (B.0, Some(B.1))];
pub(super) const AT_1: Option<[u64; 4]> = Some([EPOCH, 1, NOW, NOW]);
