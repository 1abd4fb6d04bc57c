//! A small blocking HTTP/1.1 client that sends exactly the bytes it is given, wrong ones included.
//!
//! It asks one request on one connection, and sees what a caller sees: the answer, how long it took, and whether the
//! connection was closed behind it.

use anyhow::{anyhow, bail};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long connecting, each write and each read may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer, head and body together.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
    /// What stands for a value where the request is shown: tokens fill a screen and say nothing to people.
    shown_as: Option<(&'static str, &'static str)>,
    body: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: String,
    /// From the first byte sent to the last byte of the answer.
    pub(super) took: Duration,
}

impl Request {
    /// A GET without any field but Host.
    pub(super) fn get(target: impl Into<String>) -> Request {
        Request {
            method: "GET",
            target: target.into(),
            fields: Vec::new(),
            shown_as: None,
            body: String::new(),
        }
    }

    /// The same with another method.
    pub(super) fn method(mut self, method: &'static str) -> Request {
        self.method = method;
        self
    }

    /// The same with a further field. Values are sent as they are.
    pub(super) fn field(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.fields.push((name, value.into()));
        self
    }

    /// The same with a bearer token, shown as the variable TOKEN.
    pub(super) fn bearer(mut self, token: &str) -> Request {
        self.shown_as = Some(("Authorization", "\"Authorization: Bearer $TOKEN\""));
        self.field("Authorization", format!("Bearer {token}"))
    }

    /// The same with a body. Its framing fields are the caller's business.
    pub(super) fn body(mut self, body: impl Into<String>) -> Request {
        self.body = body.into();
        self
    }

    /// Its fields as a shell takes them.
    pub(super) fn shown_fields(&self) -> impl Iterator<Item = String> {
        self.fields
            .iter()
            .map(|(name, value)| match self.shown_as.filter(|(of, _)| of == name) {
                Some((_, shown)) => shown.to_owned(),
                None => format!("'{name}: {value}'"),
            })
    }

    /// The path and query that it asks for.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Its fields, Host apart.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        self.fields.iter().map(owned).collect()
    }

    /// Its lines, without the empty one and what follows.
    pub(super) fn head(&self, host: &str) -> Vec<String> {
        let mut lines = vec![
            format!("{} {} HTTP/1.1", self.method, self.target),
            format!("Host: {host}"),
        ];
        lines.extend(self.fields.iter().map(|(name, value)| format!("{name}: {value}")));
        lines
    }

    /// What a person would type to send it.
    pub(super) fn curl(&self, host: &str) -> String {
        let mut command = "curl".to_owned();
        if self.method != "GET" {
            command.push_str(" -X ");
            command.push_str(self.method);
        }
        for argument in self.shown_fields() {
            command.push_str(&format!(" -H {argument}"));
        }
        format!("{command} http://{host}{}", self.target)
    }

    /// Sends it over a new connection and waits until the server has closed behind its answer.
    pub(super) fn send(&self, address: SocketAddr) -> anyhow::Result<Answer> {
        self.clone().field("Connection", "close").send_as_it_is(address)
    }

    /// The same without asking the server to close: an answer means that it closed by itself.
    pub(super) fn send_as_it_is(&self, address: SocketAddr) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
            .map_err(|error| anyhow!("cannot connect to {address}: {error}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let bytes = format!(
            "{}\r\n\r\n{}",
            self.head(&address.to_string()).join("\r\n"),
            self.body
        );
        let begun = Instant::now();
        stream
            .write_all(bytes.as_bytes())
            .map_err(|error| anyhow!("cannot send to {address}: {error}"))?;
        let mut answer = Vec::new();
        let mut limited = stream.take(ANSWER_BYTES_MAX as u64);
        limited
            .read_to_end(&mut answer)
            .map_err(|error| anyhow!("no whole answer from {address}: {error}"))?;
        let took = begun.elapsed();
        parse(&answer, took)
    }
}

impl Answer {
    /// The value of the first field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// Takes a whole answer apart. Its body is everything behind the head: the connection was closed there.
fn parse(bytes: &[u8], took: Duration) -> anyhow::Result<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        bail!("the answer ends within its head: {text:?}");
    };
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let mut words = status_line.splitn(3, ' ');
    let (Some(version), Some(Ok(status))) = (words.next(), words.next().map(str::parse)) else {
        bail!("no status line: {status_line:?}");
    };
    if !version.starts_with("HTTP/1.") {
        bail!("not HTTP/1: {status_line:?}");
    }
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let mut answer = Answer {
        status,
        reason: words.next().unwrap_or_default().to_owned(),
        fields: lines.filter_map(field).collect(),
        body: body.to_owned(),
        took,
    };
    if answer.field("transfer-encoding").is_some() {
        answer.body = unchunked(body).ok_or_else(|| anyhow!("the answer ends within its body"))?;
    }
    Ok(answer)
}

/// A body in chunks (RFC 9112 §7.1), as one; `None` where its last chunk is missing.
fn unchunked(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.push_str(rest.get(..size)?);
        body = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    //! An answer is taken apart, a request is shown as it would be typed.

    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let bytes = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n\r\n{}";
        let answer = parse(bytes, Duration::ZERO).unwrap();
        assert_eq!(answer.status, 405);
        assert_eq!(answer.reason, "Method Not Allowed");
        assert_eq!(answer.field("allow"), Some("GET, HEAD"));
        assert_eq!(answer.body, "{}");
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n");
        let answer = parse(whole.as_bytes(), Duration::ZERO).unwrap();
        assert_eq!(answer.body, "abc0123456789");
        let cut = format!("{head}3\r\nabc\r\n");
        assert!(parse(cut.as_bytes(), Duration::ZERO).is_err());
    }

    #[test]
    fn half_an_answer_is_an_error() {
        for bytes in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 ok\r\n\r\n",
        ] {
            assert!(parse(bytes, Duration::ZERO).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_request_is_shown_as_it_would_be_typed() {
        let request = Request::get("/api/users/whoami").field("X-User-Id", "usr_admin");
        assert_eq!(
            request.curl("127.0.0.1:8080"),
            "curl -H 'X-User-Id: usr_admin' http://127.0.0.1:8080/api/users/whoami"
        );
        let request = Request::get("/api/orders").method("DELETE");
        assert_eq!(
            request.curl("127.0.0.1:8080"),
            "curl -X DELETE http://127.0.0.1:8080/api/orders"
        );
    }
}
