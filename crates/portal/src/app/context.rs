//! What all operations share: the database, who is to be told of a change, and where keys are.

use super::fleet::Pending;
use crate::identity::Desk;
use crate::key_sets::KeySetFetcher;
use crate::keys::KeyFiles;
use crate::publish::Hub;
use crate::store::Store;
use std::sync::Arc;
use tokio::sync::Notify;

/// The portal's core.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    /// There is something to publish.
    pub(crate) written: Arc<Notify>,
    /// What readers of feeds are told.
    pub(crate) hub: Hub,
    pub(crate) keys: KeyFiles,
    /// Reports that are not written yet.
    pub(crate) fleet: Pending,
    /// Where people sign in.
    pub(crate) desk: Desk,
    /// Where issuers' keys are asked for.
    pub(crate) key_sets: KeySetFetcher,
}
