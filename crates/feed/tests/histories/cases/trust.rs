//! Whose signatures count: roots, keyrings, keys that end, epochs.
//!
//! Each line's word is written by hand.

use super::shop::*;
use crate::world::*;
use feed::{SigningKey, roots_line};
use serde_json::Value;

use super::Lines;

pub(super) fn signed(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop {
        roots,
        keyring: ring,
        a,
        b,
        commit: first,
    } = &shop;
    let live = [(A.0, a.as_str()), (B.0, b.as_str())];
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
    ]
}

pub(super) fn keyrings(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { keyring: ring, .. } = &shop;
    let stranger = key("r1", 101);
    let foreign = stranger.keyring_line(FEED, EPOCH + 9, EPOCH, &[key("2026-a", 102).public(None)]);
    let ending = ending();
    vec![
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
    ]
}

/// The key that takes the place of the usual one.
fn next() -> SigningKey {
    key("2026-b", 3)
}

/// A keyring in which the usual key ends.
fn ending() -> String {
    let keys = [signer().public(Some(NOW + 50)), next().public(None)];
    root().keyring_line(FEED, EPOCH + 1, EPOCH, &keys)
}

pub(super) fn keys(lines: &mut Lines) -> Vec<Value> {
    let shop = Shop::new();
    let Shop { a, b, .. } = &shop;
    let live = [(A.0, a.as_str()), (B.0, b.as_str())];
    let without = root().keyring_line(FEED, EPOCH + 2, EPOCH, &[next().public(None)]);
    let by_next = |revision, at| commit_by(&next(), (EPOCH, revision, at), &live);
    vec![
        Written::new(
            lines,
            "key_ended",
            "A key that ended signs no later time; the reader's clock plays no part.",
            &shop.floor(),
        )
        .line(&ending(), NOW, "keyring")
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

pub(super) fn epochs(lines: &mut Lines) -> Vec<Value> {
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
