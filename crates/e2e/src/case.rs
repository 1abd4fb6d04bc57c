//! Tables of cases: which one was running when a test failed.

use std::fmt::Display;

/// Names the case that runs now; the test runner shows it where the test fails.
#[allow(clippy::print_stdout, reason = "the test runner captures it")]
pub fn case(name: impl Display) {
    println!("case: {name}");
}
