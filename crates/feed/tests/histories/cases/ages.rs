//! How old a view is, what may be said of it, and what reading again makes of it.
//!
//! Each line's word is written by hand.

use super::shop::*;
use crate::world::*;
use serde_json::Value;

use super::Lines;

pub(super) fn ages(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { a, b, .. } = &shop;
    vec![
        Written::new(
            lines,
            "aged",
            "A commit of the view with a later time renews its age.",
            &shop.floor(),
        )
        .line(&shop.again(1, NOW + 10), NOW + 12, "renewed")
        .state(true, NOW + 70, "live", Some([EPOCH, 1, NOW + 10, NOW + 10]))
        .state(true, NOW + 71, "stale", Some([EPOCH, 1, NOW + 10, NOW + 10]))
        .line(&shop.again(1, NOW + 10), NOW + 80, "behind")
        .state(true, NOW + 80, "stale", Some([EPOCH, 1, NOW + 10, NOW + 10]))
        .line(&shop.again(1, NOW + 79), NOW + 80, "renewed")
        .state(true, NOW + 80, "live", Some([EPOCH, 1, NOW + 79, NOW + 79]))
        .end(),
        Written::new(
            lines,
            "aged_ahead",
            "A time more than 60 s ahead renews nothing; up to that, from its arrival.",
            &shop.floor(),
        )
        .line(&shop.again(1, NOW + 61), NOW, "behind")
        .state(true, NOW, "live", AT_1)
        .line(&shop.again(1, NOW + 70), NOW + 10, "renewed")
        .state(true, NOW + 70, "live", Some([EPOCH, 1, NOW + 70, NOW + 10]))
        .state(true, NOW + 71, "stale", Some([EPOCH, 1, NOW + 70, NOW + 10]))
        .end(),
        Written::new(
            lines,
            "aged_revision",
            "A revision is applied whatever its time; its age counts from its arrival.",
            &shop.floor(),
        )
        .kept(&[a, b], NOW)
        .shown(&shop.again(2, NOW + 5_000), NOW + 1, &[])
        .state(true, NOW + 61, "live", Some([EPOCH, 2, NOW + 5_000, NOW + 1]))
        .state(true, NOW + 62, "stale", Some([EPOCH, 2, NOW + 5_000, NOW + 1]))
        .shown(&shop.again(3, NOW - 500), NOW + 70, &[])
        .state(true, NOW + 70, "stale", Some([EPOCH, 3, NOW - 500, NOW - 500]))
        .end(),
    ]
}

pub(super) fn honest(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { a, commit: first, .. } = &shop;
    vec![
        Written::new(
            lines,
            "honest",
            "A floor that no feed confirmed is a floor, however old; what a feed said gets stale.",
            &shop.floor(),
        )
        .state(false, NOW + 9_999, "floor", AT_1)
        .line(&shop.again(0, NOW), NOW, "behind")
        .state(true, NOW + 9_999, "catching_up", AT_1)
        .line(first, NOW, "behind")
        .state(false, NOW, "catching_up", AT_1)
        .state(true, NOW, "live", AT_1)
        .state(true, NOW + 61, "stale", AT_1)
        .end(),
        Written::new(
            lines,
            "withheld",
            "Heartbeats pass and records do not: it is not live, and it ages.",
            &shop.floor(),
        )
        .line(first, NOW, "behind")
        .line(&commit((EPOCH, 2, NOW + 30), &[(A.0, a)]), NOW + 30, "not_whole")
        .line(&commit((EPOCH, 2, NOW + 40), &[(A.0, a)]), NOW + 40, "not_whole")
        .state(true, NOW + 40, "catching_up", AT_1)
        .state(true, NOW + 61, "stale", AT_1)
        .end(),
    ]
}

pub(super) fn again(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { keyring: ring, b, .. } = &shop;
    let (a2, p) = (record(EPOCH, 2, A2), record(EPOCH, 2, ("plan/p", "{}")));
    let second = commit((EPOCH, 2, NOW + 5), &[(A.0, &a2), (B.0, b), ("plan/p", &p)]);
    vec![
        Written::new(
            lines,
            "bundle",
            "A floor, then a bundle that was read whole: what changed, and no more.",
            &shop.floor(),
        )
        .restart()
        .line(ring, NOW + 5, "keyring")
        .kept(&[&a2, b, &p], NOW + 5)
        .shown(&second, NOW + 5, &[(A.0, Some(A2.1)), ("plan/p", Some("{}"))])
        .restart()
        .line(ring, NOW + 6, "keyring")
        .kept(&[b], NOW + 6)
        .shown(
            &commit((EPOCH, 3, NOW + 6), &[(B.0, b)]),
            NOW + 6,
            &[(A.0, None), ("plan/p", None)],
        )
        .state(true, NOW + 6, "live", Some([EPOCH, 3, NOW + 6, NOW + 6]))
        .end(),
        Written::new(
            lines,
            "bundle_cut_off",
            "A bundle that was cut off changes nothing, and its commit still renews.",
            &shop.floor(),
        )
        .restart()
        .line(ring, NOW + 5, "keyring")
        .kept(&[&a2], NOW + 5)
        .line(&a2[..40], NOW + 5, "no_record")
        .line(&shop.again(1, NOW + 5), NOW + 6, "renewed")
        .line(&second, NOW + 7, "not_whole")
        .state(true, NOW + 7, "catching_up", Some([EPOCH, 1, NOW + 5, NOW + 5]))
        .restart()
        .line(ring, NOW + 8, "keyring")
        .kept(&[&a2, b, &p], NOW + 8)
        .shown(&second, NOW + 8, &[(A.0, Some(A2.1)), ("plan/p", Some("{}"))])
        .end(),
    ]
}

pub(super) fn there_and_back(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring: ring,
        a,
        b,
        commit: first,
    } = &shop;
    let (a2, p) = (record(EPOCH, 2, A2), record(EPOCH, 2, ("plan/p", "{}")));
    vec![
        Written::new(
            lines,
            "there_and_back",
            "What was changed and changed back before the commit is no change.",
            &[roots],
        )
        .line(ring, NOW, "keyring")
        .kept(&[a, b], NOW)
        .shown(first, NOW, &BOTH)
        .kept(
            &[&a2, a, &deletion("client/b"), b, &p, &deletion("plan/p")],
            NOW + 1,
        )
        .shown(&shop.again(2, NOW + 1), NOW + 1, &[])
        .kept(&[&deletion("client/b")], NOW + 2)
        .shown(&commit((EPOCH, 3, NOW + 2), &[(A.0, a)]), NOW + 2, &[(B.0, None)])
        .kept(&[b], NOW + 3)
        .shown(&shop.again(4, NOW + 3), NOW + 3, &[(B.0, Some(B.1))])
        .end(),
    ]
}
