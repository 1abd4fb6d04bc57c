//! Each wrong file with all that is told of it: place, message, and what to write instead.

use super::{checked, told};

/// Checks a text and compares what is told. That everything is public is told of every file with routes, and not
/// repeated here; nor is what every file without them is told.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let checked = checked(text);
    let is_usual = |line: &String| line.contains("everything is public") || line.contains("no routes:");
    let told: Vec<String> = told(&checked)
        .into_iter()
        .filter(|line| !is_usual(line))
        .collect();
    assert_eq!(told, expected, "{}", checked.render_plain());
    let refused = told.iter().any(|problem| !problem.starts_with('?'));
    assert_eq!(checked.configuration.is_none(), refused, "{text}");
    // Showing it must not depend on where it stands.
    assert_eq!(checked.render().is_empty(), checked.problems.is_empty());
}

/// One route of this body, and what is told of it, at line 3.
#[track_caller]
fn check_route(body: &str, expected: &[&str]) {
    let text = format!("routes:\n- {{path: /a,\n{body}\n}}");
    check(&text, expected);
}

#[test]
fn a_problem_is_shown_with_its_place_its_line_and_what_to_write() {
    let checked =
        checked("listen: 127.0.0.1:8080\nroutes:\n  - { path: /a, upstream: http://a, methods: [GTE] }\n");
    let expected = "\
gateway.yaml:2:1: warning: everything is public: there is neither `auth` nor `policy`
  |
2 | routes:
  | ^^^^^^
  |
  = help: every caller that reaches this gateway is let through

gateway.yaml:3:47: \"GTE\" is not a method
  |
3 |   - { path: /a, upstream: http://a, methods: [GTE] }
  |                                               ^^^
  |
  = help: write `GET`?

";
    assert_eq!(checked.render_plain(), expected);
    let problem = &checked.to_json()["problems"][1];
    let expected = serde_json::json!({
        "file": "gateway.yaml", "line": 3, "column": 47, "severity": "error",
        "message": "\"GTE\" is not a method", "help": "write `GET`?",
    });
    assert_eq!(problem, &expected);
}

#[test]
fn the_other_place_is_shown_too() {
    let checked = checked("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n");
    let shown = checked.render_plain();
    assert!(
        shown.contains("gateway.yaml:2:1: `listen` is given twice"),
        "{shown}"
    );
    assert!(shown.contains("note: first here"), "{shown}");
    assert!(shown.contains("1 | listen: 127.0.0.1:1"), "{shown}");
}

#[test]
fn of_a_long_line_only_the_part_around_the_problem_is_shown() {
    let text = format!(
        "{{\"routes\": [{}{{\"path\": \"x\", \"upstream\": \"http://a\"}}]}}",
        " ".repeat(100_000)
    );
    let checked = checked(&text);
    assert_eq!(checked.problems[1].column, 100_022);
    let shown = checked.render_plain();
    assert!(
        shown.contains("\"path\": \"x\"") && shown.len() < 2_000,
        "{shown}"
    );
}

#[test]
fn all_problems_are_told_at_once() {
    check(
        "listen: 80\nconections_max: 7\ntimeouts: { connect_ms: 0, head_ms: soon }\nworkers: \"${env:N}\"\n",
        &[
            "1:9 expected an address with its port, found a number | write `127.0.0.1:80` or `0.0.0.0:80`",
            "2:1 unknown key `conections_max` | write `connections_max`? Known here: `listen`, `listeners`, `admin`, \
             `health`, `access_log`, `allow_targets`, `trusted_edges`, `timeouts`, `routes`, `auth`, `rate_limiting`, \
             `aggregations`, `transformations`, `failed_credentials`, `cell`, `state_dir`, `drain_ms`, \
             `drain_idle_ms`, `head_bytes_max`, `header_count_max`, `connections_max`, `workers`, `environment`, \
             `policy`, `fleet`, `services`",
            "3:25 the number 0 is too small | write a number from 1 to 300000",
            "3:37 expected a whole number, found the string \"soon\" | write a number from 1 to 3600000, without \
             quotes and unit",
            "4:10 the environment variable `N` is not set | set `N` where the gateway is started",
        ],
    );
}

#[test]
fn a_thousand_problems_are_shown_and_the_rest_is_counted() {
    let keys: String = (0..1_500).map(|n| format!("\"k{n}\": 0, ")).collect();
    let checked = checked(&format!("{{{keys} \"listen\": \"127.0.0.1:1\"}}"));
    // A warning of no routes, too.
    assert_eq!(checked.problems.len(), 1_001);
    assert_eq!(
        checked.problems.last().unwrap().message,
        "501 further problems are not shown"
    );
}

#[test]
fn text_that_is_neither_yaml_nor_json() {
    check(
        "a: [1, 2\nb: }\n",
        &["2:2 not well-formed YAML: illegal placement of ':' indicator | -"],
    );
    check(
        "b: *x\n",
        &["1:4 not well-formed YAML: while parsing node, found unknown anchor | -"],
    );
    check(
        "routes: [{ path: /a, upstream: ${env:HOST} }]\n",
        &[
            "1:33 not well-formed YAML: while parsing a flow mapping, did not find expected ',' or '}' | inside `{ }` \
           and `[ ]`, put quotes around a value with `${…}` in it",
        ],
    );
    check(
        "routes:\n\t- path: /x\n",
        &[
            "2:2 not well-formed YAML: tabs disallowed within this context (block indentation) | indent with blanks; \
           YAML takes no tabs there",
        ],
    );
    check(
        "---\ncell: a\n---\ncell: b\n",
        &["3:1 a second document begins here | one file holds one document"],
    );
    check(
        "{\"cell\": \"a\",}",
        &["1:14 not well-formed JSON: key must be a string | -"],
    );
    check(
        "{\"cell\": \"a\"} x",
        &["1:15 not well-formed JSON: trailing characters | -"],
    );
    check(
        "{\n\"cell\": \"a\n\"}",
        &["2:10 not well-formed JSON: control character (\\u0000-\\u001F) found while parsing a string | -"],
    );
    let help = "write it as `{ KEY: VALUE }`, or as lines `KEY: VALUE` that are indented";
    check(
        "hello\n",
        &[&format!(
            "1:1 expected a map, found the string \"hello\" | {help}"
        )],
    );
    check("- a\n", &[&format!("1:1 expected a map, found a list | {help}")]);
}

#[test]
fn what_hides_in_yaml_is_refused() {
    check(
        "cell: !!str a\n",
        &[
            "1:13 the tag `tag:yaml.org,2002:str` is not read here | leave it out, and quote what is to be a string",
        ],
    );
    check(
        "timeouts: &t { head_ms: 5, <<: *t }\n",
        &[
            "1:28 merge keys (`<<`) are not read here | write the keys out",
            "1:32 an alias to a value that it stands in | -",
        ],
    );
    check("? [a]\n: b\n", &["1:3 a list as a key | keys are strings"]);
    // Ten times ten times … a short file with more values than fit into memory.
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [below.as_str(); 10].join(", ")
        ));
    }
    let told = told(&checked(&bomb));
    assert!(
        told.iter()
            .any(|line| line.contains("aliases add more than 1000000 values")),
        "{told:?}"
    );
    let deep = format!("cell: {}", "[".repeat(10_000));
    assert!(super::told(&checked(&deep))[0].contains("not well-formed YAML"));
    let deep = format!("{{\"cell\": {}0{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(
        super::told(&checked(&deep))
            .iter()
            .any(|line| line.contains("nested more than 64 deep"))
    );
}

