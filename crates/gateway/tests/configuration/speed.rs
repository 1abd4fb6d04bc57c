//! How long a file of 10,000 routes takes from text to internal form: what a reload costs before it can be swapped in.
//!
//! A measurement, so it is run by hand, in release:
//! `cargo test --release -p gateway --test configuration -- --ignored --nocapture`

use gateway::configuration::{Process, check_text};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const ROUTES: usize = 10_000;
const ROUNDS: usize = 15;

fn yaml() -> String {
    let mut text = String::from("listen: 127.0.0.1:8080\nroutes:\n");
    for (index, path, upstream) in routes() {
        writeln!(
            text,
            "  - path: {path}\n    upstream: {upstream}\n    strip_prefix: /api"
        )
        .unwrap();
        if index % 2 == 0 {
            writeln!(text, "    methods: [GET, POST]").unwrap();
        }
    }
    text
}

fn json() -> String {
    let routes: Vec<serde_json::Value> = routes()
        .map(|(index, path, upstream)| {
            let mut route = serde_json::json!({ "path": path, "upstream": upstream, "strip_prefix": "/api" });
            if index % 2 == 0 {
                route["methods"] = serde_json::json!(["GET", "POST"]);
            }
            route
        })
        .collect();
    serde_json::to_string_pretty(&serde_json::json!({ "routes": routes })).unwrap()
}

fn routes() -> impl Iterator<Item = (usize, String, String)> {
    (0..ROUTES).map(|index| {
        let rest = if index % 3 == 0 { "items/{id}" } else { "**" };
        let path = format!("/api/service-{index}/{rest}");
        (
            index,
            path,
            format!("http://service-{}.internal:3000", index % 200),
        )
    })
}

/// Time that this thread was on a processor, which other processes of a shared machine do not stretch.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// The fastest of some rounds: what the work costs where nothing disturbs it.
#[allow(clippy::print_stdout, reason = "the figures are what it is run for")]
fn check(name: &str, text: &str, limit: Duration) {
    let round = |_| {
        let start = on_processor();
        let checked = check_text(name, text, &Process::beside(Path::new(name)));
        let took = on_processor() - start;
        let routes = checked.configuration.map(|it| it.routes.len());
        assert_eq!(routes, Some(ROUTES), "{:?}", checked.problems.first());
        took
    };
    let mut rounds: Vec<Duration> = (0..ROUNDS).map(round).collect();
    rounds.sort_unstable();
    let (fastest, median) = (rounds[0], rounds[ROUNDS / 2]);
    println!(
        "{name}: {ROUTES} routes, {} bytes: fastest {fastest:?}, median {median:?}",
        text.len()
    );
    assert!(fastest <= limit, "{fastest:?} is over {limit:?}");
}

#[test]
#[ignore = "a measurement; means something in release only"]
fn ten_thousand_routes_are_read_in_time() {
    check("gateway.yaml", &yaml(), Duration::from_millis(200));
    check("gateway.json", &json(), Duration::from_millis(50));
    // One line, as generated files are: finding a route's place must not count the line from its start.
    let line = json().replace(['\n'], "");
    check("line.json", &line, Duration::from_millis(50));
}
