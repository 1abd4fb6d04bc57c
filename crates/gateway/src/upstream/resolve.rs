//! From a name to addresses. The answer is used for one dial only: whoever dials judges each address again.
//!
//! At most one query per name is under way in a worker, so that a dead resolver is not buried under one thread per request.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::watch;

/// What a resolver promises.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>>>>;

/// Turns names into addresses.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// All addresses of this name, in the order in which they should be tried.
    fn resolve(&self, name: &str) -> Lookup;
}

/// The system's resolver (`getaddrinfo`), hosts file included.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Lookup {
        let name = name.to_owned();
        Box::pin(async move {
            // The port plays no part; lookup_host wants one.
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

type Shared = watch::Receiver<Option<Result<Vec<IpAddr>, String>>>;

/// One worker's queries under way.
#[derive(Debug)]
pub(crate) struct Lookups {
    resolver: Arc<dyn Resolve>,
    under_way: Rc<RefCell<HashMap<Box<str>, Shared>>>,
}

impl Lookups {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            resolver,
            under_way: Rc::default(),
        }
    }

    /// The addresses of this host: an IP literal is its own, a name is asked for, together with whoever asks now.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(literal) = host.parse::<IpAddr>() {
            return Ok(vec![literal]);
        }
        let mut answer = self.join(host);
        match answer.wait_for(Option::is_some).await {
            Ok(answer) => answer
                .clone()
                .unwrap_or_else(|| Err("the query ended without an answer".to_owned())),
            Err(_) => Err("the query was abandoned".to_owned()),
        }
    }

    fn join(&self, host: &str) -> Shared {
        if let Some(shared) = self.under_way.borrow().get(host) {
            return shared.clone();
        }
        let (sender, receiver) = watch::channel(None);
        self.under_way.borrow_mut().insert(host.into(), receiver.clone());
        let query = self.resolver.resolve(host);
        let under_way = Rc::clone(&self.under_way);
        let name: Box<str> = host.into();
        // A task of its own: the query goes on for the others when the first asker gives up.
        tokio::task::spawn_local(async move {
            let answer = query.await.map_err(|error| error.to_string());
            under_way.borrow_mut().remove(&name);
            // Nobody listening any more is fine.
            let _ = sender.send(Some(answer));
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Resolve for Counting {
        fn resolve(&self, _: &str) -> Lookup {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {
                tokio::task::yield_now().await;
                Ok(vec![IpAddr::from([192, 0, 2, 1])])
            })
        }
    }

    #[tokio::test(flavor = "local")]
    async fn askers_of_one_name_share_one_query() {
        let resolver = Arc::new(Counting::default());
        let lookups = Lookups::new(Arc::clone(&resolver) as Arc<dyn Resolve>);
        let (first, second) = tokio::join!(lookups.addresses("a.example"), lookups.addresses("a.example"));
        assert_eq!(first, Ok(vec![IpAddr::from([192, 0, 2, 1])]));
        assert_eq!(first, second);
        assert_eq!(resolver.0.load(Ordering::SeqCst), 1);
        lookups.addresses("a.example").await.unwrap();
        assert_eq!(resolver.0.load(Ordering::SeqCst), 2, "an answer is not kept");
    }

    #[tokio::test(flavor = "local")]
    async fn a_literal_asks_nobody() {
        let resolver = Arc::new(Counting::default());
        let lookups = Lookups::new(Arc::clone(&resolver) as Arc<dyn Resolve>);
        assert_eq!(
            lookups.addresses("192.0.2.7").await,
            Ok(vec![IpAddr::from([192, 0, 2, 7])])
        );
        assert_eq!(resolver.0.load(Ordering::SeqCst), 0);
    }
}
