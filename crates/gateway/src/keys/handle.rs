//! What a worker asks of the key service: to wait until a key may be there.

use super::schedule::Kid;
use super::service::{Followed, Message};
use super::{CLIENT_WAITERS_MAX, WAIT_MAX, WAITERS_MAX};
use crate::upstream::TargetRules;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
    clients: Arc<Clients>,
}

/// How many requests of each client address wait. At most `WAITERS_MAX` addresses, as each has one that does.
#[derive(Debug, Default)]
struct Clients(Mutex<HashMap<u128, usize>>);

/// One place among those of an address; given back when it is dropped.
struct Place<'a> {
    clients: &'a Clients,
    client: u128,
}

impl Clients {
    /// `None`: this address has as many as it may.
    fn enter(&self, client: u128) -> Option<Place<'_>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(client).or_default();
        if *count >= CLIENT_WAITERS_MAX {
            return None;
        }
        *count += 1;
        Some(Place {
            clients: self,
            client,
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.client);
            }
        }
    }
}

impl KeySets {
    pub(super) fn new(sender: mpsc::UnboundedSender<Message>) -> KeySets {
        KeySets {
            sender,
            places: Arc::new(Semaphore::new(WAITERS_MAX)),
            clients: Arc::default(),
        }
    }

    /// Waits until the issuer was asked since, or it is known that waiting is of no use: then it is to be decided
    /// again. Too many that wait already, of all or of this client's address, an issuer that does not answer and the limit
    /// end it too. `client`: as `request::customer` names its address. One that has left keeps its place: a client that sends no more may still await its answer.
    pub(crate) async fn wait(&self, wanted: Wanted, client: u128) {
        let Ok(_place) = self.places.try_acquire() else {
            return;
        };
        let Some(_of_client) = self.clients.enter(client) else {
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

#[cfg(test)]
mod tests {
    //! Places.

    use super::*;
    #[test]
    fn one_address_cannot_take_all_places() {
        let clients = Clients::default();
        let (loud, other) = (1, 2);
        let mut places: Vec<_> = std::iter::from_fn(|| clients.enter(loud)).collect();
        assert_eq!(places.len(), CLIENT_WAITERS_MAX);
        assert!(places.len() < WAITERS_MAX);
        assert!(clients.enter(other).is_some());
        places.pop();
        assert!(clients.enter(loud).is_some(), "a place that was given back");
        places.clear();
        assert!(clients.0.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
