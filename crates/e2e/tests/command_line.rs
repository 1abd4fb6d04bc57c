//! The commands as a person or a CI job calls them: what they print, in which form, and the exit code.

use e2e::{
    Client, Closed, Finished, Gateway, Process, Scratch, Setup, Signal, Upstream, run, switchboard, wait_for,
};
use serde_json::Value;

const GOOD: &str = "routes:\n  - { path: /api/orders/**, methods: [GET, POST], upstream: \"http://orders.example:3002\", strip_prefix: /api }\n  \
                    - { path: \"/api/orders/{id}\", methods: [GET], upstream: \"http://orders.example:3002\" }\n  \
                    - { path: /api/**, upstream: \"http://rest.example\" }\n";
const BAD: &str = "routes:\n  - path: /api/orders/**\n    upstrem: http://orders.example:3002\n  - path: /fine/../not\n    respond: { status: 99 }\n";

/// Runs a command on a file with this content.
fn on_file(arguments: &[&str], content: &str) -> Finished {
    let scratch = Scratch::new();
    let file = scratch.write("file.yaml", content).display().to_string();
    let arguments = arguments.iter().map(|argument| {
        if *argument == "FILE" {
            file.as_str()
        } else {
            argument
        }
    });
    run(switchboard(&arguments.collect::<Vec<_>>()))
}

#[test]
fn check_exits_with_0_for_good_1_for_bad_and_2_for_unreadable() {
    let finished = on_file(&["check", "FILE"], GOOD);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("good"), "{finished:#?}");

    let finished = on_file(&["check", "FILE"], BAD);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    for word in [
        "file.yaml:3:5: ",
        "`upstrem`",
        "`upstream`",
        "file.yaml:4:11: ",
        "99",
        "3 |     upstrem:",
    ] {
        assert!(finished.stdout.contains(word), "{word} in\n{}", finished.stdout);
    }
    assert!(!finished.stdout.contains('\u{1b}'), "no colour in a pipe");

    for missing in ["/no/such/file.yaml", "/"] {
        let finished = run(switchboard(&["check", missing]));
        assert_eq!(finished.code, Some(2), "{finished:#?}");
        assert!(finished.stderr.contains("cannot be read"), "{finished:#?}");
    }
}

#[test]
fn check_speaks_json_to_programs() {
    let problems = |content: &str| {
        let finished = on_file(&["check", "FILE", "--format", "json"], content);
        let json =
            serde_json::from_str::<Value>(&finished.stdout).unwrap_or_else(|_| panic!("{finished:#?}"));
        (
            finished.code,
            json["problems"].as_array().cloned().expect("a list of problems"),
        )
    };
    let (code, good) = problems(GOOD);
    assert!(
        code == Some(0) && good.iter().all(|problem| problem["severity"] == "warning"),
        "{good:#?}"
    );
    let (code, bad) = problems(BAD);
    let errors = bad
        .iter()
        .filter(|problem| problem["severity"] == "error")
        .collect::<Vec<_>>();
    assert_eq!(
        (code, errors.len() >= 3),
        (Some(1), true),
        "all of them at once: {bad:#?}"
    );
    for problem in errors {
        let member = |name: &str| problem.get(name).unwrap_or_else(|| panic!("{name} in {problem}"));
        assert!(
            member("line").as_u64() >= Some(1) && member("column").as_u64() >= Some(1),
            "{problem}"
        );
        assert!(
            member("file").is_string() && member("message").is_string(),
            "{problem}"
        );
        assert!(
            member("help").is_string() || member("help").is_null(),
            "{problem}"
        );
    }
}

#[test]
fn a_gateway_does_not_start_with_a_file_that_check_refuses() {
    let finished = on_file(&["gateway", "--config", "FILE"], BAD);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("`upstrem`"), "{finished:#?}");
    let finished = run(switchboard(&["gateway", "--config", "/no/such/file.yaml"]));
    assert_eq!(finished.code, Some(2), "{finished:#?}");
    let finished = run(switchboard(&["gateway"]));
    assert_eq!(
        finished.code,
        Some(2),
        "clap's own code for a wrong call: {finished:#?}"
    );
}

