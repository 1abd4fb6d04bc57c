//! Header fields that a configuration sets: names, values, and those that are the gateway's own business.

use super::Checker;
use crate::configuration::decode::{At, Named, Slot, Text};
use crate::configuration::tree::named;
use std::collections::HashMap;

/// Most fields that one map may set, and most bytes of a value.
const FIELDS_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 8_192;

/// Fields in file order, names as written.
pub(super) type Fields = Vec<(Box<str>, Box<str>)>;

/// Framing and connections (RFC 9110 §7.6.1, RFC 9112 §6): a fixed value would contradict what is sent.
const FRAMING: [&str; 11] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Who is calling. Set from the decision alone, so that a service can believe them.
const IDENTITY: [&str; 5] = [
    "x-user-id",
    "x-user-role",
    "x-client-id",
    "x-tenant-id",
    "x-cell-id",
];

/// Set by the gateway on every request from what it saw.
const SEEN: [&str; 11] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-request-id",
    "traceparent",
    "tracestate",
    "x-amzn-trace-id",
    "expect",
];

/// By which API Gateway would take another API than the one that Host names.
const API_IDS: [&str; 2] = ["x-apigw-api-id", "x-amzn-apigateway-api-id"];

/// Set by the gateway on answers.
const ANSWERS: [&str; 4] = ["date", "proxy-status", "x-request-id", "via"];

/// Why such a field is refused, and what to do.
const ITS_OWN: (&str, &str) = ("is set by the gateway itself", "leave it out");

impl Checker<'_> {
    /// Fields set on the request to the upstream.
    pub(super) fn request_headers(&mut self, slot: &Slot<Named<Text>>) -> Fields {
        self.fields(slot, |name| match name {
            "host" => Some((
                "is the target's name",
                "write `preserve_host: true` to keep the client's",
            )),
            _ if SEEN.contains(&name) => Some(ITS_OWN),
            _ if API_IDS.contains(&name) => Some((
                "says which API is meant",
                "write it as `upstream: { private_api: … }`",
            )),
            _ => None,
        })
    }

    /// Fields set on the answer.
    pub(super) fn response_headers(&mut self, slot: &Slot<Named<Text>>) -> Fields {
        self.fields(slot, |name| ANSWERS.contains(&name).then_some(ITS_OWN))
    }

    fn fields(
        &mut self,
        slot: &Slot<Named<Text>>,
        forbidden: impl Fn(&str) -> Option<(&'static str, &'static str)>,
    ) -> Fields {
        let Some(At {
            value: Named(given),
            key,
            ..
        }) = slot.get()
        else {
            return Vec::new();
        };
        if given.len() > FIELDS_MAX {
            self.problems
                .error(*key, format!("more than {FIELDS_MAX} header fields"));
        }
        let mut first = HashMap::new();
        for (name, value) in given {
            // A service that maps names to variables reads `X_User_Id` as `X-User-Id`.
            let folded = name.to_ascii_lowercase().replace('_', "-");
            if let Some(first) = first.insert(name.to_ascii_lowercase(), value.key) {
                let message = format!("the header field {} is given twice", named(name));
                self.problems
                    .error(value.key, message)
                    .help("keep one")
                    .related(first, "first here");
            }
            if !is_token(name) {
                let message = format!("{} is not the name of a header field", named(name));
                self.problems
                    .error(value.key, message)
                    .help("use letters, digits and `-`");
            } else if FRAMING.contains(&folded.as_str()) {
                let message = format!("`{name}` belongs to the connection, which the gateway handles");
                self.problems.error(value.key, message).help("leave it out");
            } else if IDENTITY.contains(&folded.as_str()) {
                let message =
                    format!("`{name}` tells a service who is calling; only the gateway's decision sets it");
                self.problems
                    .error(value.key, message)
                    .help("leave it out, or choose another name");
            } else if let Some((why, help)) = forbidden(&folded) {
                self.problems
                    .error(value.key, format!("`{name}` {why}"))
                    .help(help);
            }
            self.field_value(value);
        }
        given
            .iter()
            .map(|(name, value)| (name.as_str().into(), (*value.value).into()))
            .collect()
    }

    /// RFC 9110 §5.5: visible characters with blanks between them. The value itself may be secret and is not shown.
    fn field_value(&mut self, value: &At<Text>) {
        let fits = |byte: u8| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic();
        let text = &*value.value;
        if !text.bytes().all(fits) {
            let message = "a line break, control or non-ASCII character in a header value";
            self.problems
                .error(value.span, message)
                .help("use visible ASCII; percent-encode or quote the rest");
        } else if text.trim_ascii() != text {
            let message = "a blank before or behind a header value";
            self.problems
                .error(value.span, message)
                .help("take it out: no receiver would see it");
        } else if text.len() > VALUE_BYTES_MAX {
            self.problems.error(
                value.span,
                format!("a header value of more than {VALUE_BYTES_MAX} bytes"),
            );
        }
    }
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}
