//! The publisher's side of a feed: what is live, and the commit that says so. Pure; whoever sends it has the sockets.

mod ledger;

pub use ledger::{Ledger, LedgerError};
