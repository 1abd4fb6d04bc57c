//! HTTP/1.1 messages as a test sees them: read from a stream by a parser that shares nothing with the gateway's.
//!
//! It is strict where the gateway is the writer: a line without CRLF or a field without colon fails the test. How a
//! message ended is part of the result, because breaking off visibly is behaviour that scenarios ask for.

use std::io::{self, BufRead, BufReader, Read};

/// How a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// As its framing promised.
    Whole,
    /// The connection was closed before that.
    Closed,
    /// The connection was reset.
    Reset,
    /// What came is not HTTP/1.1; the text says why.
    Malformed(String),
}

/// Field lines in their order.
pub type Fields = Vec<(String, String)>;

/// A request as it arrived at an upstream.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method's token.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// The field lines.
    pub fields: Fields,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// How it ended.
    pub end: End,
}

/// A response as it arrived at a client.
#[derive(Debug, Clone)]
pub struct Response {
    /// `HTTP/1.1`.
    pub version: String,
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// The field lines.
    pub fields: Fields,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// How it ended.
    pub end: End,
}

macro_rules! field_access {
    ($type:ty) => {
        impl $type {
            /// All values of a field, in order.
            pub fn all(&self, name: &str) -> Vec<&str> {
                values(&self.fields, name)
            }

            /// The value of a field that may be there once.
            pub fn field(&self, name: &str) -> Option<&str> {
                let all = self.all(name);
                assert!(
                    all.len() <= 1,
                    "{name} is there {} times: {self:#?}",
                    all.len()
                );
                all.first().copied()
            }

            /// The body as text.
            pub fn text(&self) -> String {
                String::from_utf8_lossy(&self.body).into_owned()
            }
        }
    };
}

field_access!(Request);
field_access!(Response);

impl Response {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON body ({error}) in {self:#?}"))
    }

