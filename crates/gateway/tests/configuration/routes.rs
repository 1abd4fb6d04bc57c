//! Routes, upstreams, targets, headers and answers: what is told of each that is wrong.

use super::{check_told as check, checked};

/// One route with this body, from column 1 of line 2 on.
#[track_caller]
fn check_route(body: &str, expected: &[&str]) {
    check(&format!("routes: [{{\n{body}\n}}]"), expected);
}

/// A route to this URL, and what is told of it.
#[track_caller]
fn check_url(url: &str, expected: &str) {
    check_route(
        &format!("path: /a, upstream: '{url}'"),
        &[&format!("2:21 {expected}")],
    );
}

#[test]
fn paths_methods_and_hosts() {
    check_route(
        "path: a, upstream: 'http://a'",
        &["2:7 the path `a` does not begin with a slash | write `/a`"],
    );
    check_route(
        "path: /a//b, upstream: 'http://a'",
        &["2:7 the path `/a//b` has an empty segment | write `/a/b`"],
    );
    check_route(
        "path: /%7Eb, upstream: 'http://a'",
        &["2:7 `%7Eb` is not in its canonical spelling | write `~b`"],
    );
    check_route(
        "upstream: 'http://a'",
        &["2:1 `path` is missing | add `path: …` here"],
    );
    check_route(
        "path: /a, methods: [PSOT, get, TRACE, GET, GET], upstream: 'http://a'",
        &[
            "2:21 \"PSOT\" is not a method | write `POST`?",
            "2:27 \"get\" is not a method | write `GET`?",
            "2:32 TRACE is never forwarded | leave it out",
            "2:44 `GET` is given twice | keep one",
        ],
    );
    check_route(
        "path: /a, methods: [], upstream: 'http://a'",
        &["2:11 no method: nothing would fit this route | leave `methods` out for every method"],
    );
    check_route(
        "path: /a, methods: GET, upstream: 'http://a'",
        &[
            "2:20 expected a list, found the string \"GET\" | write it as a list: `[…]`, or lines that begin with `- `",
        ],
    );
    check_route(
        "path: /a, host: 'a.com:80', upstream: 'http://a'",
        &[
            "2:17 \"a.com:80\" is not a host. A host pattern has no port. | write a name without port, as in `shop.example.com`, or `*.example.com`",
        ],
    );
}

#[test]
fn prefixes() {
    check_route(
        "path: /api/orders/**, strip_prefix: /app, upstream: 'http://a'",
        &[
            "2:37 \"/app\" is not a prefix of the path `/api/orders/**` | every path of the route has to begin with it, on whole segments",
        ],
    );
    check_route(
        "path: /api/**, strip_prefix: /ap, upstream: 'http://a'",
        &[
            "2:30 \"/ap\" is not a prefix of the path `/api/**` | every path of the route has to begin with it, on whole segments",
        ],
    );
    check_route(
        "path: '/{a}/b', strip_prefix: /a, upstream: 'http://a'",
        &[
            "2:31 \"/a\" is not a prefix of the path `/{a}/b` | every path of the route has to begin with it, on whole segments",
        ],
    );
    check_route(
        "path: /api, strip_prefix: /api/, upstream: 'http://a'",
        &[
            "2:27 \"/api/\" is not a path prefix. The prefix ends with a slash. | write `/api`, without a slash at its end",
        ],
    );
    check_route(
        "path: /api, strip_prefix: /, upstream: 'http://a'",
        &["2:27 \"/\" is not a path prefix. The prefix is the root. | leave the key out"],
    );
    check_route(
        "path: /api, add_prefix: x, upstream: 'http://a'",
        &[
            "2:25 \"x\" is not a path prefix. The path must begin with a slash. | write whole literal segments, as in `/api`",
        ],
    );
}

#[test]
fn exactly_one_action() {
    check_route(
        "path: /a",
        &["2:1 a route without an action | add `upstream`, `redirect` or `respond`"],
    );
    check_route(
        "path: /a, upstream: 'http://a', redirect: { to: /b }",
        &["2:33 `redirect` beside `upstream`: a route has exactly one action | keep one of them"],
    );
    check_route(
        "path: /a, respond: {}, strip_prefix: /a, add_prefix: /b, preserve_host: true, retries: 1, timeouts: {}, headers: {}",
        &[
            "2:24 `strip_prefix` has no effect beside `respond` | leave it out",
            "2:42 `add_prefix` has no effect beside `respond` | leave it out",
            "2:58 `preserve_host` has no effect beside `respond` | leave it out",
            "2:79 `retries` has no effect beside `respond` | leave it out",
            "2:91 `timeouts` has no effect beside `respond` | leave it out",
            "2:105 `headers` has no effect beside `respond` | write the fields into `respond: { headers: … }`",
        ],
    );
}