#[test]
fn wrong_numbers() {
    check(
        "drain_ms: 1.5\n",
        &[
            "1:11 expected a whole number, found the number 1.5 | write plain decimal digits, from 0 to 3600000",
        ],
    );
    check(
        "drain_ms: 0x10\n",
        &[
            "1:11 expected a whole number, found the number 0x10 | write plain decimal digits, from 0 to 3600000",
        ],
    );
    check(
        "drain_ms: 010\n",
        &[
            "1:11 expected a whole number, found the number 010 | write plain decimal digits, from 0 to 3600000",
        ],
    );
    check(
        "drain_ms: -1\n",
        &[
            "1:11 expected a whole number, found the number -1 | write plain decimal digits, from 0 to 3600000",
        ],
    );
    check(
        "workers: 257\n",
        &["1:10 the number 257 is too large | write a number from 1 to 256"],
    );
    check(
        "workers: 99999999999999999999\n",
        &["1:10 the number 99999999999999999999 is too large | write a number from 1 to 256"],
    );
    check(
        "workers: \"2\"\n",
        &[
            "1:10 expected a whole number, found the string \"2\" | write a number from 1 to 256, without quotes and unit",
        ],
    );
}

#[test]
fn wrong_types() {
    check(
        "cell: 5\n",
        &["1:7 expected a string, found the number 5 | put quotes around it"],
    );
    check(
        "cell:\n",
        &["1:5 expected a string, found nothing | leave the key out where it has no value"],
    );
    check(
        "{\"routes\": null}",
        &["1:12 expected a list, found nothing | write it as a list: `[…]`, or lines that begin with `- `"],
    );
    check(
        "routes:\n  path: /x\n",
        &["2:3 expected a list, found a map | write it as a list: `[…]`, or lines that begin with `- `"],
    );
    check(
        "{\"cell\": \"a\", \"cell\": \"b\"}",
        &["1:15 `cell` is given twice | keep one of them"],
    );
    check_route(
        "preserve_host: yes, upstream: http://a",
        &[
            "3:16 expected `true` or `false`, found the string \"yes\" | write `true` or `false`, without quotes",
        ],
    );
    check_route(
        "encoded_slash: kepe, upstream: http://a",
        &["3:16 the string \"kepe\" is not known here | write `keep`? Known here: `refuse`, `keep`"],
    );
    check_route(
        "path_parameters: kep, upstream: http://a",
        &["3:18 the string \"kep\" is not known here | write `keep`? Known here: `refuse`, `keep`"],
    );
    check_route(
        "upstream: 5",
        &["3:11 expected a URL or a map, found the number 5 | write `http://HOST:PORT`"],
    );
}

