//! The demo's services, each on a loopback port of its own, on one thread.
//!
//! Each can be stopped and resumed alone, as one that crashes would; and what reached them is written down, so that the
//! tour can say what a service really saw instead of what it should have seen.

use super::issuer::Issuer;
use super::shop::{self, Answer, Asked, Identity, Service};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes of a request body that a service reads; none of them needs more.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How many of the last requests are remembered.
const SEEN_MAX: usize = 64;
/// How long accepting rests after an error, most likely a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A request that reached a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) service: Service,
    /// Method and target as they came.
    pub(super) line: String,
}

/// The last requests, oldest first.
type Journal = Arc<Mutex<VecDeque<Seen>>>;

/// The running services. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Services {
    sites: [Site; 4],
    /// Shared with the service that answers for it.
    pub(super) issuer: Arc<Issuer>,
    journal: Journal,
    runtime: tokio::runtime::Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// One service's place.
#[derive(Debug)]
struct Site {
    address: SocketAddr,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Services {
    /// Starts all of them on free ports.
    pub(super) fn start() -> io::Result<Services> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("shop".to_owned()).spawn(move || {
            // A dropped sender ends the services as well as a message does.
            let _ = runtime.block_on(ended);
        })?;
        let journal = Journal::default();
        let issuer = Arc::new(Issuer::new()?);
        let start = |service| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            let role = Role {
                service,
                issuer: Arc::clone(&issuer),
                journal: Arc::clone(&journal),
            };
            let running = Some(run(&handle, listener, role)?);
            io::Result::Ok(Site { address, running })
        };
        let [users, orders, products, accounts] = Service::ALL;
        let sites = [start(users)?, start(orders)?, start(products)?, start(accounts)?];
        Ok(Services {
            sites,
            issuer,
            journal,
            runtime: handle,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Where it listens, or did before it was stopped.
    pub(super) fn address(&self, service: Service) -> SocketAddr {
        self.site(service).address
    }

    fn site(&self, service: Service) -> &Site {
        let [users, orders, products, accounts] = &self.sites;
        match service {
            Service::Accounts => accounts,
            Service::Users => users,
            Service::Orders => orders,
            Service::Products => products,
        }
    }

    fn site_mut(&mut self, service: Service) -> &mut Site {
        let [users, orders, products, accounts] = &mut self.sites;
        match service {
            Service::Accounts => accounts,
            Service::Users => users,
            Service::Orders => orders,
            Service::Products => products,
        }
    }

    /// Closes its port and every connection to it. Not to be called from async code.
    pub(super) fn stop(&mut self, service: Service) {
        let Some(running) = self.site_mut(service).running.take() else {
            return;
        };
        // A task that is gone already has nothing left to stop.
        let _ = running.stop.send(());
        let _ = self.runtime.block_on(running.task);
    }

    /// Starts a stopped one where it was.
    pub(super) fn resume(&mut self, service: Service) -> io::Result<()> {
        let address = self.address(service);
        let listener = TcpListener::bind(address)?;
        let role = Role {
            service,
            issuer: Arc::clone(&self.issuer),
            journal: Arc::clone(&self.journal),
        };
        let running = run(&self.runtime, listener, role)?;
        self.site_mut(service).running = Some(running);
        Ok(())
    }

    /// What reached the services since the last call, oldest first.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.drain(..).collect()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A service that panicked said so on stderr; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// Who answers, with what it needs for that.
#[derive(Debug, Clone)]
struct Role {
    service: Service,
    issuer: Arc<Issuer>,
    journal: Journal,
}

fn run(runtime: &tokio::runtime::Handle, listener: TcpListener, role: Role) -> io::Result<Running> {
    listener.set_nonblocking(true)?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let (stop, stopped) = oneshot::channel();
    let task = runtime.spawn(accept(listener, role, stopped));
    Ok(Running { stop, task })
}

async fn accept(listener: tokio::net::TcpListener, role: Role, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, role.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    // First the port, then the connections: afterwards nothing of the service is left.
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, role: Role) {
    let respond = service_fn(move |request| respond(role.clone(), request));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    // A connection that broke concerns nobody but its peer, who knows.
    let _ = connection.await;
}

async fn respond(role: Role, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let service = role.service;
    // Keys are fetched when the gateway sees fit; the tour tells of requests.
    if service != Service::Accounts {
        let line = format!("{} {}", head.method, head.uri);
        note(&role.journal, Seen { service, line });
    }
    // Read in any case, so that the connection can be used again.
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let field = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let asked = Asked {
        method: head.method.as_str(),
        path: head.uri.path(),
        identity: Identity {
            // Many frameworks hand both spellings to a program as one.
            x_user_id: field("x-user-id").or_else(|| field("x_user_id")),
            x_user_role: field("x-user-role").or_else(|| field("x_user_role")),
            x_client_id: field("x-client-id"),
            x_forwarded_for: field("x-forwarded-for"),
        },
    };
    let Answer { status, body } = match service {
        Service::Accounts => role
            .issuer
            .answer(asked.method, asked.path, &String::from_utf8_lossy(&body)),
        _ => shop::answer(service, &asked),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::from(body))
        .expect("a status of the shop and a constant field make a response");
    Ok(response)
}

fn note(journal: &Journal, seen: Seen) {
    let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
    if journal.len() == SEEN_MAX {
        journal.pop_front();
    }
    journal.push_back(seen);
}

#[cfg(test)]
mod tests {
    //! A stopped service is gone, a resumed one is back, and what reached it is known.

    use super::super::client::Request;
    use super::*;

    #[test]
    fn one_is_stopped_and_resumed_while_the_others_go_on() {
        let mut services = Services::start().unwrap();
        let ask = |services: &Services, service, path: &str| {
            Request::get(path)
                .send(services.address(service))
                .map(|answer| answer.status)
        };
        assert_eq!(
            ask(&services, Service::Products, "/products/prod_k3j7").unwrap(),
            200
        );
        services.stop(Service::Products);
        assert!(ask(&services, Service::Products, "/products").is_err());
        assert_eq!(ask(&services, Service::Orders, "/orders?limit=3").unwrap(), 200);
        services.resume(Service::Products).unwrap();
        assert_eq!(ask(&services, Service::Products, "/products").unwrap(), 200);

        let lines: Vec<String> = services.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(
            lines,
            ["GET /products/prod_k3j7", "GET /orders?limit=3", "GET /products"]
        );
        assert_eq!(services.seen(), []);
    }
}
