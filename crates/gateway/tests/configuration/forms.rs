//! What a good file means: every key, every way to write it, and the defaults.

use super::{checked, told};
use gateway::configuration::{
    AccessLog, Action, Configuration, EncodedSlash, Forward, PathParameters, Respond, Route, Scheme,
    Timeouts, masked,
};
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of a good file.
#[track_caller]
fn check(text: &str) -> Configuration {
    let checked = checked(text);
    let problems = checked.render_plain();
    checked.configuration.unwrap_or_else(|| panic!("{problems}"))
}

#[track_caller]
fn route(body: &str) -> Route {
    check(&format!("allow_targets: [127.0.0.0/8]\nroutes: [{{ {body} }}]\n"))
        .routes
        .remove(0)
}

#[track_caller]
fn forward(body: &str) -> Forward {
    match route(body).action {
        Action::Forward(forward) => *forward,
        other => panic!("{other:?}"),
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn an_empty_file_has_every_default() {
    for text in ["", "# nothing\n", "{}", "---\n", "~\n"] {
        let configuration = check(text);
        assert_eq!(configuration.listen, ["127.0.0.1:8080".parse().unwrap()]);
        assert_eq!((configuration.admin, configuration.health), (None, None));
        assert_eq!(configuration.access_log, AccessLog::Stdout);
        assert_eq!(configuration.access_log_fields.len(), 21);
        let timeouts = Timeouts {
            connect: ms(1_000),
            head: ms(30_000),
            idle: ms(60_000),
            total: None,
        };
        assert_eq!(configuration.timeouts, timeouts);
        assert_eq!(configuration.head_limits.head_bytes_max, 65_536);
        assert_eq!(configuration.head_limits.header_count_max, 100);
        assert_eq!(
            (configuration.drain, configuration.drain_idle),
            (ms(30_000), ms(1_000))
        );
        assert!((1..=256).contains(&configuration.workers));
        assert!(configuration.targets.allowed.is_empty());
        assert_eq!(configuration.targets.own, configuration.listen);
        assert!(configuration.trusted_edges.is_empty() && configuration.routes.is_empty());
    }
}

#[test]
fn a_route_has_every_default() {
    let route = route("path: /a, upstream: 'http://a'");
    assert_eq!(&*route.name, "/a");
    assert_eq!(route.methods, policy::method::MethodSet::ALL);
    assert_eq!(route.encoded_slash, EncodedSlash::Refuse);
    assert_eq!(route.path_parameters, PathParameters::Refuse);
    assert_eq!(route.body_bytes_max, 10_000_000);
    assert_eq!(route.line, 2);
    let forward = forward("path: /a, upstream: 'http://a'");
    assert!(!forward.preserve_host && forward.retries.attempts == 0);
    assert_eq!((forward.strip_prefix, forward.add_prefix), (None, None));
}

#[test]
fn the_top_in_every_form() {
    let listen = |text: &str| {
        check(text)
            .listen
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(listen("listen: 0.0.0.0:80\n"), ["0.0.0.0:80"]);
    assert_eq!(
        listen("listen: [127.0.0.1:1, \"[::1]:1\"]\n"),
        ["127.0.0.1:1", "[::1]:1"]
    );
    assert_eq!(
        listen("listen: [{ address: 127.0.0.1:1, http2: false }, 127.0.0.1:2]\n"),
        ["127.0.0.1:1", "127.0.0.1:2"]
    );
    assert_eq!(listen("listeners: [{ address: 127.0.0.1:0 }]\n"), ["127.0.0.1:0"]);
    let admin = check("admin: { address: 0.0.0.0:9, token_file: token }\nhealth: 127.0.0.1:10\n");
    assert_eq!(admin.admin_token.as_deref(), Some("s3cret-token"));
    assert_eq!(
        (admin.admin, admin.health),
        ("0.0.0.0:9".parse().ok(), "127.0.0.1:10".parse().ok())
    );
    assert_eq!(admin.targets.own.len(), 3);
    assert_eq!(check("admin: 127.0.0.1:9\n").admin, "127.0.0.1:9".parse().ok());
    assert_eq!(check("access_log: off\n").access_log, AccessLog::Off);
    let file = AccessLog::File(PathBuf::from("/etc/switchboard/logs/a.log"));
    assert_eq!(check("access_log: logs/a.log\n").access_log, file);
    let log = check("access_log: { to: ./log, fields: [status, path] }\n");
    assert_eq!(
        log.access_log_fields
            .iter()
            .map(|field| field.name())
            .collect::<Vec<_>>(),
        ["status", "path"]
    );
    let timeouts = check("timeouts: { connect_ms: 1, head_ms: 2, idle_ms: 3, total_ms: 4 }\n").timeouts;
    assert_eq!(
        timeouts,
        Timeouts {
            connect: ms(1),
            head: ms(2),
            idle: ms(3),
            total: Some(ms(4))
        }
    );
    let rest = check(
        "drain_ms: 500\nhead_bytes_max: 2048\nheader_count_max: 5\nconnections_max: 6\nworkers: 7\ncell: eu-1\n",
    );
    assert_eq!((rest.drain, rest.drain_idle), (ms(500), ms(500)));
    assert_eq!(
        (rest.head_limits.head_bytes_max, rest.head_limits.header_count_max),
        (2048, 5)
    );
    assert_eq!((rest.connections_max, rest.workers), (6, 7));
    assert_eq!(rest.cell.as_deref(), Some("eu-1"));
    let edges = check("trusted_edges: [{ cidrs: [10.1.0.0/16, 10.2.0.1] }, { cidrs: [\"fd00::/8\"] }]\n")
        .trusted_edges;
    assert_eq!(
        edges.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.1.0.0/16", "10.2.0.1/32", "fd00::/8"]
    );
}

#[test]
fn a_routes_timeouts_lie_over_those_of_the_top() {
    let text = "timeouts: { head_ms: 7, total_ms: 90000 }\nroutes:\n- { path: /a, upstream: 'http://a', timeouts: { idle_ms: 8 } }\n- { path: /b, upstream: 'http://a', timeouts: { total_ms: off } }\n";
    let routes = check(text).routes;
    let total = Some(ms(90_000));
    assert_eq!(
        *routes[0].timeouts,
        Timeouts {
            connect: ms(1_000),
            head: ms(7),
            idle: ms(8),
            total
        }
    );
    assert_eq!(
        *routes[1].timeouts,
        Timeouts {
            connect: ms(1_000),
            head: ms(7),
            idle: ms(60_000),
            total: None
        }
    );
}

#[test]
fn upstreams() {
    let check = |url: &str, authority: &str, port: u16, add: Option<&str>| {
        let forward = forward(&format!("path: /a, upstream: '{url}'"));
        assert_eq!(&*forward.origin.authority, authority, "{url}");
        assert_eq!(forward.origin.port, port, "{url}");
        let secure = url.to_ascii_lowercase().starts_with("https");
        assert_eq!(forward.origin.scheme == Scheme::Https, secure, "{url}");
        assert_eq!(
            forward.add_prefix.as_ref().map(|prefix| prefix.as_str()),
            add,
            "{url}"
        );
    };
    check("http://orders", "orders", 80, None);
    check("HTTP://Orders.Example.COM:80/", "orders.example.com", 80, None);
    check("https://a:443", "a", 443, None);
    check("https://a:8443/v1/x/", "a:8443", 8443, Some("/v1/x"));
    check("http://10.0.0.1:8080", "10.0.0.1:8080", 8080, None);
    check("http://[fd00::1]:81", "[fd00::1]:81", 81, None);
    check("http://a_b.c", "a_b.c", 80, None);
    // Every spelling of an address is that address.
    for spelling in [
        "127.1",
        "127.0.1",
        "0x7f000001",
        "0X7F.1",
        "017700000001",
        "2130706433",
    ] {
        check(&format!("http://{spelling}"), "127.0.0.1", 80, None);
    }
    let both = forward("path: /api/a, upstream: 'http://a/v1', add_prefix: /v2, strip_prefix: /api");
    assert_eq!(both.add_prefix.unwrap().as_str(), "/v1/v2");
    assert_eq!(both.strip_prefix.unwrap().as_str(), "/api");
    let trusted = forward("path: /a, upstream: { url: 'https://a', ca: ca.pem }");
    assert_eq!(trusted.origin.ca, Some(PathBuf::from("/etc/switchboard/ca.pem")));
}

#[test]
fn equal_origins_are_one() {
    let text =
        "routes:\n- { path: /a, upstream: 'http://a' }\n- { path: /b, upstream: { url: 'http://A:80/x' } }\n";
    let routes = check(text).routes;
    let origins = routes.iter().map(|route| match &route.action {
        Action::Forward(forward) => &forward.origin,
        other => panic!("{other:?}"),
    });
    let origins: Vec<_> = origins.collect();
    assert!(std::sync::Arc::ptr_eq(origins[0], origins[1]));
}

#[test]
fn names_tell_routes_apart() {
    let text = "routes:\n- { path: '/a/{x}', methods: [GET], upstream: 'http://a' }\n- { path: '/a/{y}', methods: [POST, PUT], upstream: 'http://a' }\n- { path: '/a/{y}', host: Shop.Example.com, upstream: 'http://a' }\n- { path: /a/b, host: '*.example.com', upstream: 'http://a' }\n";
    let names: Vec<String> = check(text)
        .routes
        .iter()
        .map(|route| route.name.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "/a/{x} GET",
            "/a/{y} POST,PUT",
            "shop.example.com/a/{y}",
            "*.example.com/a/b"
        ]
    );
}

#[test]
fn answers_without_an_upstream() {
    let respond = |body: &str| match route(&format!("path: /a, respond: {body}")).action {
        Action::Respond(respond) => *respond,
        other => panic!("{other:?}"),
    };
    let Respond {
        status,
        headers,
        body,
    } = respond("{ status: 503, headers: { Retry-After: '5' }, body: later }");
    assert_eq!((status, &*body), (503, &b"later"[..]));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        headers,
        [
            ("Retry-After", "5"),
            ("Content-Type", "text/plain; charset=utf-8")
        ]
    );
    let empty = respond("{}");
    assert_eq!((empty.status, empty.headers.len(), empty.body.len()), (200, 0, 0));
    let typed = respond("{ headers: { content-type: application/json }, body: '{}' }");
    assert_eq!(typed.headers.len(), 1);
    for (body, to, status) in [
        ("{ to: /b }", "/b", 302),
        (
            "{ to: 'https://a.example.com/x?y#z', status: 308 }",
            "https://a.example.com/x?y#z",
            308,
        ),
    ] {
        let Action::Redirect(redirect) = route(&format!("path: /a, redirect: {body}")).action else {
            panic!()
        };
        assert_eq!((&*redirect.to, redirect.status), (to, status));
    }
}

#[test]
fn references_are_filled_in_and_shown_as_written() {
    let text = "workers: ${env:PORT}\n".replace("workers", "connections_max")
        + "routes:\n- path: /a\n  upstream: http://${env:HOST}:${env:PORT}/${file:token}\n  add_prefix: /v1\n  preserve_host: ${env:YES}\n  \
           headers: { request: { Authorization: \"Bearer ${file:token}\", X-Plain: \"$${env:HOST}\", Cookie: a=b, X-A: \"${file:windows}\" } }\n";
    let configuration = check(&text);
    assert_eq!(configuration.connections_max, 3002);
    let Action::Forward(forward) = &configuration.routes[0].action else {
        panic!()
    };
    assert_eq!(&*forward.origin.authority, "orders.internal:3002");
    assert!(forward.preserve_host);
    let values: Vec<&str> = forward
        .request_headers
        .iter()
        .map(|(_, value)| &**value)
        .collect();
    assert_eq!(values, ["Bearer s3cret-token", "${env:HOST}", "a=b", "text"]);
    let shown = masked(&configuration);
    assert!(!shown.to_string().contains("s3cret"), "{shown}");
    let headers = &shown["routes"][0]["headers"]["request"];
    assert_eq!(headers["Authorization"], "Bearer ${file:token}");
    assert_eq!(headers["X-Plain"], "$${env:HOST}");
    assert_eq!(headers["Cookie"], "***");
    assert_eq!(
        shown["routes"][0]["upstream"]["url"],
        "http://${env:HOST}:${env:PORT}/${file:token}"
    );
    assert_eq!(forward.add_prefix.as_ref().unwrap().as_str(), "/s3cret-token/v1");
    assert_eq!(shown["routes"][0]["add_prefix"], "***");
    // A prefix alone is filled in, before a path that is not.
    let shown = masked(&check(
        "routes: [{ path: /a, upstream: 'http://a/v1', add_prefix: '/${file:token}' }]",
    ));
    assert_eq!(shown["routes"][0]["add_prefix"], "***");
}

#[test]
fn one_newline_at_the_end_of_a_file_is_no_part_of_its_value() {
    let respond = check("routes: [{ path: /a, respond: { body: \"${file:two-lines}\" } }]")
        .routes
        .remove(0);
    let Action::Respond(respond) = respond.action else {
        panic!()
    };
    assert_eq!(&*respond.body, b"one\ntwo\n");
}

#[test]
fn yaml_and_json_of_one_content_are_one_configuration() {
    let json = r#"{ "listen": "0.0.0.0:80", "access_log": "off", "timeouts": { "total_ms": "off" },
        "routes": [ { "path": "/\u0061/{id}", "methods": ["GET"], "upstream": "http://a", "retries": 2,
                      "headers": { "response": { "X-A": "b \"c\"" } } } ] }"#;
    let yaml = "listen: 0.0.0.0:80\naccess_log: off\ntimeouts: { total_ms: off }\nroutes:\n  - path: /a/{id}\n    \
                methods: [GET]\n    upstream: &a http://a\n    retries: 2\n    headers: { response: { X-A: b \"c\" } }\n";
    assert_eq!(masked(&check(json)), masked(&check(yaml)));
    let aliased = "routes:\n- { path: /a, upstream: &u 'http://a', methods: &m [GET] }\n- { path: /b, upstream: *u, methods: *m }\n";
    let routes = check(aliased).routes;
    assert_eq!(routes[0].methods, routes[1].methods);
}