#[test]
fn a_pattern_that_its_own_route_refuses_waits_in_vain() {
    check(
        "routes:\n- {path: \"/a;v=1/**\", upstream: http://a}\n- {path: \"/b;v=1\", path_parameters: keep, upstream: http://a}\n- {path: /c%2Fd, upstream: http://a}\n",
        &[
            "?2:10 no request reaches this route: its path has a `;`, which it refuses | write `path_parameters: keep` if the service means it",
            "?4:10 no request reaches this route: its path has an encoded slash, which it refuses | write `encoded_slash: keep` if the service means it",
        ],
    );
}

#[test]
fn references() {
    check(
        "cell: \"${env:NONE}\"\n",
        &["1:7 the environment variable `NONE` is not set | set `NONE` where the gateway is started"],
    );
    check(
        "cell: ${env:1X}\n",
        &[
            "1:7 `1X` is not the name of an environment variable | letters, digits and `_`, and no digit first",
        ],
    );
    check(
        "cell: ${X}\n",
        &[
            "1:7 `${X}` names neither a variable nor a file | write `${env:NAME}` or `${file:PATH}`, or `$${` for a plain `${`",
        ],
    );
    check(
        "cell: ${env:HOST\n",
        &["1:7 a `${` without its `}` | close it, or write `$${` for a plain `${`"],
    );
    let help = "name a readable text file; a relative path starts at this file's directory";
    check(
        "cell: ${file:none}\n",
        &[&format!(
            "1:7 the file `/etc/switchboard/none` cannot be read: no such file | {help}"
        )],
    );
    check(
        "cell: ${file:binary}\n",
        &[&format!(
            "1:7 the file `/etc/switchboard/binary` cannot be read: it is not UTF-8 | {help}"
        )],
    );
    // What was filled in is not shown.
    check(
        "cell: ${file:two-lines}\n",
        &["1:7 a value from outside the file is not the name of a cell | use letters, digits, `.` and `-`"],
    );
    check(
        "workers: ${env:PORT}\n",
        &["1:10 a string from outside the file is too large | write a number from 1 to 256"],
    );
    check(
        "workers: ${env:HOST}\n",
        &[
            "1:10 expected a whole number, found a string from outside the file | write plain decimal digits, from 1 to 256",
        ],
    );
}

