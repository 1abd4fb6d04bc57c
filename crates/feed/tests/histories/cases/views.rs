//! When a view changes and when it does not: whole, patient, forward.
//!
//! Each line's word is written by hand.

use super::shop::*;
use crate::world::*;
use serde_json::Value;

use super::Lines;

pub(super) fn whole(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring,
        a,
        b,
        commit: first,
    } = &shop;
    let (a2, changed) = (record(EPOCH, 2, A2), a.replace("\"n\":1", "\"n\":3"));
    let second = commit((EPOCH, 2, NOW + 5), &[(A.0, &a2)]);
    vec![
        Written::new(
            lines,
            "whole",
            "A view changes at a commit, and nowhere else.",
            &[roots],
        )
        .state(false, NOW, "floor", None)
        .line(keyring, NOW, "keyring")
        .kept(&[a, b], NOW)
        .state(true, NOW, "catching_up", None)
        .shown(first, NOW, &BOTH)
        .state(true, NOW, "live", AT_1)
        .kept(&[&a2, &deletion("client/b")], NOW + 5)
        .state(true, NOW + 5, "live", AT_1)
        .shown(&second, NOW + 5, &[(A.0, Some(A2.1)), (B.0, None)])
        .state(true, NOW + 5, "live", Some([EPOCH, 2, NOW + 5, NOW + 5]))
        .end(),
        Written::new(
            lines,
            "whole_count",
            "A record that is missing, and one too many.",
            &[roots],
        )
        .line(keyring, NOW, "keyring")
        .kept(&[a], NOW)
        .line(first, NOW, "not_whole")
        .state(true, NOW, "catching_up", None)
        .kept(&[b, &record(EPOCH, 1, ("client/c", "{}"))], NOW)
        .line(first, NOW, "not_whole")
        .kept(&[&deletion("client/c")], NOW)
        .shown(first, NOW, &BOTH)
        .end(),
        Written::new(
            lines,
            "whole_digest",
            "A record whose bytes are others.",
            &[roots],
        )
        .line(keyring, NOW, "keyring")
        .kept(&[&changed, b], NOW)
        .line(first, NOW, "not_whole")
        .kept(&[a], NOW)
        .shown(first, NOW, &BOTH)
        .end(),
    ]
}

pub(super) fn tolerant(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring,
        a,
        b,
        commit: first,
    } = &shop;
    vec![
        Written::new(
            lines,
            "whole_ahead",
            "A record of a later revision waits for its commit.",
            &[roots],
        )
        .line(keyring, NOW, "keyring")
        .kept(&[a, b, &record(EPOCH, 2, ("plan/p", "{}"))], NOW)
        .shown(first, NOW, &BOTH)
        .shown(
            &commit(
                (EPOCH, 2, NOW + 1),
                &[
                    (A.0, a),
                    (B.0, b),
                    ("plan/p", &record(EPOCH, 2, ("plan/p", "{}"))),
                ],
            ),
            NOW + 1,
            &[("plan/p", Some("{}"))],
        )
        .end(),
        Written::new(
            lines,
            "tolerant",
            "What is no record is skipped; unknown kinds and members are kept.",
            &[roots],
        )
        .line("", NOW, "no_record")
        .line("{\"feed\":\"acme-prod\"}", NOW, "no_record")
        .line("not JSON", NOW, "no_record")
        .line(roots, NOW, "no_record")
        .line(&roots.replace("roots", "keys"), NOW, "no_record")
        .line(keyring, NOW, "keyring")
        .line(&a.replace(FEED, "other"), NOW, "other_feed")
        .kept(&[&deletion("client/unheard-of")], NOW)
        .kept(&[&thing(), a, b], NOW)
        .shown(
            &commit((EPOCH, 1, NOW), &[(A.0, a), (B.0, b), ("thing/t", &thing())]),
            NOW,
            &[BOTH[0], BOTH[1], ("thing/t", Some("{}"))],
        )
        .end(),
    ]
}

