//! Upstreams by identity: routes, workers and reloads that name the same origin share one, and so its connections.

use super::tls::{self, TlsError};
use crate::configuration::{Origin, Scheme};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// One origin, with what dialling it needs.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Unique in this process; pools are kept under it.
    pub(crate) id: u64,
    pub(crate) origin: Arc<Origin>,
    /// `None`: plain TCP.
    pub(crate) tls: Option<UpstreamTls>,
}

/// What a TLS handshake needs.
#[derive(Debug)]
pub(crate) struct UpstreamTls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

/// What makes two upstreams the same.
type Key = (Arc<Origin>, tls::RootsId);

/// All upstreams that some snapshot still uses. A changed `ca` file makes another upstream, as its digest is part of the key.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    known: Mutex<HashMap<Key, Weak<Upstream>>>,
    next_id: AtomicU64,
}

impl Upstreams {
    /// The upstream of this origin, made where there is none.
    pub(crate) fn intern(&self, origin: &Arc<Origin>) -> Result<Arc<Upstream>, TlsError> {
        let roots = tls::Roots::of(origin)?;
        let key = (Arc::clone(origin), roots.id());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upstream) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(upstream);
        }
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(UpstreamTls {
                config: roots.client_config()?,
                name: tls::server_name(&origin.host)?,
            }),
        };
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let upstream = Arc::new(Upstream {
            id,
            origin: Arc::clone(origin),
            tls,
        });
        known.insert(key, Arc::downgrade(&upstream));
        Ok(upstream)
    }

    /// Forgets those that nobody uses any more.
    pub(crate) fn forget_unused(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, upstream| upstream.strong_count() > 0);
    }
}
