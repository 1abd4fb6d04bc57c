//! What a worker asks of the key service: to wait until a key may be there.

use super::schedule::Kid;
use super::service::{Followed, Message};
use super::{WAIT_MAX, WAITERS_MAX};
use crate::upstream::TargetRules;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// A key that a token names and that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The issuer's id in the policy.
    pub(crate) issuer: Box<str>,
    /// The key's id; `None`: the token names none.
    pub(crate) kid: Kid,
}

/// Every worker's way to the service.
#[derive(Debug, Clone)]
pub(crate) struct KeySets {
    sender: mpsc::UnboundedSender<Message>,
    places: Arc<Semaphore>,
}

impl KeySets {
    pub(super) fn new(sender: mpsc::UnboundedSender<Message>) -> KeySets {
        KeySets {
            sender,
            places: Arc::new(Semaphore::new(WAITERS_MAX)),
        }
    }

    /// Waits until the issuer was asked since, or it is known that waiting is of no use: then it is to be decided
    /// again. Too many that wait already, an issuer that does not answer and the limit end it too.
    pub(crate) async fn wait(&self, wanted: Wanted) {
        let Ok(_place) = self.places.try_acquire() else {
            return;
        };
        let (release, released) = oneshot::channel();
        if self.sender.send(Message::Ask { wanted, release }).is_ok() {
            // Told or dropped, it is over; so it is when the limit is.
            let _ = tokio::time::timeout(WAIT_MAX, released).await;
        }
    }

    /// Follows these from now on. Whoever is followed already keeps its schedule.
    pub(crate) fn follow(&self, issuers: Vec<Followed>, rules: Arc<TargetRules>) {
        self.send(Message::Follow { issuers, rules });
    }

    pub(super) fn send(&self, message: Message) {
        // A service that has ended has nobody left to serve.
        let _ = self.sender.send(message);
    }
}
