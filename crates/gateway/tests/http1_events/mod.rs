//! Everything that the codec says about a stream of bytes, as one value that can be compared.
//!
//! The property tests, the differential tests and the fuzz targets (which include this file by its path) all read
//! streams through here. Each message that comes out is also written again and read again: what the gateway sends
//! must mean what it took.

use std::fmt::Debug;

use gateway::http1::{
    self, BodyDecoder, BodyPart, Expect, Framing, HeadLimits, Known, Progress, RequestHead, ResponseHead,
    TargetForm, Version,
};

/// The limits that all of these run under: small, so that inputs reach them.
pub(crate) const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 2_048,
    header_count_max: 40,
};
const TRAILER_BYTES_MAX: usize = 256;
const TRAILER_COUNT_MAX: usize = 4;

/// A field line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// As it was sent.
    pub(crate) name: Vec<u8>,
    /// Without the blanks around it.
    pub(crate) value: Vec<u8>,
    known: Known,
    named_by_connection: bool,
}

/// What a request head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) form: TargetForm,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Option<Vec<u8>>,
    pub(crate) host: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) expect: Expect,
    pub(crate) fields: Vec<Field>,
}

/// What a response head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) fields: Vec<Field>,
}

/// A head, and as much of its body as came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message<H> {
    pub(crate) head: H,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether the body ended as its framing says.
    pub(crate) whole: bool,
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Behind a whole message.
    Clean,
    /// Behind a message that is the connection's last; bytes may be left.
    Last,
    /// In a head or a body.
    BrokenOff,
    /// At a fault.
    Fault(String),
}

/// All that was read.
pub(crate) type Stream<H> = (Vec<Message<H>>, End);

/// Reads requests from `input`, which arrives in reads of these sizes (then the rest at once).
pub(crate) fn requests(input: &[u8], reads: &[usize]) -> Stream<Request> {
    let mut wire = Wire::new(input, reads);
    let mut head = RequestHead::new();
    let mut messages = Vec::new();
    loop {
        head.reset();
        let parsed = wire.head(|bytes| head.parse(bytes, &LIMITS));
        let bytes = match parsed {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (messages, wire.end()),
            Err(fault) => return (messages, End::Fault(fault)),
        };
        let request = request(&head, bytes);
        check_request_again(&request);
        let (message, end) = wire.body(request, head.framing());
        let last = !message.head.keep_alive;
        messages.push(message);
        match end {
            None if last => return (messages, End::Last),
            None => {}
            Some(end) => return (messages, end),
        }
    }
}

/// Reads responses, all to the same kind of request.
pub(crate) fn responses(input: &[u8], to_head: bool, reads: &[usize]) -> Stream<Response> {
    let mut wire = Wire::new(input, reads);
    let mut head = ResponseHead::new();
    let mut messages = Vec::new();
    loop {
        head.reset();
        let parsed = wire.head(|bytes| head.parse(bytes, to_head, &LIMITS));
        let bytes = match parsed {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (messages, wire.end()),
            Err(fault) => return (messages, End::Fault(fault)),
        };
        let response = response(&head, bytes);
        check_response_again(&response, to_head);
        let (message, end) = wire.body(response, head.framing());
        let last = !message.head.keep_alive;
        messages.push(message);
        match end {
            None if last => return (messages, End::Last),
            None => {}
            Some(end) => return (messages, end),
        }
    }
}

/// The bytes between two peers: what has arrived and is not used up, and what is still to arrive.
struct Wire<'a> {
    input: &'a [u8],
    reads: &'a [usize],
    start: usize,
    arrived: usize,
}

impl<'a> Wire<'a> {
    fn new(input: &'a [u8], reads: &'a [usize]) -> Self {
        Self {
            input,
            reads,
            start: 0,
            arrived: 0,
        }
    }

