//! From a request to a decision, in three calls: `present` reads what was shown, `verify` checks the one signature that
//! there may be, `decide` applies the policy in the order of its §4.
//!
//! All three are pure. Only `verify` costs more than a few look-ups, and only its result may be kept.

mod decide;
mod decision;
mod effective;
mod facts;
mod identity;
mod permitted;
mod present;
mod proof;
mod step;
mod token_steps;
mod trail;

pub use decide::decide;
pub use decision::{Decision, Permit, Rejection};
pub use facts::{Certificate, Facts, Fields, Recall};
pub use permitted::{Principal, permitted};
pub use present::present;
pub use proof::{Claimed, Proof, Verified, verify};
pub use step::Step;

#[cfg(test)]
mod tests;