/// Of a kind that nobody knows yet.
fn thing() -> String {
    record(EPOCH, 1, ("thing/t", "{}")).replace("}}", r#"},"needs":["later"],"more":[1]}"#)
}

pub(super) fn patient(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring,
        a,
        b: _,
        commit: first,
    } = &shop;
    let b2 = record(EPOCH, 2, ("client/b", r#"{"n":2}"#));
    let second = commit((EPOCH, 2, NOW + 9), &[(A.0, a), (B.0, &b2)]);
    vec![
        Written::new(
            lines,
            "patient",
            "Compaction took a record that a later revision replaced: the commit before is skipped.",
            &[roots],
        )
        .line(keyring, NOW, "keyring")
        .kept(&[a], NOW)
        .line(first, NOW, "not_whole")
        .kept(&[&b2], NOW)
        .shown(&second, NOW + 9, &[(A.0, Some(A.1)), (B.0, Some(r#"{"n":2}"#))])
        .state(true, NOW + 9, "live", Some([EPOCH, 2, NOW + 9, NOW + 9]))
        .end(),
        Written::new(
            lines,
            "patient_at_the_end",
            "At the end the view stays, and reading again from the start begins with nothing.",
            &shop.floor(),
        )
        .kept(&[&b2], NOW + 9)
        .line(&second, NOW + 9, "not_whole")
        .state(true, NOW + 9, "catching_up", AT_1)
        .restart()
        .kept(&[&b2], NOW + 14)
        .line(&second, NOW + 14, "not_whole")
        .restart()
        .kept(&[a, &b2], NOW + 24)
        .shown(&second, NOW + 24, &[(B.0, Some(r#"{"n":2}"#))])
        .state(true, NOW + 24, "live", Some([EPOCH, 2, NOW + 9, NOW + 9]))
        .end(),
    ]
}

pub(super) fn forward(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        a, b, commit: first, ..
    } = &shop;
    let other = record(EPOCH, 3, ("client/b", r#"{"n":9}"#));
    let third = shop.again(3, NOW + 20);
    let forked = commit((EPOCH, 3, NOW + 21), &[(A.0, a), (B.0, &other)]);
    let at_3 = Some([EPOCH, 3, NOW + 20, NOW + 20]);
    vec![
        Written::new(
            lines,
            "forward",
            "A lower revision never shows, whatever its time.",
            &shop.floor(),
        )
        .kept(&[a, b], NOW)
        .shown(&third, NOW + 20, &[])
        .line(first, NOW + 21, "behind")
        .state(true, NOW + 21, "catching_up", at_3)
        .line(&shop.again(2, NOW + 900), NOW + 900, "behind")
        .state(true, NOW + 21, "catching_up", at_3)
        .line(&third, NOW + 22, "behind")
        .state(true, NOW + 22, "live", at_3)
        .end(),
        Written::new(
            lines,
            "forked",
            "One revision with two contents: the view stays, and it is told.",
            &shop.floor(),
        )
        .kept(&[a, b], NOW)
        .shown(&third, NOW + 20, &[])
        .kept(&[&other], NOW + 21)
        .line(&forked, NOW + 21, "forked")
        .state(true, NOW + 21, "forked", at_3)
        .line(&shop.again(3, NOW + 30), NOW + 30, "renewed")
        .state(true, NOW + 30, "forked", Some([EPOCH, 3, NOW + 30, NOW + 30]))
        .kept(&[b], NOW + 31)
        .shown(&shop.again(4, NOW + 31), NOW + 31, &[])
        .state(true, NOW + 31, "live", Some([EPOCH, 4, NOW + 31, NOW + 31]))
        .end(),
        Written::new(
            lines,
            "never_below",
            "An empty carrier never replaces a view.",
            &shop.floor(),
        )
        .state(false, NOW, "floor", AT_1)
        .restart()
        .state(true, NOW, "catching_up", AT_1)
        .line(&commit((EPOCH, 0, NOW + 1), &[]), NOW + 1, "behind")
        .state(true, NOW + 1, "catching_up", AT_1)
        .end(),
    ]
}