    /// Whether the sender says that it closes the connection.
    pub fn closes(&self) -> bool {
        self.all("Connection")
            .iter()
            .any(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The RFC 9209 error type that the last member of `Proxy-Status` carries: there exactly when the gateway answered.
    pub fn proxy_error(&self) -> Option<String> {
        let all = self.all("Proxy-Status").join(", ");
        let last = all.rsplit(", ").next()?;
        let parameter = last
            .split(';')
            .map(str::trim)
            .find_map(|part| part.strip_prefix("error="))?;
        Some(parameter.to_owned())
    }

    /// Asserts the status; returns itself for further questions.
    pub fn expect(self, status: u16) -> Response {
        assert_eq!(self.status, status, "{self:#?}\n{}", self.text());
        self
    }

    /// Asserts that the gateway itself answered with this status and code; returns itself.
    pub fn expect_error(self, status: u16, code: &str) -> Response {
        let this = self.expect(status);
        let body = this.json();
        assert_eq!(body["error"], code, "{body}");
        assert!(
            body["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        assert_eq!(body["request_id"].as_str(), this.field("X-Request-Id"), "{body}");
        assert_eq!(this.field("Content-Type"), Some("application/json"), "{this:#?}");
        assert!(
            this.proxy_error().is_some(),
            "no error in Proxy-Status: {this:#?}"
        );
        assert!(this.field("Date").is_some(), "RFC 9110 §6.6.1: {this:#?}");
        this
    }
}

fn values<'a>(fields: &'a Fields, name: &str) -> Vec<&'a str> {
    let named = fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str()).collect()
}

/// Reads a request's head and leaves its body unread; `None` at the end of the stream.
pub(crate) fn read_request_head<R: Read>(from: &mut BufReader<R>) -> Option<Request> {
    let mut request = Request {
        method: String::new(),
        target: String::new(),
        version: String::new(),
        fields: Fields::new(),
        body: Vec::new(),
        trailers: Fields::new(),
        end: End::Whole,
    };
    let first = match read_line(from) {
        Ok(line) => line,
        Err(_) => return None,
    };
    let mut words = first.splitn(3, ' ');
    request.method = words.next().unwrap_or_default().to_owned();
    request.target = words.next().unwrap_or_default().to_owned();
    request.version = words.next().unwrap_or_default().to_owned();
    request.end = read_fields(from, &mut request.fields);
    Some(request)
}

/// Reads the body that a request's head promises.
pub(crate) fn read_request_body<R: Read>(from: &mut BufReader<R>, request: &mut Request) {
    if request.end != End::Whole {
        return;
    }
    let framing = match (is_chunked(&request.fields), length(&request.fields)) {
        (true, _) => Framing::Chunked,
        (false, length) => Framing::Length(length.unwrap_or(0)),
    };
    request.end = read_body(from, framing, &mut request.body, &mut request.trailers);
}

/// Reads a response; `None` where the stream ends before its first byte. `method`: of the request that it answers.
pub(crate) fn read_response<R: Read>(from: &mut BufReader<R>, method: &str) -> Option<Response> {
    let mut response = Response {
        version: String::new(),
        status: 0,
        reason: String::new(),
        fields: Fields::new(),
        body: Vec::new(),
        trailers: Fields::new(),
        end: End::Whole,
    };
    let first = match read_line(from) {
        Ok(line) => line,
        Err(Broken { end, anything }) => {
            response.end = end;
            return anything.then_some(response);
        }
    };
    let mut words = first.splitn(3, ' ');
    response.version = words.next().unwrap_or_default().to_owned();
    response.status = words.next().and_then(|status| status.parse().ok()).unwrap_or(0);
    response.reason = words.next().unwrap_or_default().to_owned();
    if response.status < 100 {
        response.end = End::Malformed(format!("status line {first:?}"));
        return Some(response);
    }
    response.end = read_fields(from, &mut response.fields);
    if response.end != End::Whole {
        return Some(response);
    }
    let bodiless = method == "HEAD" || response.status < 200 || matches!(response.status, 204 | 304);
    let framing = match (is_chunked(&response.fields), length(&response.fields)) {
        _ if bodiless => Framing::Length(0),
        (true, Some(_)) => {
            response.end = End::Malformed("a length beside chunked".to_owned());
            return Some(response);
        }
        (true, None) => Framing::Chunked,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::Close,
    };
    response.end = read_body(from, framing, &mut response.body, &mut response.trailers);
    Some(response)
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
    Close,
}

fn is_chunked(fields: &Fields) -> bool {
    values(fields, "Transfer-Encoding")
        .iter()
        .any(|value| value.eq_ignore_ascii_case("chunked"))
}

fn length(fields: &Fields) -> Option<usize> {
    values(fields, "Content-Length")
        .first()
        .and_then(|value| value.parse().ok())
}

fn read_body<R: Read>(
    from: &mut BufReader<R>,
    framing: Framing,
    body: &mut Vec<u8>,
    trailers: &mut Fields,
) -> End {
    match framing {
        Framing::Length(length) => read_exactly(from, length, body),
        Framing::Close => match from.read_to_end(body) {
            Ok(_) => End::Whole,
            Err(error) => broken(&error),
        },
        Framing::Chunked => loop {
            let line = match read_line(from) {
                Ok(line) => line,
                Err(Broken { end, .. }) => return end,
            };
            let Ok(size) = usize::from_str_radix(&line, 16) else {
                return End::Malformed(format!("chunk size {line:?}"));
            };
            if size == 0 {
                return read_fields(from, trailers);
            }
            let end = read_exactly(from, size, body);
            if end != End::Whole {
                return end;
            }
            match read_line(from) {
                Ok(line) if line.is_empty() => {}
                Ok(line) => return End::Malformed(format!("behind a chunk: {line:?}")),
                Err(Broken { end, .. }) => return end,
            }
        },
    }
}

/// Field lines up to and with the empty line.
fn read_fields<R: Read>(from: &mut BufReader<R>, fields: &mut Fields) -> End {
    loop {
        match read_line(from) {
            Ok(line) if line.is_empty() => return End::Whole,
            Ok(line) => match line.split_once(':') {
                Some((name, value)) if !name.is_empty() && !name.contains(' ') => {
                    fields.push((name.to_owned(), value.trim().to_owned()));
                }
                _ => return End::Malformed(format!("field line {line:?}")),
            },
            Err(Broken { end, .. }) => return end,
        }
    }
}

struct Broken {
    end: End,
    /// Whether a byte of the line came.
    anything: bool,
}

fn read_line<R: Read>(from: &mut BufReader<R>) -> Result<String, Broken> {
    let mut line = Vec::new();
    let end = match from.read_until(b'\n', &mut line) {
        Ok(_) if line.ends_with(b"\r\n") => {
            line.truncate(line.len() - 2);
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        Ok(_) if line.ends_with(b"\n") => {
            End::Malformed(format!("bare LF behind {:?}", String::from_utf8_lossy(&line)))
        }
        Ok(_) => End::Closed,
        Err(error) => broken(&error),
    };
    Err(Broken {
        end,
        anything: !line.is_empty(),
    })
}

fn read_exactly<R: Read>(from: &mut BufReader<R>, count: usize, into: &mut Vec<u8>) -> End {
    match from.take(count as u64).read_to_end(into) {
        Ok(read) if read == count => End::Whole,
        Ok(_) => End::Closed,
        Err(error) => broken(&error),
    }
}

/// What an error of a read says about the other side. Silence is not an end: nothing may hang.
pub(crate) fn broken(error: &io::Error) -> End {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            panic!(
                "the other side neither sends nor closes within {:?}",
                crate::LIMIT
            )
        }
        // A TLS peer that closes without saying so has broken off.
        io::ErrorKind::UnexpectedEof => End::Closed,
        _ => End::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, body: &str, end: &End) {
        let mut from = BufReader::with_capacity(3, bytes.as_bytes());
        let response = read_response(&mut from, "GET").unwrap();
        assert_eq!(response.text(), body, "{bytes:?}");
        assert_eq!(response.end, *end, "{bytes:?}");
    }

    #[test]
    fn a_body_ends_as_its_framing_says_or_has_visibly_broken_off() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore",
            "ok",
            &End::Whole,
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "ok",
            &End::Closed,
        );
        check("HTTP/1.1 200 OK\r\n\r\nok", "ok", &End::Whole);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{chunked}2\r\nok\r\n0\r\n\r\n"), "ok", &End::Whole);
        check(&format!("{chunked}2\r\nok\r\n"), "ok", &End::Closed);
        check(&format!("{chunked}2\r\nok\r\n0\r\n"), "ok", &End::Closed);
        check(
            &format!("{chunked}x\r\n"),
            "",
            &End::Malformed("chunk size \"x\"".to_owned()),
        );
    }

    #[test]
    fn a_head_without_an_end_is_no_whole_response() {
        check("HTTP/1.1 200 OK\r\nContent-Le", "", &End::Closed);
        check("HTTP/1.1 204 No Content\r\n\r\n", "", &End::Whole);
    }
}
