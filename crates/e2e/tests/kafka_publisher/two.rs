//! Two publishers at once: the newer one fences the older one, which does not come back without the lease.

use super::Publishing;
use super::seen::{kill, until_says};
use e2e::Signal;
use e2e::kafka::{Broker, Journal};
use serde_json::json;

#[test]
fn who_lost_the_lease_stands_by_and_who_was_frozen_is_fenced() {
    let broker = Broker::start();
    let publishing = Publishing::new(&broker);
    let (one, other) = (publishing.start("a"), publishing.start("b"));
    until_says(&one, "leading");
    until_says(&other, "standby");
    publishing.append(&[("client/a", Some(json!({ "n": 1 })))]);
    let mut seen = publishing.seen();
    seen.until_live(&publishing.journal());

    // Frozen, it does not learn that another one leads now.
    one.signal(Signal::STOP);
    Journal::set_leader(&publishing.scratch.path(""), "b");
    until_says(&other, "leading");
    publishing.append(&[("client/a", Some(json!({ "n": 2 })))]);
    seen.until_live(&publishing.journal());
    one.signal(Signal::CONT);
    until_says(&one, "standby");

    // Both want it, as where a lease is broken: they take it from one another, and nothing is torn.
    let lines = other.stdout().so_far().len();
    Journal::set_leader(&publishing.scratch.path(""), "a");
    until_says(&one, "leading");
    until_says(&other, "standby");
    assert!(other.stdout().so_far().len() > lines);
    publishing.append(&[("client/a", None), ("client/b", Some(json!({ "n": 3 })))]);
    seen.until_live(&publishing.journal());
    kill(one);
    kill(other);
}
