//! Where the run's issuer publishes its keys: one answer over plain HTTP on loopback, for a gateway that fetches them.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a client may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers every request with this JWK Set until the process ends; where it listens.
pub(super) fn publish(jwk_set: String) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that breaks off is asked for nothing more, and asks again by itself.
            let _ = answer(stream, &jwk_set);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, jwk_set: &str) -> Result<()> {
    stream.set_read_timeout(Some(REQUEST_TIMEOUT))?;
    let (mut head, mut buffer) = (Vec::new(), [0; 2048]);
    while crate::wire::head_end(&head).is_none() {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => head.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/jwk-set+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{jwk_set}",
        jwk_set.len()
    )?;
    Ok(())
}
