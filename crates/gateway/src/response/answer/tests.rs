//! Every answer of the gateway's own is a whole, valid response that says who made it.

use super::*;
use crate::http1::{Framing, HeadLimits, Progress, ResponseHead};

const CONTEXT: AnswerContext<'static> = AnswerContext {
    version: Version::Http11,
    to_head: false,
    keep_alive: true,
    request_id: "req-12345",
    date: "Sun, 06 Nov 1994 08:49:37 GMT",
};

/// Reads an answer back through the codec: status, fields and body.
fn read(bytes: &[u8], to_head: bool) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let limits = HeadLimits {
        head_bytes_max: 65_536,
        header_count_max: 100,
    };
    let mut head = ResponseHead::new();
    let Progress::Complete(length) = head.parse(bytes, to_head, &limits).unwrap() else {
        panic!("the head has no end");
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let fields = head
        .fields(bytes)
        .map(|field| (text(field.name), text(field.value)))
        .collect();
    let body = &bytes[length..];
    match head.framing() {
        Framing::Length(length) => assert_eq!(length, body.len() as u64),
        Framing::Empty => assert_eq!(body, b""),
        other => panic!("{other:?}"),
    }
    (head.status(), fields, body.to_vec())
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(own, _)| own == name);
    let value = values.next().map(|(_, value)| &**value);
    assert!(values.next().is_none(), "{name} is there twice");
    value
}

fn check(
    write: impl Fn(&mut Vec<u8>, &AnswerContext<'_>) -> u64,
    context: AnswerContext<'_>,
    expected: &str,
) {
    let mut out = Vec::new();
    let sent = write(&mut out, &context);
    let (_, _, body) = read(&out, context.to_head);
    assert_eq!(sent, body.len() as u64);
    assert_eq!(String::from_utf8(out).unwrap(), expected.replace('\n', "\r\n"));
}

#[test]
fn a_refusal_byte_for_byte() {
    check(
        |out, context| {
            refusal(
                out,
                Reject::MethodNotAllowed,
                Beside {
                    allow: Some("GET, HEAD"),
                    ..Beside::default()
                },
                context,
            )
        },
        CONTEXT,
        "HTTP/1.1 405 Method Not Allowed\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Request-Id: req-12345\n\
         Content-Type: application/json\nAllow: GET, HEAD\nProxy-Status: switchboard; error=http_request_error\n\
         Content-Length: 148\n\n{\"error\":\"method_not_allowed\",\"message\":\"This path does not take this method. \
         The Allow header lists those that it takes.\",\"request_id\":\"req-12345\"}",
    );
}

#[test]
fn a_redirect_a_fixed_response_and_the_capabilities_byte_for_byte() {
    let to = Redirect {
        to: "https://example.com/new".into(),
        status: 308,
    };
    check(
        |out, context| redirect(out, &to, context),
        CONTEXT,
        "HTTP/1.1 308 Permanent Redirect\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Request-Id: req-12345\n\
         Location: https://example.com/new\nProxy-Status: switchboard; error=proxy_internal_response\n\
         Content-Length: 0\n\n",
    );
    let mut respond = Respond {
        status: 503,
        headers: vec![("Retry-After".into(), "60".into())],
        body: b"closed\n".to_vec().into(),
    };
    let closing = AnswerContext {
        keep_alive: false,
        ..CONTEXT
    };
    let mut out = Vec::new();
    assert_eq!(fixed(&mut out, &respond, &closing), 7);
    let (status, fields, body) = read(&out, false);
    assert_eq!((status, body.as_slice()), (503, &b"closed\n"[..]));
    assert_eq!(value(&fields, "Retry-After"), Some("60"));
    assert_eq!(value(&fields, "Connection"), Some("close"));
    respond.status = 204;
    check(
        |out, context| fixed(out, &respond, context),
        CONTEXT,
        "HTTP/1.1 204 No Content\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Request-Id: req-12345\nRetry-After: 60\n\
         Proxy-Status: switchboard; error=proxy_internal_response\n\n",
    );
    let allow = MethodSet::ALL.to_string();
    let http10 = AnswerContext {
        version: Version::Http10,
        ..CONTEXT
    };
    check(
        capabilities,
        http10,
        &format!(
            "HTTP/1.1 200 OK\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Request-Id: req-12345\nAllow: {allow}\n\
             Proxy-Status: switchboard; error=proxy_internal_response\nContent-Length: 0\nConnection: keep-alive\n\n"
        ),
    );
}

#[test]
fn every_refusal_has_the_one_shape() {
    // A refused rate has words of its own, which programs know.
    let ordinary = |reject: &Reject| !matches!(reject, Reject::RateLimitExceeded(_));
    for reject in Reject::ALL.into_iter().filter(ordinary) {
        let mut out = Vec::new();
        refusal(&mut out, reject, Beside::default(), &CONTEXT);
        let (status, fields, body) = read(&out, false);
        assert_eq!(status, reject.status());
        assert_eq!(value(&fields, "Content-Type"), Some("application/json"));
        let error = format!("switchboard; error={}", reject.proxy_error());
        assert_eq!(value(&fields, "Proxy-Status"), Some(&*error));
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = body["message"].as_str().unwrap();
        assert_eq!(body.as_object().unwrap().len(), 3);
        assert_eq!(body["error"], reject.code());
        assert_eq!(body["request_id"], "req-12345");
        assert!(
            message.starts_with(|c: char| c.is_uppercase()) && message.ends_with('.'),
            "{message}"
        );
        assert!(
            message.eq_ignore_ascii_case(reject.message()) || message.len() == reject.message().len() + 1
        );
    }
}

#[test]
fn to_head_the_head_is_the_same_and_the_body_missing() {
    for reject in Reject::ALL {
        let (mut to_get, mut to_head) = (Vec::new(), Vec::new());
        let sent = refusal(&mut to_get, reject, Beside::default(), &CONTEXT);
        let context = AnswerContext {
            to_head: true,
            ..CONTEXT
        };
        assert_eq!(refusal(&mut to_head, reject, Beside::default(), &context), 0);
        let (_, fields, _) = read(&to_head, true);
        assert_eq!(value(&fields, "Content-Length"), Some(&*sent.to_string()));
        to_get.truncate(to_head.len());
        assert_eq!(to_get, to_head);
    }
}

#[test]
fn a_rule_that_needs_escaping_is_escaped_and_counted() {
    let mut out = Vec::new();
    refusal(
        &mut out,
        Reject::RequestMalformed("\"a\" is not \"b\""),
        Beside::default(),
        &CONTEXT,
    );
    let (_, _, body) = read(&out, false);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["message"], "\"a\" is not \"b\".");
}

