//! The mark to hold: a bare forwarder on the gateway's own codec. It parses and re-serialises every head, frames every
//! body, keeps upstream connections in a pool, and does nothing else: no routes, no limits, no log, no second try. What
//! the gateway costs beyond it is what the gateway's own work costs.

use anyhow::{Result, bail};
use clap::Args;
use gateway::http1::{
    BodyDecoder, BodyPart, FieldRef, Framing, HeadLimits, Known, Progress, RequestHead, ResponseHead,
    begin_request, begin_response, chunk_begin, chunk_end, chunk_last, field, finish_head,
};
use std::cell::RefCell;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 65_536,
    header_count_max: 100,
};
const READ_BYTES: usize = 64 * 1024;
/// Data up to this size is copied behind its head: one buffer is cheaper to send than two.
const COPY_BYTES_MAX: usize = 4096;

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Forwarder {
    /// Where everything is forwarded.
    #[arg(long)]
    backend: SocketAddr,
}

impl Forwarder {
    /// Serves until it is killed.
    pub(crate) fn run(self) -> Result<()> {
        let listener = super::listen()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let shared = Rc::new(Shared {
            backend: self.backend,
            upstreams: RefCell::default(),
            desks: RefCell::default(),
        });
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (client, _) = listener.accept().await?;
                let shared = Rc::clone(&shared);
                tokio::task::spawn_local(async move {
                    // An error ends this connection; the load counts what it did not get.
                    let _ = serve(client, &shared).await;
                });
            }
        })
    }
}

/// What connections share: idle upstream connections, and desks to work at.
#[derive(Debug)]
struct Shared {
    backend: SocketAddr,
    upstreams: RefCell<Vec<TcpStream>>,
    desks: RefCell<Vec<Desk>>,
}

/// Buffers of one exchange. A connection that waits for a request has none.
#[derive(Debug)]
struct Desk {
    request: RequestHead,
    response: ResponseHead,
    /// From the client, from the upstream, and what goes out to either.
    received: Vec<u8>,
    answer: Vec<u8>,
    out: Vec<u8>,
}

