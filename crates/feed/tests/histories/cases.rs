//! The histories, and what is to come of each line: written by hand, from feed.md §2.

use crate::world::{
    EPOCH, FEED, NOW, Written, commit, commit_by, deletion, key, keyring, record, root, roots, signer,
};
use feed::roots_line;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Lines = BTreeMap<String, String>;

/// All of it.
pub(crate) fn file() -> Value {
    let mut lines = Lines::new();
    let makers: [fn(&mut Lines) -> Vec<Value>; 7] = [whole, patient, forward, ages, trust, epochs, again];
    let cases: Vec<Value> = makers.into_iter().flat_map(|make| make(&mut lines)).collect();
    json!({
        "about": "What a reader makes of a feed, line by line (contract §7). `now` and all times are Unix seconds.",
        "lines": lines,
        "cases": cases,
    })
}

const A: (&str, &str) = ("client/a", r#"{"n":1}"#);
const B: (&str, &str) = ("client/b", r#"{"n":1}"#);
const A2: (&str, &str) = ("client/a", r#"{"n":2}"#);

/// Two clients, published as revision 1.
struct Shop {
    roots: String,
    keyring: String,
    a: String,
    b: String,
    commit: String,
}

impl Shop {
    fn new() -> Shop {
        let (a, b) = (record(EPOCH, 1, A), record(EPOCH, 1, B));
        let commit = commit((EPOCH, 1, NOW), &[(A.0, &a), (B.0, &b)]);
        Shop {
            roots: roots(),
            keyring: keyring(EPOCH, EPOCH),
            a,
            b,
            commit,
        }
    }

    fn floor(&self) -> [&str; 5] {
        [&self.roots, &self.keyring, &self.a, &self.b, &self.commit]
    }

    /// A commit of its records as another revision, or at another time.
    fn again(&self, revision: u64, at: u64) -> String {
        commit((EPOCH, revision, at), &[(A.0, &self.a), (B.0, &self.b)])
    }
}

const BOTH: [(&str, Option<&str>); 2] = [(A.0, Some(A.1)), (B.0, Some(B.1))];
const AT_1: Option<[u64; 4]> = Some([EPOCH, 1, NOW, NOW]);

fn whole(lines: &mut Lines) -> Vec<Value> {
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

fn patient(lines: &mut Lines) -> Vec<Value> {
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

fn forward(lines: &mut Lines) -> Vec<Value> {
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

fn ages(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        a, b, commit: first, ..
    } = &shop;
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

fn trust(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring: ring,
        a,
        b,
        commit: first,
    } = &shop;
    let live = [(A.0, a.as_str()), (B.0, b.as_str())];
    let (stranger, next) = (key("r1", 101), key("2026-b", 3));
    let foreign = stranger.keyring_line(FEED, EPOCH + 9, EPOCH, &[key("2026-a", 102).public(None)]);
    let ending = root().keyring_line(
        FEED,
        EPOCH + 1,
        EPOCH,
        &[signer().public(Some(NOW + 50)), next.public(None)],
    );
    let without = root().keyring_line(FEED, EPOCH + 2, EPOCH, &[next.public(None)]);
    let by_next = |revision, at| commit_by(&next, (EPOCH, revision, at), &live);
    let unsigned = first
        .split(",\"key\"")
        .next()
        .map(|front| format!("{front}}}"))
        .unwrap_or_default();
    vec![
        Written::new(
            lines,
            "signed",
            "Only what a key of the keyring signed counts.",
            &[roots],
        )
        .line(first, NOW, "commit_no_keyring")
        .line(ring, NOW, "keyring")
        .kept(&[a, b], NOW)
        .line(
            &first.replace("\"revision\":1", "\"revision\":2"),
            NOW,
            "commit_signature",
        )
        .line(&first.replace("2026-a", "2026-z"), NOW, "commit_key")
        .line(&first.replace(FEED, "other"), NOW, "commit_feed")
        .line(&unsigned, NOW, "commit_unsigned")
        .line(
            &commit_by(&key("2026-a", 102), (EPOCH, 1, NOW), &live),
            NOW,
            "commit_signature",
        )
        .line(&commit((EPOCH + 1, 1, NOW), &live), NOW, "commit_epoch")
        .state(true, NOW, "catching_up", None)
        .shown(first, NOW, &BOTH)
        .end(),
        Written::new(
            lines,
            "roots_pinned",
            "A keyring counts where a pinned root signed it; its version never goes back.",
            &shop.floor(),
        )
        .line(&foreign, NOW, "keyring_signature")
        .line(
            &foreign.replace("\"root\":\"r1\"", "\"root\":\"r2\""),
            NOW,
            "keyring_root",
        )
        .line(&ring.replace(FEED, "other"), NOW, "keyring_feed")
        .line(
            &ring.replace(",\"sig\"", ",\"x\":1,\"sig\""),
            NOW,
            "keyring_signature",
        )
        .line(
            &format!("{},\"x\":1}}", &ring[..ring.len() - 1]),
            NOW,
            "keyring_signature",
        )
        .line(&roots_line(FEED, &[stranger.public(None)]), NOW, "no_record")
        .line(ring, NOW, "keyring")
        .line(&ending, NOW, "keyring")
        .line(ring, NOW, "keyring_older")
        .line(&keyring(EPOCH + 1, EPOCH), NOW, "keyring_forked")
        .line(&ending, NOW, "keyring")
        .end(),
        Written::new(
            lines,
            "key_ended",
            "A key that ended signs no later time; the reader's clock plays no part.",
            &shop.floor(),
        )
        .line(&ending, NOW, "keyring")
        .line(&shop.again(1, NOW + 50), NOW + 900, "renewed")
        .line(&shop.again(1, NOW + 51), NOW + 51, "commit_key_ended")
        .line(&by_next(1, NOW + 52), NOW + 52, "renewed")
        .end(),
        Written::new(
            lines,
            "key_stolen",
            "A key that was taken away signs nothing any more, and the view stays.",
            &shop.floor(),
        )
        .line(&without, NOW, "keyring")
        .state(true, NOW, "catching_up", AT_1)
        .line(&shop.again(1, NOW + 1), NOW + 1, "commit_key")
        .state(true, NOW + 1, "catching_up", AT_1)
        .kept(&[a, b], NOW + 2)
        .shown(&by_next(2, NOW + 2), NOW + 2, &[])
        .end(),
    ]
}

fn epochs(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { a, b, .. } = &shop;
    let next = EPOCH + 500;
    let (a_new, ring) = (record(next, 1, A), keyring(next, next));
    let begun = commit((next, 1, NOW + 3), &[(A.0, &a_new)]);
    vec![
        Written::new(
            lines,
            "new_epoch",
            "Only records of the commit's epoch are live; revisions begin anew.",
            &shop.floor(),
        )
        .kept(&[a, b], NOW)
        .shown(&shop.again(7, NOW + 1), NOW + 1, &[])
        .line(&ring, NOW + 2, "keyring")
        .line(&shop.again(8, NOW + 2), NOW + 2, "commit_epoch")
        .kept(&[&a_new], NOW + 3)
        .shown(&begun, NOW + 3, &[(A.0, Some(A.1)), (B.0, None)])
        .state(true, NOW + 3, "live", Some([next, 1, NOW + 3, NOW + 3]))
        .line(&keyring(EPOCH + 1, EPOCH), NOW + 4, "keyring_older")
        .line(&shop.again(9, NOW + 4), NOW + 4, "commit_epoch")
        .end(),
        Written::new(
            lines,
            "new_epoch_unkeyed",
            "An epoch begins with its keyring, not with a commit.",
            &shop.floor(),
        )
        .kept(&[&a_new], NOW + 3)
        .line(&begun, NOW + 3, "commit_epoch")
        .line(&ring, NOW + 3, "keyring")
        .shown(&begun, NOW + 3, &[(A.0, Some(A.1)), (B.0, None)])
        .end(),
    ]
}

fn again(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring: ring,
        a,
        b,
        commit: first,
    } = &shop;
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
