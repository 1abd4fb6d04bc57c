//! Which places are followed: written down with the change that names them, in its transaction, with what was fetched for it.

use super::Wish;
use crate::app::Refused;
use crate::app::body;
use crate::app::context::App;
use crate::app::draft::{Draft, Planned};
use crate::key_sets::thumbprint;
use crate::store::key_sets::{self, Stored};
use crate::store::{StoreError, Tx, audit, entities, environments, feeds};
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// The word for it in revisions and in the audit log.
pub(crate) const FETCH_KEYS: &str = "issuer.fetch_keys";

/// What is followed from now on.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) row: Stored,
    /// The keys that were there before.
    pub(crate) former: Option<String>,
}

/// Writes it down; what is to be recorded of it.
pub(crate) async fn write(draft: &mut Draft, changed: &[Planned]) -> Result<Vec<audit::Entry>, Refused> {
    let environment = draft.environment.id.clone();
    let mut entries = Vec::new();
    for (issuer, followed) in std::mem::take(&mut draft.followed) {
        key_sets::put(&mut draft.tx, &followed.row, draft.now).await?;
        // No revision without a row, also where only an older portal's record is mended.
        if followed.row.jwks != followed.former || draft.operation == FETCH_KEYS {
            entries.push(entry(draft, &issuer, &followed));
        }
    }
    for one in changed.iter().filter(|one| one.kind == Kind::Issuer) {
        let names_a_place = one
            .published()
            .is_some_and(|body| Wish::of(&one.id, body).is_some());
        if !names_a_place {
            key_sets::leave(&mut draft.tx, &environment, &one.id, draft.now).await?;
        }
    }
    Ok(entries)
}

fn entry(draft: &Draft, issuer: &str, followed: &Followed) -> audit::Entry {
    let told = |jwks: Option<&String>| {
        jwks.map(|jwks| json!({ "jwks_uri": followed.row.jwks_uri, "keys": shown(jwks) }).to_string())
    };
    audit::Entry {
        at: draft.now,
        actor: draft.asked.actor.id().to_owned(),
        actor_kind: draft.asked.actor.kind().to_owned(),
        request_id: draft.asked.request_id.clone(),
        operation: FETCH_KEYS.to_owned(),
        object: format!("issuer/{issuer}"),
        revision: Some(draft.revision),
        before: told(followed.former.as_ref()),
        after: told(followed.row.jwks.as_ref()),
    }
}

/// Keys by their names.
pub(super) fn shown(jwks: &str) -> Value {
    let keys: Vec<Map<String, Value>> = serde_json::from_str(jwks).unwrap_or_default();
    let shown = keys.iter().map(|key| {
        let mut shown = Map::new();
        for member in ["kid", "kty", "crv", "alg"] {
            if let Some(value) = key.get(member) {
                shown.insert(member.to_owned(), value.clone());
            }
        }
        shown.insert("thumbprint".to_owned(), thumbprint(key).into());
        Value::Object(shown)
    });
    shown.collect()
}

/// Follows what issuers name: also where an older portal put them, which knew nothing of this.
pub(crate) async fn adopt(app: &App) -> Result<(), StoreError> {
    let mut connection = app.store.connection().await?;
    let all = environments::all(&mut connection).await?;
    drop(connection);
    for environment in all {
        let mut tx = begin(app, &environment.id).await?;
        adopt_all(&mut tx, &environment.id).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The same for one issuer, which is another one than was believed.
pub(super) async fn adopt_one(app: &App, environment: &str, issuer: &str) -> Result<(), StoreError> {
    let mut tx = begin(app, environment).await?;
    let stored = entities::get(&mut tx, environment, Kind::Issuer, issuer).await?;
    match stored.filter(|stored| stored.status != "deleted") {
        Some(stored) => follow_stored(&mut tx, environment, &stored, crate::text::now()).await?,
        None => key_sets::leave(&mut tx, environment, issuer, crate::text::now()).await?,
    }
    tx.commit().await
}

/// A transaction in which nobody else changes an issuer.
async fn begin(app: &App, environment: &str) -> Result<Tx, StoreError> {
    let mut tx = app.store.begin().await?;
    feeds::take_revision(&mut tx, environment).await?;
    feeds::give_back_revision(&mut tx, environment).await?;
    Ok(tx)
}

async fn adopt_all(tx: &mut Tx, environment: &str) -> Result<(), StoreError> {
    let now = crate::text::now();
    let mut after = String::new();
    loop {
        let part = entities::next(tx, environment, Kind::Issuer, &mut after).await?;
        if part.is_empty() {
            break;
        }
        for stored in &part {
            follow_stored(tx, environment, stored, now).await?;
        }
    }
    key_sets::leave_gone(tx, environment, now).await
}

/// Follows an issuer where it says, and nowhere else.
async fn follow_stored(
    tx: &mut Tx,
    environment: &str,
    stored: &entities::Stored,
    now: i64,
) -> Result<(), StoreError> {
    let given = body::of_stored(tx, environment, stored).await?;
    let wish = given.as_ref().and_then(|given| Wish::of(&stored.id, given));
    let followed = key_sets::of_issuer(tx, environment, &stored.id).await?;
    match (wish, followed) {
        (Some(wish), Some(row)) if row.jwks_uri == wish.jwks_uri => {}
        (Some(wish), _) => {
            let known = key_sets::get(tx, environment, &wish.issuer, &wish.jwks_uri, now).await?;
            let row = known.unwrap_or_else(|| Stored {
                environment: environment.to_owned(),
                issuer: wish.issuer,
                jwks_uri: wish.jwks_uri,
                ..Stored::default()
            });
            key_sets::put(tx, &row, now).await?;
        }
        (None, Some(_)) => key_sets::leave(tx, environment, &stored.id, now).await?,
        (None, None) => {}
    }
    Ok(())
}