#[test]
fn duplicate_routes() {
    let help = "give each its own `methods`, or take one out; names of `{parameters}` make no difference";
    let text = "routes:\n- { path: '/a/{x}', methods: [GET], upstream: 'http://a' }\n- { path: '/a/{y}', methods: [POST, GET], upstream: 'http://b' }\n- { path: '/a/{z}', methods: [HEAD], upstream: 'http://c' }\n- { path: '/a/{z}', host: a.example.com, upstream: 'http://c' }\n- { path: '/a/{z}', host: A.Example.com, upstream: 'http://c' }\n";
    check(
        text,
        &[
            &format!(
                "3:11 the route of line 2 has the same host, the same path and a method in common | {help}"
            ),
            &format!(
                "6:11 the route of line 5 has the same host, the same path and a method in common | {help}"
            ),
        ],
    );
}

#[test]
fn urls() {
    let scheme = "not an `http` or `https` URL | write `http://HOST:PORT` or `https://HOST`";
    check_url("ftp://a", &format!("\"ftp://a\": {scheme}"));
    check_url("orders:80", &format!("\"orders:80\": {scheme}"));
    check_url(
        "http://u:p@a",
        "\"http://u:p@a\": a user or password in a URL | leave it out: a credential is never written into a URL; set a header, with `${file:…}` as its value",
    );
    check_url(
        "http://a?x=1",
        "a query (`?`) in an upstream's URL | leave it out: the request brings its own",
    );
    check_url(
        "http://a#x",
        "\"http://a#x\": a fragment (`#`) in a URL | leave it out: it never reaches a server",
    );
    for port in ["0", "65536", "", "+1", "8o", "080"] {
        check_url(
            &format!("http://a:{port}"),
            &format!(
                "\"http://a:{port}\": not a port | write a number from 1 to 65535, or leave it and its colon out"
            ),
        );
    }
    check_url("http://", "\"http://\": no host | write `http://HOST:PORT`");
    check_url(
        "http://localhost.:1",
        "\"http://localhost.:1\": a dot at the end of the host | leave it out",
    );
    check_url(
        "http://::1",
        "\"http://::1\": more than one colon in the host | put an IPv6 address into brackets: `http://[fd00::1]:8080`",
    );
    check_url(
        "http://[::1",
        "\"http://[::1\": not an IPv6 address in brackets | write it as in `http://[fd00::1]:8080`",
    );
    for address in ["1.2.3.4.5", "256.1", "a.0x1", "1.2.3.256", "0x1ffffffff"] {
        check_url(
            &format!("http://{address}"),
            &format!(
                "\"http://{address}\": neither a host name nor an IPv4 address | write the address as four decimal numbers"
            ),
        );
    }
    for name in ["a..b", "-a", "a-", "a+b", ".a", "ä"] {
        assert!(
            !checked(&format!("routes: [{{ path: /a, upstream: 'http://{name}' }}]")).is_otherwise_valid(),
            "{name}"
        );
    }
    check_url(
        "http://a/%2e/",
        "the path of the upstream's URL is not a path prefix. The path has a dot segment. | write whole literal segments, as in `/v1`",
    );
}

#[test]
fn forbidden_targets_and_the_line_that_permits_them() {
    let refused = |url: &str, what: &str, line: &str| {
        check_url(
            url,
            &format!(
                "{what}: it is not called unless it is allowed | write `allow_targets: [{line}]` at the top if it is meant"
            ),
        );
    };
    for spelling in ["127.0.0.1", "127.1", "0x7f.1", "017700000001", "2130706433"] {
        refused(
            &format!("http://{spelling}:3000"),
            "127.0.0.1 is loopback",
            "127.0.0.0/8",
        );
    }
    refused(
        "http://[::ffff:127.0.0.1]",
        "::ffff:127.0.0.1 is loopback",
        "127.0.0.0/8",
    );
    refused(
        "http://[64:ff9b::a9fe:a9fe]",
        "64:ff9b::a9fe:a9fe is a cloud metadata service",
        "169.254.169.254/32",
    );
    refused("https://[::1]:9", "::1 is loopback", "\"::1/128\"");
    refused(
        "http://LocalHost:1",
        "localhost is this machine (loopback)",
        "127.0.0.0/8",
    );
    refused(
        "http://a.localhost",
        "a.localhost is this machine (loopback)",
        "127.0.0.0/8",
    );
    refused(
        "http://metadata.google.internal",
        "metadata.google.internal is a cloud metadata service",
        "169.254.169.254/32",
    );
    // What is allowed already stays in the line.
    check(
        "allow_targets: [169.254.0.0/16]\nroutes: [{ path: /a, upstream: 'http://0.0.0.0' }]\n",
        &[
            "2:32 0.0.0.0 is unspecified (0.0.0.0/8): it is not called unless it is allowed | write `allow_targets: [169.254.0.0/16, 0.0.0.0/8]` at the top if it is meant",
        ],
    );
    let own = "is an address that this gateway itself listens on | name another target: a gateway that calls itself would never end";
    check(
        "listen: 127.0.0.1:80\nadmin: 0.0.0.0:81\nallow_targets: [127.0.0.0/8]\nroutes:\n- { path: /a, upstream: 'http://127.0.0.1' }\n- { path: /b, upstream: 'http://127.0.0.2:81' }\n- { path: /c, upstream: 'http://127.0.0.1:82' }\n",
        &[
            &format!("5:25 127.0.0.1:80 {own}"),
            &format!("6:25 127.0.0.2:81 {own}"),
        ],
    );
}

