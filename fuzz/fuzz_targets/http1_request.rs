//! Requests and their bodies: no input panics, and the same bytes in any reads give the same messages and fault.
//!
//! What is taken is also written and read again (see `http1_events`). An input is a plain stream of bytes, so that
//! seeds and findings can be read; how it is split follows from its bytes.
#![no_main]

#[allow(dead_code, reason = "the other target uses the rest")]
#[path = "../../crates/gateway/tests/http1_events/mod.rs"]
mod http1_events;
#[path = "../splits.rs"]
mod splits;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let whole = http1_events::requests(input, &[]);
    for reads in splits::of(input) {
        assert_eq!(
            http1_events::requests(input, &reads),
            whole,
            "in reads of {reads:?}"
        );
    }
});
