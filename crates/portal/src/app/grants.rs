//! Grants: asked for by the client's team, given by the API's, taken back by either. What is active stands in the client's body,
//! and is what readers have; the table beside it keeps who asked and who decided.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::{authorize, of_team};
use super::context::App;
use super::draft::{Begun, Draft, Planned, Wanted};
use super::entities::own_teams;
use super::mentions::{list, text};
use super::page::Page;
use super::refused::{FieldError, Refused};
use crate::identity::{Object, Operation};
use crate::store::grants::{self, Grant};
use crate::store::{audit, feeds};
use policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct AskedGrant {
    pub(crate) client: String,
    pub(crate) api: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) plan: Option<String>,
}

/// A decision on a grant that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Approve,
    Reject,
}

/// A grant as it is shown.
pub(crate) fn shown(grant: &Grant) -> Value {
    let scopes: Vec<&str> = grant
        .scopes
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .collect();
    json!({
        "id": grant.id, "client": grant.client, "api": grant.api, "scopes": scopes, "plan": grant.plan,
        "state": grant.state, "asked_by": grant.asked_by, "asked_at": grant.asked_at,
        "decided_by": grant.decided_by, "decided_at": grant.decided_at,
    })
}

/// A part of an environment's grants.
pub(crate) async fn page(
    app: &App,
    asked: &Asked,
    wanted: &grants::Wanted<'_>,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListGrants, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let own = own_teams(&asked.actor, Operation::SeeGrant, None);
    let found = grants::page(
        &mut connection,
        &asked.environment,
        wanted,
        own.as_deref(),
        &page.after,
        page.limit,
    );
    let found = found.await?;
    Ok(page.answer(found.iter().map(|grant| (grant.id.clone(), shown(grant)))))
}

/// Asks for a grant; gives it at once where the actor may.
pub(crate) async fn ask(app: &App, asked: Asked, wanted: &AskedGrant) -> Result<Answer, Refused> {
    let mut draft = match Draft::begin(app, asked, "grant.ask").await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    let environment = draft.asked.environment.clone();
    let client = draft.existing(Kind::Client, &wanted.client).await?;
    let api = draft.existing(Kind::Api, &wanted.api).await?;
    let may_decide = may_ask(&draft, &client, &api)
        .map_err(|refused| refused.naming(|| format!("client `{}`", wanted.client)))?;
    if !api.is_published() {
        return Err(Refused::field(
            "api",
            format!(
                "API `{}` is {}: only what is published is granted",
                wanted.api, api.status
            ),
        ));
    }
    let open = grants::find(
        &mut draft.tx,
        &environment,
        &wanted.client,
        &wanted.api,
        "requested",
    )
    .await?;
    if open.is_some() {
        return Err(Refused::conflict(
            "grant_asked",
            "this client asked for this API already: its team decides on that first",
        ));
    }
    if may_decide {
        draft.operation = "grant.give";
        give(&mut draft, wanted).await?;
        return finish_with(*draft, 201, &wanted.client, &wanted.api).await;
    }
    // What will be approved later has to be good now; nothing of it is written.
    let errors = unknown_scopes(&api, &wanted.scopes);
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    let grant = row(&draft, wanted, "requested");
    grants::add(&mut draft.tx, &environment, &grant).await?;
    finish_beside(*draft, 202, &grant, None).await
}

/// Approves or rejects what was asked for.
pub(crate) async fn decide(app: &App, asked: Asked, id: &str, decision: Decision) -> Result<Answer, Refused> {
    let operation = match decision {
        Decision::Approve => "grant.approve",
        Decision::Reject => "grant.reject",
    };
    let mut draft = match Draft::begin(app, asked, operation).await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    let environment = draft.asked.environment.clone();
    let found = grants::get(&mut draft.tx, &environment, id).await?;
    let mut grant = found.ok_or_else(|| Refused::NotFound(format!("grant `{id}`")))?;
    let client = draft.current(Kind::Client, &grant.client).await?;
    let api = draft.current(Kind::Api, &grant.api).await?;
    let may = match decision {
        Decision::Approve => Operation::ApproveGrant,
        Decision::Reject => Operation::RejectGrant,
    };
    authorize(&draft.asked.actor, may, between(client.as_ref(), api.as_ref()))
        .map_err(|refused| refused.naming(|| format!("grant `{id}`")))?;
    if grant.state != "requested" {
        return Err(Refused::conflict(
            "grant_decided",
            format!("this grant is {} already", grant.state),
        ));
    }
    let former = shown(&grant);
    grant.decided_by = Some(draft.asked.actor.name());
    grant.decided_at = Some(draft.now);
    if decision == Decision::Reject {
        grant.state = "rejected".to_owned();
        grants::set(&mut draft.tx, &environment, &grant).await?;
        return finish_beside(*draft, 200, &grant, Some(former)).await;
    }
    // The request becomes the grant: what is active of this API goes first.
    if let Some(mut active) =
        grants::find(&mut draft.tx, &environment, &grant.client, &grant.api, "active").await?
    {
        active.state = "revoked".to_owned();
        active.decided_by = grant.decided_by.clone();
        active.decided_at = grant.decided_at;
        grants::set(&mut draft.tx, &environment, &active).await?;
    }
    grant.state = "active".to_owned();
    grants::set(&mut draft.tx, &environment, &grant).await?;
    let wanted = AskedGrant {
        client: grant.client.clone(),
        api: grant.api.clone(),
        scopes: grant
            .scopes
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect(),
        plan: grant.plan.clone(),
    };
    give(&mut draft, &wanted).await?;
    finish_with(*draft, 200, &grant.client, &grant.api).await
}

