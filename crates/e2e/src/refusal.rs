//! Whether a request is refused as it should be: with an answer of the gateway's own, with nothing served behind it, and
//! with no whole request at the upstream.

use crate::{Gateway, Upstream, case};

/// A whole request that follows every refused one on the same connection. Served, it would have been smuggled in.
pub const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n";

/// Sends every case, whole and byte by byte, each on a connection of its own and with a smuggled request behind it, to a
/// gateway whose one route is `/**`.
pub fn check_refusals(status: u16, code: &str, cases: &[&[u8]]) {
    check_refusals_with("", status, code, cases);
}

/// As `check_refusals`, with further settings of the gateway.
pub fn check_refusals_with(settings: &str, status: u16, code: &str, cases: &[&[u8]]) {
    let upstream = Upstream::ok();
    let route = format!("routes: [{{ path: /**, upstream: \"{}\" }}]", upstream.url());
    let gateway = Gateway::start(&format!("{settings}\n{route}"));
    for request in cases {
        let shown = String::from_utf8_lossy(&request[..request.len().min(400)]);
        let bytes = [request, SMUGGLED.as_bytes()].concat();
        for bytewise in [false, true] {
            case(format!(
                "{shown:?} {}",
                if bytewise { "bytewise" } else { "whole" }
            ));
            let mut client = gateway.client();
            if bytewise {
                client.send_bytewise(&bytes);
            } else {
                client.send(&bytes);
            }
            let response = client.response().expect_error(status, code);
            assert!(response.closes(), "it must say that it closes: {response:#?}");
            client.expect_close();
        }
    }
    let records = gateway.wait_for_records(cases.len() * 2);
    assert_eq!(records.len(), cases.len() * 2, "one record for each refusal");
    let refused = |record: &crate::Record| record["status"] == status && record["error"] == code;
    assert!(records.iter().all(refused), "{records:#?}");
    expect_nothing_whole(gateway, &upstream);
}

/// Ends the gateway, so that everything it sent has arrived, and looks at what did.
fn expect_nothing_whole(gateway: Gateway, upstream: &Upstream) {
    gateway.terminate();
    assert_eq!(gateway.wait(), Some(0));
    upstream.wait_for_open(0);
    let requests = upstream.requests();
    assert!(requests.is_empty(), "whole requests got through: {requests:#?}");
}