#[test]
fn upstream_maps() {
    check_route(
        "path: /a, upstream: {}",
        &["2:21 an upstream without a target | add `url` or `private_api`"],
    );
    check_route(
        "path: /a, upstream: { url: 'http://a', ca: ca.pem }",
        &["2:40 `ca` has no effect with `http` | write the URL with `https`, or leave `ca` out"],
    );
    let help = "name a PEM file with the certificates of the authority";
    for (file, why) in [
        ("none", "no such file"),
        ("none.pem", "no certificate in it"),
        ("broken.pem", "invalid peer certificate: BadEncoding"),
    ] {
        check_route(
            &format!("path: /a, upstream: {{ url: 'https://a', ca: {file} }}"),
            &[&format!(
                "2:45 the certificates in `/etc/switchboard/{file}` cannot be used: {why} | {help}"
            )],
        );
    }
    check_route(
        "path: /a, upstream: { url: 'https://a', lambda: { function: f, region: r } }",
        &["2:41 `lambda` beside `url`: an upstream is exactly one of them | keep one of them"],
    );
    check_route(
        "path: /a, upstream: { endpoints: ['http://b', 'http://127.0.0.1'] }",
        &[
            "2:47 127.0.0.1 is loopback: it is not called unless it is allowed | write `allow_targets: [127.0.0.0/8]` at the top if it is meant",
        ],
    );
    check_route(
        "path: /a, upstream: { step_functions: { state_machine: s, mode: asynch } }",
        &["2:65 the string \"asynch\" is not known here | write `async`? Known here: `sync`, `async`"],
    );
    check_route(
        "path: /a, upstream: { lambda: { function: f, region: r }, credential: { header: x } }",
        &[],
    );
}

#[test]
fn header_fields() {
    check_route(
        "path: /a, upstream: 'http://a', headers: { request: {\nHost: a, X_User_Id: b, via: c, Content-Length: '1', X Y: d,\nX-A: ' a', x-a: b, X-L: '${env:LINES}', X-N: 5\n}, response: { Transfer-Encoding: chunked, Date: now } }",
        &[
            "3:1 `Host` is the target's name | write `preserve_host: true` to keep the client's",
            "3:10 `X_User_Id` tells a service who is calling; only the gateway's decision sets it | leave it out, or choose another name",
            "3:24 `via` is set by the gateway itself | leave it out",
            "3:32 `Content-Length` belongs to the connection, which the gateway handles | leave it out",
            "3:53 `X Y` is not the name of a header field | use letters, digits and `-`",
            "4:6 a blank before or behind a header value | take it out: no receiver would see it",
            "4:12 the header field `x-a` is given twice | keep one",
            "4:25 a line break, control or non-ASCII character in a header value | use visible ASCII; percent-encode or quote the rest",
            "4:46 expected a string, found the number 5 | put quotes around it",
            "5:16 `Transfer-Encoding` belongs to the connection, which the gateway handles | leave it out",
            "5:44 `Date` is set by the gateway itself | leave it out",
        ],
    );
}

#[test]
fn redirects_and_responses() {
    check_route(
        "path: /a, redirect: { to: '//a', status: 305 }",
        &[
            "2:27 a Location without a scheme that names a host | write `https://a`",
            "2:42 305 is not the status of a redirect | write 301 or 308 (for good), or 302, 303 or 307 (for now)",
        ],
    );
    check_route(
        "path: /a, redirect: {}",
        &["2:21 `to` is missing | add `to: …` here"],
    );
    check_route(
        "path: /a, redirect: { to: '/a b' }",
        &["2:27 a character in a Location that no URL has | percent-encode it"],
    );
    check_route(
        "path: /a, redirect: { to: 'javascript:x()' }",
        &[
            "2:27 \"javascript:x()\" is neither a URL nor a path: not an `http` or `https` URL | write `https://HOST/PATH`, or `/PATH` on the same host",
        ],
    );
    check_route(
        "path: /a, respond: { status: 199 }",
        &["2:30 the number 199 is too small | write a number from 200 to 599"],
    );
    check_route(
        "path: /a, respond: { status: 600 }",
        &["2:30 the number 600 is too large | write a number from 200 to 599"],
    );
    check_route(
        "path: /a, respond: { status: 204, body: x }",
        &["2:35 an answer with status 204 has no body | take the body out, or choose another status"],
    );
    check_route(
        "path: /a, respond: { headers: { Connection: close } }",
        &["2:33 `Connection` belongs to the connection, which the gateway handles | leave it out"],
    );
}