/// Takes a grant back, or what was asked for.
pub(crate) async fn revoke(app: &App, asked: Asked, id: &str) -> Result<Answer, Refused> {
    let mut draft = match Draft::begin(app, asked, "grant.revoke").await? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Draft(draft) => draft,
    };
    let environment = draft.asked.environment.clone();
    let found = grants::get(&mut draft.tx, &environment, id).await?;
    let mut grant = found.ok_or_else(|| Refused::NotFound(format!("grant `{id}`")))?;
    let client = draft.current(Kind::Client, &grant.client).await?;
    let api = draft.current(Kind::Api, &grant.api).await?;
    authorize(
        &draft.asked.actor,
        Operation::RevokeGrant,
        between(client.as_ref(), api.as_ref()),
    )
    .map_err(|refused| refused.naming(|| format!("grant `{id}`")))?;
    match (grant.state.as_str(), client) {
        ("requested", _) => {
            let former = shown(&grant);
            grant.state = "revoked".to_owned();
            grant.decided_by = Some(draft.asked.actor.name());
            grant.decided_at = Some(draft.now);
            grants::set(&mut draft.tx, &environment, &grant).await?;
            finish_beside(*draft, 200, &grant, Some(former)).await
        }
        ("active", Some(mut client)) => {
            grants_of(&mut client.body)
                .retain(|other| other.get("api").and_then(Value::as_str) != Some(&*grant.api));
            draft.plan(Kind::Client, &grant.client, Some(client)).await?;
            let subject = shown_client(&mut draft, &grant.client).await?;
            draft.finish(200, subject, Map::new()).await
        }
        _ => Err(Refused::conflict(
            "grant_ended",
            format!("this grant is {} already", grant.state),
        )),
    }
}

/// What lies between two teams; what is there no more has none.
fn between<'a>(client: Option<&'a Wanted>, api: Option<&'a Wanted>) -> Object<'a> {
    let team = |of: Option<&'a Wanted>| of.and_then(|of| of.team.as_deref()).unwrap_or_default();
    Object::Between {
        client: team(client),
        api: team(api),
    }
}

/// Whether the actor may ask for this client; and whether what they ask for is given at once.
fn may_ask(draft: &Draft, client: &Wanted, api: &Wanted) -> Result<bool, Refused> {
    let object = between(Some(client), Some(api));
    let actor = &draft.asked.actor;
    authorize(actor, Operation::RequestGrant, object)?;
    Ok(authorize(actor, Operation::ApproveGrant, object).is_ok())
}

/// Puts a grant into its client's body, in place of one for the same API.
async fn give(draft: &mut Draft, wanted: &AskedGrant) -> Result<(), Refused> {
    let mut client = draft.existing(Kind::Client, &wanted.client).await?;
    let grants = grants_of(&mut client.body);
    grants.retain(|other| other.get("api").and_then(Value::as_str) != Some(&*wanted.api));
    let mut grant = Map::new();
    grant.insert("api".into(), wanted.api.clone().into());
    if !wanted.scopes.is_empty() {
        grant.insert("scopes".into(), json!(wanted.scopes));
    }
    if let Some(plan) = &wanted.plan {
        grant.insert("plan".into(), plan.clone().into());
    }
    grants.push(Value::Object(grant));
    draft.plan(Kind::Client, &wanted.client, Some(client)).await
}

fn grants_of(body: &mut Map<String, Value>) -> &mut Vec<Value> {
    let grants = body.entry("grants").or_insert_with(|| json!([]));
    if !grants.is_array() {
        *grants = json!([]);
    }
    grants.as_array_mut().expect("it is a list by now")
}

