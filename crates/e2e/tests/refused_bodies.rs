//! A body whose length or chunks leave any doubt is refused, before the next request could begin somewhere inside it. Its
//! head may have gone ahead; no whole request ever reaches the upstream.

use e2e::{Gateway, SMUGGLED, Upstream, case, check_refusals};

/// A POST with these further lines and this behind the head.
macro_rules! post {
    ($lines:expr, $body:expr) => {
        concat!(
            "POST /case HTTP/1.1\r\nHost: test.example\r\n",
            $lines,
            "\r\n",
            $body
        )
        .as_bytes()
    };
}

/// A chunked POST with this body.
macro_rules! chunked {
    ($body:expr) => {
        post!("Transfer-Encoding: chunked\r\n", $body)
    };
}

#[test]
fn a_length_that_is_not_one_plain_number_is_refused() {
    check_refusals(
        400,
        "request_malformed",
        &[
            post!("Content-Length: 2\r\nContent-Length: 2\r\n", "ok"),
            post!("Content-Length: 2\r\nContent-Length: 3\r\n", "ok"),
            post!("Content-Length: 2, 2\r\n", "ok"),
            post!("Content-Length: +2\r\n", "ok"),
            post!("Content-Length: -2\r\n", "ok"),
            post!("Content-Length: 0x2\r\n", "ok"),
            post!("Content-Length: 02\r\n", "ok"),
            post!("Content-Length: 00\r\n", ""),
            post!("Content-Length: 2 2\r\n", "ok"),
            post!("Content-Length: 2.0\r\n", "ok"),
            post!("Content-Length: two\r\n", "ok"),
            post!("Content-Length:\r\n", "ok"),
            post!("Content-Length: \"2\"\r\n", "ok"),
            post!("Content-Length: 18446744073709551616\r\n", "ok"),
            post!("Content-Length: 99999999999999999999999999\r\n", "ok"),
        ],
    );
}

