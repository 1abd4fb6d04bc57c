//! Entities one by one: read, created or replaced, deleted; and the versions that they had.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::{Object, Operation, authorize};
use super::body;
use super::claims;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::grants::by_api;
use super::mentions::text;
use super::page::Page;
use super::refused::Refused;
use crate::store::{entities, feeds, versions};
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// Bytes of an id.
const ID_BYTES_MAX: usize = 128;

/// One entity.
pub(crate) async fn get(app: &App, asked: &Asked, kind: Kind, id: &str) -> Result<Answer, Refused> {
    authorize(
        &asked.actor,
        Operation::ReadPolicy,
        Object::environment(&asked.environment),
    )?;
    let mut connection = app.store.connection().await?;
    let stored = entities::get(&mut connection, &asked.environment, kind, id).await?;
    let stored = stored.filter(|stored| stored.status != "deleted");
    let stored = stored.ok_or_else(|| Refused::NotFound(format!("{kind} `{id}`")))?;
    let body = body::of_stored(&mut connection, &asked.environment, &stored).await?;
    Ok(Answer {
        version: Some(stored.version),
        ..Answer::ok(body::shown(&stored, body.unwrap_or_default())?)
    })
}

/// A part of all entities of a kind.
pub(crate) async fn page(
    app: &App,
    asked: &Asked,
    kind: Kind,
    team: Option<&str>,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(
        &asked.actor,
        Operation::ReadPolicy,
        Object::environment(&asked.environment),
    )?;
    let mut connection = app.store.connection().await?;
    exists(&mut connection, &asked.environment).await?;
    let found = entities::page(
        &mut connection,
        &asked.environment,
        kind,
        team,
        &page.after,
        page.limit,
    )
    .await?;
    let mut shown = Vec::with_capacity(found.len());
    for stored in &found {
        let body = body::of_stored(&mut connection, &asked.environment, stored).await?;
        shown.push((stored.id.clone(), body::shown(stored, body.unwrap_or_default())?));
    }
    Ok(page.answer(shown.into_iter()))
}

/// A part of an entity's versions, the newest first.
pub(crate) async fn versions(
    app: &App,
    asked: &Asked,
    kind: Kind,
    id: &str,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(
        &asked.actor,
        Operation::ReadPolicy,
        Object::environment(&asked.environment),
    )?;
    let mut connection = app.store.connection().await?;
    let found = versions::page(
        &mut connection,
        &asked.environment,
        kind,
        id,
        page.before()?,
        page.limit,
    )
    .await?;
    let mut shown = Vec::with_capacity(found.len());
    for version in found {
        let body = version.body.as_deref().map(body::object).transpose()?;
        let value = json!({
            "version": version.version, "revision": version.revision, "actor": version.actor,
            "at": version.at, "deleted": body.is_none(), "body": body,
        });
        shown.push((version.version.to_string(), value));
    }
    Ok(page.answer(shown.into_iter()))
}

async fn exists(connection: &mut crate::store::Connection, environment: &str) -> Result<(), Refused> {
    match feeds::get(connection, environment).await? {
        Some(_) => Ok(()),
        None => Err(Refused::NotFound(format!("environment `{environment}`"))),
    }
}

/// Creates or replaces an entity.
pub(crate) async fn put(
    app: &App,
    asked: Asked,
    kind: Kind,
    id: &str,
    sent: Map<String, Value>,
) -> Result<Answer, Refused> {
    let mut draft = match Draft::begin(app, asked, operation(kind, true)).await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    is_id(id)?;
    draft.match_version(kind, id).await?;
    let former = draft.current(kind, id).await?;
    let to = wanted(&draft, kind, id, sent, former.as_ref())?;
    may_write(&mut draft, kind, id, former.as_ref(), Some(&to)).await?;
    let status = if former.is_none() { 201 } else { 200 };
    draft.plan(kind, id, Some(to)).await?;
    draft.finish(status, Some((kind, id)), Map::new()).await
}

/// Deletes an entity.
pub(crate) async fn delete(app: &App, asked: Asked, kind: Kind, id: &str) -> Result<Answer, Refused> {
    let mut draft = match Draft::begin(app, asked, operation(kind, false)).await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    let former = draft.existing(kind, id).await?;
    draft.match_version(kind, id).await?;
    may_write(&mut draft, kind, id, Some(&former), None).await?;
    draft.plan(kind, id, None).await?;
    let mut more = Map::new();
    more.insert("id".into(), id.into());
    more.insert("deleted".into(), true.into());
    draft.finish(200, None, more).await
}