#[test]
fn addresses_to_listen_on() {
    check(
        "listen: \":8080\"\n",
        &["1:9 \":8080\" is not an IP address with a port | write `0.0.0.0:8080`"],
    );
    check(
        "listen: localhost:80\n",
        &["1:9 \"localhost:80\" is not an IP address with a port | write `127.0.0.1:80`"],
    );
    check(
        "listen: \"8080\"\n",
        &["1:9 \"8080\" is not an IP address with a port | write `127.0.0.1:8080` or `0.0.0.0:8080`"],
    );
    check(
        "listen: \"::1\"\n",
        &["1:9 \"::1\" is not an IP address with a port | add a port: `[::1]:8080`"],
    );
    check(
        "listen: gateway:80\n",
        &[
            "1:9 \"gateway:80\" is not an IP address with a port | write it as in `0.0.0.0:8080` or `[::]:8080`; names are not resolved here",
        ],
    );
    check(
        "listen: []\n",
        &["1:1 no address to listen on | leave the key out for 127.0.0.1:8080"],
    );
    check(
        "listen: [0.0.0.0:8080, \"[::]:8080\", 127.0.0.1:0, 127.0.0.1:0]\nadmin: 127.0.0.1:8080\nhealth: 127.0.0.1:8081\n",
        &[
            "1:24 [::]:8080 is taken: this gateway already listens on 0.0.0.0:8080 | give each its own port",
            "2:8 127.0.0.1:8080 is taken: this gateway already listens on 0.0.0.0:8080 | give each its own port",
        ],
    );
    check(
        "admin: 127.0.0.1:8080\n",
        &[
            "1:8 127.0.0.1:8080 is taken: this gateway already listens on 127.0.0.1:8080 | give each its own port",
        ],
    );
    check(
        "listen: 127.0.0.1:1\nlisteners: [{ address: 127.0.0.1:2 }]\n",
        &["2:1 `listeners` is the long form of `listen`; both are given | keep one of them"],
    );
    check(
        "listeners: [{ http2: false }]\n",
        &["1:15 `address` is missing | add `address: …` here"],
    );
    check(
        "admin: { address: 127.0.0.1:9, token_file: none }\n",
        &[
            "1:44 the token file `/etc/switchboard/none` cannot be read: no such file | name a file that holds the token alone",
        ],
    );
    check(
        "admin: { address: 127.0.0.1:9, token_file: two-lines }\n",
        &[
            "1:44 the token file `/etc/switchboard/two-lines` holds no bearer token | the token is one line of letters, digits and `-._~+/=`, without blanks",
        ],
    );
}

#[test]
fn ranges_logs_and_limits() {
    check(
        "allow_targets: [127.0.0.1/8]\n",
        &[
            "1:17 \"127.0.0.1/8\" has bits beyond its prefix | write `127.0.0.0/8` for the range, or `127.0.0.1/32` for the address",
        ],
    );
    check(
        "allow_targets: [\"::ffff:127.0.0.0/104\"]\n",
        &[
            "1:17 \"::ffff:127.0.0.0/104\" is an IPv4 range in IPv6 clothes, and would match nothing | write `127.0.0.0/8`",
        ],
    );
    check(
        "trusted_edges: [{ cidrs: [local] }]\n",
        &["1:27 \"local\" is not an address range | write it as in `10.1.0.0/16` or `fd00:1::/32`"],
    );
    check(
        "trusted_edges: [{ cidrs: [] }]\n",
        &["1:19 an edge without addresses | name its ranges, or leave it out"],
    );
    check(
        "access_log: stdot\n",
        &[
            "1:13 \"stdot\" is neither `stdout` nor `off` nor the path of a file | write `stdout`? A file in this directory is written as `./NAME`",
        ],
    );
    check(
        "access_log: { fields: [] }\n",
        &["1:15 a log line without members | leave `fields` out for all of them, or write `access_log: off`"],
    );
    check(
        "access_log: { fields: [path, path] }\n",
        &["1:30 given twice | keep one"],
    );
    check(
        "drain_ms: 500\ndrain_idle_ms: 501\n",
        &["2:1 `drain_idle_ms` (501) is longer than `drain_ms` | write at most 500"],
    );
    check(
        "timeouts: { total_ms: 5, connect_ms: 10 }\n",
        &["?1:26 `connect_ms` has no effect: `total_ms` ends the exchange before it | write at most 5"],
    );
    check(
        "timeouts: { total_ms: never }\n",
        &[
            "1:23 expected a whole number, found the string \"never\" | write a number from 1 to 86400000, without quotes and unit",
        ],
    );
    check(
        "cell: a b\n",
        &["1:7 \"a b\" is not the name of a cell | use letters, digits, `.` and `-`"],
    );
    check(
        "state_dir: \"\"\n",
        &[
            "?1:1 `state_dir` has no effect: there is neither `auth` nor `policy` | leave it out",
            "1:12 the directory is empty | name one, or leave the key out",
        ],
    );
}
