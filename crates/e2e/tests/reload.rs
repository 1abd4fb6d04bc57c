//! A changed file is live soon, whole or not at all, however it was changed; no connection and no request is touched.

use e2e::{Gate, Gateway, Setup, Upstream, wait_for};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A configuration whose one route answers with this.
fn saying(body: &str) -> String {
    format!("routes: [{{ path: /, respond: {{ body: {body} }} }}]\n")
}

fn wait_for_text(gateway: &Gateway, expected: &str) {
    wait_for(&format!("the answer {expected:?}"), || {
        (gateway.get("/").text() == expected).then_some(())
    });
}

#[test]
fn a_file_that_is_written_in_place_is_taken_over() {
    let gateway = Gateway::start(&saying("first"));
    let mut client = gateway.client();
    assert_eq!(client.get("/").text(), "first");
    gateway.write_configuration(&saying("second"));
    wait_for_text(&gateway, "second");
    gateway.write_configuration(&saying("third"));
    wait_for("the new file on the open connection", || {
        (client.get("/").text() == "third").then_some(())
    });
}

#[test]
fn a_file_that_is_renamed_over_it_is_taken_over() {
    let gateway = Gateway::start(&saying("first"));
    gateway.replace_configuration(&saying("second"));
    wait_for_text(&gateway, "second");
    gateway.replace_configuration(&saying("third"));
    wait_for_text(&gateway, "third");
}

/// A whole configuration, on ports from 0, with an answer.
fn whole(body: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\naccess_log: off\n{}",
        saying(body)
    )
}

#[test]
fn a_link_that_is_swapped_is_followed() {
    let setup = Setup::new();
    let path = |name: &str| setup.scratch.path(name);
    let (link, next) = (path("gateway.yaml"), path("next"));
    setup.scratch.write("first.yaml", &whole("first"));
    setup.scratch.write("second.yaml", &whole("second"));
    symlink("first.yaml", &link).expect("links can be made");
    symlink("second.yaml", &next).expect("links can be made");
    let gateway = setup.start_file(link.clone());
    assert_eq!(gateway.get("/").text(), "first");
    std::fs::rename(next, link).expect("links can be renamed");
    wait_for_text(&gateway, "second");
}

#[test]
fn a_directory_that_is_swapped_under_the_file_is_followed() {
    // How a cluster mounts configuration: gateway.yaml → ..data/gateway.yaml, ..data → a directory for each version.
    let setup = Setup::new();
    let path = |name: &str| setup.scratch.path(name);
    for version in ["first", "second"] {
        std::fs::create_dir(path(version)).expect("directories can be made");
        setup
            .scratch
            .write(&format!("{version}/gateway.yaml"), &whole(version));
    }
    symlink("first", path("..data")).expect("links can be made");
    symlink("second", path("..next")).expect("links can be made");
    symlink("..data/gateway.yaml", path("gateway.yaml")).expect("links can be made");
    let (next, data, file) = (path("..next"), path("..data"), path("gateway.yaml"));
    let gateway = setup.start_file(file);
    assert_eq!(gateway.get("/").text(), "first");
    std::fs::rename(next, data).expect("links can be renamed");
    wait_for_text(&gateway, "second");
}

#[test]
fn a_hang_up_reads_what_no_event_told() {
    let setup = Setup::new();
    let body = setup.scratch.write("body.txt", "first");
    let gateway = setup.start("routes: [{ path: /, respond: { body: \"${file:body.txt}\" } }]");
    assert_eq!(gateway.get("/").text(), "first");
    std::fs::write(body, "second").expect("a scratch file can be written");
    gateway.hang_up();
    wait_for_text(&gateway, "second");
}

#[test]
fn a_bad_file_changes_nothing_and_is_told_of() {
    let gateway = Gateway::start(&saying("first"));
    let before = gateway.config();
    assert!(before["last_error"].is_null(), "{before}");
    for (bad, word) in [
        ("routes: [{ path: /, respnd: { body: second } }]\n", "respnd"),
        ("routes: [{ path: /, respond: { body: second } }\n", ""),
        (
            "rate_limiting: { default: { requests_per_second: 10, key: client_ip } }\n",
            "rate_limiting",
        ),
        ("", ""),
    ] {
        if bad.is_empty() {
            // Gone altogether; a hang-up must not take that for an empty file.
            std::fs::remove_file(gateway.file()).expect("a scratch file can be removed");
            gateway.hang_up();
        } else {
            gateway.replace_configuration(bad);
        }
        let config = wait_for("the error on the admin port", || {
            let config = gateway.config();
            let error = &config["last_error"];
            (!error.is_null() && error.to_string().contains(word)).then_some(config)
        });
        assert_eq!(
            config["hash"], before["hash"],
            "what is served is what was served"
        );
        assert_eq!(gateway.get("/").text(), "first");
        if !word.is_empty() {
            gateway.log().wait_for("the error in the log", |line| {
                (line.contains("ERROR") && line.contains(word)).then_some(())
            });
        }
        gateway.replace_configuration(&saying("first"));
        wait_for("the error to be gone", || {
            gateway.config()["last_error"].is_null().then_some(())
        });
    }
    gateway.reload(&saying("mended"));
    assert_eq!(gateway.get("/").text(), "mended");
    // What serves is told of once every worker serves by it.
    wait_for("the new revision to be shown", || {
        let after = gateway.config();
        (after["hash"] != before["hash"] && after["revision"] != before["revision"]).then_some(())
    });
}

