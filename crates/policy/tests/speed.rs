//! What a canonical path and a lookup cost: a measurement, for `cargo test --release -p policy --test speed -- --ignored --nocapture`.
//!
//! The bounds are far above what is seen on an idle machine; they catch a lookup that grows with the table.

#![allow(clippy::print_stdout, reason = "a measurement is read by people")]

use policy::path::{CanonicalPath, Host, HostPattern, Pattern, Table, TableBuilder};
use std::hint::black_box;

const ROUNDS: usize = 7;
const REQUESTS: usize = 200_000;

/// The least CPU time per call over a few rounds: what the code costs, less most of what the neighbours do.
fn least(calls: usize, mut round: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = cpu_ns();
        round();
        cpu_ns() - start
    });
    times.min().unwrap_or(0) as f64 / calls as f64
}

/// Nanoseconds that this thread has run for.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("well-formed");
    stat.split(' ')
        .next()
        .expect("well-formed")
        .parse()
        .expect("well-formed")
}

/// A fixed sequence without pattern.
fn scattered(n: usize) -> usize {
    (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) ^ n
}

fn table(routes: usize, host: Option<&HostPattern>) -> Table<usize> {
    let patterns: Vec<_> = (0..routes)
        .map(|n| Pattern::parse(&format!("/api/service-{}/r{n:05}/{{id}}/**", n % 331)).expect("well-formed"))
        .collect();
    let before = resident_kib();
    let start = cpu_ns();
    let mut builder = TableBuilder::new();
    for (n, pattern) in patterns.iter().enumerate() {
        builder.entry(host, pattern, || n);
    }
    let table = builder.build();
    println!(
        "{routes} routes: built in {:.1} ms, about {} KiB, {} steps at most",
        (cpu_ns() - start) as f64 / 1e6,
        resident_kib().saturating_sub(before),
        table.steps_max(),
    );
    table
}

fn resident_kib() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or(0)
        * 4
}

/// Nanoseconds per lookup, uniformly over all routes; the paths are spread as the routes are.
fn lookup(table: &Table<usize>, routes: usize, host: &str) -> f64 {
    let host = Host::parse(host.as_bytes()).expect("well-formed");
    let targets: Vec<_> = (0..REQUESTS)
        .map(|n| scattered(n) % routes)
        .map(|n| (n, format!("/api/service-{}/r{n:05}/1234567/parts", n % 331)))
        .collect();
    let paths: Vec<_> = targets
        .iter()
        .map(|(n, target)| (n, CanonicalPath::parse(target.as_bytes()).expect("well-formed")))
        .collect();
    least(REQUESTS, || {
        for (n, path) in &paths {
            assert_eq!(table.find(black_box(&host), black_box(path)), Some(*n));
        }
    })
}

fn canonical(raw: &str) -> f64 {
    least(REQUESTS, || {
        for _ in 0..REQUESTS {
            black_box(CanonicalPath::parse(black_box(raw.as_bytes())).is_ok());
        }
    })
}

#[test]
#[ignore = "a measurement, of use only in a release build"]
fn a_lookup_costs_the_same_in_a_large_table() {
    for raw in [
        "/",
        "/api/orders/17",
        "/api/v1/orders/1234567/items/89/returns/",
        "/api/caf%C3%A9/%E2%82%AC",
        "/%61pi/x%2fy",
    ] {
        println!(
            "canonical {:3} bytes: {:5.1} ns  {raw}",
            raw.len(),
            canonical(raw)
        );
    }
    assert!(canonical("/api/v1/orders/1234567/items/89/returns/") < 1_000.0);

    let (one, many) = (table(1, None), table(100_000, None));
    let (few, cold) = (
        lookup(&one, 1, "example.com"),
        lookup(&many, 100_000, "example.com"),
    );
    println!("lookup: {few:.1} ns among 1, {cold:.1} ns among 100,000");
    assert!(cold < few + 5_000.0);

    let suffix = HostPattern::parse("*.example.com").expect("well-formed");
    let hosted = table(100_000, Some(&suffix));
    println!(
        "lookup by suffix: {:.1} ns among 100,000",
        lookup(&hosted, 100_000, "a.b.example.com")
    );
}
