//! Personal access tokens: made by their own user, shown once, kept as a hash; listed and ended.

use super::actor::PERSONAL;
use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::context::App;
use super::record::record;
use super::refused::{FieldError, Refused};
use crate::identity::{Actor, Object, Operation, Person, PlatformRole, Via};
use crate::store::tokens::{self, Token};
use crate::store::{Connection, people};
use crate::text::{now, rfc3339, secret, sha256_hex};
use serde_json::{Value, json};

/// Bytes of a token's name.
const NAME_BYTES_MAX: usize = 128;
/// Days that a token is good for, where none are said, and at most.
const DAYS: u32 = 90;
const DAYS_MAX: u32 = 366;
/// Tokens of one user that have not ended.
const TOKENS_COUNT_MAX: usize = 100;
const DAY_S: i64 = 86_400;

/// A token that is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) days: Option<u32>,
    pub(crate) read_only: bool,
    /// The one team that it is to reach.
    pub(crate) team: Option<String>,
}

fn shown(token: &Token) -> Value {
    json!({
        "id": token.id, "name": token.name, "user": token.owner, "team": token.team, "read_only": token.read_only,
        "created_at": rfc3339(token.created_at), "expires_at": token.expires_at.map(rfc3339),
        "used_at": token.used_at.map(rfc3339),
    })
}

/// Makes one for whoever asks. The token itself is in this answer, and nowhere else.
pub(crate) async fn create(app: &App, asked: &Asked, wanted: &Wanted) -> Result<Answer, Refused> {
    let user = asked.actor.user().unwrap_or_default();
    authorize(&asked.actor, Operation::MakeToken, Object::User { user })?;
    check(wanted)?;
    let mut tx = app.store.begin().await?;
    if let Some(team) = &wanted.team {
        has_team(&mut tx, &asked.actor, team).await?;
    }
    let held = tokens::of_owner(&mut tx, "personal", user).await?;
    let now = now();
    let live = held
        .iter()
        .filter(|token| token.expires_at.is_none_or(|end| end > now))
        .count();
    if live >= TOKENS_COUNT_MAX {
        let detail =
            format!("a user has at most {TOKENS_COUNT_MAX} tokens: end one that is not used any more");
        return Err(Refused::conflict("too_many_tokens", detail));
    }
    let end = end(&mut tx, &asked.actor, wanted.days, now).await?;
    let secret = format!("{PERSONAL}{}", secret());
    let token = Token {
        id: crate::text::id(),
        sha256: sha256_hex(&secret),
        kind: "personal".to_owned(),
        owner: Some(user.to_owned()),
        team: wanted.team.clone(),
        environment: None,
        name: wanted.name.clone(),
        created_at: now,
        expires_at: Some(end),
        ended_at: None,
        used_at: None,
        read_only: wanted.read_only,
    };
    tokens::add(&mut tx, &token).await?;
    record(
        &mut tx,
        asked,
        "token.create",
        &format!("token/{}", token.id),
        None,
        Some(&shown(&token)),
    )
    .await?;
    tx.commit().await?;
    let mut body = shown(&token);
    if let Some(body) = body.as_object_mut() {
        body.insert("token".into(), secret.into());
    }
    Ok(Answer {
        status: 201,
        ..Answer::ok(body)
    })
}

/// When it ends: no later than the token that makes it, or a stolen one could live on.
async fn end(
    connection: &mut Connection,
    actor: &Actor,
    days: Option<u32>,
    now: i64,
) -> Result<i64, Refused> {
    let end = now + i64::from(days.unwrap_or(DAYS)) * DAY_S;
    let Actor::Person(Person {
        via: Via::Token { id, .. },
        ..
    }) = actor
    else {
        return Ok(end);
    };
    let maker = tokens::get(connection, "personal", id).await?;
    match maker.and_then(|maker| maker.expires_at) {
        Some(makers) if makers < end && days.is_some() => {
            let message = format!(
                "the token that asks ends at {}: ask for fewer days, or sign in",
                rfc3339(makers)
            );
            Err(Refused::field("days", message))
        }
        Some(makers) => Ok(end.min(makers)),
        None => Ok(end),
    }
}

