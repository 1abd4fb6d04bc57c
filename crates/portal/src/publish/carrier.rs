//! What carries a feed besides the portal's own stream: it gets every revision before the database calls it published.
//!
//! A carrier that took a revision and was not believed to (the process died in between) gets it again, and has to know it.

use std::future::Future;
use std::pin::Pin;

/// What goes out in one piece: records, then the commit that holds them together.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "read by carriers, which a feature builds in")]
pub(crate) struct Outgoing<'a> {
    pub(crate) feed: &'a str,
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    /// Keys (`kind/id`) and their lines; `None`: deleted. Nothing where a commit is issued again.
    pub(crate) records: &'a [(String, Option<String>)],
    /// A keyring that the commit needs.
    pub(crate) keyring: Option<&'a str>,
    pub(crate) commit: &'a str,
    /// Digest of all that is live.
    pub(crate) digest: &'a str,
}

/// A carrier did not take what it was given; it is given again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CarrierError(pub(crate) String);

/// What `send` gives back.
pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), CarrierError>> + Send + 'a>>;

/// Carries one feed.
pub(crate) trait Carrier: Send {
    /// Sends, and waits until readers may see it.
    fn send<'a>(&'a mut self, outgoing: Outgoing<'a>) -> Sending<'a>;
}
