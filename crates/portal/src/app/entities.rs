//! Entities one by one: read, created or replaced, deleted; and the versions that they had.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::{authorize, of_team};
use super::body;
use super::claims;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::grants::by_api;
use super::key_sets::{Wish, gather};
use super::last_used::{self, LastUsed};
use super::mentions::text;
use super::page::Page;
use super::refused::Refused;
use crate::identity::{Actor, Object, Operation, Refusal};
use crate::store::{Connection, entities, feeds, names, versions};
use crate::text::now;
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// Bytes of an id.
const ID_BYTES_MAX: usize = 128;

/// One entity.
pub(crate) async fn get(app: &App, asked: &Asked, kind: Kind, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::list(kind), Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let stored = entities::get(&mut connection, &asked.environment, kind, id).await?;
    let stored = stored.filter(|stored| stored.status != "deleted");
    let stored = stored.ok_or_else(|| missing(kind, id))?;
    let body = body::of_stored(&mut connection, &asked.environment, &stored).await?;
    may_see(&mut connection, asked, &stored, body.as_ref()).await?;
    let mut body = body.unwrap_or_default();
    if kind == Kind::Client {
        let used = LastUsed::of(&mut connection, &asked.environment, &[id.to_owned()]).await?;
        used.show(&mut body);
    }
    Ok(Answer {
        version: Some(stored.version),
        ..Answer::ok(body::shown(&stored, body)?)
    })
}

/// Which entities of a kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Which<'a> {
    /// Only this team's.
    pub(crate) team: Option<&'a str>,
    /// Only clients with a credential that could be used and was not for so many seconds.
    pub(crate) unused_for_s: Option<i64>,
}

/// A part of all entities of a kind.
pub(crate) async fn page(
    app: &App,
    asked: &Asked,
    kind: Kind,
    which: Which<'_>,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::list(kind), Object::Organisation)?;
    let now = now();
    let unused_since = which.unused_for_s.map(|span| last_used::since(span, now));
    let unused_since = unused_since.transpose()?;
    if unused_since.is_some() && kind != Kind::Client {
        return Err(Refused::field(
            "unused_for_s",
            "clients alone are used: leave it out",
        ));
    }
    let mut connection = app.store.connection().await?;
    exists(&mut connection, &asked.environment).await?;
    let own = own_teams(&asked.actor, Operation::see(kind), which.team);
    let wanted = entities::Which {
        teams: own.as_deref(),
        unused_since,
    };
    let found = entities::page(
        &mut connection,
        &asked.environment,
        kind,
        wanted,
        &page.after,
        page.limit,
    );
    let found = found.await?;
    let used = match kind {
        Kind::Client => {
            let ids: Vec<String> = found.iter().map(|stored| stored.id.clone()).collect();
            Some(LastUsed::of(&mut connection, &asked.environment, &ids).await?)
        }
        _ => None,
    };
    let mut shown = Vec::with_capacity(found.len());
    for stored in &found {
        let body = body::of_stored(&mut connection, &asked.environment, stored).await?;
        let mut body = body.unwrap_or_default();
        if let Some(used) = &used {
            // The database does not know which have expired, and whose client is suspended.
            if unused_since.is_some_and(|since| !used.has_unused(&body, since, now)) {
                shown.push((stored.id.clone(), None));
                continue;
            }
            used.show(&mut body);
        }
        shown.push((stored.id.clone(), Some(body::shown(stored, body)?)));
    }
    Ok(page.answer_some(shown.into_iter()))
}

