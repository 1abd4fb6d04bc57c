//! What stays taken, of one client and of one revocation.

use super::*;
use serde_json::json;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn full() -> Map<String, Value> {
    object(&json!({
        "team": "shop",
        "credentials": [
            { "type": "api_key", "id": "a", "sha256": "0" },
            { "type": "api_key", "id": "b", "sha256": "1", "expires_at": "2030-01-01T00:00:00Z" },
        ],
        "grants": [{ "api": "orders", "scopes": ["read", "write"] }, { "api": "stock" }],
    }))
}

/// What is left of the full client where readers have this.
fn left(known: &Map<String, Value>) -> (Value, Vec<String>) {
    let (body, words) = narrowed(&full(), Some(known));
    (Value::Object(body), words)
}

#[test]
fn what_readers_have_as_well_stays() {
    assert_eq!(narrowed(&full(), Some(&full())), (full(), Vec::new()));
}

#[test]
fn what_readers_have_more_of_is_not_given() {
    let mut known = full();
    let more = json!({ "api": "pay", "scopes": ["all"] });
    known["grants"].as_array_mut().unwrap().push(more);
    known.remove("status");
    let mut now = full();
    now.insert("status".into(), "suspended".into());
    assert_eq!(narrowed(&now, Some(&known)), (now.clone(), Vec::new()));
}

#[test]
fn a_suspension_stays() {
    let mut known = full();
    known.insert("status".into(), "suspended".into());
    let (body, words) = left(&known);
    assert_eq!(
        (&body["status"], &*words),
        (&json!("suspended"), &["suspended".to_owned()][..])
    );
}

#[test]
fn a_client_that_is_gone_is_suspended() {
    let (body, words) = narrowed(&full(), None);
    assert_eq!(body["status"], "suspended");
    assert_eq!(words, ["suspended, since readers do not have it any more"]);
}

#[test]
fn a_credential_that_ended_or_ends_earlier_does_not_come_back() {
    let mut known = full();
    known["credentials"] = json!([
        { "type": "api_key", "id": "b", "sha256": "1", "expires_at": "2028-01-01T00:00:00Z" },
    ]);
    let (body, words) = left(&known);
    assert_eq!(body["credentials"], known["credentials"]);
    assert_eq!(words, ["credential `a` ended", "credential `b` ends earlier"]);
    known.remove("credentials");
    let (body, _) = left(&known);
    assert_eq!(body.get("credentials"), None);
}

#[test]
fn a_later_end_is_not_given() {
    let mut known = full();
    known["credentials"][1]
        .as_object_mut()
        .unwrap()
        .remove("expires_at");
    assert_eq!(left(&known).1, Vec::<String>::new());
}

#[test]
fn a_credential_that_was_replaced_under_its_id_does_not_come_back() {
    let mut known = full();
    known["credentials"][0]["sha256"] = json!("2");
    let (body, words) = left(&known);
    assert_eq!(body["credentials"], json!([full()["credentials"][1]]));
    assert_eq!(
        words,
        ["credential `a` ended, since readers have another under this id"]
    );
}

#[test]
fn a_revocation_that_was_widened_stays_wide() {
    let check = |now: Value, known: Value, expected: Value, words: &[&str]| {
        let (body, said) = widened(&object(&now), &object(&known));
        assert_eq!(
            (Value::Object(body), said),
            (expected, words.iter().map(|word| (*word).to_owned()).collect())
        );
    };
    let (monday, wednesday) = ("2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z");
    let before = |time: &str| json!({ "issuer": "corp", "subject": "u1", "issued_before": time });
    check(
        before(monday),
        before(wednesday),
        before(wednesday),
        &["of tokens issued until later"],
    );
    check(before(wednesday), before(monday), before(wednesday), &[]);
    let until = |time: &str| json!({ "credential": "k1", "until": time });
    check(until(monday), until(wednesday), until(wednesday), &["for longer"]);
    check(until(wednesday), until(monday), until(wednesday), &[]);
    let ever = json!({ "credential": "k1" });
    check(until(monday), ever.clone(), ever.clone(), &["without an end"]);
    check(ever.clone(), until(monday), ever, &[]);
}

#[test]
fn a_grant_that_is_gone_or_narrower_does_not_come_back() {
    let mut known = full();
    known["grants"] = json!([{ "api": "orders", "scopes": ["read"] }]);
    let (body, words) = left(&known);
    assert_eq!(body["grants"], known["grants"]);
    assert_eq!(words, ["no grant for `stock`", "no `write` for `orders`"]);
}
