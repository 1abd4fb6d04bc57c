//! Responses and their bodies, to HEAD and to anything else: as `http1_request`.
#![no_main]

#[allow(dead_code, reason = "the other target uses the rest")]
#[path = "../../crates/gateway/tests/http1_events/mod.rs"]
mod http1_events;
#[path = "../splits.rs"]
mod splits;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for to_head in [false, true] {
        let whole = http1_events::responses(input, to_head, &[]);
        for reads in splits::of(input) {
            assert_eq!(
                http1_events::responses(input, to_head, &reads),
                whole,
                "in reads of {reads:?}"
            );
        }
    }
});
