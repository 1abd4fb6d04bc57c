//! A scripted upstream: a raw TCP (or TLS) server that does to the gateway exactly what a scenario asks for.
//!
//! Every connection runs the script in a thread of its own. All bytes that arrive are kept, so that a scenario can
//! say what never reached the upstream.

use crate::authority::Identity;
use crate::message::{Request, read_request_body, read_request_head};
use crate::wait::{LIMIT, wait_for};
use rustix::net::sockopt::set_socket_linger;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A whole answer that leaves the connection open.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A listening socket whose connections follow a script.
pub struct Upstream {
    address: SocketAddr,
    listener: Mutex<TcpListener>,
    identity: Option<Identity>,
    script: Script,
    seen: Arc<Seen>,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    received: Mutex<Vec<Arc<Mutex<Received>>>>,
    pieces: AtomicUsize,
}

/// What arrived on one connection.
#[derive(Debug, Default)]
struct Received {
    bytes: Vec<u8>,
    /// Where each piece ends, and its number over all connections.
    pieces: Vec<(usize, usize)>,
}

type Script = Arc<dyn Fn(Peer) + Send + Sync>;

impl Upstream {
    /// Runs the script for every connection.
    pub fn start(script: impl Fn(Peer) + Send + Sync + 'static) -> Upstream {
        Upstream::listen(None, Arc::new(script))
    }

    /// As `start`, over TLS with this certificate. A connection whose handshake fails runs no script.
    pub fn start_tls(identity: &Identity, script: impl Fn(Peer) + Send + Sync + 'static) -> Upstream {
        Upstream::listen(Some(identity.clone()), Arc::new(script))
    }

    /// Answers every whole request with what `answer` makes of it, on connections that stay open.
    pub fn answering<A: AsRef<[u8]>>(answer: impl Fn(&Request) -> A + Send + Sync + 'static) -> Upstream {
        Upstream::start(move |mut peer| {
            while let Some(request) = peer.request() {
                if !peer.send(answer(&request)) {
                    return;
                }
            }
        })
    }

    /// Answers every whole request with a small 200.
    pub fn ok() -> Upstream {
        Upstream::answering(|_| OK)
    }

