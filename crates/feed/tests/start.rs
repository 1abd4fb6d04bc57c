//! What reading a floor of 10,000 clients costs, by its parts: what an authorizer pays before its first decision. A
//! measurement, for `cargo test --release -p feed --test start -- --ignored --nocapture`.
#![allow(clippy::print_stdout, reason = "a measurement is read by people")]

use feed::{Digest, load_floor, read_floor, write_floor};
use std::hint::black_box;
use std::time::Instant;

const CLIENTS: usize = 10_000;
const ROUNDS: usize = 41;

fn entities() -> Vec<(&'static str, String, String)> {
    let api = r#"{"team":"t","base_path":"/api/orders","operations":[{"match":"GET /api/orders/**","scopes":["orders.read"]}]}"#;
    let mut all = vec![("api", "orders".to_owned(), api.to_owned())];
    all.extend((0..CLIENTS).map(|n| {
        let body = format!(
            r#"{{"team":"team-{}","credentials":[{{"type":"api_key","id":"k{n:05}","sha256":"{n:064x}"}}],"grants":[{{"api":"orders","scopes":["orders.read"]}}]}}"#,
            n % 100
        );
        ("client", format!("client-{n:05}"), body)
    }));
    all
}

fn median_us(mut run: impl FnMut()) -> u128 {
    let mut took: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_micros()
        })
        .collect();
    took.sort_unstable();
    took[ROUNDS / 2]
}

#[test]
#[ignore = "a measurement, of use only in a release build"]
fn a_floor_of_ten_thousand_clients() {
    let entities = entities();
    let floor = write_floor(
        "bench",
        1,
        1,
        entities
            .iter()
            .map(|(kind, id, body)| (*kind, id.as_str(), body.as_str())),
    )
    .bytes;
    let lines = || floor.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    println!("{} bytes a record", floor.len() / CLIENTS);
    let digest = median_us(|| {
        let mut digest = Digest::default();
        for (n, line) in lines().enumerate() {
            digest.add("client", entities.get(n).map_or("x", |(_, id, _)| id), line);
        }
        black_box(digest.finish());
    });
    let read = median_us(|| {
        black_box(read_floor(&floor).expect("it holds"));
    });
    let held = read_floor(&floor).expect("it holds");
    let build = median_us(|| {
        black_box(held.policy());
    });
    let load = median_us(|| {
        black_box(load_floor(&floor).expect("it holds"));
    });
    println!("digest {digest} µs, the whole floor {read} µs, policy {build} µs, both at once {load} µs");
}