/// A part of an entity's versions, the newest first.
pub(crate) async fn versions(
    app: &App,
    asked: &Asked,
    kind: Kind,
    id: &str,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::list(kind), Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let stored = entities::get(&mut connection, &asked.environment, kind, id).await?;
    let stored = stored.ok_or_else(|| missing(kind, id))?;
    let body = body::of_stored(&mut connection, &asked.environment, &stored).await?;
    may_see(&mut connection, asked, &stored, body.as_ref()).await?;
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

fn missing(kind: Kind, id: &str) -> Refused {
    Refused::NotFound(format!("{kind} `{id}`"))
}

/// Whether the actor may see what is there: else it is not there.
async fn may_see(
    connection: &mut Connection,
    asked: &Asked,
    stored: &entities::Stored,
    body: Option<&Map<String, Value>>,
) -> Result<(), Refused> {
    let kind = stored.kind;
    let team = match (kind, body) {
        (Kind::Revocation, Some(body)) => team_of_revocation(connection, &asked.environment, body).await?,
        _ => stored.team.clone(),
    };
    authorize(&asked.actor, Operation::see(kind), of_team(team.as_deref()))
        .map_err(|refused| refused.naming(|| format!("{kind} `{}`", stored.id)))
}

/// The teams whose things are shown, where `see` is what showing one takes; `None`: everybody's. `team`: as it was asked for.
pub(super) fn own_teams(actor: &Actor, see: Operation, team: Option<&str>) -> Option<Vec<String>> {
    let sees_all = authorize(actor, see, Object::Organisation).is_ok();
    match (team, sees_all) {
        (Some(team), true) => Some(vec![team.to_owned()]),
        (None, true) => None,
        (team, false) => Some(
            actor
                .teams()
                .into_iter()
                .filter(|own| team.is_none_or(|team| team == own))
                .collect(),
        ),
    }
}

/// The team of the client whose credential is revoked: it may do that by itself. Every other revocation is the organisation's.
pub(super) async fn team_of_revocation(
    connection: &mut Connection,
    environment: &str,
    body: &Map<String, Value>,
) -> Result<Option<String>, Refused> {
    let Some(credential) = text(body, "credential") else {
        return Ok(None);
    };
    let name = format!("credential:{credential}");
    let holder = names::holders(connection, environment, &[name])
        .await?
        .into_iter()
        .next();
    let Some(holder) = holder.filter(|holder| holder.kind == Kind::Client) else {
        return Ok(None);
    };
    let client = entities::get(connection, environment, Kind::Client, &holder.id).await?;
    Ok(client.and_then(|client| client.team))
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
    let wish = (kind == Kind::Issuer).then(|| Wish::of(id, &sent)).flatten();
    let gathered = gather(app, &asked, wish.into_iter().collect()).await?;
    let mut draft = match Draft::begin(app, asked, operation(kind, true)).await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    draft.gathered = gathered;
    is_id(id)?;
    let former = draft.current(kind, id).await?;
    let mut to = wanted(&draft, kind, id, sent, former.as_ref())?;
    to.team = owner(&mut draft, kind, &to).await?;
    may_write(&mut draft, kind, id, former.as_ref(), Some(&to)).await?;
    draft.match_version(kind, id).await?;
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
    may_write(&mut draft, kind, id, Some(&former), None).await?;
    draft.match_version(kind, id).await?;
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
    if kind == Kind::Client {
        last_used::unshow(&mut sent);
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
    let was = match former {
        Some(former) => Some(owner(draft, kind, former).await?),
        None => None,
    };
    let is_to = match to {
        Some(to) => Some(owner(draft, kind, to).await?),
        None => None,
    };
    let actor = draft.asked.actor.clone();
    if let Some(was) = &was {
        let operation = match &is_to {
            None => Operation::delete(kind),
            Some(is_to) if is_to == was => Operation::put(kind),
            // It is given away, or taken from everybody.
            Some(_) => Operation::Transfer,
        };
        authorize(&actor, operation, of_team(was.as_deref()))
            .map_err(|refused| refused.naming(|| format!("{kind} `{id}`")))?;
    }
    if let Some(is_to) = is_to.filter(|is_to| Some(is_to) != was.as_ref()) {
        let object = is_to
            .as_deref()
            .map_or(Object::Organisation, |team| Object::New { team });
        authorize(&actor, Operation::put(kind), object)?;
    }
    match (kind, to) {
        (Kind::Api, Some(to)) => claims::may_claim(draft, id, former, to).await,
        (Kind::Client, to) => may_grant(draft, former, to).await,
        _ => Ok(()),
    }
}

/// Whose it is.
async fn owner(draft: &mut Draft, kind: Kind, of: &Wanted) -> Result<Option<String>, Refused> {
    match kind {
        Kind::Revocation => {
            let environment = draft.asked.environment.clone();
            team_of_revocation(&mut draft.tx, &environment, &of.body).await
        }
        _ => Ok(of.team.clone()),
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
        authorize(
            &draft.asked.actor,
            Operation::ApproveGrant,
            of_team(owner.as_deref()),
        )
        .map_err(|_| Refused::MayNot(Refusal::NeedsApiOwner))?;
    }
    Ok(())
}