    fn filled(&self) -> &'a [u8] {
        &self.input[self.start..self.arrived]
    }

    /// Whether anything more arrived.
    fn read(&mut self) -> bool {
        let before = self.arrived;
        let count = match self.reads {
            [count, rest @ ..] => {
                self.reads = rest;
                (*count).max(1)
            }
            [] => self.input.len(),
        };
        self.arrived = before.saturating_add(count).min(self.input.len());
        self.arrived > before
    }

    /// The bytes of a head, once it is complete; `None` where the input ends before.
    fn head<F: Debug>(
        &mut self,
        mut parse: impl FnMut(&[u8]) -> Result<Progress, F>,
    ) -> Result<Option<&'a [u8]>, String> {
        loop {
            let filled = self.filled();
            match parse(filled).map_err(|fault| format!("{fault:?}"))? {
                Progress::Complete(len) => {
                    self.start += len;
                    return Ok(Some(&filled[..len]));
                }
                Progress::Partial => {
                    assert!(filled.len() < LIMITS.head_bytes_max, "a head beyond its limit");
                    if !self.read() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The input ended before a head did.
    fn end(&self) -> End {
        if self.start == self.input.len() {
            End::Clean
        } else {
            End::BrokenOff
        }
    }

    /// The body behind `head`, and how the stream ended if it did.
    fn body<H>(&mut self, head: H, framing: Framing) -> (Message<H>, Option<End>) {
        let mut decoder = BodyDecoder::new(framing, TRAILER_BYTES_MAX, TRAILER_COUNT_MAX);
        let mut message = Message {
            head,
            body: Vec::new(),
            trailers: Vec::new(),
            whole: false,
        };
        let end = loop {
            let filled = self.filled();
            let (used, part) = match decoder.next(filled) {
                Ok(next) => next,
                Err(fault) => break Some(End::Fault(fault.to_string())),
            };
            assert!(used <= filled.len());
            self.start += used;
            match part {
                BodyPart::Data(data) => {
                    assert!(!data.is_empty() && filled[..used].ends_with(data));
                    message.body.extend_from_slice(data);
                }
                BodyPart::End => {
                    assert!(decoder.is_ended());
                    break None;
                }
                BodyPart::More => {
                    assert_eq!(used, filled.len(), "bytes left behind");
                    if !self.read() {
                        break match decoder.finish() {
                            Ok(()) => None,
                            Err(_) => Some(End::BrokenOff),
                        };
                    }
                }
            }
        };
        message.whole = end.is_none();
        if message.whole {
            let trailers = decoder
                .trailers()
                .map(|field| (field.name.to_vec(), field.value.to_vec()));
            message.trailers = trailers.collect();
            check_body_again(&message);
        }
        (message, end)
    }
}

fn request(head: &RequestHead, bytes: &[u8]) -> Request {
    assert_eq!(head.len(), bytes.len());
    let fields = head.fields(bytes).map(|field| Field {
        name: field.name.to_vec(),
        value: field.value.to_vec(),
        known: field.known,
        named_by_connection: head.connection_names(bytes, field.name),
    });
    Request {
        method: head.method_bytes(bytes).to_vec(),
        form: head.form(),
        path: head.path(bytes).to_vec(),
        query: head.query(bytes).map(<[u8]>::to_vec),
        host: head.host(bytes).to_vec(),
        version: head.version(),
        framing: head.framing(),
        keep_alive: head.keep_alive(),
        expect: head.expect(),
        fields: clean(fields.collect()),
    }
}

fn response(head: &ResponseHead, bytes: &[u8]) -> Response {
    assert_eq!(head.len(), bytes.len());
    let fields = head.fields(bytes).map(|field| Field {
        name: field.name.to_vec(),
        value: field.value.to_vec(),
        known: field.known,
        named_by_connection: head.connection_names(bytes, field.name),
    });
    Response {
        status: head.status(),
        reason: head.reason(bytes).to_vec(),
        version: head.version(),
        framing: head.framing(),
        keep_alive: head.keep_alive(),
        fields: clean(fields.collect()),
    }
}

/// No name but tokens, no value with a byte that ends a line or a blank around it.
fn clean(fields: Vec<Field>) -> Vec<Field> {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    for Field {
        name, value, known, ..
    } in &fields
    {
        assert!(
            !name.is_empty() && name.iter().all(token),
            "{}",
            name.escape_ascii()
        );
        assert!(!value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t'));
        assert!(!matches!(
            value.as_slice(),
            [b' ' | b'\t', ..] | [.., b' ' | b'\t']
        ));
        assert_eq!(*known, Known::of(name));
    }
    fields
}

/// What was read, written in origin form (or `*`) and read again, is the same but for the form and the version.
fn check_request_again(request: &Request) {
    let mut out = Vec::new();
    let query = request.query.as_deref();
    let mark: &[u8] = if query.is_some() { b"?" } else { b"" };
    let target = [request.path.as_slice(), mark, query.unwrap_or_default()];
    http1::begin_request(&mut out, &request.method, &target);
    for field in &request.fields {
        http1::field(&mut out, &field.name, &field.value);
    }
    http1::finish_head(&mut out);
    let mut head = RequestHead::new();
    let limits = HeadLimits {
        head_bytes_max: out.len(),
        ..LIMITS
    };
    assert_eq!(
        head.parse(&out, &limits),
        Ok(Progress::Complete(out.len())),
        "{}",
        out.escape_ascii()
    );
    let again = self::request(&head, &out);
    let expected = Request {
        form: if request.form == TargetForm::Asterisk {
            TargetForm::Asterisk
        } else {
            TargetForm::Origin
        },
        version: Version::Http11,
        keep_alive: again.keep_alive,
        expect: again.expect,
        ..request.clone()
    };
    assert_eq!(again, expected);
}

fn check_response_again(response: &Response, to_head: bool) {
    let mut out = Vec::new();
    http1::begin_response(&mut out, response.version, response.status, &response.reason);
    for field in &response.fields {
        http1::field(&mut out, &field.name, &field.value);
    }
    http1::finish_head(&mut out);
    let mut head = ResponseHead::new();
    let limits = HeadLimits {
        head_bytes_max: out.len(),
        ..LIMITS
    };
    let parsed = head.parse(&out, to_head, &limits);
    assert_eq!(
        parsed,
        Ok(Progress::Complete(out.len())),
        "{}",
        out.escape_ascii()
    );
    let again = self::response(&head, &out);
    let expected = Response {
        reason: if response.reason.is_empty() {
            again.reason.clone()
        } else {
            response.reason.clone()
        },
        ..response.clone()
    };
    assert_eq!(again, expected);
}

/// A body written in two chunks with its trailers is the same body.
fn check_body_again<H>(message: &Message<H>) {
    let mut out = Vec::new();
    let (first, second) = message.body.split_at(message.body.len() / 2);
    for chunk in [first, second].into_iter().filter(|chunk| !chunk.is_empty()) {
        http1::chunk_begin(&mut out, chunk.len());
        out.extend_from_slice(chunk);
        http1::chunk_end(&mut out);
    }
    http1::chunk_last(
        &mut out,
        message
            .trailers
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice())),
    );
    let mut decoder = BodyDecoder::new(Framing::Chunked, 2 * TRAILER_BYTES_MAX, TRAILER_COUNT_MAX);
    let (mut rest, mut body) = (out.as_slice(), Vec::new());
    while let Ok((used, part)) = decoder.next(rest) {
        rest = &rest[used..];
        match part {
            BodyPart::Data(data) => body.extend_from_slice(data),
            BodyPart::End => break,
            BodyPart::More => panic!("a body that was written does not end"),
        }
    }
    assert!(decoder.is_ended() && rest.is_empty());
    assert_eq!(body, message.body);
    let trailers = decoder
        .trailers()
        .map(|field| (field.name.to_vec(), field.value.to_vec()));
    assert_eq!(trailers.collect::<Vec<_>>(), message.trailers);
}