impl Desk {
    fn new() -> Self {
        let buffer = || Vec::with_capacity(READ_BYTES);
        let (request, response) = (RequestHead::new(), ResponseHead::new());
        Self {
            request,
            response,
            received: buffer(),
            answer: buffer(),
            out: buffer(),
        }
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> Result<()> {
    client.set_nodelay(true)?;
    loop {
        client.readable().await?;
        let mut desk = shared.desks.borrow_mut().pop().unwrap_or_else(Desk::new);
        let mut going = true;
        while going {
            if !exchange(&mut client, shared, &mut desk).await? {
                return Ok(());
            }
            going = !desk.received.is_empty();
        }
        shared.desks.borrow_mut().push(desk);
    }
}

/// One request and its answer; whether the client's connection goes on.
async fn exchange(client: &mut TcpStream, shared: &Shared, desk: &mut Desk) -> Result<bool> {
    let Desk {
        request,
        response,
        received,
        answer,
        out,
    } = desk;
    request.reset();
    while request.parse(received, &LIMITS)? == Progress::Partial {
        if receive(client, received).await? == 0 {
            return Ok(false);
        }
    }
    let (keep_alive, to_head) = (request.keep_alive(), request.method_bytes(received) == b"HEAD");
    let head = request.len();
    write_request(request, received, out);
    let pooled = shared.upstreams.borrow_mut().pop();
    let mut upstream = match pooled {
        Some(upstream) => upstream,
        None => connect(shared.backend).await?,
    };
    relay(client, &mut upstream, request.framing(), received, head, out).await?;

    answer.clear();
    response.reset();
    while response.parse(answer, to_head, &LIMITS)? == Progress::Partial {
        if receive(&mut upstream, answer).await? == 0 {
            bail!("the upstream closed before its answer");
        }
    }
    if response.is_interim() {
        bail!("nothing here asks for an interim response");
    }
    let (head, reusable) = (
        response.len(),
        response.keep_alive() && response.framing() != Framing::Close,
    );
    write_response(response, answer, out);
    relay(&mut upstream, client, response.framing(), answer, head, out).await?;
    if reusable && answer.is_empty() {
        shared.upstreams.borrow_mut().push(upstream);
    }
    Ok(keep_alive && response.framing() != Framing::Close)
}

async fn connect(backend: SocketAddr) -> Result<TcpStream> {
    let upstream = TcpStream::connect(backend).await?;
    upstream.set_nodelay(true)?;
    Ok(upstream)
}

fn write_request(head: &RequestHead, bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (path, method) = (head.path(bytes), head.method_bytes(bytes));
    match head.query(bytes) {
        Some(query) => begin_request(out, method, &[path, b"?", query]),
        None => begin_request(out, method, &[path]),
    }
    for line in head.fields(bytes).filter(end_to_end) {
        if !(head.has_connection_names() && head.connection_names(bytes, line.name)) {
            field(out, line.name, line.value);
        }
    }
    frame(head.framing(), out);
}

fn write_response(head: &ResponseHead, bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    begin_response(
        out,
        gateway::http1::Version::Http11,
        head.status(),
        head.reason(bytes),
    );
    for line in head.fields(bytes).filter(end_to_end) {
        if !(head.has_connection_names() && head.connection_names(bytes, line.name)) {
            field(out, line.name, line.value);
        }
    }
    frame(head.framing(), out);
}

/// What is not about one connection alone (RFC 9110 §7.6.1).
fn end_to_end(line: &FieldRef<'_>) -> bool {
    !matches!(
        line.known,
        Known::Connection | Known::KeepAlive | Known::ProxyConnection | Known::Te | Known::TransferEncoding
    )
}

fn frame(framing: Framing, out: &mut Vec<u8>) {
    match framing {
        Framing::Chunked => field(out, b"Transfer-Encoding", b"chunked"),
        Framing::Close => field(out, b"Connection", b"close"),
        Framing::Empty | Framing::Length(_) => {}
    }
    finish_head(out);
}

/// Sends the head that is in `out` and the body that begins in `input` behind its own head. What follows the body in
/// `input` stays there.
async fn relay(
    from: &mut TcpStream,
    to: &mut TcpStream,
    framing: Framing,
    input: &mut Vec<u8>,
    head: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut body = BodyDecoder::new(framing, LIMITS.head_bytes_max, LIMITS.header_count_max);
    let mut used = head;
    loop {
        while !body.is_ended() {
            let rest = input.get(used..).unwrap_or_default();
            let (count, part) = body.next(rest)?;
            used += count;
            match part {
                BodyPart::Data(data) if framing == Framing::Chunked => {
                    chunk_begin(out, data.len());
                    out.extend_from_slice(data);
                    chunk_end(out);
                }
                BodyPart::Data(data) => send(to, out, data).await?,
                BodyPart::More => break,
                BodyPart::End => {}
            }
        }
        if framing == Framing::Chunked && body.is_ended() {
            chunk_last(out, body.trailers().map(|line| (line.name, line.value)));
        }
        send(to, out, &[]).await?;
        if body.is_ended() {
            input.drain(..used);
            return Ok(());
        }
        input.clear();
        used = 0;
        if receive(from, input).await? == 0 {
            return Ok(body.finish()?);
        }
    }
}

/// Sends what waits in `out`, which is empty afterwards, and `data` behind it.
async fn send(to: &mut TcpStream, out: &mut Vec<u8>, data: &[u8]) -> Result<()> {
    if data.len() <= COPY_BYTES_MAX {
        out.extend_from_slice(data);
        to.write_all(out).await?;
    } else {
        let sent = to
            .write_vectored(&[IoSlice::new(out), IoSlice::new(data)])
            .await?;
        to.write_all(out.get(sent..).unwrap_or_default()).await?;
        to.write_all(data.get(sent.saturating_sub(out.len())..).unwrap_or_default())
            .await?;
    }
    out.clear();
    Ok(())
}

async fn receive(from: &mut TcpStream, into: &mut Vec<u8>) -> Result<usize> {
    into.reserve(READ_BYTES - into.len().min(READ_BYTES - 1));
    Ok(from.read_buf(into).await?)
}