fn check(wanted: &Wanted) -> Result<(), Refused> {
    let mut errors = Vec::new();
    let is_shown = wanted.name.chars().all(|char| !char.is_control());
    if !(1..=NAME_BYTES_MAX).contains(&wanted.name.len()) || !is_shown {
        errors.push(FieldError::new(
            "name",
            format!("say what it is for, in 1 to {NAME_BYTES_MAX} bytes"),
        ));
    }
    if !wanted.days.is_none_or(|days| (1..=DAYS_MAX).contains(&days)) {
        errors.push(FieldError::new(
            "days",
            format!("write 1 to {DAYS_MAX}; left out, it is {DAYS}"),
        ));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refused::Invalid(errors))
    }
}

async fn has_team(connection: &mut Connection, actor: &Actor, team: &str) -> Result<(), Refused> {
    let found = people::team(connection, team).await?;
    let is_there = found.is_some_and(|team| team.state == "active");
    let is_in = match actor {
        Actor::Person(person) => actor.is_admin() || person.teams.contains_key(team),
        _ => false,
    };
    if is_there && is_in {
        return Ok(());
    }
    Err(Refused::field("team", format!("you are not in a team `{team}`")))
}

/// The tokens of a user that have not ended; of whoever asks, where none is said.
pub(crate) async fn list(app: &App, asked: &Asked, user: Option<&str>) -> Result<Answer, Refused> {
    let own = asked.actor.user();
    let user = user.or(own).unwrap_or_default();
    authorize(&asked.actor, Operation::ListTokens, Object::User { user })
        .map_err(|refused| refused.naming(|| format!("user `{user}`")))?;
    let mut connection = app.store.connection().await?;
    if Some(user) != own && people::user_by_id(&mut connection, user).await?.is_none() {
        return Err(Refused::NotFound(format!("user `{user}`")));
    }
    let found = tokens::of_owner(&mut connection, "personal", user).await?;
    let items: Vec<Value> = found.iter().map(shown).collect();
    Ok(Answer::ok(json!({ "items": items, "next": null })))
}

/// Ends one.
pub(crate) async fn revoke(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    let missing = || format!("token `{id}`");
    let mut tx = app.store.begin().await?;
    let found = tokens::get(&mut tx, "personal", id).await?;
    // Who shows nothing is told so whether it is there or not.
    let owner = found
        .as_ref()
        .and_then(|token| token.owner.as_deref())
        .unwrap_or_default();
    authorize(&asked.actor, Operation::RevokeToken, Object::User { user: owner })
        .map_err(|refused| refused.naming(missing))?;
    let token = found.ok_or_else(|| Refused::NotFound(missing()))?;
    if token.ended_at.is_none() {
        tokens::end(&mut tx, id, now()).await?;
        record(
            &mut tx,
            asked,
            "token.revoke",
            &format!("token/{id}"),
            Some(&shown(&token)),
            None,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Answer::ok(shown(&token)))
}

/// Who asks, and what they are.
pub(crate) async fn me(app: &App, asked: &Asked) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeMe, Object::Organisation)?;
    let Actor::Person(person) = &asked.actor else {
        return Ok(Answer::ok(
            json!({ "kind": asked.actor.kind(), "user": null, "role": "platform_admin", "teams": {} }),
        ));
    };
    let mut connection = app.store.connection().await?;
    let user = people::user_by_id(&mut connection, &person.user)
        .await?
        .ok_or(Refused::Unauthenticated)?;
    let teams: serde_json::Map<String, Value> = person
        .teams
        .iter()
        .map(|(team, role)| (team.clone(), role.as_str().into()))
        .collect();
    let token = match &person.via {
        Via::Session { .. } => Value::Null,
        Via::Token { id, read_only, team } => json!({ "id": id, "read_only": read_only, "team": team }),
    };
    Ok(Answer::ok(json!({
        "kind": asked.actor.kind(),
        "user": { "id": user.id, "name": user.name, "email": user.email },
        "role": person.platform.map(PlatformRole::as_str),
        "teams": teams,
        "token": token,
    })))
}
