//! One API's document: given back, stored, taken away, and taken along to the next environment.

use super::judged::{Judged, judge};
use crate::app::answer::Answer;
use crate::app::asked::{Asked, IfMatch};
use crate::app::authorize::{authorize, of_team};
use crate::app::body;
use crate::app::context::App;
use crate::app::draft::Draft;
use crate::app::page::Page;
use crate::app::refused::Refused;
use crate::app::repeated;
use crate::identity::{Object, Operation, Reach};
use crate::store::api_documents::{self, Stored};
use crate::store::{Connection, StoreError, Tx, audit, entities};
use hyper::body::Bytes;
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// Bytes of a document.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Versions that are kept.
const VERSIONS_MAX: i64 = 20;

/// A document as it was sent.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) version: i64,
    /// `json` or `yaml`.
    pub(crate) format: String,
    pub(crate) text: String,
}

/// The document, or an earlier version of it.
pub(crate) async fn get(app: &App, asked: &Asked, api: &str, version: Option<i64>) -> Result<Text, Refused> {
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    see(&mut connection, asked, api).await?;
    let found = match version {
        None => api_documents::newest(&mut connection, &asked.environment, api).await?,
        Some(version) => {
            let below = version.saturating_add(1);
            let page = api_documents::page(&mut connection, &asked.environment, api, below, 1).await?;
            page.into_iter().find(|found| found.version == version)
        }
    };
    let found = found.filter(|found| !found.is_deleted);
    let found = found.ok_or_else(|| missing(api))?;
    let text = api_documents::text(&mut connection, &asked.environment, api, found.version).await?;
    Ok(Text {
        version: found.version,
        format: found.format,
        text: text.ok_or_else(|| missing(api))?,
    })
}

/// A part of the versions that are kept, the newest first.
pub(crate) async fn versions(app: &App, asked: &Asked, api: &str, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    see(&mut connection, asked, api).await?;
    let before = page.before()?;
    let found = api_documents::page(&mut connection, &asked.environment, api, before, page.limit).await?;
    let mut told = Vec::with_capacity(found.len());
    for one in &found {
        told.push((one.version.to_string(), shown(one)?));
    }
    Ok(page.answer(told.into_iter()))
}

/// Stores a document. The same again changes nothing.
pub(crate) async fn put(app: &App, asked: &Asked, api: &str, sent: Bytes) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    let now = crate::text::now();
    let mut connection = app.store.connection().await?;
    if let Some(answer) = repeated::answered(&mut connection, asked, now).await? {
        return Ok(answer);
    }
    let stored = see(&mut connection, asked, api).await?;
    may_put(asked, api, &stored)?;
    let body = body::of_stored(&mut connection, &asked.environment, &stored).await?;
    // Others write while it is read.
    drop(connection);
    let judged = judge(sent, body.unwrap_or_default()).await?;
    let mut tx = app.store.begin().await?;
    let (stored, newest) = begin(&mut tx, asked, api).await?;
    // It may have been answered, and be another team's, by now.
    if let Some(answer) = repeated::answered(&mut tx, asked, now).await? {
        return Ok(answer);
    }
    may_put(asked, api, &stored)?;
    let live = newest.as_ref().filter(|newest| !newest.is_deleted);
    match_version(&asked.if_match, live)?;
    let (status, row, changed) = match live {
        Some(live) if live.sha256 == judged.document.sha256 => (200, live.clone(), false),
        _ => {
            let row = next(newest.as_ref(), asked, &judged);
            api_documents::add(
                &mut tx,
                &asked.environment,
                api,
                &row,
                Some(&judged.document.text),
                VERSIONS_MAX,
            )
            .await?;
            let entry = entry(asked, "api.put_document", api, live, Some(&row));
            audit::add(&mut tx, &asked.environment, &[entry]).await?;
            (if live.is_none() { 201 } else { 200 }, row, true)
        }
    };
    let mut answer = Answer {
        status,
        version: Some(row.version),
        ..Answer::ok(shown(&row)?)
    };
    if let Some(body) = answer.body.as_object_mut() {
        body.insert("changed".into(), changed.into());
        if !judged.warnings.is_empty() {
            body.insert("warnings".into(), json!(judged.warnings));
        }
    }
    // Also where nothing changes: it may come again behind another document.
    repeated::keep(&mut tx, asked, &answer, now).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Takes the document away; its versions stay.
