//! Ways to split an input into reads, which follow from its bytes so that a finding stays one.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Byte by byte, and two that look random: one of short reads, one with long ones among them.
pub(crate) fn of(input: &[u8]) -> [Vec<usize>; 3] {
    let random = |reads: u64, longest: u64| {
        let size = move |at: u64| {
            let mut hasher = DefaultHasher::new();
            (input, at).hash(&mut hasher);
            1 + usize::try_from(hasher.finish() % longest).unwrap_or_default()
        };
        (0..reads).map(size).collect()
    };
    [vec![1; input.len()], random(24, 16), random(8, 200)]
}
