//! The gateway's own answers, written whole into the caller's buffer: refusals, redirects, fixed responses, `OPTIONS *`.
//!
//! Each carries `Date`, `X-Request-Id` and a `Proxy-Status` with `error`, and closes where it must. Nothing here
//! decides what is answered, and nothing that a caller sent gets into a body but the request id.

use super::{Exhausted, Reject, json, proxy_status};
use crate::configuration::{Redirect, Respond};
use crate::http1::{self, Version};
use policy::method::MethodSet;

/// What an answer needs to know of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerContext<'a> {
    /// The client's version; the answer's own is always HTTP/1.1 (RFC 9110 §6.2).
    pub(crate) version: Version,
    /// Whether the request was HEAD: the same head, no body.
    pub(crate) to_head: bool,
    /// Whether the client's connection stays open behind the answer.
    pub(crate) keep_alive: bool,
    pub(crate) request_id: &'a str,
    /// The current date, as `DateText` has it.
    pub(crate) date: &'a str,
}

/// What a refusal says beside its code.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// The methods of the path, for 405.
    pub(crate) allow: Option<&'a str>,
    /// What could have been shown, or shown better (RFC 9110 §11.6.1).
    pub(crate) challenges: &'a [String],
}

/// Writes the answer for `reject`. Returns the body's length as sent.
pub(crate) fn refusal(
    out: &mut Vec<u8>,
    reject: Reject,
    beside: Beside<'_>,
    context: &AnswerContext<'_>,
) -> u64 {
    begin(out, reject.status(), context);
    out.extend_from_slice(b"Content-Type: application/json\r\n");
    if let Some(allow) = beside.allow {
        http1::field(out, b"Allow", allow.as_bytes());
    }
    for challenge in beside.challenges {
        http1::field(out, b"WWW-Authenticate", challenge.as_bytes());
    }
    if let Reject::RateLimitExceeded(exhausted) = reject {
        return rate_refusal(out, reject, exhausted, context);
    }
    proxy_status::write_refusal(out, reject);
    let sentence = Sentence::of(reject.message());
    let id = context.request_id.as_bytes();
    let length = BODY_BYTES + reject.code().len() + sentence.escaped_len() + json::escaped_len(id);
    end(out, length, context);
    if context.to_head {
        return 0;
    }
    out.extend_from_slice(ERROR.as_bytes());
    out.extend_from_slice(reject.code().as_bytes());
    out.extend_from_slice(MESSAGE.as_bytes());
    sentence.write(out);
    out.extend_from_slice(REQUEST_ID.as_bytes());
    json::escape(out, id);
    out.extend_from_slice(END.as_bytes());
    length as u64
}

/// The rest of a refused rate's answer, in the words that programs know (request.md §4).
fn rate_refusal(out: &mut Vec<u8>, reject: Reject, exhausted: Exhausted, context: &AnswerContext<'_>) -> u64 {
    http1::field_decimal(out, b"Retry-After", exhausted.retry_after_s);
    http1::field_decimal(out, b"X-RateLimit-Limit", u64::from(exhausted.limit));
    http1::field_decimal(out, b"X-RateLimit-Remaining", 0);
    http1::field_decimal(out, b"X-RateLimit-Reset", exhausted.reset_s);
    proxy_status::write_refusal(out, reject);
    let seconds = exhausted.retry_after_s;
    let body = format!(
        "{{\"error\":\"{}\",\"message\":\"Too many requests. Retry after {seconds} seconds.\",\"retry_after\":{seconds}}}",
        reject.code()
    );
    end(out, body.len(), context);
    if context.to_head {
        return 0;
    }
    out.extend_from_slice(body.as_bytes());
    body.len() as u64
}

/// Writes a redirect. Returns the body's length, which is 0.
pub(crate) fn redirect(out: &mut Vec<u8>, redirect: &Redirect, context: &AnswerContext<'_>) -> u64 {
    begin(out, redirect.status, context);
    http1::field(out, b"Location", redirect.to.as_bytes());
    out.extend_from_slice(proxy_status::INTERNAL);
    end(out, 0, context);
    0
}

/// Writes a fixed response. Returns the body's length as sent.
pub(crate) fn fixed(out: &mut Vec<u8>, respond: &Respond, context: &AnswerContext<'_>) -> u64 {
    begin(out, respond.status, context);
    for (name, value) in &respond.headers {
        http1::field(out, name.as_bytes(), value.as_bytes());
    }
    out.extend_from_slice(proxy_status::INTERNAL);
    if matches!(respond.status, 204 | 304) {
        // 204 has no length (RFC 9110 §8.6), 304 would have that of an answer which is not known here.
        end_without_body(out, context);
        return 0;
    }
    end(out, respond.body.len(), context);
    if context.to_head {
        return 0;
    }
    out.extend_from_slice(&respond.body);
    respond.body.len() as u64
}

/// Writes the answer to `OPTIONS *`: what the gateway can do at all (RFC 9110 §9.3.7), without a body.
pub(crate) fn capabilities(out: &mut Vec<u8>, context: &AnswerContext<'_>) -> u64 {
    begin(out, 200, context);
    http1::field(out, b"Allow", MethodSet::ALL.to_string().as_bytes());
    out.extend_from_slice(proxy_status::INTERNAL);
    end(out, 0, context);
    0
}

const ERROR: &str = "{\"error\":\"";
const MESSAGE: &str = "\",\"message\":\"";
const REQUEST_ID: &str = "\",\"request_id\":\"";
const END: &str = "\"}";
const BODY_BYTES: usize = ERROR.len() + MESSAGE.len() + REQUEST_ID.len() + END.len();

fn begin(out: &mut Vec<u8>, status: u16, context: &AnswerContext<'_>) {
    http1::begin_response(out, Version::Http11, status, b"");
    http1::field(out, b"Date", context.date.as_bytes());
    http1::field(out, b"X-Request-Id", context.request_id.as_bytes());
}

fn end(out: &mut Vec<u8>, length: usize, context: &AnswerContext<'_>) {
    http1::field_decimal(out, b"Content-Length", length as u64);
    end_without_body(out, context);
}

fn end_without_body(out: &mut Vec<u8>, context: &AnswerContext<'_>) {
    match (context.keep_alive, context.version) {
        (false, _) => out.extend_from_slice(b"Connection: close\r\n"),
        (true, Version::Http10) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (true, Version::Http11) => {}
    }
    http1::finish_head(out);
}

/// A message as a sentence: the codec's rules are written to stand behind a colon in a log.
struct Sentence {
    first: u8,
    rest: &'static [u8],
    stop: &'static [u8],
}

impl Sentence {
    fn of(message: &'static str) -> Sentence {
        let (first, rest) = message.as_bytes().split_first().unwrap_or((&b'.', b""));
        let stop: &[u8] = if message.ends_with('.') { b"" } else { b"." };
        Sentence {
            first: first.to_ascii_uppercase(),
            rest,
            stop,
        }
    }

    fn escaped_len(&self) -> usize {
        json::escaped_len(&[self.first]) + json::escaped_len(self.rest) + self.stop.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        json::escape(out, &[self.first]);
        json::escape(out, self.rest);
        out.extend_from_slice(self.stop);
    }
}

#[cfg(test)]
mod tests;
