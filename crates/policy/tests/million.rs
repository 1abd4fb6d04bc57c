//! What a policy of 1,000,000 clients costs: memory, a decision by key, one change. A measurement, for
//! `cargo test --release -p policy --test million -- --ignored --nocapture`.
//!
//! The bounds are far above what is seen on an idle machine; they catch a cost that grows with the policy.

#![allow(clippy::print_stdout, reason = "a measurement is read by people")]

use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use policy::{Change, Decision, Facts, Fields, Policy, decide, present, verify};
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::Instant;

const CLIENTS: usize = 1_000_000;
const REQUESTS: usize = 1_000_000;

struct Field<'a>(&'a [u8]);

impl<'a> Fields<'a> for Field<'a> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        if name == "x-api-key" {
            take(self.0);
        }
    }
}

fn key(n: usize) -> String {
    format!("sb_k{n:07}_{:0>43}", n * 7)
}

fn body(n: usize) -> String {
    let hash: String = Sha256::digest(key(n))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        r#"{{"team":"team-{}","credentials":[{{"type":"api_key","id":"k{n:07}","sha256":"{hash}"}}],"grants":[{{"api":"orders","scopes":["orders.read"],"plan":"gold"}}]}}"#,
        n % 1_000
    )
}

/// A fixed sequence without pattern.
fn scattered(n: usize) -> usize {
    (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % CLIENTS
}

/// Nanoseconds that this thread has run for.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("well-formed");
    stat.split(' ')
        .next()
        .and_then(|ns| ns.parse().ok())
        .expect("well-formed")
}

fn resident_kib() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4
}

fn client<'a>(id: &'a str, body: &'a str) -> Change<'a> {
    Change::Put {
        kind: "client",
        id,
        body: body.into(),
        needs: &[],
    }
}

#[test]
#[ignore = "a measurement, of use only in a release build"]
fn a_million_clients() {
    let (api, plan) = (
        r#"{"team":"t","base_path":"/api/orders","operations":[{"match":"GET /api/orders/**","scopes":["orders.read"]}]}"#,
        r#"{"rate":"100/s"}"#,
    );
    let put = |kind, id, body: &'static str| Change::Put {
        kind,
        id,
        body: body.into(),
        needs: &[],
    };
    let (mut policy, _) = Policy::build([put("api", "orders", api), put("plan", "gold", plan)]);
    let before = resident_kib();
    let start = Instant::now();
    for batch in 0..CLIENTS / 10_000 {
        let clients: Vec<_> = (batch * 10_000..(batch + 1) * 10_000)
            .map(|n| (format!("client-{n}"), body(n)))
            .collect();
        policy = policy.apply(clients.iter().map(|(id, body)| client(id, body))).0;
    }
    println!(
        "built in batches of 10,000 in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let bytes = (resident_kib() - before) * 1024 / CLIENTS;
    println!("{bytes} bytes for each client");

    let keys: Vec<_> = (0..REQUESTS).map(|n| key(scattered(n))).collect();
    let host = Host::parse(b"shop.example.com").expect("a host");
    let path = CanonicalPath::parse(b"/api/orders/7").expect("a path");
    let mut least = f64::MAX;
    for _ in 0..3 {
        let start = cpu_ns();
        for key in &keys {
            let fields = Field(key.as_bytes());
            let facts = Facts {
                host: Some(&host),
                path: &path,
                method: Some(Method::GET),
                fields: &fields,
                certificate: None,
                apis: None,
                cell: None,
            };
            let proof = verify(present(&policy, &facts, &()));
            assert!(matches!(
                black_box(decide(&policy, &facts, &proof, 1)),
                Decision::Permit(_)
            ));
        }
        least = least.min((cpu_ns() - start) as f64 / REQUESTS as f64);
    }
    println!("{least:.0} ns of CPU time for each decision");

    let start = Instant::now();
    let body = body(7).replace("\"team\"", "\"status\":\"suspended\",\"team\"");
    let (next, reports) = policy.apply([client("client-7", &body)]);
    let took = start.elapsed();
    println!("{:.1} µs for one change", took.as_secs_f64() * 1e6);
    assert!(reports.is_empty());
    assert_eq!(next.counts(), policy.counts());
    assert!(took.as_millis() < 1_000 && least < 100_000.0 && bytes < 10_000);
}
