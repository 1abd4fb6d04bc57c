//! What cannot be staged from outside: pooled upstream connections that take nothing, or that nobody comes back to.

use crate::configuration::{Process, check_text};
use crate::downstream::{Shared, Worker};
use crate::snapshot::Snapshot;
use crate::upstream::{Pooled, SystemResolver, Upstreams};
use crate::usage::Metrics;
use arc_swap::ArcSwap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

/// No wait of these tests is longer.
const LIMIT: Duration = Duration::from_secs(20);

fn worker(upstream: SocketAddr) -> Rc<Worker> {
    let text = format!(
        "access_log: off\nallow_targets: [127.0.0.0/8]\nroutes: [{{ path: /**, upstream: \"http://{upstream}\" }}]\n"
    );
    let checked = check_text("test.yaml", &text, &Process::beside(Path::new("test.yaml")));
    let configuration = checked.configuration.unwrap();
    let (upstreams, metrics) = (Upstreams::default(), Arc::new(Metrics::default()));
    let snapshot = Snapshot::compile(configuration, None, None, &upstreams, &metrics).unwrap();
    let shared = Shared {
        used: None,
        keys: crate::keys::Prepared::new().handle(),
        failed: crate::request::FailedCredentials::default(),
        snapshot: ArcSwap::from_pointee(snapshot),
        metrics,
        upstreams,
        resolver: Arc::new(SystemResolver),
        via_id: "sb-test".into(),
        connections: AtomicUsize::new(1),
        draining: AtomicBool::new(false),
    };
    Worker::new(Arc::new(shared), Arc::new(AtomicUsize::new(1)))
}

/// Puts a connection into the pool that nobody has disturbed, and that does not take a byte.
fn pool_one_that_takes_nothing(worker: &Rc<Worker>, upstream: SocketAddr, until: Instant) {
    let stream = TcpStream::connect(upstream).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.set_nonblocking(true).unwrap();
    let snapshot = worker.snapshot();
    let id = snapshot.table.entries().next().unwrap().value.routes[0]
        .upstream
        .as_ref()
        .unwrap()
        .id;
    let pooled = Pooled {
        transport: tokio::net::TcpStream::from_std(stream).unwrap().into(),
        endpoint: upstream,
        until,
        _open: worker.metrics().upstream_opened(),
    };
    worker.keep_idle(id, pooled);
}

/// Reads until the head's empty line, or the end.
fn read_head(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(flavor = "local")]
async fn a_request_that_was_never_sent_goes_again_on_a_fresh_connection_even_a_post() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    let worker = worker(upstream);
    pool_one_that_takes_nothing(&worker, upstream, Instant::now() + LIMIT);

    let service = std::thread::spawn(move || {
        let (mut pooled, _) = listener.accept().unwrap();
        let (mut fresh, _) = listener.accept().unwrap();
        let on_fresh = read_head(&mut fresh);
        fresh
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        (read_head(&mut pooled), on_fresh)
    });
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(front.local_addr().unwrap()).unwrap();
    let (accepted, peer) = front.accept().unwrap();
    accepted.set_nonblocking(true).unwrap();
    super::spawn(&worker, accepted, peer, false);
    let asked = tokio::task::spawn_blocking(move || {
        client
            .write_all(b"POST /once HTTP/1.1\r\nHost: test.example\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        read_head(&mut client)
    });
    let answer = tokio::time::timeout(LIMIT, asked).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (on_pooled, on_fresh) = service.join().unwrap();
    assert_eq!(on_pooled, "", "no byte was taken");
    assert!(on_fresh.starts_with("POST /once HTTP/1.1\r\n"), "{on_fresh}");
}

#[tokio::test(flavor = "local")]
async fn an_upstream_connection_whose_time_is_over_is_closed_though_no_client_comes_or_goes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    let worker = worker(upstream);
    pool_one_that_takes_nothing(&worker, upstream, Instant::now());
    let emptied = async {
        while !worker.pool.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, emptied).await.unwrap();
}