#[test]
fn a_change_that_needs_a_restart_is_refused_whole() {
    let gateway = Gateway::start(&saying("first"));
    for change in [
        "listen: 127.0.0.2:0",
        "admin: 127.0.0.2:0",
        "listen: [127.0.0.1:0, 127.0.0.1:0]",
        "workers: 3",
    ] {
        e2e::case(change);
        gateway.replace_configuration(&format!("{change}\n{}", saying("second")));
        let key = change.split(':').next().unwrap_or_default();
        wait_for("the refusal", || {
            let error = gateway.config()["last_error"].to_string();
            (error.contains(key) && error.contains("restart")).then_some(())
        });
        assert_eq!(gateway.get("/").text(), "first", "no part of it is taken over");
        gateway.replace_configuration(&saying("first"));
        wait_for("the error to be gone", || {
            gateway.config()["last_error"].is_null().then_some(())
        });
    }
}

#[test]
fn a_request_in_flight_keeps_the_file_that_it_began_with() {
    let gate = Gate::new();
    let told = gate.clone();
    let upstream = Upstream::start(move |mut peer| {
        while peer.request().is_some() {
            told.wait();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let gateway = Gateway::start(&format!(
        "routes: [{{ path: /, upstream: \"{}\", headers: {{ response: {{ X-File: first }} }} }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    client.send("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
    upstream.wait_for_requests(1);
    gateway.reload(&saying("second"));
    gate.open();
    let response = client.response().expect(200);
    assert_eq!(
        (response.text().as_str(), response.field("X-File")),
        ("ok", Some("first"))
    );
    assert_eq!(client.get("/").text(), "second");
}

#[test]
fn upstream_connections_outlive_a_reload() {
    let upstream = Upstream::ok();
    let route = |file: &str| {
        let url = upstream.url();
        format!(
            "workers: 1\nroutes: [{{ path: /, upstream: \"{url}\", headers: {{ response: {{ X-File: {file} }} }} }}]"
        )
    };
    let gateway = Gateway::start(&route("first"));
    gateway.get("/").expect(200);
    gateway.reload(&route("second"));
    assert_eq!(gateway.get("/").field("X-File"), Some("second"));
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn no_request_fails_while_files_are_replaced_under_load() {
    let upstream = Upstream::ok();
    let file = |number: usize| {
        let url = upstream.url();
        let filler =
            (0..200).map(|route| format!("  - {{ path: /filler/{number}/{route}, upstream: \"{url}\" }}\n"));
        format!(
            "routes:\n{}  - {{ path: /, respond: {{ body: \"{number}\" }} }}\n  - {{ path: /up, upstream: \"{url}\" }}\n",
            filler.collect::<String>()
        )
    };
    let gateway = Arc::new(Gateway::start(&file(0)));
    let done = Arc::new(AtomicBool::new(false));
    let clients = (0..4).map(|client| {
        let (gateway, done) = (Arc::clone(&gateway), Arc::clone(&done));
        std::thread::spawn(move || {
            let mut connection = gateway.client();
            let (mut count, mut newest) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                if count % 50 == 49 && client % 2 == 0 {
                    connection = gateway.client();
                    newest = 0;
                }
                let number = connection
                    .get("/")
                    .expect(200)
                    .text()
                    .parse::<usize>()
                    .expect("a number");
                assert!(number >= newest, "a connection never goes back to an older file");
                newest = number;
                assert_eq!(connection.get("/up").expect(200).text(), "ok");
                count += 1;
            }
            count
        })
    });
    let clients = clients.collect::<Vec<_>>();
    for number in 1..=20 {
        gateway.replace_configuration(&file(number));
        wait_for_text(&gateway, &number.to_string());
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.join().expect("no request failed") > 0);
    }
}

#[test]
fn the_access_log_is_opened_anew_after_it_was_moved_away() {
    let gateway = Gateway::start(&saying("here"));
    let (log, moved) = (
        gateway.scratch.path("access.log"),
        gateway.scratch.path("access.log.1"),
    );
    gateway.record_of(&gateway.get("/"));
    std::fs::rename(&log, &moved).expect("a log can be moved");
    gateway.hang_up();
    wait_for("the new log", || {
        gateway.get("/");
        log.is_file().then_some(())
    });
    let response = gateway.get("/");
    gateway.record_of(&response);
    let old = std::fs::read_to_string(moved).expect("the old log is kept");
    let id = response.field("X-Request-Id").expect("every answer has an id");
    assert!(!old.contains(id), "nothing more goes to the old one");
}

#[test]
fn the_access_log_can_change_with_the_file() {
    let gateway = Gateway::start(&saying("here"));
    gateway.record_of(&gateway.get("/"));
    let other = gateway.scratch.path("other.log");
    gateway.replace_configuration(&format!(
        "access_log: {{ to: \"$DIR/other.log\", fields: [status, path] }}\n{}",
        saying("there")
    ));
    wait_for_text(&gateway, "there");
    let line = wait_for("a line in the other log", || {
        let text = std::fs::read_to_string(&other).unwrap_or_default();
        text.lines().next().map(str::to_owned)
    });
    assert_eq!(line, r#"{"status":200,"path":"/"}"#);
}

#[test]
fn the_gateways_own_ports_are_never_dialled() {
    let gateway = Gateway::start("routes: [{ path: /**, respond: { body: first } }]");
    let (own, admin) = (gateway.address(), gateway.admin());
    gateway.reload(&format!(
        "routes:\n  - {{ path: /own, upstream: \"http://{own}\" }}\n  - {{ path: /admin, upstream: \"http://{admin}/metrics\" }}\n"
    ));
    for target in ["/own", "/admin"] {
        let response = gateway.get(target).expect_error(502, "upstream_forbidden");
        assert_eq!(
            response.proxy_error().as_deref(),
            Some("destination_ip_prohibited")
        );
        assert!(!response.text().contains("127.0.0.1"), "{}", response.text());
    }
}
