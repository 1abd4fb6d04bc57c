//! Who is a gateway: enrolment tokens, each for one environment and one team.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::{authorize, of_team};
use super::context::App;
use super::entities::own_teams;
use super::page::Page;
use super::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::tokens::{self, Token};
use crate::store::{audit, feeds};
use crate::text::{now, secret, sha256_hex};
use serde_json::{Value, json};

/// Bytes of a gateway's name.
const NAME_BYTES_MAX: usize = 128;

/// A gateway as it is shown.
fn shown(token: &Token) -> Value {
    json!({
        "id": token.id, "name": token.name, "team": token.team, "environment": token.environment,
        "created_at": token.created_at, "ended_at": token.ended_at, "used_at": token.used_at,
    })
}

/// Enrols a gateway. Its token is in this answer, and nowhere else.
pub(crate) async fn create(app: &App, asked: &Asked, name: &str, team: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::EnrolGateway, Object::New { team })?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(is_name) {
        return Err(Refused::field(
            "name",
            format!("a name has 1 to {NAME_BYTES_MAX} of `A-Z a-z 0-9 . _ -`"),
        ));
    }
    let mut tx = app.store.begin().await?;
    if feeds::get(&mut tx, &asked.environment).await?.is_none() {
        return Err(Refused::field(
            "environment",
            format!("there is no environment `{}`", asked.environment),
        ));
    }
    let secret = format!("sbg_{}", secret());
    let token = Token {
        id: crate::text::id(),
        sha256: sha256_hex(&secret),
        kind: "gateway".to_owned(),
        owner: None,
        team: Some(team.to_owned()),
        environment: Some(asked.environment.clone()),
        name: name.to_owned(),
        created_at: now(),
        expires_at: None,
        ended_at: None,
        used_at: None,
        read_only: false,
    };
    tokens::add(&mut tx, &token).await?;
    record(&mut tx, asked, "gateway.create", &token).await?;
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

/// A part of all gateways, those whose tokens were ended too.
pub(crate) async fn page(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListGateways, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let own = own_teams(&asked.actor, Operation::SeeGateway, None);
    let found = tokens::page(
        &mut connection,
        "gateway",
        own.as_deref(),
        &page.after,
        page.limit,
    )
    .await?;
    Ok(page.answer(found.iter().map(|token| (token.id.clone(), shown(token)))))
}

/// Ends a gateway's token: its stream is cut at the next look, and it decides on by what it has.
pub(crate) async fn revoke(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListGateways, Object::Organisation)?;
    let mut tx = app.store.begin().await?;
    let found = tokens::get(&mut tx, "gateway", id).await?;
    let mut token = found.ok_or_else(|| Refused::NotFound(format!("gateway `{id}`")))?;
    authorize(
        &asked.actor,
        Operation::RevokeGateway,
        of_team(token.team.as_deref()),
    )
    .map_err(|refused| refused.naming(|| format!("gateway `{id}`")))?;
    if token.ended_at.is_none() {
        let now = now();
        tokens::end(&mut tx, id, now).await?;
        token.ended_at = Some(now);
        record(&mut tx, asked, "gateway.revoke", &token).await?;
    }
    tx.commit().await?;
    Ok(Answer::ok(shown(&token)))
}

async fn record(
    tx: &mut crate::store::Tx,
    asked: &Asked,
    operation: &str,
    token: &Token,
) -> Result<(), Refused> {
    let entry = audit::Entry {
        at: now(),
        actor: asked.actor.id().to_owned(),
        actor_kind: asked.actor.kind().to_owned(),
        request_id: asked.request_id.clone(),
        operation: operation.to_owned(),
        object: format!("gateway/{}", token.id),
        after: Some(shown(token).to_string()),
        ..audit::Entry::default()
    };
    audit::add(tx, audit::ORGANISATION, &[entry]).await?;
    Ok(())
}
