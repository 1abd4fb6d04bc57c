//! What becomes of attempts that end in another order than they began, and of what an older portal wrote.

use super::settle::Settled;
use super::{Attempt, adopt, settle};
use crate::app::Asked;
use crate::app::tests::{Case, admin};
use crate::identity::Actor;
use crate::key_sets::KeySet;
use crate::store::key_sets::{self, Stored};
use crate::store::{entities, feeds};
use policy::entity::Kind;
use serde_json::{Value, json};

/// Refused before anybody is asked: no host is named for plain HTTP here.
const URI: &str = "http://issuer.invalid/keys";
const OTHER_URI: &str = "http://other.invalid/keys";

fn jwk(kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

fn set(kids: &[&str]) -> KeySet {
    let keys: Vec<Value> = kids.iter().map(|kid| jwk(kid)).collect();
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

async fn put(case: &Case, uri: Option<&str>) {
    let mut issuer = json!({ "issuer": "https://i.example", "audiences": ["a"], "keys": [jwk("own")] });
    if let Some(uri) = uri {
        issuer["jwks_uri"] = uri.into();
    }
    let put = case.put(&admin("ada"), Kind::Issuer, "corp", &issuer).await;
    assert!(put.is_ok(), "{put:?}");
}

async fn row(case: &Case) -> Option<Stored> {
    let mut connection = case.app.store.connection().await.unwrap();
    key_sets::of_issuer(&mut connection, "prod", "corp")
        .await
        .unwrap()
}

/// Version and revision of the issuer, and the names of the keys that readers have.
async fn published(case: &Case) -> (i64, i64, Vec<String>) {
    let mut connection = case.app.store.connection().await.unwrap();
    let stored = entities::get(&mut connection, "prod", Kind::Issuer, "corp").await;
    let stored = stored.unwrap().unwrap();
    let record: Value = serde_json::from_str(stored.record.as_deref().unwrap()).unwrap();
    let keys = record["body"]["keys"].as_array().unwrap().iter();
    let kids = keys.map(|key| key["kid"].as_str().unwrap().to_owned());
    (stored.version, stored.revision, kids.collect())
}

async fn revision(case: &Case) -> i64 {
    let mut connection = case.app.store.connection().await.unwrap();
    let feed = feeds::get(&mut connection, "prod").await.unwrap();
    feed.unwrap().revision
}

async fn attempt(case: &Case) -> Attempt {
    let row = row(case).await.unwrap();
    Attempt {
        asked: Asked::plain(Actor::System, "prod"),
        issuer: "corp".to_owned(),
        jwks_uri: row.jwks_uri,
        attempts: row.attempts,
    }
}

async fn execute(case: &Case, statement: &'static str) {
    let mut connection = case.app.store.connection().await.unwrap();
    let done = sqlx::query(statement).execute(&mut *connection).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
}

#[tokio::test]
async fn an_answer_that_is_older_than_what_is_known_replaces_nothing() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    let (slow, quick) = (attempt(&case).await, attempt(&case).await);
    let settled = settle(&case.app, &quick, Ok(set(&["new"]))).await;
    assert!(matches!(settled, Ok(Settled::Changed(_))), "{settled:?}");
    for late in [
        Ok(set(&["old"])),
        Ok(set(&["new"])),
        Err("it was down then".to_owned()),
    ] {
        let settled = settle(&case.app, &slow, late).await;
        assert!(matches!(settled, Ok(Settled::Superseded)), "{settled:?}");
    }
    assert_eq!(published(&case).await.2, ["own", "new"]);
    assert_eq!(row(&case).await.unwrap().failures, 0);
    // Nor does what comes of a place that was left.
    let slow = attempt(&case).await;
    put(&case, Some(OTHER_URI)).await;
    let settled = settle(&case.app, &slow, Ok(set(&["there"]))).await;
    assert!(matches!(settled, Ok(Settled::Superseded)), "{settled:?}");
    assert_eq!(published(&case).await.2, ["own"]);
}

#[tokio::test]
async fn only_what_readers_lack_is_a_revision() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    let before = published(&case).await;
    // A key that people gave as well.
    let settled = settle(&case.app, &attempt(&case).await, Ok(set(&["own"]))).await;
    assert!(matches!(settled, Ok(Settled::Changed(_))), "{settled:?}");
    assert_eq!(published(&case).await, before);
    assert_eq!(revision(&case).await, before.1);
    let settled = settle(&case.app, &attempt(&case).await, Ok(set(&["own", "new"]))).await;
    assert!(matches!(settled, Ok(Settled::Changed(_))), "{settled:?}");
    let after = published(&case).await;
    assert_eq!(
        (after.0, after.1),
        (before.0, before.1 + 1),
        "no version of people's"
    );
    let settled = settle(&case.app, &attempt(&case).await, Ok(set(&["new", "own"]))).await;
    assert!(matches!(settled, Ok(Settled::Unchanged)), "{settled:?}");
    assert_eq!(revision(&case).await, after.1);
}

