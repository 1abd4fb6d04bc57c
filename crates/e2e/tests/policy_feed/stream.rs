//! A portal's stream: resumed behind what is shown, read from its start where that does not hold, and a portal that refuses or says nothing.

use super::*;
use e2e::{Opened, StreamServer};

fn yaml(server: &StreamServer, more: &str) -> String {
    format!(
        "policy: {{ floor: policy.floor, feed: {{ portal: \"{}/\", token: \"${{file:token}}\" }}{more} }}\nenvironment: prod\nstate_dir: state\n{ROUTES}",
        server.url()
    )
}

fn scratch(publisher: &Publisher) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    scratch.write("token", &format!("{}\n", StreamServer::TOKEN));
    scratch
}

fn start_from(server: &StreamServer, publisher: &Publisher) -> Gateway {
    start_with(scratch(publisher), &yaml(server, ""))
}

/// Where it asked to go on, in order, and whether it could.
fn positions(server: &StreamServer) -> Vec<(Option<String>, bool)> {
    let asked = server.asked().into_iter();
    asked
        .map(
            |Opened {
                 position, resumed, ..
             }| (position, resumed),
        )
        .collect()
}

fn position(publisher: &Publisher) -> Option<String> {
    let commit: Value = serde_json::from_str(publisher.commit()).expect("a commit is JSON");
    let (epoch, revision) = publisher.place();
    let digest = commit["digest"].as_str().expect("a text");
    Some(format!("epoch={epoch}&revision={revision}&digest={digest}"))
}

fn wait_for_asked(server: &StreamServer, count: usize) {
    wait_for(&format!("{count} requests for the stream"), || {
        (server.asked().len() >= count).then_some(())
    });
}

#[test]
fn it_is_resumed_behind_the_floor_and_behind_what_was_shown_before_a_cut_and_before_a_kill() {
    let mut publisher = published();
    let (floor, first) = (scratch(&publisher), position(&publisher));
    take_away(&mut publisher);
    let server = StreamServer::start(published().content());
    server.serve(publisher.content());
    let gateway = start_with(floor, &yaml(&server, ", feed_wait_ms: 10000"));
    wait_for_place(&gateway, publisher.place());
    wait_for_state(&gateway, "live");
    ask(&gateway).expect_error(403, "scope_missing");
    assert_eq!(server.asked()[0].path, "/v1/feeds/prod/stream");
    let second = position(&publisher);
    server.cut();
    publisher.publish(&[("client/app", None)]);
    server.serve(publisher.content());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(401, "api_key_unknown");
    let third = position(&publisher);
    let scratch = gateway.kill();
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    server.serve(publisher.content());
    let gateway = start_with(scratch, &yaml(&server, ""));
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect(200);
    assert_eq!(positions(&server), [(first, true), (second, true), (third, true)]);
}

#[test]
fn a_position_that_the_portal_does_not_know_is_answered_with_all_there_is() {
    let mut publisher = published();
    publisher.publish(&[("client/gone", client(&[]))]);
    let floor = scratch(&publisher);
    publisher.publish(&[("client/gone", None)]);
    take_away(&mut publisher);
    let server = StreamServer::start(publisher.content());
    let gateway = start_with(floor, &yaml(&server, ""));
    wait_for_place(&gateway, publisher.place());
    wait_for_state(&gateway, "live");
    ask(&gateway).expect_error(403, "scope_missing");
    assert_eq!(
        gateway.policy()["entities"]["clients"],
        1,
        "what did not come is gone"
    );
    server.forget_positions();
    server.cut();
    wait_for_asked(&server, 2);
    wait_for_state(&gateway, "live");
    assert!(
        positions(&server)
            .iter()
            .all(|(asked, resumed)| asked.is_some() && !resumed)
    );
}

#[test]
fn what_does_not_hold_over_what_is_shown_is_read_from_the_start() {
    let mut publisher = published();
    let server = StreamServer::start(publisher.content());
    let gateway = start_from(&server, &publisher);
    wait_for_state(&gateway, "live");
    // The portal keeps a change back, and says that it was sent.
    publisher.publish(&[("client/other", client(&[]))]);
    take_away(&mut publisher);
    server.send(format!("{}\n", publisher.commit()).as_bytes());
    wait_for("a mismatch", || {
        (counted(&gateway, "mismatches") >= 1.0).then_some(())
    });
    wait_for_state(&gateway, "catching_up");
    ask(&gateway).expect(200);
    server.keep_back(publisher.content());
    wait_for_place(&gateway, publisher.place());
    let asked = positions(&server);
    assert_eq!(asked.last(), Some(&(None, false)), "{asked:?}");
    ask(&gateway).expect_error(403, "scope_missing");
}

#[test]
fn a_token_that_is_refused_is_told_and_shown_to_nobody() {
    let publisher = published();
    let server = StreamServer::start(publisher.content());
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        server.refuse(Some(&answer));
        let gateway = start_from(&server, &publisher);
        let error = wait_for("the refusal to show", || {
            gateway.policy()["last_error"].as_str().map(str::to_owned)
        });
        assert!(error.contains(status) && error.contains("`token`"), "{error}");
        let line = gateway.log().wait_for("the refusal in the log", |line| {
            line.contains(status).then(|| line.to_owned())
        });
        assert!(line.contains("gateways create"), "{line}");
        assert_eq!(gateway.policy()["state"], "floor");
        ask(&gateway).expect(200);
        let told = gateway.log().so_far().join("\n") + &gateway.config().to_string();
        assert!(!told.contains(StreamServer::TOKEN), "{told}");
        assert!(told.contains("${file:token}"), "{told}");
    }
    // Whoever has the token again is let in, without a restart.
    let gateway = start_from(&server, &publisher);
    server.refuse(None);
    wait_for_state(&gateway, "live");
}

#[test]
fn an_answer_that_is_no_stream_is_none() {
    let publisher = published();
    let server = StreamServer::start(publisher.content());
    let redirect =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for (answer, expected) in [
        (redirect, "redirect"),
        (page, "Switchboard-Stream"),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "503",
        ),
        ("SSH-2.0-OpenSSH\r\n", "HTTP"),
    ] {
        case(expected);
        server.refuse(Some(answer));
        let gateway = start_from(&server, &publisher);
        let error = wait_for("the failure to show", || {
            gateway.policy()["last_error"].as_str().map(str::to_owned)
        });
        assert!(error.contains(expected), "{error}");
        ask(&gateway).expect(200);
    }
}

#[test]
fn who_sends_a_line_without_end_is_given_up_and_what_is_no_record_is_skipped() {
    let mut publisher = published();
    let server = StreamServer::start(publisher.content());
    let gateway = start_from(&server, &publisher);
    wait_for_state(&gateway, "live");
    server.send(b"no record\n{}\n\n\xff\xfe\n");
    server.send(&vec![b'x'; feed::RECORD_BYTES_MAX + 1]);
    wait_for_asked(&server, 2);
    take_away(&mut publisher);
    server.serve(publisher.content());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
    gateway.log().wait_for("the reason", |line| {
        line.contains("a line of the stream has more than").then_some(())
    });
    assert_eq!(counted(&gateway, "mismatches"), 0.0);
}
