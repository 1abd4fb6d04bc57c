//! Teams and who is in them. An id is never given twice and never changes; a name may.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::context::App;
use super::page::Page;
use super::record::record;
use super::refused::Refused;
use super::users::{existing as existing_user, match_version};
use super::words::{check_id, check_name};
use crate::identity::{Object, Operation, TeamRole};
use crate::store::people::{self, Team};
use crate::store::{Connection, tokens};
use crate::text::{now, rfc3339};
use serde_json::{Value, json};

/// What a team owns that is named where it cannot be deleted.
const OWNED_TOLD_MAX: i64 = 20;

fn shown(team: &Team) -> Value {
    json!({ "id": team.id, "name": team.name, "version": team.version, "created_at": rfc3339(team.created_at) })
}

fn answer(status: u16, team: &Team) -> Answer {
    Answer {
        status,
        version: Some(team.version),
        ..Answer::ok(shown(team))
    }
}

fn object_of(id: &str) -> String {
    format!("team/{id}")
}

async fn existing(connection: &mut Connection, id: &str) -> Result<Team, Refused> {
    let found = people::team(connection, id)
        .await?
        .filter(|team| team.state == "active");
    found.ok_or_else(|| Refused::NotFound(format!("team `{id}`")))
}

/// A part of all teams.
pub(crate) async fn list(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListTeams, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let found = people::teams(&mut connection, &page.after, page.limit).await?;
    Ok(page.answer(found.iter().map(|team| (team.id.clone(), shown(team)))))
}

/// One team.
pub(crate) async fn see(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeTeam, Object::Of { team: id })?;
    let mut connection = app.store.connection().await?;
    Ok(answer(200, &existing(&mut connection, id).await?))
}

/// Makes a team.
pub(crate) async fn create(
    app: &App,
    asked: &Asked,
    id: &str,
    name: Option<&str>,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::MakeTeam, Object::Organisation)?;
    let name = name.unwrap_or(id);
    let mut errors = Vec::new();
    check_id("id", id, &mut errors);
    check_name("name", name, &mut errors);
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    let mut tx = app.store.begin().await?;
    if people::team(&mut tx, id).await?.is_some() {
        let detail = format!("there is, or was, a team `{id}`; an id is never given twice");
        return Err(Refused::conflict("id_taken", detail));
    }
    let team = Team {
        id: id.to_owned(),
        name: name.to_owned(),
        state: "active".to_owned(),
        version: 1,
        created_at: now(),
    };
    people::add_team(&mut tx, &team).await?;
    record(
        &mut tx,
        asked,
        "team.create",
        &object_of(id),
        None,
        Some(&shown(&team)),
    )
    .await?;
    tx.commit().await?;
    Ok(answer(201, &team))
}

/// Gives a team another name.
pub(crate) async fn rename(app: &App, asked: &Asked, id: &str, name: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::RenameTeam, Object::Of { team: id })?;
    let mut errors = Vec::new();
    check_name("name", name, &mut errors);
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    let mut tx = app.store.begin().await?;
    let mut team = existing(&mut tx, id).await?;
    match_version(&asked.if_match, team.version)?;
    let before = shown(&team);
    team.name = name.to_owned();
    if !people::replace_team(&mut tx, &team).await? {
        return Err(Refused::Stale { now: team.version });
    }
    team.version += 1;
    record(
        &mut tx,
        asked,
        "team.rename",
        &object_of(id),
        Some(&before),
        Some(&shown(&team)),
    )
    .await?;
    tx.commit().await?;
    Ok(answer(200, &team))
}

/// Deletes a team that owns nothing: whose would it be?
pub(crate) async fn delete(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::DeleteTeam, Object::Of { team: id })?;
    let mut tx = app.store.begin().await?;
    let team = existing(&mut tx, id).await?;
    match_version(&asked.if_match, team.version)?;
    let owned = people::owned(&mut tx, id, OWNED_TOLD_MAX + 1).await?;
    if !owned.is_empty() {
        let told = usize::try_from(OWNED_TOLD_MAX).unwrap_or_default();
        let more = if owned.len() > told { " and more" } else { "" };
        let named = owned
            .iter()
            .take(told)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let detail = format!(
            "team `{id}` owns {named}{more}: delete them, or put them with another `team`, and end its gateways"
        );
        return Err(Refused::conflict("team_owns_things", detail));
    }
    let gone = Team {
        state: "deleted".to_owned(),
        ..team.clone()
    };
    if !people::replace_team(&mut tx, &gone).await? {
        return Err(Refused::Stale { now: team.version });
    }
    people::remove_members(&mut tx, id).await?;
    tokens::end_of_team(&mut tx, id, now()).await?;
    record(
        &mut tx,
        asked,
        "team.delete",
        &object_of(id),
        Some(&shown(&team)),
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(Answer::ok(json!({ "id": id, "deleted": true })))
}

/// Who is in a team.
pub(crate) async fn members(app: &App, asked: &Asked, id: &str, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListMembers, Object::Of { team: id })?;
    let mut connection = app.store.connection().await?;
    existing(&mut connection, id).await?;
    let found = people::members(&mut connection, id, &page.after, page.limit).await?;
    Ok(page.answer(found.into_iter().map(|member| {
        let by = if member.by_portal { "portal" } else { "groups" };
        let shown = json!({ "user": member.user, "name": member.name, "role": member.role, "by": by });
        (member.user, shown)
    })))
}

/// Puts a user into a team, or gives them another role there; `None` takes them out.
pub(crate) async fn set_member(
    app: &App,
    asked: &Asked,
    id: &str,
    user: &str,
    role: Option<&str>,
) -> Result<Answer, Refused> {
    let operation = if role.is_some() {
        Operation::SetMember
    } else {
        Operation::RemoveMember
    };
    authorize(&asked.actor, operation, Object::Of { team: id })?;
    if role.is_some_and(|role| TeamRole::parse(role).is_none()) {
        return Err(Refused::field("role", "write owner or member"));
    }
    let mut tx = app.store.begin().await?;
    existing(&mut tx, id).await?;
    existing_user(&mut tx, user).await?;
    let former = people::put_member(&mut tx, id, user, role).await?;
    if role.is_none() && former.is_none() {
        let detail = format!(
            "member `{user}` whom the portal put into team `{id}`; what groups give, the identity provider takes"
        );
        return Err(Refused::NotFound(detail));
    }
    let told = |role: Option<&str>| role.map(|role| json!({ "user": user, "role": role }));
    let (before, after) = (told(former.as_deref()), told(role));
    record(
        &mut tx,
        asked,
        "team.member",
        &object_of(id),
        before.as_ref(),
        after.as_ref(),
    )
    .await?;
    tx.commit().await?;
    Ok(Answer::ok(json!({ "team": id, "user": user, "role": role })))
}