#[test]
fn a_section_whose_behaviour_does_not_exist_yet_keeps_the_gateway_from_starting() {
    let sections = [
        (
            "rate_limiting",
            "rate_limiting: { default: { requests_per_second: 10, key: client_ip } }",
        ),
        (
            "aggregations",
            "aggregations: [{ path: /home, parts: { one: { path: /api/one } } }]",
        ),
        (
            "transformations",
            "transformations: [{ path: /api/**, response: { remove_fields: [id] } }]",
        ),
        ("services", "services: { directory: d }"),
    ];
    for (name, section) in sections {
        e2e::case(name);
        let content = format!("{section}\n{GOOD}");
        for command in [&["check", "FILE"][..], &["gateway", "--config", "FILE"]] {
            let finished = on_file(command, &content);
            assert_eq!(finished.code, Some(1), "{finished:#?}");
            let said = format!("{}{}", finished.stdout, finished.stderr);
            assert!(
                said.contains(name) && said.contains("not in this version"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_target_that_is_not_allowed_is_no_configuration() {
    for (url, permit) in [
        ("http://127.0.0.1:3000", "127.0.0.0/8"),
        ("http://2130706433:3000", "127.0.0.0/8"),
        ("http://0x7f.1:3000", "127.0.0.0/8"),
        ("http://[::1]:3000", "\"::1/128\""),
        ("http://[::ffff:127.0.0.1]:3000", "127.0.0.0/8"),
        ("http://169.254.169.254/latest", "169.254.169.254/32"),
        ("http://0.0.0.0:3000", "0.0.0.0/8"),
        ("http://localhost:3000", "127.0.0.0/8"),
        ("http://metadata.google.internal", "169.254.169.254/32"),
    ] {
        e2e::case(url);
        let setup = Setup::new();
        let file = setup.scratch.write(
            "targets.yaml",
            &format!("routes: [{{ path: /, upstream: \"{url}\" }}]\n"),
        );
        let finished = run(switchboard(&["check", &file.display().to_string()]));
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(
            finished.stdout.contains(&format!("allow_targets: [{permit}]")),
            "{finished:#?}"
        );
    }
}

#[test]
fn json_is_a_configuration_too() {
    let setup = Setup::new();
    let json = r#"{"listen": "127.0.0.1:0", "access_log": "off", "routes": [{"path": "/", "respond": {"body": "json"}}]}"#;
    let file = setup.scratch.write("gateway.json", json);
    assert_eq!(setup.start_file(file).get("/").text(), "json");
}

#[test]
fn explain_shows_the_route_and_why_the_others_lost() {
    let finished = on_file(
        &["explain", "GET", "/api/orders/7?limit=3", "--config", "FILE"],
        GOOD,
    );
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    for word in [
        "/api/orders/{id}",
        "/api/orders/**",
        "/api/**",
        "orders.example:3002",
        "/api/orders/7?limit=3",
    ] {
        assert!(finished.stdout.contains(word), "{word} in\n{}", finished.stdout);
    }
    assert!(!finished.stdout.contains('\u{1b}'), "no colour in a pipe");

    let finished = on_file(
        &[
            "explain",
            "POST",
            "/api/orders",
            "--config",
            "FILE",
            "--format",
            "json",
        ],
        GOOD,
    );
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let json = serde_json::from_str::<Value>(&finished.stdout).expect("it is JSON");
    let text = json.to_string();
    assert!(
        text.contains("POST /orders HTTP/1.1") || text.contains("\"/orders\""),
        "stripped: {json:#}"
    );

    let finished = on_file(&["explain", "GET", "/nowhere", "--config", "FILE"], GOOD);
    assert_eq!(
        finished.code,
        Some(0),
        "a refusal is explained as well: {finished:#?}"
    );
    assert!(finished.stdout.contains("404"), "{}", finished.stdout);
    assert_eq!(
        on_file(&["explain", "GET", "/", "--config", "FILE"], BAD).code,
        Some(1)
    );
    assert_eq!(
        run(switchboard(&["explain", "GET", "/", "--config", "/no/such/file"])).code,
        Some(2)
    );
}

#[test]
fn explain_and_the_gateway_decide_alike() {
    let upstream = Upstream::ok();
    let url = upstream.url();
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ path: /api/**, methods: [GET], upstream: \"{url}\", strip_prefix: /api, add_prefix: /v1 }}\n  \
         - {{ path: /keep/**, upstream: \"{url}\", encoded_slash: keep }}\n"
    ));
    let file = gateway.file().display().to_string();
    for (method, target) in [
        ("GET", "/api/a/b?q=%2F"),
        ("GET", "/api"),
        ("HEAD", "/api/%41"),
        ("POST", "/api/a"),
        ("GET", "/keep/a%2fb"),
        ("GET", "/api/a%2fb"),
        ("GET", "/api/../keep"),
        ("GET", "/nowhere"),
        ("BREW", "/keep/a"),
    ] {
        e2e::case(format!("{method} {target}"));
        let finished = run(switchboard(&["explain", method, target, "--config", &file]));
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let before = upstream.requests().len();
        let mut client = gateway.client();
        client.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: test.example\r\n\r\n"
        ));
        let status = client.response_to(method).status;
        if status == 200 {
            let sent = upstream.wait_for_requests(before + 1).remove(before);
            assert!(
                finished.stdout.contains(&sent.target),
                "{} in\n{}",
                sent.target,
                finished.stdout
            );
        } else {
            assert!(
                finished.stdout.contains(&status.to_string()),
                "{status} in\n{}",
                finished.stdout
            );
        }
    }
}

#[test]
fn help_names_every_command() {
    let finished = run(switchboard(&["--help"]));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    for command in ["demo", "gateway", "check", "explain"] {
        let line = format!("\n  {command} ");
        assert!(
            finished.stdout.contains(&line),
            "{command} in\n{}",
            finished.stdout
        );
        let finished = run(switchboard(&[command, "--help"]));
        assert!(
            finished.code == Some(0) && finished.stdout.contains("Usage:"),
            "{finished:#?}"
        );
    }
    let finished = run(switchboard(&["--version"]));
    assert!(
        finished.code == Some(0) && finished.stdout.starts_with("switchboard "),
        "{finished:#?}"
    );
    assert_eq!(run(switchboard(&["no-such-command"])).code, Some(2));
}

#[test]
fn the_demo_tells_its_tour_in_a_pipe_and_ends_on_ctrl_c() {
    let mut demo = Process::start(switchboard(&["demo", "--port", "0"]));
    demo.stdout().wait_for("the last step", |line| {
        line.trim_start().starts_with("10. ").then_some(())
    });
    let shown = demo.stdout().wait_for("a command to try", |line| {
        let (_, rest) = line.split_once("http://127.0.0.1:")?;
        rest.split('/').next()?.parse::<u16>().ok()
    });
    let address = ([127, 0, 0, 1], shown).into();
    let get = |target: &str| Client::connect(address).get(target);
    // It stays up behind the tour.
    wait_for("the tour to end", || {
        let lines = demo.stdout().so_far();
        lines.iter().any(|line| line.contains("Ctrl-C")).then_some(())
    });
    assert_eq!(get("/health").status, 200);
    demo.signal(Signal::INT);
    assert_eq!(demo.wait(), Some(0));
    let text = demo.stdout().to_the_end();
    assert!(!text.contains('\u{1b}'), "no colour in a pipe");
    assert!(Client::try_connect(address).is_err(), "nothing is left behind");
}

#[test]
fn the_demo_takes_another_port_where_its_own_is_taken() {
    let taken = Closed::new();
    let finished = run(switchboard(&[
        "demo",
        "--once",
        "--port",
        &taken.address.port().to_string(),
    ]));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(
        finished.stdout.contains(&taken.address.port().to_string()),
        "it says which one it could not have"
    );
    assert!(
        finished.stdout.contains("10. "),
        "and goes on: {}",
        finished.stdout
    );
}

#[test]
fn the_demo_ends_in_the_middle_of_its_tour() {
    let mut demo = Process::start(switchboard(&["demo", "--port", "0"]));
    demo.stdout().wait_for("the first step", |line| {
        line.trim_start().starts_with("1. ").then_some(())
    });
    demo.signal(Signal::INT);
    assert_eq!(demo.wait(), Some(0));
}