#[test]
fn a_used_up_limit_is_said_in_the_words_that_programs_know() {
    let exhausted = Exhausted {
        limit: 100,
        retry_after_s: 3,
        reset_s: 1_712_937_600,
    };
    check(
        |out, context| {
            refusal(
                out,
                Reject::RateLimitExceeded(exhausted),
                Beside::default(),
                context,
            )
        },
        CONTEXT,
        "HTTP/1.1 429 Too Many Requests\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Request-Id: req-12345\n\
         Content-Type: application/json\nRetry-After: 3\nX-RateLimit-Limit: 100\nX-RateLimit-Remaining: 0\n\
         X-RateLimit-Reset: 1712937600\nProxy-Status: switchboard; error=http_request_denied\n\
         Content-Length: 101\n\n{\"error\":\"rate_limit_exceeded\",\"message\":\"Too many requests. Retry after 3 \
         seconds.\",\"retry_after\":3}",
    );
}

#[test]
fn each_challenge_is_a_field_of_its_own() {
    let challenges = [
        "Bearer realm=\"orders\"".to_owned(),
        "ApiKey realm=\"orders\"".to_owned(),
    ];
    let mut out = Vec::new();
    let beside = Beside {
        challenges: &challenges,
        ..Beside::default()
    };
    refusal(
        &mut out,
        Reject::Policy(policy::Code::CredentialMissing),
        beside,
        &CONTEXT,
    );
    let (status, fields, _) = read(&out, false);
    assert_eq!(status, 401);
    let sent = fields.iter().filter(|(name, _)| name == "WWW-Authenticate");
    assert!(sent.map(|(_, value)| value).eq(&challenges));
}