#[test]
fn what_everybody_should_know_is_told() {
    let public = "?2:1 everything is public: there is neither `auth` nor `policy` | every caller that reaches this gateway is let through";
    assert_eq!(
        told(&checked("cell: a\nroutes: [{ path: /a, respond: {} }]\n")),
        [public]
    );
    let none = "?1:1 no routes: every request is answered 404 | add `routes`";
    for text in ["", "{}", "listen: 0.0.0.0:8080\n", "routes: []\n"] {
        assert_eq!(told(&checked(text)), [none]);
    }
}

#[test]
fn the_hash_is_that_of_the_text() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(checked("").hash, empty);
    assert_ne!(checked(" ").hash, empty);
}

#[test]
fn what_is_shown_is_a_file_of_the_same_meaning() {
    let text = "listen: [127.0.0.1:1]\nadmin: 127.0.0.1:2\naccess_log: off\ncell: a\nallow_targets: [127.0.0.0/8]\nroutes:\n- \
                { path: /a, host: '*.b', upstream: '${env:USERS_URL}', headers: { request: { X-A: '$${x}' } } }\n- { path: /b, \
                respond: { status: 404, body: '${file:two-lines}' } }\n";
    let auth = "auth: { type: jwt, issuer: 'https://i', jwks_uri: 'https://i/k', audiences: [a, b], exclude_paths: [/a], \
                algorithms: [RS256, Ed25519], claims: { role: /a/b, user: email }, leeway_s: 5, forward_token: true }\n\
                failed_credentials: off\nstate_dir: /s\n";
    let floor = "policy: { floor: /f }\nenvironment: prod\nfailed_credentials: { per_minute: 5 }\n";
    let feed =
        "policy: { floor: /f, feed: { bundle: /b }, on_stale: deny, floor_max_age_s: 9 }\nstate_dir: /s\n";
    let url =
        "policy: { floor: /f, feed: { bundle: 'https://b/x' }, feed_wait_ms: 7, max_staleness_s: 60 }\n";
    let portal = "policy: { floor: /f, feed: { portal: 'https://p/x', token: '${file:token}' } }\nfleet: { name: a }\n";
    let fleet = "policy: { floor: /f, feed: { bundle: /b } }\nfleet: { portal: 'http://127.0.0.1:1', token: '${file:token}' }\n";
    for who in [
        "",
        auth,
        floor,
        feed,
        url,
        portal,
        fleet,
        "policy: { file: /f }\n",
    ] {
        let configuration = check(&format!("{text}{who}"));
        let shown = masked(&configuration);
        let mut file = shown.clone();
        for route in file["routes"].as_array_mut().unwrap() {
            route.as_object_mut().unwrap().remove("name");
        }
        let again = check(&file.to_string());
        assert_eq!(masked(&again), shown);
        assert_eq!(again.policy, configuration.policy);
        assert_eq!(again.fleet, configuration.fleet);
        let access = |configuration: &Configuration| {
            let Configuration {
                environment,
                failed_credentials,
                state_dir,
                ..
            } = configuration;
            (environment.clone(), *failed_credentials, state_dir.clone())
        };
        assert_eq!(access(&again), access(&configuration));
    }
}