    fn listen(identity: Option<Identity>, script: Script) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let upstream = Upstream {
            address,
            listener: Mutex::new(listener.try_clone().expect("a descriptor is left")),
            identity,
            script,
            seen: Arc::default(),
        };
        upstream.accept(listener);
        upstream
    }

    fn accept(&self, listener: TcpListener) {
        let (seen, script, identity) = (
            Arc::clone(&self.seen),
            Arc::clone(&self.script),
            self.identity.clone(),
        );
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (seen, script, identity) = (Arc::clone(&seen), Arc::clone(&script), identity.clone());
                std::thread::spawn(move || seen.serve(stream, identity.as_ref(), &script));
            }
        });
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were accepted so far.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections were accepted.
    pub fn wait_for_connections(&self, count: usize) {
        wait_for(&format!("{count} connections to the upstream"), || {
            (self.connections() >= count).then_some(())
        });
    }

    /// Waits until so many connections are open.
    pub fn wait_for_open(&self, count: usize) {
        wait_for(&format!("{count} open connections to the upstream"), || {
            (self.seen.open.load(Ordering::SeqCst) == count).then_some(())
        });
    }

    /// All bytes that arrived, by connection.
    pub fn received(&self) -> Vec<Vec<u8>> {
        let received = self.seen.received.lock().expect("no script panics here");
        let copy =
            |received: &Arc<Mutex<Received>>| received.lock().expect("no script panics here").bytes.clone();
        received.iter().map(copy).collect()
    }

    /// All bytes that arrived, as text.
    pub fn received_text(&self) -> String {
        String::from_utf8_lossy(&self.received().concat()).into_owned()
    }

    /// The whole requests that arrived, in the order in which they became whole; what is not whole is no request.
    pub fn requests(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        for received in self.seen.received.lock().expect("no script panics here").iter() {
            let received = received.lock().expect("no script panics here");
            let mut from = BufReader::new(io::Cursor::new(&received.bytes));
            while let Some(mut request) = read_request_head(&mut from) {
                read_request_body(&mut from, &mut request);
                if request.end != crate::End::Whole {
                    break;
                }
                let position = usize::try_from(from.get_ref().position()).expect("it is in memory");
                let end = position - from.buffer().len();
                let piece = received.pieces.iter().find(|(piece_end, _)| *piece_end >= end);
                requests.push((piece.map(|(_, number)| *number), request));
            }
        }
        requests.sort_by_key(|(piece, _)| *piece);
        requests.into_iter().map(|(_, request)| request).collect()
    }

    /// Waits for so many whole requests.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        wait_for(&format!("{count} requests at the upstream"), || {
            let requests = self.requests();
            (requests.len() >= count).then_some(requests)
        })
    }

    /// Listens no more: later connections are refused by the kernel. Open ones stay.
    pub fn stop(&self) {
        // On Linux this wakes the accepting thread, which then drops its descriptor.
        let listener = self.listener.lock().expect("no script panics here");
        let _ = rustix::net::shutdown(&*listener, rustix::net::Shutdown::Both);
    }

    /// Listens again, after it was stopped, at the same address.
    pub fn go_on(&self) {
        let again = wait_for("the port to be free", || TcpListener::bind(self.address).ok());
        let own = again.try_clone().expect("a descriptor is left");
        *self.listener.lock().expect("no script panics here") = own;
        self.accept(again);
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Seen {
    fn serve(self: &Arc<Self>, stream: TcpStream, identity: Option<&Identity>, script: &Script) {
        let received = Arc::<Mutex<Received>>::default();
        let number = {
            let mut all = self.received.lock().expect("no script panics here");
            all.push(Arc::clone(&received));
            all.len() - 1
        };
        self.open.fetch_add(1, Ordering::SeqCst);
        self.connections.fetch_add(1, Ordering::SeqCst);
        let recorder = Recorder {
            seen: Arc::clone(self),
            received,
        };
        if let Some(peer) = Peer::new(stream, identity, recorder, number) {
            script(peer);
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// The gateway, on one connection, as the script sees it. Dropping it closes the connection.
pub struct Peer {
    reader: BufReader<Recording>,
    socket: TcpStream,
    /// Which connection this is, from 0.
    pub number: usize,
    /// The name that the gateway asked for (SNI), over TLS.
    pub server_name: Option<String>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

struct Recording {
    wire: Box<dyn Wire>,
    recorder: Recorder,
}

struct Recorder {
    seen: Arc<Seen>,
    received: Arc<Mutex<Received>>,
}

impl Read for Recording {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.wire.read(into)?;
        let mut received = self
            .recorder
            .received
            .lock()
            .expect("nobody panics while recording");
        received.bytes.extend_from_slice(&into[..count]);
        let (end, number) = (
            received.bytes.len(),
            self.recorder.seen.pieces.fetch_add(1, Ordering::SeqCst),
        );
        received.pieces.push((end, number));
        Ok(count)
    }
}

impl Peer {
    fn new(
        stream: TcpStream,
        identity: Option<&Identity>,
        recorder: Recorder,
        number: usize,
    ) -> Option<Peer> {
        // Idle connections of a pool are silent for as long as the scenario lasts; the limit only ends their threads.
        stream
            .set_read_timeout(Some(LIMIT * 6))
            .expect("the limit is not zero");
        stream
            .set_write_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        stream.set_nodelay(true).expect("a TCP socket has options");
        let socket = stream.try_clone().expect("a descriptor is left");
        let mut server_name = None;
        let wire: Box<dyn Wire> = match identity {
            None => Box::new(stream),
            Some(identity) => {
                let stream = identity.accept(stream).ok()?;
                server_name = stream.conn.server_name().map(str::to_owned);
                Box::new(stream)
            }
        };
        Some(Peer {
            server_name,
            reader: BufReader::new(Recording { wire, recorder }),
            socket,
            number,
        })
    }

    /// Its socket, for whoever ends the connection from outside.
    pub(crate) fn socket(&self) -> TcpStream {
        self.socket.try_clone().expect("a descriptor is left")
    }

    /// The next whole request; `None` where the gateway closed, or broke off.
    pub fn request(&mut self) -> Option<Request> {
        let mut request = self.head()?;
        self.read_body(&mut request);
        (request.end == crate::End::Whole).then_some(request)
    }

    /// The next request's head; its body is not read.
    pub fn head(&mut self) -> Option<Request> {
        read_request_head(&mut self.reader).filter(|request| request.end == crate::End::Whole)
    }

    /// Reads the body that a head promises into it, however it ends.
    pub fn read_body(&mut self, request: &mut Request) {
        read_request_body(&mut self.reader, request);
    }

    /// Reads exactly so many bytes; whether they came.
    pub fn read(&mut self, count: usize) -> bool {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).is_ok()
    }

    /// Sends these bytes; whether the gateway took them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let wire = &mut self.reader.get_mut().wire;
        wire.write_all(bytes.as_ref()).and_then(|()| wire.flush()).is_ok()
    }

    /// Sends these bytes in segments of their own.
    pub fn trickle(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        bytes.as_ref().iter().all(|byte| {
            std::thread::yield_now();
            self.send([*byte])
        })
    }

    /// Sends these bytes one by one, with a pause before each; whether the gateway took them all.
    pub fn drip(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) -> bool {
        bytes.as_ref().iter().all(|byte| {
            std::thread::park_timeout(pause);
            self.send([*byte])
        })
    }

    /// Sends as much as fits into buffers on the way until nobody has taken a byte for `patience`; how much that was.
    /// What is left can be sent after it.
    pub fn send_until_stalled(&mut self, bytes: &[u8], patience: Duration) -> usize {
        self.socket
            .set_write_timeout(Some(patience))
            .expect("the patience is not zero");
        let mut sent = 0;
        while sent < bytes.len() {
            match self.reader.get_mut().wire.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        self.socket
            .set_write_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        sent
    }

    /// Says that nothing more will be sent, and reads on.
    pub fn finish_sending(&self) {
        // The gateway may have closed first.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Closes in order: what was sent arrives, then the end.
    pub fn close(mut self) {
        self.finish_sending();
        self.wait_until_closed();
    }

    /// Breaks the connection off with a reset.
    pub fn reset(self) {
        set_socket_linger(&self.socket, Some(Duration::ZERO)).expect("a TCP socket lingers");
    }

    /// Reads and drops everything until the gateway closes.
    pub fn wait_until_closed(&mut self) {
        let mut bytes = [0; 16 * 1024];
        while matches!(self.reader.read(&mut bytes), Ok(count) if count > 0) {}
    }
}

/// An address that nobody listens on, held so that nobody else can take it while this lives.
#[derive(Debug)]
pub struct Closed {
    _socket: rustix::fd::OwnedFd,
    /// The address.
    pub address: SocketAddr,
}

impl Closed {
    /// Takes a free port and does not listen.
    pub fn new() -> Closed {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a descriptor is left");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        bind(&socket, &any).expect("loopback has a free port");
        let name = getsockname(&socket).expect("it is bound");
        let address = SocketAddr::try_from(name).expect("it is an internet address");
        Closed {
            _socket: socket,
            address,
        }
    }
}

impl Default for Closed {
    fn default() -> Self {
        Self::new()
    }
}

/// An address whose listener lets nobody in: its queue is full, so that the kernel leaves a further handshake unanswered.
#[derive(Debug)]
pub struct BlackHole {
    _listener: rustix::fd::OwnedFd,
    _queued: Vec<TcpStream>,
    /// The address.
    pub address: SocketAddr,
}

impl BlackHole {
    /// Listens with the shortest queue, and fills it.
    pub fn new() -> BlackHole {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a descriptor is left");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        bind(&socket, &any).expect("loopback has a free port");
        listen(&socket, 0).expect("it is bound");
        let name = getsockname(&socket).expect("it is bound");
        let address = SocketAddr::try_from(name).expect("it is an internet address");
        let connect = |_: &u8| TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let queued = (0..16).map_while(|index| connect(&index)).collect::<Vec<_>>();
        assert!(queued.len() < 16, "a full queue lets nobody in");
        BlackHole {
            _listener: socket,
            _queued: queued,
            address,
        }
    }
}

impl Default for BlackHole {
    fn default() -> Self {
        Self::new()
    }
}
