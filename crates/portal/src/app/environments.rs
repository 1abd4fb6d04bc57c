//! Environments: which there are, new ones, their seat belts; and an API taken from one to the next.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::body;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::entities::may_write;
use super::refused::Refused;
use crate::first_start::{FirstStartError, make_environment};
use crate::identity::{Object, Operation};
use crate::settings::ENVIRONMENTS_MAX;
use crate::store::environments::Environment;
use crate::store::{audit, entities, environments, feeds};
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// The most that a change may do without a confirmation, whatever is set.
const CONFIRM_ABOVE_MAX: i64 = 10_000;

fn shown(environment: &Environment) -> Value {
    json!({
        "id": environment.id, "position": environment.position, "confirm_above": environment.confirm_above,
        "second_approver": environment.second_approver, "created_at": environment.created_at,
    })
}

/// All environments, in the order of promotion, each with where its feed stands.
pub(crate) async fn list(app: &App, asked: &Asked) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListEnvironments, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let mut items = Vec::new();
    for environment in environments::all(&mut connection).await? {
        let mut item = shown(&environment);
        if let (Some(feed), Some(item)) = (
            feeds::get(&mut connection, &environment.id).await?,
            item.as_object_mut(),
        ) {
            item.insert("epoch".into(), feed.epoch.into());
            item.insert("revision".into(), feed.revision.into());
            item.insert("published".into(), feed.published.into());
        }
        items.push(item);
    }
    Ok(Answer::ok(json!({ "items": items, "next": null })))
}

/// Makes an environment with keys of its own, behind all others.
pub(crate) async fn create(app: &App, asked: &Asked, name: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::MakeEnvironment, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    if environments::all(&mut connection).await?.len() >= ENVIRONMENTS_MAX {
        return Err(Refused::conflict(
            "too_many_environments",
            format!("there are {ENVIRONMENTS_MAX} environments, and no more may be"),
        ));
    }
    drop(connection);
    let made = make_environment(&app.store, &app.keys, name).await;
    let is_new = made.map_err(|error| match error {
        FirstStartError::Store(error) => Refused::Store(error),
        error @ FirstStartError::Name(_) => Refused::field("name", error.to_string()),
        error => {
            tracing::error!(error = %crate::causes(&error), "an environment could not be made");
            Refused::Unavailable("its keys could not be written: see the portal's log".to_owned())
        }
    })?;
    if !is_new {
        return Err(Refused::conflict(
            "environment_exists",
            format!("there is an environment `{name}` already"),
        ));
    }
    app.written.notify_one();
    let mut connection = app.store.connection().await?;
    let environment = environments::get(&mut connection, name).await?;
    Ok(Answer {
        status: 201,
        ..Answer::ok(environment.as_ref().map(shown).unwrap_or_default())
    })
}

/// Sets an environment's seat belt.
pub(crate) async fn set_seat_belt(
    app: &App,
    asked: &Asked,
    confirm_above: Option<i64>,
    second_approver: Option<bool>,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SetSeatBelt, Object::Organisation)?;
    let mut tx = app.store.begin().await?;
    let found = environments::get(&mut tx, &asked.environment).await?;
    let mut environment =
        found.ok_or_else(|| Refused::NotFound(format!("environment `{}`", asked.environment)))?;
    let before = shown(&environment);
    if let Some(above) = confirm_above {
        if !(0..=CONFIRM_ABOVE_MAX).contains(&above) {
            return Err(Refused::field(
                "confirm_above",
                format!("write a number from 0 to {CONFIRM_ABOVE_MAX}"),
            ));
        }
        environment.confirm_above = above;
    }
    environment.second_approver = second_approver.unwrap_or(environment.second_approver);
    environments::set_seat_belt(
        &mut tx,
        &environment.id,
        environment.confirm_above,
        environment.second_approver,
    )
    .await?;
    let entry = audit::Entry {
        at: crate::text::now(),
        actor: asked.actor.id().to_owned(),
        actor_kind: asked.actor.kind().to_owned(),
        request_id: asked.request_id.clone(),
        operation: "environment.set".to_owned(),
        object: format!("environment/{}", environment.id),
        before: Some(before.to_string()),
        after: Some(shown(&environment).to_string()),
        ..audit::Entry::default()
    };
    audit::add(&mut tx, audit::ORGANISATION, &[entry]).await?;
    tx.commit().await?;
    Ok(Answer::ok(shown(&environment)))
}

/// Takes an API as it is in the asked environment to the next one.
pub(crate) async fn promote(app: &App, mut asked: Asked, api: &str) -> Result<Answer, Refused> {
    let from = asked.environment.clone();
    let mut connection = app.store.connection().await?;
    let all = environments::all(&mut connection).await?;
    drop(connection);
    let mut behind = all.iter().skip_while(|one| one.id != from);
    behind
        .next()
        .ok_or_else(|| Refused::NotFound(format!("environment `{from}`")))?;
    let next = behind.next().ok_or_else(|| {
        Refused::conflict(
            "last_environment",
            format!("`{from}` is the last environment: there is none to promote to"),
        )
    })?;
    asked.environment.clone_from(&next.id);
    let mut draft = match Draft::begin(app, asked, "api.promote").await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    let source = entities::get(&mut draft.tx, &from, Kind::Api, api).await?;
    let source = source.filter(|stored| stored.record.is_some());
    let source = source.ok_or_else(|| Refused::NotFound(format!("published API `{api}` in `{from}`")))?;
    let body = body::of_stored(&mut draft.tx, &from, &source)
        .await?
        .unwrap_or_default();
    let former = draft.current(Kind::Api, api).await?;
    let to = Wanted {
        body,
        details: body::object(&source.details)?,
        status: source.status.clone(),
        team: source.team.clone(),
    };
    may_write(&mut draft, Kind::Api, api, former.as_ref(), Some(&to)).await?;
    let status = if former.is_none() { 201 } else { 200 };
    draft.plan(Kind::Api, api, Some(to)).await?;
    draft.promoted = Some((from.clone(), api.to_owned()));
    let mut more = Map::new();
    more.insert("promoted_from".into(), from.into());
    more.insert("environment".into(), draft.environment.id.clone().into());
    draft.finish(status, Some((Kind::Api, api)), more).await
}