#[test]
fn places_are_lines_and_characters_whatever_the_line_ends_are() {
    for (text, place) in [
        ("cell: ä\r\nworkers: x\r\n", "2:10"),
        ("cell: a\n# ü 𝄞\n{}: 1, ö: 2\n", "3:1"),
        ("{\"cell\": \"ö𝄞\", \"workers\": 0}", "1:27"),
        ("\u{feff}workers: 0\n", "1:11"),
    ] {
        let problems = told(&checked(text));
        assert!(
            problems.iter().any(|line| line.starts_with(place)),
            "{problems:?}"
        );
    }
}

#[test]
fn nothing_that_came_from_outside_is_shown() {
    let secret = "${file:token}";
    let text = format!(
        "access_log: \"./{secret}\"\ncell: {secret}\nadmin: {{ address: 127.0.0.1:1, token_file: token }}\nroutes:\n\
         - {{ path: \"/{secret}\", host: \"{secret}\", upstream: \"http://{secret}/{secret}\", strip_prefix: \"/{secret}\" }}\n\
         - {{ path: /b, redirect: {{ to: \"/{secret}\" }} }}\n- {{ path: /c, respond: {{ body: \"{secret}\", headers: {{ X-A: \"{secret}\" }} }} }}\n"
    );
    let shown = masked(&check(&text)).to_string();
    assert!(!shown.contains("s3cret") && shown.contains(secret), "{shown}");
}
