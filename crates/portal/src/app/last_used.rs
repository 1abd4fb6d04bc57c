//! When a client's credentials were used last: shown with the client, and no part of it.

use super::mentions::{list, text};
use super::refused::Refused;
use crate::store::uses::{self, Known};
use crate::store::{Connection, StoreError};
use crate::text::{rfc3339, unix_seconds};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What is shown of a credential beside what a policy has of it.
const SHOWN: [&str; 3] = ["last_used", "last_used_by", "watched_since"];
/// Ten years.
const UNUSED_FOR_S_MAX: i64 = 3_650 * 86_400;

/// Of some clients' credentials, by their ids.
#[derive(Debug)]
pub(super) struct LastUsed(HashMap<String, Known>);

impl LastUsed {
    /// Of these clients'.
    pub(super) async fn of(
        connection: &mut Connection,
        environment: &str,
        clients: &[String],
    ) -> Result<LastUsed, StoreError> {
        let known = uses::of_clients(connection, environment, clients).await?;
        Ok(LastUsed(known))
    }

    /// Shows it in a client's body: `last_used` is null where a credential was not used since it is watched.
    pub(super) fn show(&self, client: &mut Map<String, Value>) {
        for credential in credentials(client) {
            let Some(known) = text(credential, "id").and_then(|id| self.0.get(id)) else {
                continue;
            };
            let used = known.used.as_ref();
            let by = used.map(|(_, by)| json!({ "team": by.team, "gateway": by.enrolment }));
            credential.insert("last_used".into(), used.map(|(at, _)| rfc3339(*at)).into());
            credential.insert("last_used_by".into(), by.into());
            credential.insert("watched_since".into(), rfc3339(known.watched_since).into());
        }
    }

    /// Whether the client has a credential that could be used at `now`, and was not since then. It is not looked whether one is revoked.
    pub(super) fn has_unused(&self, client: &Map<String, Value>, since: i64, now: i64) -> bool {
        if text(client, "status") == Some("suspended") {
            return false;
        }
        list(client, "credentials").any(|credential| {
            let expires_at = text(credential, "expires_at").and_then(unix_seconds);
            let known = text(credential, "id").and_then(|id| self.0.get(id));
            expires_at.is_none_or(|end| end > now) && known.is_some_and(|known| known.unused_since() <= since)
        })
    }
}

/// Takes what is shown out of a client that is sent back.
pub(super) fn unshow(client: &mut Map<String, Value>) {
    for credential in credentials(client) {
        for member in SHOWN {
            credential.remove(member);
        }
    }
}

fn credentials(client: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = client.get_mut("credentials").and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The second since when something is unused for so long.
pub(super) fn since(unused_for_s: i64, now: i64) -> Result<i64, Refused> {
    match (1..=UNUSED_FOR_S_MAX).contains(&unused_for_s) {
        true => Ok(now - unused_for_s),
        false => Err(Refused::field(
            "unused_for_s",
            format!("write seconds from 1 to {UNUSED_FOR_S_MAX}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    //! Who is found to be unused, and since when that is known.

    use super::*;
    use crate::app::clients;
    use crate::app::entities::{self, Which};
    use crate::app::tests::{Case, admin};
    use crate::app::{Asked, Page};
    use crate::text::{now, sha256_hex};
    use policy::entity::Kind;

    async fn shop() -> Case {
        let case = Case::new().await;
        let key = json!({ "type": "api_key", "id": "k1", "sha256": sha256_hex("k1") });
        let client = json!({ "team": "mobile", "credentials": [key] });
        let put = case.put(&admin("ada"), Kind::Client, "app", &client).await;
        assert!(put.is_ok(), "{put:?}");
        case
    }

    async fn found(case: &Case, unused_for_s: i64) -> Vec<Value> {
        let asked = Asked::plain(admin("ada"), "prod");
        let which = Which {
            unused_for_s: Some(unused_for_s),
            ..Which::default()
        };
        let page = Page::parse(None, None).unwrap();
        let answer = entities::page(&case.app, &asked, Kind::Client, which, &page).await;
        answer.unwrap().body["items"].as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn what_an_older_portal_made_is_watched_from_when_it_is_found() {
        let case = shop().await;
        let mut connection = case.app.store.connection().await.unwrap();
        let known = async |connection: &mut Connection| {
            let known = uses::of_clients(connection, "prod", &["app".to_owned()]).await;
            known.unwrap().get("k1").map(|known| known.watched_since)
        };
        let since = known(&mut connection).await.unwrap();
        // One that is watched stays as it is.
        uses::watch_missing(&mut connection, "prod", since + 60)
            .await
            .unwrap();
        assert_eq!(known(&mut connection).await, Some(since));
        sqlx::query("DELETE FROM credential_uses")
            .execute(&mut *connection)
            .await
            .unwrap();
        uses::watch_missing(&mut connection, "other", since)
            .await
            .unwrap();
        assert_eq!(known(&mut connection).await, None);
        uses::watch_missing(&mut connection, "prod", since + 60)
            .await
            .unwrap();
        assert_eq!(known(&mut connection).await, Some(since + 60));
    }

    #[tokio::test]
    async fn a_credential_is_unused_since_it_was_used_and_watched() {
        let case = shop().await;
        let check = async |watched_ago: i64, used_ago: Option<i64>, is_found: bool| {
            let mut connection = case.app.store.connection().await.unwrap();
            sqlx::query(
                "UPDATE credential_uses SET watched_since = $1, used_at = $2, team = 't', enrolment = 'g'",
            )
            .bind(now() - watched_ago * 86_400)
            .bind(used_ago.map(|days| now() - days * 86_400))
            .execute(&mut *connection)
            .await
            .unwrap();
            drop(connection);
            let found = found(&case, 90 * 86_400).await;
            assert_eq!(found.len(), usize::from(is_found), "{watched_ago} {used_ago:?}");
        };
        check(91, None, true).await;
        check(89, None, false).await;
        check(100, Some(91), true).await;
        check(100, Some(89), false).await;
        // Told late, or of a time before it was known.
        check(89, Some(91), false).await;
        check(91, Some(100), true).await;
        // Nobody could use it by now.
        let switch = async |is_active: bool| {
            let asked = Asked::plain(admin("ada"), "prod");
            clients::set_status(&case.app, asked, "app", is_active)
                .await
                .unwrap();
        };
        switch(false).await;
        check(91, None, false).await;
        switch(true).await;
        check(91, None, true).await;
    }
}