#[tokio::test]
async fn a_set_that_no_record_can_carry_is_a_failure() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    let kids: Vec<String> = (0..128).map(|n| format!("k{n}")).collect();
    let kids: Vec<&str> = kids.iter().map(String::as_str).collect();
    let before = revision(&case).await;
    let settled = settle(&case.app, &attempt(&case).await, Ok(set(&kids))).await;
    let Ok(Settled::Failed(why)) = settled else {
        panic!("{settled:?}")
    };
    assert!(why.contains("129 keys"), "{why}");
    assert_eq!(
        (published(&case).await.2, revision(&case).await),
        (vec!["own".to_owned()], before)
    );
    let large = KeySet {
        keys: format!("[{}]", json!({ "kty": "OKP", "kid": "x".repeat(300_000) })),
        skipped: 0,
    };
    let settled = settle(&case.app, &attempt(&case).await, Ok(large)).await;
    assert!(
        matches!(&settled, Ok(Settled::Failed(why)) if why.contains("262144 are carried")),
        "{settled:?}"
    );
    assert_eq!(
        row(&case).await.unwrap().failures,
        3,
        "the request that put it counts too"
    );
}

#[tokio::test]
async fn an_issuer_that_an_older_portal_changed_or_deleted_is_not_asked_for_ever() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    let before = revision(&case).await;
    let deleted = "UPDATE entities SET status = 'deleted', record = NULL WHERE id = 'corp'";
    for fetched in [Ok(set(&["new"])), Err("it is down".to_owned())] {
        execute(&case, deleted).await;
        let attempt = attempt(&case).await;
        let settled = settle(&case.app, &attempt, fetched).await;
        assert!(matches!(settled, Ok(Settled::Superseded)), "{settled:?}");
        assert!(row(&case).await.is_none(), "nobody asks there any more");
        execute(&case, "UPDATE key_sets SET left_at = NULL").await;
    }
    adopt(&case.app).await.unwrap();
    assert!(row(&case).await.is_none());
    assert_eq!(revision(&case).await, before, "nothing was published");
    // Another place.
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    execute(
        &case,
        "UPDATE versions SET body = replace(body, 'issuer.invalid', 'other.invalid') WHERE id = 'corp'",
    )
    .await;
    let attempt = attempt(&case).await;
    let settled = settle(&case.app, &attempt, Ok(set(&["new"]))).await;
    assert!(matches!(settled, Ok(Settled::Superseded)), "{settled:?}");
    assert_eq!(row(&case).await.unwrap().jwks_uri, OTHER_URI);
}

#[tokio::test]
async fn what_an_older_portal_wrote_is_followed_and_mended() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    execute(&case, "DELETE FROM key_sets").await;
    adopt(&case.app).await.unwrap();
    let adopted = row(&case).await.unwrap();
    assert_eq!((adopted.jwks_uri.as_str(), adopted.attempts), (URI, 0));
    settle(&case.app, &attempt(&case).await, Ok(set(&["new"])))
        .await
        .unwrap();
    // It knew of the keys that people gave, and of no others.
    execute(
        &case,
        "UPDATE entities SET record = replace(record, '\"kid\":\"new\"', '\"kid\":\"gone\"') WHERE id = 'corp'",
    )
    .await;
    let settled = settle(&case.app, &attempt(&case).await, Ok(set(&["new"]))).await;
    assert!(matches!(settled, Ok(Settled::Changed(_))), "{settled:?}");
    assert_eq!(published(&case).await.2, ["own", "new"]);
    // And it took the place away.
    put(&case, None).await;
    assert!(row(&case).await.is_none());
    execute(&case, "UPDATE key_sets SET left_at = NULL").await;
    adopt(&case.app).await.unwrap();
    assert!(row(&case).await.is_none());
}

#[tokio::test]
async fn keys_of_a_place_that_was_left_long_ago_do_not_come_back() {
    let case = Case::new().await;
    put(&case, Some(URI)).await;
    settle(&case.app, &attempt(&case).await, Ok(set(&["new"])))
        .await
        .unwrap();
    put(&case, Some(OTHER_URI)).await;
    // Who goes back soon has what was fetched there.
    put(&case, Some(URI)).await;
    assert_eq!(published(&case).await.2, ["own", "new"]);
    put(&case, Some(OTHER_URI)).await;
    execute(&case, "UPDATE key_sets SET left_at = 1 WHERE left_at > 1").await;
    put(&case, Some(URI)).await;
    assert_eq!(published(&case).await.2, ["own"]);
    // And once nobody names it, it is gone: whoever publishes forgets it by and by.
    execute(&case, "UPDATE key_sets SET left_at = 1 WHERE left_at > 1").await;
    let mut connection = case.app.store.connection().await.unwrap();
    key_sets::forget(&mut connection, crate::text::now())
        .await
        .unwrap();
    let left = sqlx::query("SELECT 1 FROM key_sets WHERE left_at IS NOT NULL")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    assert!(left.is_empty(), "{}", left.len());
}