fn unknown_scopes(api: &Wanted, scopes: &[String]) -> Vec<FieldError> {
    let mut known = std::collections::BTreeSet::new();
    for operation in list(&api.body, "operations") {
        let strings = |value: &Value| value.as_str().map(str::to_owned);
        let plain = operation
            .get("scopes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let any_of = operation
            .get("any_of")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        known.extend(plain.filter_map(strings));
        known.extend(any_of.filter_map(Value::as_array).flatten().filter_map(strings));
    }
    let unknown = scopes
        .iter()
        .enumerate()
        .filter(|(_, scope)| !known.contains(*scope));
    unknown
        .map(|(index, scope)| {
            FieldError::new(
                format!("scopes[{index}]"),
                format!("no operation of this API asks for `{scope}`"),
            )
        })
        .collect()
}

fn row(draft: &Draft, wanted: &AskedGrant, state: &str) -> Grant {
    let decided = state == "active";
    Grant {
        id: crate::text::id(),
        client: wanted.client.clone(),
        api: wanted.api.clone(),
        scopes: wanted.scopes.join(" "),
        plan: wanted.plan.clone(),
        state: state.to_owned(),
        asked_by: draft.asked.actor.name(),
        asked_at: draft.now,
        decided_by: decided.then(|| draft.asked.actor.name()),
        decided_at: decided.then_some(draft.now),
    }
}

/// Brings the table after the bodies of clients that change.
pub(super) async fn follow(draft: &mut Draft, planned: &[Planned]) -> Result<(), Refused> {
    let mut added = Vec::new();
    for one in planned.iter().filter(|one| one.kind == Kind::Client) {
        let (former, to) = (by_api(one.published_former()), by_api(one.published()));
        if former == to {
            continue;
        }
        let environment = draft.environment.id.clone();
        // A client that is new has none.
        let active = match one.stored {
            Some(_) => grants::of_client(&mut draft.tx, &environment, &one.id, "active").await?,
            None => Vec::new(),
        };
        let mut active: BTreeMap<String, Grant> = active
            .into_iter()
            .map(|grant| (grant.api.clone(), grant))
            .collect();
        for (api, (scopes, plan)) in to {
            match active.remove(&api) {
                Some(grant) if grant.scopes == scopes && grant.plan == plan => {}
                Some(mut grant) => {
                    grant.scopes = scopes;
                    grant.plan = plan;
                    grant.decided_by = Some(draft.asked.actor.name());
                    grant.decided_at = Some(draft.now);
                    grants::set(&mut draft.tx, &environment, &grant).await?;
                }
                None => {
                    let scopes = scopes
                        .split(' ')
                        .filter(|scope| !scope.is_empty())
                        .map(str::to_owned)
                        .collect();
                    let wanted = AskedGrant {
                        client: one.id.clone(),
                        api,
                        scopes,
                        plan,
                    };
                    added.push(row(draft, &wanted, "active"));
                }
            }
        }
        for mut gone in active.into_values() {
            gone.state = "revoked".to_owned();
            gone.decided_by = Some(draft.asked.actor.name());
            gone.decided_at = Some(draft.now);
            grants::set(&mut draft.tx, &environment, &gone).await?;
        }
    }
    grants::add_all(&mut draft.tx, &draft.environment.id, &added).await?;
    Ok(())
}

/// The grants of a body: scopes and plan, by API.
pub(super) fn by_api(body: Option<&Map<String, Value>>) -> BTreeMap<String, (String, Option<String>)> {
    let Some(body) = body else { return BTreeMap::new() };
    list(body, "grants")
        .filter_map(|grant| {
            let scopes = grant
                .get("scopes")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
            Some((
                text(grant, "api")?.to_owned(),
                (scopes.join(" "), text(grant, "plan").map(str::to_owned)),
            ))
        })
        .collect()
}

async fn finish_with(mut draft: Draft, status: u16, client: &str, api: &str) -> Result<Answer, Refused> {
    let (app, environment) = (draft.app.clone(), draft.environment.id.clone());
    let subject = shown_client(&mut draft, client).await?;
    let mut answer = draft.finish(status, subject, Map::new()).await?;
    let mut connection = app.store.connection().await?;
    if let Some(grant) = grants::find(&mut connection, &environment, client, api, "active").await?
        && let Some(body) = answer.body.as_object_mut()
    {
        body.insert("grant".into(), shown(&grant));
    }
    Ok(answer)
}

/// The client, where whoever decides may see it: the API's team decides about a client whose credentials are not its business.
async fn shown_client<'a>(draft: &mut Draft, client: &'a str) -> Result<Option<(Kind, &'a str)>, Refused> {
    let team = draft
        .current(Kind::Client, client)
        .await?
        .and_then(|client| client.team);
    let may = authorize(&draft.asked.actor, Operation::SeeClient, of_team(team.as_deref()));
    Ok(may.is_ok().then_some((Kind::Client, client)))
}

/// Ends a change that no reader sees: no revision, but recorded all the same.
async fn finish_beside(
    mut draft: Draft,
    status: u16,
    grant: &Grant,
    former: Option<Value>,
) -> Result<Answer, Refused> {
    if draft.asked.dry_run {
        // What was written goes with the transaction.
        return Ok(Answer::ok(json!({ "dry_run": true, "grant": shown(grant) })));
    }
    feeds::give_back_revision(&mut draft.tx, &draft.environment.id).await?;
    let entry = audit::Entry {
        at: draft.now,
        actor: draft.asked.actor.id().to_owned(),
        actor_kind: draft.asked.actor.kind().to_owned(),
        request_id: draft.asked.request_id.clone(),
        operation: draft.operation.to_owned(),
        object: format!("grant/{}", grant.id),
        revision: None,
        before: former.map(|former| former.to_string()),
        after: Some(shown(grant).to_string()),
    };
    audit::add(&mut draft.tx, &draft.environment.id, &[entry]).await?;
    let answer = Answer {
        status,
        ..Answer::ok(shown(grant))
    };
    draft.commit(answer).await
}