pub(crate) async fn delete(app: &App, asked: &Asked, api: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    let now = crate::text::now();
    let mut tx = app.store.begin().await?;
    let (stored, newest) = begin(&mut tx, asked, api).await?;
    if let Some(answer) = repeated::answered(&mut tx, asked, now).await? {
        return Ok(answer);
    }
    authorize(
        &asked.actor,
        Operation::DeleteApi,
        of_team(stored.team.as_deref()),
    )
    .map_err(|refused| refused.naming(|| format!("api `{api}`")))?;
    let live = newest.as_ref().filter(|newest| !newest.is_deleted);
    match_version(&asked.if_match, live)?;
    let live = live.ok_or_else(|| missing(api))?;
    let row = Stored {
        version: live.version + 1,
        at: crate::text::now(),
        actor: asked.actor.name(),
        is_deleted: true,
        ..live.clone()
    };
    api_documents::add(&mut tx, &asked.environment, api, &row, None, VERSIONS_MAX).await?;
    let entry = entry(asked, "api.delete_document", api, Some(live), None);
    audit::add(&mut tx, &asked.environment, &[entry]).await?;
    let answer = Answer::ok(json!({ "api": api, "deleted": true }));
    repeated::keep(&mut tx, asked, &answer, now).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Takes the document of an API along to the environment that the draft changes, where it has another one or none there.
pub(in crate::app) async fn promote(draft: &mut Draft, from: &str, api: &str) -> Result<(), Refused> {
    let source = api_documents::newest(&mut draft.tx, from, api).await?;
    let Some(source) = source.filter(|source| !source.is_deleted) else {
        return Ok(());
    };
    let environment = draft.environment.id.clone();
    entities::hold(&mut draft.tx, &environment, Kind::Api, api).await?;
    let newest = api_documents::newest(&mut draft.tx, &environment, api).await?;
    let live = newest.as_ref().filter(|newest| !newest.is_deleted);
    if live.is_some_and(|live| live.sha256 == source.sha256) {
        return Ok(());
    }
    let text = api_documents::text(&mut draft.tx, from, api, source.version).await?;
    let row = Stored {
        version: newest.as_ref().map_or(0, |newest| newest.version) + 1,
        at: draft.now,
        actor: draft.asked.actor.name(),
        ..source
    };
    let entry = entry(&draft.asked, "api.promote_document", api, live, Some(&row));
    api_documents::add(
        &mut draft.tx,
        &environment,
        api,
        &row,
        text.as_deref(),
        VERSIONS_MAX,
    )
    .await?;
    audit::add(&mut draft.tx, &environment, &[entry]).await?;
    Ok(())
}

fn missing(api: &str) -> Refused {
    Refused::NotFound(format!("OpenAPI document of api `{api}`"))
}

/// The API, where the actor may see it.
async fn see(connection: &mut Connection, asked: &Asked, api: &str) -> Result<entities::Stored, Refused> {
    let no_api = || Refused::NotFound(format!("api `{api}`"));
    let stored = entities::get(connection, &asked.environment, Kind::Api, api).await?;
    let stored = stored
        .filter(|stored| stored.status != "deleted")
        .ok_or_else(no_api)?;
    authorize(&asked.actor, Operation::SeeApi, of_team(stored.team.as_deref()))
        .map_err(|refused| refused.naming(|| format!("api `{api}`")))?;
    Ok(stored)
}

/// The API, and its newest document. Whoever comes second waits here until the transaction ends.
async fn begin(tx: &mut Tx, asked: &Asked, api: &str) -> Result<(entities::Stored, Option<Stored>), Refused> {
    entities::hold(tx, &asked.environment, Kind::Api, api).await?;
    let stored = see(tx, asked, api).await?;
    let newest = api_documents::newest(tx, &asked.environment, api).await?;
    Ok((stored, newest))
}

fn match_version(wanted: &IfMatch, live: Option<&Stored>) -> Result<(), Refused> {
    match (wanted, live) {
        (IfMatch::Any, _) | (IfMatch::New, None) | (IfMatch::Exists, Some(_)) => Ok(()),
        (IfMatch::Version(wanted), Some(live)) if live.version == *wanted => Ok(()),
        (_, live) => Err(Refused::Stale {
            now: live.map_or(0, |live| live.version),
        }),
    }
}

fn may_put(asked: &Asked, api: &str, stored: &entities::Stored) -> Result<(), Refused> {
    let team = stored.team.as_deref().unwrap_or_default();
    let reach = Reach::Own;
    authorize(&asked.actor, Operation::PutApi, Object::Api { team, reach })
        .map_err(|refused| refused.naming(|| format!("api `{api}`")))
}

fn next(newest: Option<&Stored>, asked: &Asked, judged: &Judged) -> Stored {
    let document = &judged.document;
    Stored {
        version: newest.map_or(0, |newest| newest.version) + 1,
        at: crate::text::now(),
        actor: asked.actor.name(),
        format: document.format.as_str().to_owned(),
        sha256: document.sha256.clone(),
        size_bytes: i64::try_from(document.text.len()).unwrap_or(i64::MAX),
        summary: judged.summary.clone(),
        is_deleted: false,
    }
}

fn shown(row: &Stored) -> Result<Value, StoreError> {
    let mut shown = Map::new();
    shown.insert("version".into(), row.version.into());
    shown.insert("at".into(), row.at.into());
    shown.insert("actor".into(), row.actor.clone().into());
    shown.insert("deleted".into(), row.is_deleted.into());
    if !row.is_deleted {
        shown.insert("format".into(), row.format.clone().into());
        shown.insert("sha256".into(), row.sha256.clone().into());
        shown.insert("size_bytes".into(), row.size_bytes.into());
        shown.extend(body::object(&row.summary)?);
    }
    Ok(Value::Object(shown))
}

/// Version, size and digest, and nothing that the document says: this is kept for good.
fn entry(
    asked: &Asked,
    operation: &str,
    api: &str,
    before: Option<&Stored>,
    after: Option<&Stored>,
) -> audit::Entry {
    let told = |row: Option<&Stored>| {
        row.map(|row| {
            let told = json!({ "version": row.version, "sha256": row.sha256, "size_bytes": row.size_bytes });
            json!({ "openapi_document": told }).to_string()
        })
    };
    audit::Entry {
        at: crate::text::now(),
        actor: asked.actor.id().to_owned(),
        actor_kind: asked.actor.kind().to_owned(),
        request_id: asked.request_id.clone(),
        operation: operation.to_owned(),
        object: format!("api/{api}"),
        revision: None,
        before: told(before),
        after: told(after),
    }
}