fn operation(kind: Kind, puts: bool) -> &'static str {
    match (kind, puts) {
        (Kind::Issuer, true) => "issuer.put",
        (Kind::Issuer, false) => "issuer.delete",
        (Kind::Api, true) => "api.put",
        (Kind::Api, false) => "api.delete",
        (Kind::Client, true) => "client.put",
        (Kind::Client, false) => "client.delete",
        (Kind::Plan, true) => "plan.put",
        (Kind::Plan, false) => "plan.delete",
        (Kind::Revocation, true) => "revocation.put",
        (Kind::Revocation, false) => "revocation.delete",
        (Kind::Tenant, true) => "tenant.put",
        (Kind::Tenant, false) => "tenant.delete",
        (Kind::Cell, true) => "cell.put",
        (Kind::Cell, false) => "cell.delete",
    }
}

pub(super) fn is_id(id: &str) -> Result<(), Refused> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    match (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_id) {
        true => Ok(()),
        false => Err(Refused::field(
            "id",
            format!("an id has 1 to {ID_BYTES_MAX} of `A-Z a-z 0-9 . -`"),
        )),
    }
}

/// What was sent, as it is planned.
pub(super) fn wanted(
    draft: &Draft,
    kind: Kind,
    id: &str,
    mut sent: Map<String, Value>,
    former: Option<&Wanted>,
) -> Result<Wanted, Refused> {
    // What an answer shows may be sent back as it is.
    for shown in ["version", "revision", "epoch", "warnings"] {
        sent.remove(shown);
    }
    if let Some(given) = sent.remove("id")
        && given.as_str() != Some(id)
    {
        return Err(Refused::field(
            "id",
            format!("it is `{id}` by the address: leave it out here"),
        ));
    }
    let (body, mut details) = body::split(kind, sent).map_err(Refused::Invalid)?;
    let status = match kind {
        Kind::Api => match details.remove("status") {
            Some(Value::String(status)) => status,
            _ => former.map_or_else(|| "published".to_owned(), |former| former.status.clone()),
        },
        _ => "published".to_owned(),
    };
    if kind == Kind::Api && status == "deprecated" && !details.contains_key("deprecation") {
        details.insert("deprecation".into(), crate::text::rfc3339(draft.now).into());
    }
    let team = match kind {
        Kind::Api | Kind::Client => text(&body, "team").map(str::to_owned),
        _ => text(&details, "team").map(str::to_owned),
    };
    Ok(Wanted {
        body,
        details,
        status,
        team,
    })
}

/// Whether the actor may make this of that.
pub(super) async fn may_write(
    draft: &mut Draft,
    kind: Kind,
    id: &str,
    former: Option<&Wanted>,
    to: Option<&Wanted>,
) -> Result<(), Refused> {
    let environment = draft.asked.environment.clone();
    let object = Object::environment(&environment);
    for owner in [former, to].into_iter().flatten() {
        authorize(
            &draft.asked.actor,
            Operation::WriteEntity(kind),
            object.of_team(owner.team.as_deref()),
        )?;
    }
    match (kind, to) {
        (Kind::Api, Some(to)) => claims::may_claim(draft, id, former, to).await,
        (Kind::Client, to) => may_grant(draft, former, to).await,
        _ => Ok(()),
    }
}

/// A grant that is given or widened needs the API's team; so a client cannot help itself.
async fn may_grant(draft: &mut Draft, former: Option<&Wanted>, to: Option<&Wanted>) -> Result<(), Refused> {
    let (former, to) = (
        by_api(former.map(|one| &one.body)),
        by_api(to.map(|one| &one.body)),
    );
    for (api, wanted) in to {
        let widens = former.get(&api).is_none_or(|had| {
            let had_scopes: Vec<&str> = had.0.split(' ').collect();
            had.1 != wanted.1 || wanted.0.split(' ').any(|scope| !had_scopes.contains(&scope))
        });
        if !widens {
            continue;
        }
        let owner = draft.current(Kind::Api, &api).await?.and_then(|api| api.team);
        let environment = draft.asked.environment.clone();
        let object = Object::environment(&environment).of_team(owner.as_deref());
        authorize(&draft.asked.actor, Operation::DecideGrant, object)?;
    }
    Ok(())
}
