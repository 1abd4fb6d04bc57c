//! Who asks: from what a request shows to an actor as it stands now.
//!
//! Nothing is kept from one request to the next, so that a role taken away, a token ended and a user barred are gone at once.

use super::context::App;
use super::refused::Refused;
use crate::identity::session::{Lifetimes, SEALED, Standing};
use crate::identity::{Actor, Person, PlatformRole, TeamRole, Via, is_secret};
use crate::store::tokens::Token;
use crate::store::{Connection, StoreError, audit, identities, people, sealed, tokens};
use crate::text::{now, sha256_hex};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::collections::BTreeMap;

/// What personal access tokens begin with.
pub(crate) const PERSONAL: &str = "sbp_";
/// What enrolment tokens of gateways begin with.
pub(crate) const GATEWAY: &str = "sbg_";
/// What the sealed account's secret begins with.
pub(crate) const SEALED_SECRET: &str = "sbb_";

/// What a request shows.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// Behind `Bearer`.
    Bearer(&'a str),
    /// The cookie's value.
    Session(&'a str),
}

/// What is told of the request where the sealed account asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditedRequest<'a> {
    pub(crate) id: &'a str,
    /// Method and path.
    pub(crate) line: &'a str,
}

/// Who it is, for one request. What is shown and is not good is refused, never nobody.
pub(crate) async fn actor_of(
    app: &App,
    shown: Shown<'_>,
    request: AuditedRequest<'_>,
) -> Result<Actor, Refused> {
    let actor = holds(app, shown).await?;
    if actor == Actor::BreakGlass {
        record_use(app, request).await?;
    }
    Ok(actor)
}

/// The same for a request that was let in and goes on: does what it showed still hold?
pub(crate) async fn holds(app: &App, shown: Shown<'_>) -> Result<Actor, Refused> {
    let (secret, is_session) = match shown {
        Shown::Bearer(token) if is_secret(token, SEALED_SECRET) => {
            let mut connection = app.store.connection().await?;
            return match is_sealed_secret(&mut connection, token).await? {
                true => Ok(Actor::BreakGlass),
                false => Err(Refused::Unauthenticated),
            };
        }
        Shown::Bearer(token) if is_secret(token, PERSONAL) || is_secret(token, GATEWAY) => (token, false),
        Shown::Session(secret) if is_secret(secret, "") => (secret, true),
        Shown::Bearer(_) | Shown::Session(_) => return Err(Refused::Unauthenticated),
    };
    let mut connection = app.store.connection().await?;
    let found = tokens::by_digest(&mut connection, &sha256_hex(secret)).await?;
    let token = found.filter(|token| (token.kind == "session") == is_session);
    let token = token.ok_or(Refused::Unauthenticated)?;
    let now = now();
    if token.ended_at.is_some() || token.expires_at.is_some_and(|end| now >= end) {
        return Err(Refused::Unauthenticated);
    }
    if is_session {
        hold_session(&mut connection, &token, app.desk.settings.lifetimes, now).await?;
    } else if token.used_at.is_none_or(|used| used < now - 60) {
        tokens::used(&mut connection, &token.id, now).await?;
    }
    let Some(user) = token.owner.clone() else {
        return match is_session {
            true => Ok(Actor::BreakGlass),
            false => gateway(token),
        };
    };
    let via = if is_session {
        Via::Session { id: token.id }
    } else {
        Via::Token {
            id: token.id,
            read_only: token.read_only,
            team: token.team,
        }
    };
    let person = person(&mut connection, &user, via).await?;
    person.map(Actor::Person).ok_or(Refused::Unauthenticated)
}

/// A user as they stand, by the portal's word and the provider's; `None`: there is none, or they are barred.
pub(crate) async fn person(
    connection: &mut Connection,
    id: &str,
    via: Via,
) -> Result<Option<Person>, StoreError> {
    let user = people::user_by_id(connection, id).await?;
    let Some(user) = user.filter(|user| user.state == "active") else {
        return Ok(None);
    };
    let mut platform = user.roles.split(' ').filter_map(PlatformRole::parse).max();
    let mut teams: BTreeMap<String, TeamRole> = BTreeMap::new();
    let mut roles = people::memberships(connection, id).await?;
    roles.extend(identities::group_roles(connection, id).await?);
    for (team, word) in roles {
        if team.is_empty() {
            platform = platform.max(PlatformRole::parse(&word));
        } else if let Some(role) = TeamRole::parse(&word) {
            let held = teams.entry(team).or_insert(role);
            *held = (*held).max(role);
        }
    }
    Ok(Some(Person {
        user: user.id,
        via,
        platform,
        teams,
    }))
}

async fn hold_session(
    connection: &mut Connection,
    token: &Token,
    lifetimes: Lifetimes,
    now: i64,
) -> Result<(), Refused> {
    let lifetimes = if token.owner.is_some() { lifetimes } else { SEALED };
    let (began, used) = (token.created_at, token.used_at.unwrap_or(token.created_at));
    match lifetimes.standing(began.unsigned_abs(), used.unsigned_abs(), now.unsigned_abs()) {
        Standing::Good => Ok(()),
        Standing::Touch => Ok(tokens::used(connection, &token.id, now).await?),
        Standing::Ended => Err(Refused::Unauthenticated),
    }
}

fn gateway(token: Token) -> Result<Actor, Refused> {
    match (token.kind.as_str(), token.team, token.environment) {
        ("gateway", Some(team), Some(environment)) => Ok(Actor::Gateway {
            id: token.name,
            team,
            environment,
        }),
        _ => Err(Refused::Unauthenticated),
    }
}

/// Whether this is the sealed account's secret.
pub(crate) async fn is_sealed_secret(connection: &mut Connection, secret: &str) -> Result<bool, StoreError> {
    let Some(account) = sealed::get(connection).await? else {
        return Ok(false);
    };
    let shown = sha256_hex(secret);
    Ok(verify_slices_are_equal(shown.as_bytes(), account.sha256.as_bytes()).is_ok())
}

/// Breaks the seal, visibly: each use is recorded, before anything is done by it.
async fn record_use(app: &App, request: AuditedRequest<'_>) -> Result<(), Refused> {
    let mut tx = app.store.begin().await?;
    sealed::used(&mut tx, now()).await?;
    let actor = Actor::BreakGlass;
    let entry = audit::Entry {
        at: now(),
        actor: actor.id().to_owned(),
        actor_kind: actor.kind().to_owned(),
        request_id: request.id.to_owned(),
        operation: "break_glass.use".to_owned(),
        object: "break-glass".to_owned(),
        after: Some(serde_json::json!({ "request": request.line }).to_string()),
        ..audit::Entry::default()
    };
    audit::add(&mut tx, audit::ORGANISATION, &[entry]).await?;
    tx.commit().await?;
    tracing::warn!(request = request.line, "the sealed account is used");
    Ok(())
}
