//! A running portal: opens the database, publishes, listens, and stops in order.

use crate::api;
use crate::app::App;
use crate::app::fleet::{Pending, write_reports};
use crate::fetch::FetchError;
use crate::first_start::{self, FirstStartError};
use crate::identity::Desk;
use crate::key_sets::{self, KeySetFetcher};
use crate::keys::KeyFiles;
use crate::publish::{Hub, Publishing, follow, look, publish};
use crate::settings::{Settings, SettingsError};
use crate::store::{Dialect, Store, StoreError, migrate};
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Connections at a time.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a head may take.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long requests may go on once the portal stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Why a portal does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its directory.
    #[error("the data directory {} cannot be used", .path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody has it already.
    #[error("another portal runs on {}: with SQLite one portal has a data directory for itself; several need `--database postgres://…`", .0.display())]
    Taken(PathBuf),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// What a first start makes.
    #[error("the first start failed")]
    FirstStart(#[from] FirstStartError),
    /// Signing in at an identity provider.
    #[error("an identity provider cannot be asked")]
    SignIn(#[from] FetchError),
    /// Its address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Who is at the other end of a connection: a person, or the proxy in front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A portal that listens.
#[derive(Debug)]
pub struct Portal {
    address: SocketAddr,
    store: Store,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    publishing: JoinHandle<()>,
    following: JoinHandle<()>,
    reporting: JoinHandle<()>,
    /// Issuers, for their keys.
    asking: JoinHandle<()>,
    /// To Kafka, where that is asked for.
    carrying: Option<JoinHandle<()>>,
    _data: Option<File>,
}

impl Portal {
    /// Starts one; it serves until [`Portal::stop`].
    ///
    /// # Errors
    /// Where it cannot be started, as [`StartError`] says.
    pub async fn start(settings: &Settings) -> Result<Portal, StartError> {
        settings.check()?;
        let data = |source| StartError::Data {
            path: settings.data.clone(),
            source,
        };
        // Digests of keys and tokens are in it.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&settings.data)
            .map_err(data)?;
        let lock = match settings.database {
            None => Some(lock(&settings.data)?),
            Some(_) => None,
        };
        let store = Store::open(&settings.data, settings.database.as_deref()).await?;
        migrate(&store).await?;
        let keys = KeyFiles::of(&settings.data);
        first_start::make(&store, &keys, settings).await?;
        let app = App {
            store: store.clone(),
            written: Arc::new(Notify::new()),
            hub: Hub::default(),
            keys: keys.clone(),
            fleet: Pending::default(),
            desk: Desk::new(
                settings.configuration.sign_in.clone(),
                settings.listen.ip().is_loopback(),
            )?,
            key_sets: KeySetFetcher::new(settings.configuration.key_sets.clone()),
        };
        let listening = |source| StartError::Listen {
            address: settings.listen,
            source,
        };
        // Before anybody is served: to whoever comes at once a feed that is not looked at yet would be none.
        look(&store, &app.hub).await?;
        let listener = TcpListener::bind(settings.listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let (stop, stopped) = watch::channel(false);
        let work = Publishing {
            store: store.clone(),
            hub: app.hub.clone(),
            keys,
            written: Arc::clone(&app.written),
            holder: format!("{}-{}", std::process::id(), crate::text::id()),
        };
        let carrying = carry(&work, &app, settings, &stopped);
        let publishing = tokio::spawn(publish(work, stopped.clone()));
        let following = tokio::spawn(follow(store.clone(), app.hub.clone(), stopped.clone()));
        let reporting = tokio::spawn(write_reports(store.clone(), app.fleet.clone(), stopped.clone()));
        let asking = tokio::spawn(key_sets::follow(app.clone(), stopped.clone()));
        let serving = tokio::spawn(serve(listener, api::router(app), stopped));
        tracing::info!(listen = %address, database = word(store.dialect()), "listening");
        Ok(Portal {
            address,
            store,
            stop,
            serving,
            publishing,
            following,
            reporting,
            asking,
            carrying,
            _data: lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, ends what runs, gives back the lease.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let tasks = [
            self.serving,
            self.publishing,
            self.following,
            self.reporting,
            self.asking,
        ];
        for task in tasks.into_iter().chain(self.carrying) {
            // A task that panicked has said so.
            let _ = task.await;
        }
        self.store.close().await;
    }
}

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    }
}

/// Begins to publish to Kafka as well, where the configuration says where that is.
fn carry(
    work: &Publishing,
    app: &App,
    settings: &Settings,
    stop: &watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    // A build without Kafka refuses the section before it comes here.
    let kafka = settings.configuration.kafka.clone()?;
    #[cfg(feature = "kafka")]
    return Some(tokio::spawn(crate::publish::carry(
        work.clone(),
        app.fleet.clone(),
        kafka,
        stop.clone(),
    )));
    #[cfg(not(feature = "kafka"))]
    {
        let _ = (work, app, stop, kafka);
        None
    }
}

/// With SQLite, nobody else may have the directory: then the lease can be taken at once after a crash.
pub(crate) fn lock(data: &std::path::Path) -> Result<File, StartError> {
    let path = data.join("portal.lock");
    let failed = |source| StartError::Data {
        path: path.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Taken(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stop.changed() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    connection(stream, Peer(peer), router, stop).await;
                });
            }
            Err(error) => {
                // No descriptors, for instance: they come back when connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What does not end by then, streams among them, ends with this set.
    let _ = tokio::time::timeout(DRAIN_MAX, drained).await;
}

async fn connection(stream: TcpStream, peer: Peer, router: Router, mut stop: watch::Receiver<bool>) {
    // A small answer must not wait for more.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What a client breaks off is no fault of the portal's.
        _ = connection.as_mut() => return,
        _ = stop.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