#[test]
fn any_doubt_about_transfer_encoding_is_refused() {
    let whole = "2\r\nok\r\n0\r\n\r\n";
    let old =
        "POST /case HTTP/1.0\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned() + whole;
    check_refusals(
        400,
        "request_malformed",
        &[
            post!(
                "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
                "2\r\nok\r\n0\r\n\r\n"
            ),
            old.as_bytes(),
            post!(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n"
            ),
            post!(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n"
            ),
            post!("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: identity\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: chunk ed\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding:\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"),
            post!("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ],
    );
}

#[test]
fn look_alikes_of_the_framing_fields_are_refused() {
    check_refusals(
        400,
        "request_malformed",
        &[
            post!("Content_Length: 2\r\n", "ok"),
            post!("content_length: 2\r\nContent-Length: 2\r\n", "ok"),
            post!("Content--Length: 2\r\n", "ok"),
            post!("Transfer_Encoding: chunked\r\n", "0\r\n\r\n"),
            post!("Transfer---Encoding: chunked\r\n", "0\r\n\r\n"),
            post!(
                "Transfer-_Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n"
            ),
        ],
    );
}

#[test]
fn a_second_content_type_is_refused() {
    check_refusals(
        400,
        "request_malformed",
        &[
            post!(
                "Content-Type: text/plain\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n",
                "ok"
            ),
            post!(
                "Content-Type: text/plain\r\ncontent-type: text/html\r\nContent-Length: 2\r\n",
                "ok"
            ),
        ],
    );
}

#[test]
fn a_chunk_that_is_not_plain_is_refused_and_never_becomes_a_502() {
    check_refusals(
        400,
        "request_malformed",
        &[
            chunked!("2x\r\nok\r\n0\r\n\r\n"),
            chunked!(" 2\r\nok\r\n0\r\n\r\n"),
            chunked!("2 \r\nok\r\n0\r\n\r\n"),
            chunked!("2\t\r\nok\r\n0\r\n\r\n"),
            chunked!("0x2\r\nok\r\n0\r\n\r\n"),
            chunked!("+2\r\nok\r\n0\r\n\r\n"),
            chunked!("-2\r\nok\r\n0\r\n\r\n"),
            chunked!("\r\nok\r\n0\r\n\r\n"),
            chunked!("2,2\r\nok\r\n0\r\n\r\n"),
            chunked!("8000000000000000\r\nok\r\n0\r\n\r\n"),
            chunked!("ffffffffffffffff\r\nok\r\n0\r\n\r\n"),
            chunked!("10000000000000002\r\nok\r\n0\r\n\r\n"),
            chunked!("fffffffffffffffffffffff2\r\nok\r\n0\r\n\r\n"),
            chunked!("2;name=\"quoted\"\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na me\r\nok\r\n0\r\n\r\n"),
            chunked!("2; name\r\nok\r\n0\r\n\r\n"),
            chunked!("2 ;name\r\nok\r\n0\r\n\r\n"),
            chunked!("2;\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na\rme\r\nok\r\n0\r\n\r\n"),
            chunked!("2;na\0me\r\nok\r\n0\r\n\r\n"),
            chunked!("2\nok\r\n0\r\n\r\n"),
            chunked!("2\rok\r\n0\r\n\r\n"),
            chunked!("2;name\nok\r\n0\r\n\r\n"),
            chunked!("2\r\nok\n0\r\n\r\n"),
            chunked!("2\r\nokay\r\n0\r\n\r\n"),
            chunked!("3\r\nok\r\n0\r\n\r\n"),
            chunked!("2\r\nok0\r\n\r\n"),
            chunked!("2\r\nok\r\n0\n\r\n"),
        ],
    );
}

#[test]
fn a_bad_trailer_is_refused() {
    check_refusals(
        400,
        "request_malformed",
        &[
            chunked!("2\r\nok\r\n0\r\nno colon\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Space : one\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Folded: one\r\n two\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Bare: one\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Bare: one\rtwo\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-Nul: one\0\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nX-One: one\r\n\n"),
            chunked!("2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            chunked!("2\r\nok\r\n0\r\nHost: other.example\r\n\r\n"),
        ],
    );
}

#[test]
fn a_body_over_the_routes_limit_is_answered_413_before_it_is_whole() {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{}\", body_bytes_max: 100 }}]",
        upstream.url()
    ));
    let head = "POST /case HTTP/1.1\r\nHost: test.example\r\n";
    let over = [
        format!("{head}Content-Length: 101\r\n\r\n{}{SMUGGLED}", "a".repeat(101)),
        format!("{head}Content-Length: 18446744073709551615\r\n\r\n{SMUGGLED}"),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n{SMUGGLED}",
            "a".repeat(101)
        ),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n{SMUGGLED}",
            "1\r\na\r\n".repeat(101)
        ),
    ];
    for (index, request) in over.iter().enumerate() {
        case(index);
        let mut client = gateway.client();
        client.send(request);
        let response = client.response_to("POST").expect_error(413, "body_too_large");
        assert!(response.closes(), "{response:#?}");
        client.expect_close();
    }
    let mut client = gateway.client();
    let fits = format!("{head}Content-Length: 100\r\n\r\n{}", "a".repeat(100));
    client.send(fits);
    client.response_to("POST").expect(200);
    drop(client);
    gateway.terminate();
    assert_eq!(gateway.wait(), Some(0));
    upstream.wait_for_open(0);
    let requests = upstream.requests();
    assert_eq!(
        requests.len(),
        1,
        "only the one that fits got through: {requests:#?}"
    );
}

#[test]
fn framing_without_an_end_is_refused_when_it_is_too_long() {
    let head = "POST /case HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    let many = "X-Trailer: value\r\n".repeat(1_000);
    let cases = [
        format!("{head}2;{}", "x".repeat(100_000)),
        format!("{head}{}", "0".repeat(100_000)),
        format!("{head}2\r\nok\r\n0\r\n{many}\r\n"),
        format!("{head}2\r\nok\r\n0\r\nX-Trailer: {}", "x".repeat(100_000)),
    ];
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream.url());
    for request in cases {
        case(&request[..100]);
        let mut client = gateway.client();
        // The gateway may have had enough before all of it is sent.
        let _ = client.try_send(request);
        client.response_to("POST").expect_error(400, "request_malformed");
    }
    upstream.wait_for_open(0);
    assert_eq!(upstream.requests().len(), 0);
}
