//! One client's requests and troubles are nobody else's: answers are never mixed up, and whoever leaves, stalls or
//! floods costs only itself. Nor does a log that cannot be written cost a request.

use e2e::{Client, End, Gateway, Process, Setup, Upstream, switchboard, wait_for};
use std::io::Read;
use std::process::{Command, Stdio};

/// Answers with the request's own target and body, in a framing that the target chooses.
fn echo() -> Upstream {
    Upstream::answering(|request| {
        let text = format!("{} {}", request.target, request.text());
        match request.target.len() % 3 {
            0 => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()),
            1 => format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
                text.len()
            ),
            _ => format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            ),
        }
    })
}

#[test]
fn nobody_gets_an_answer_that_is_not_its_own() {
    let upstream = echo();
    let gateway = Gateway::before(&upstream.url());
    let address = gateway.address();
    let clients = (0..16).map(|number| {
        std::thread::spawn(move || {
            let mut client = Client::connect(address);
            for round in 0..60_usize {
                let target = format!("/{number}/{}", "x".repeat(round % 7));
                let body = format!("body of {number} in {round}");
                let head = format!("POST {target} HTTP/1.1\r\nHost: test.example\r\n");
                let whole = if round % 2 == 0 {
                    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
                } else {
                    format!(
                        "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                        body.len()
                    )
                };
                match (number + round) % 10 {
                    // Some leave with a request half sent, some with an answer under way.
                    3 => {
                        client.send(&whole.as_bytes()[..whole.len() - 3]);
                        client = Client::connect(address);
                    }
                    6 => {
                        client.send(&whole);
                        client = Client::connect(address);
                    }
                    _ => {
                        client.send(&whole);
                        let answer = client.response_to("POST").expect(200).text();
                        assert_eq!(answer, format!("{target} {body}"));
                    }
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().expect("every answer was its client's own");
    }
    let unfinished = upstream
        .requests()
        .into_iter()
        .filter(|request| request.text().len() < 10);
    assert_eq!(unfinished.count(), 0, "what was half sent was never whole");
}

#[test]
fn a_client_that_does_not_read_for_too_long_is_cut_off() {
    let upstream = Upstream::start(|mut peer| {
        if peer.request().is_some() {
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                100_000_000
            ));
            let piece = vec![b'x'; 1_000_000];
            while peer.send(&piece) {}
        }
    });
    let gateway = Gateway::start(&format!(
        "timeouts: {{ idle_ms: 1000 }}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    client.send("GET /flood HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let record = gateway.wait_for_records(1).remove(0);
    assert_eq!(record["error"], "broken_by_client", "{record}");
    upstream.wait_for_open(0);
    let response = client.receive("GET").expect("an answer had begun");
    assert!(response.end != End::Whole, "{:?}", response.end);
}

#[test]
fn a_client_that_leaves_frees_the_upstream() {
    let upstream = Upstream::start(|mut peer| {
        if peer.request().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while peer.drip("1\r\nx\r\n", std::time::Duration::from_millis(1)) {}
        }
    });
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send("GET /endless HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let mut first = [0; 1];
    client.stream().read_exact(&mut first).expect("an answer begins");
    drop(client);
    upstream.wait_for_open(0);
    assert_eq!(gateway.wait_for_records(1)[0]["error"], "broken_by_client");
}

/// A gateway that may have only so many files open.
fn with_few_files(count: usize, yaml: &str) -> (Setup, Process) {
    let setup = Setup::new();
    let file = setup.scratch.write("few.yaml", yaml);
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "ulimit -n \"$1\" && exec \"$2\" gateway --config \"$3\"",
            "sh",
            &count.to_string(),
        ])
        .args([&e2e::binary(), &file]);
    (setup, Process::start(shell))
}

#[test]
fn a_gateway_without_descriptors_rests_and_recovers() {
    let yaml =
        "listen: 127.0.0.1:0\naccess_log: off\nworkers: 1\nroutes: [{ path: /, respond: { body: fixed } }]\n";
    let (_setup, process) = with_few_files(40, yaml);
    let address = process.stderr().wait_for("the address", |line| {
        let line = serde_json::from_str::<serde_json::Value>(line).ok()?;
        line["fields"]["listen"].as_str()?.parse().ok()
    });
    // More than it can accept: the rest waits in the kernel's queue.
    let mut clients = (0..60).map(|_| Client::connect(address)).collect::<Vec<_>>();
    process
        .stderr()
        .wait_for("the warning", |line| line.contains("cannot accept").then_some(()));
    assert_eq!(
        clients[0].get("/").expect(200).text(),
        "fixed",
        "those that are in are served"
    );
    let mut last = clients.pop().expect("there are sixty");
    clients.clear();
    assert_eq!(
        last.get("/").expect(200).text(),
        "fixed",
        "and the queue, once there is room"
    );
}

#[test]
fn a_full_disk_under_the_access_log_costs_no_request() {
    let gateway = Gateway::start("access_log: /dev/full\nroutes: [{ path: /, respond: { body: fixed } }]");
    let mut client = gateway.client();
    for _ in 0..50 {
        client.get("/").expect(200);
    }
    gateway.wait_for_metrics("the failed write to be counted", |metrics| {
        (metrics.sum("switchboard_access_log_write_errors_total", &[]) > 0.0).then_some(())
    });
    client.get("/").expect(200);
}

#[test]
fn a_reader_of_the_access_log_that_sleeps_costs_no_request() {
    let setup = Setup::new();
    let yaml = "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\naccess_log: stdout\nroutes: [{ path: /**, respond: { body: fixed } }]\n";
    let file = setup.scratch.write("pipe.yaml", yaml);
    let errors = std::fs::File::create(setup.scratch.path("stderr")).expect("a scratch file can be made");
    let mut command = switchboard(&["gateway", "--config"]);
    // A pipe that nobody reads: it is full after a few hundred lines.
    let mut child = command
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .expect("the binary can be started");
    let address = |key: &str| {
        wait_for("the address", || {
            let log = std::fs::read_to_string(setup.scratch.path("stderr")).unwrap_or_default();
            log.lines().find_map(|line| {
                let line = serde_json::from_str::<serde_json::Value>(line).ok()?;
                line["fields"][key].as_str()?.parse::<std::net::SocketAddr>().ok()
            })
        })
    };
    let (clients, admin) = (address("listen"), address("admin"));
    let mut client = Client::connect(clients);
    let request = format!("GET /{} HTTP/1.1\r\nHost: test.example\r\n\r\n", "x".repeat(900));
    // Until what the log may hold back is full, and well beyond.
    let dropped = || {
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let text = Client::connect(admin).exchange(request).expect(200).text();
        e2e::Metrics::parse(&text).sum("switchboard_access_log_dropped_total", &[])
    };
    let counted = (0..200).any(|_| {
        for _ in 0..200 {
            client.exchange(&request).expect(200);
        }
        dropped() > 0.0
    });
    let _ = child.kill();
    let _ = child.wait();
    assert!(counted, "lines that could not be kept are counted");
}

#[test]
fn both_families_of_addresses_work() {
    let Ok(v6) = std::net::TcpListener::bind("[::1]:0") else {
        e2e::case("this machine has no IPv6");
        return;
    };
    let upstream = v6.local_addr().expect("it is bound");
    let serving = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = v6.accept().expect("the gateway connects");
        let mut request = [0; 2048];
        let count = stream.read(&mut request).expect("a request comes");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .expect("the gateway reads");
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let gateway = Gateway::start(&format!(
        "listen: \"[::1]:0\"\nallow_targets: [\"::1/128\"]\nroutes: [{{ path: /**, upstream: \"http://{upstream}\" }}]"
    ));
    assert!(gateway.address().is_ipv6());
    assert_eq!(gateway.get("/").expect(200).text(), "ok");
    let request = serving.join().expect("it was asked");
    assert!(
        request.contains("X-Forwarded-For: ::1\r\n") && request.contains("for=\"[::1]\""),
        "{request}"
    );
    assert!(request.contains(&format!("Host: {upstream}\r\n")), "{request}");
}
