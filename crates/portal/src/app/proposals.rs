//! Changes that a second person has to approve: seen, approved, rejected. Never by who proposed them.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::key_sets::{Wish, gather};
use super::page::Page;
use super::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::proposals::{self, Proposal};
use crate::store::{StoreError, audit, feeds};
use policy::entity::Kind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Deserialize)]
struct Change {
    kind: String,
    id: String,
    /// What it was when this was proposed.
    version: i64,
    to: Option<To>,
}

#[derive(Debug, Deserialize)]
struct To {
    body: Map<String, Value>,
    details: Map<String, Value>,
    status: String,
    team: Option<String>,
}

fn shown(proposal: &Proposal) -> Value {
    let changes: Value = serde_json::from_str(&proposal.changes).unwrap_or_default();
    let changes = changes.as_array().into_iter().flatten().take(100).map(|change| {
        let word = |member: &str| change.get(member).and_then(Value::as_str).unwrap_or_default();
        let deletes = change.get("to").is_none_or(Value::is_null);
        json!({ "kind": word("kind"), "id": word("id"), "deletes": deletes })
    });
    json!({
        "id": proposal.id, "actor": proposal.actor, "operation": proposal.operation, "narrowed": proposal.counted,
        "state": proposal.state, "at": proposal.at, "decided_by": proposal.decided_by,
        "decided_at": proposal.decided_at, "changes": changes.collect::<Vec<Value>>(),
    })
}

/// A part of an environment's proposals.
pub(crate) async fn page(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListProposals, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let found = proposals::page(&mut connection, &asked.environment, &page.after, page.limit).await?;
    // Other people's are theirs, and the platform's.
    let sees_all = authorize(&asked.actor, Operation::ListAudit, Object::Organisation).is_ok();
    let own = asked.actor.name();
    Ok(page.answer_some(found.iter().map(|one| {
        let is_shown = sees_all || one.actor == own;
        (one.id.clone(), is_shown.then(|| shown(one)))
    })))
}

fn changes(proposal: &Proposal) -> Result<Vec<Change>, StoreError> {
    serde_json::from_str(&proposal.changes).map_err(|_| StoreError::Broken("a proposal that is none"))
}

/// What the issuers of a proposal will need, where it may be approved.
async fn wishes(app: &App, asked: &Asked, id: &str) -> Result<Vec<Wish>, Refused> {
    // Before anything is looked for, as where the change begins.
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let Some(proposal) = proposals::get(&mut connection, &asked.environment, id).await? else {
        return Ok(Vec::new());
    };
    may_decide(asked, Operation::ApproveProposal, &proposal)?;
    if proposal.state != "open" {
        return Ok(Vec::new());
    }
    let issuers = changes(&proposal)?
        .into_iter()
        .filter(|change| change.kind == Kind::Issuer.as_str());
    let wishes = issuers.filter_map(|change| Wish::of(&change.id, &change.to?.body));
    Ok(wishes.collect())
}

/// Does what was proposed, if nothing of it was changed meanwhile.
pub(crate) async fn approve(app: &App, asked: Asked, id: &str) -> Result<Answer, Refused> {
    let wishes = wishes(app, &asked, id).await?;
    let gathered = gather(app, &asked, wishes).await?;
    let (mut draft, proposal) = match begin(app, asked, id, "proposal.approve").await? {
        Ok(begun) => begun,
        Err(answer) => return Ok(answer),
    };
    draft.gathered = gathered;
    if proposal.actor == draft.asked.actor.name() {
        return Err(Refused::Forbidden(
            "a second person has to approve: not the one who proposed it".to_owned(),
        ));
    }
    for change in changes(&proposal)? {
        let kind = Kind::parse(&change.kind).ok_or(StoreError::Broken("a proposal of an unknown kind"))?;
        let to = change.to.map(|to| Wanted {
            body: to.body,
            details: to.details,
            status: to.status,
            team: to.team,
        });
        draft.plan(kind, &change.id, to).await?;
        let stored = draft
            .planned
            .get(&(kind, change.id.clone()))
            .and_then(|one| one.stored.as_ref());
        if stored.map_or(0, |stored| stored.version) != change.version {
            return Err(Refused::conflict(
                "proposal_stale",
                format!(
                    "{kind} `{}` was changed since this was proposed: propose it again",
                    change.id
                ),
            ));
        }
    }
    decide(&mut draft, id, "approved").await?;
    draft.is_approved = true;
    let mut more = Map::new();
    more.insert("proposal".into(), id.into());
    draft.finish(200, None, more).await
}

/// Lays a proposal aside; whoever made it may, too.
pub(crate) async fn reject(app: &App, asked: Asked, id: &str) -> Result<Answer, Refused> {
    let (mut draft, _) = match begin(app, asked, id, "proposal.reject").await? {
        Ok(begun) => begun,
        Err(answer) => return Ok(answer),
    };
    decide(&mut draft, id, "rejected").await?;
    feeds::give_back_revision(&mut draft.tx, &draft.environment.id).await?;
    let environment = draft.environment.id.clone();
    let proposal = proposals::get(&mut draft.tx, &environment, id).await?;
    let body = proposal.as_ref().map(shown).unwrap_or_default();
    draft.commit(Answer::ok(body)).await
}

async fn begin(
    app: &App,
    asked: Asked,
    id: &str,
    operation: &'static str,
) -> Result<Result<(Box<Draft>, Proposal), Answer>, Refused> {
    let mut draft = match Draft::begin(app, asked, operation).await? {
        Begun::Answered(answer) => return Ok(Err(answer)),
        Begun::Draft(draft) => draft,
    };
    let environment = draft.asked.environment.clone();
    let found = proposals::get(&mut draft.tx, &environment, id).await?;
    let proposal = found.ok_or_else(|| Refused::NotFound(format!("proposal `{id}`")))?;
    let may = match operation {
        "proposal.reject" => Operation::RejectProposal,
        _ => Operation::ApproveProposal,
    };
    may_decide(&draft.asked, may, &proposal)?;
    if proposal.state != "open" {
        return Err(Refused::conflict(
            "proposal_decided",
            format!("this proposal is {} already", proposal.state),
        ));
    }
    Ok(Ok((draft, proposal)))
}

fn may_decide(asked: &Asked, operation: Operation, proposal: &Proposal) -> Result<(), Refused> {
    let user = proposal.actor.strip_prefix("user:").unwrap_or_default();
    authorize(&asked.actor, operation, Object::User { user })
        .map_err(|refused| refused.naming(|| format!("proposal `{}`", proposal.id)))
}

async fn decide(draft: &mut Draft, id: &str, state: &str) -> Result<(), Refused> {
    let actor = draft.asked.actor.name();
    proposals::decide(&mut draft.tx, id, state, &actor, draft.now).await?;
    let entry = audit::Entry {
        at: draft.now,
        actor: draft.asked.actor.id().to_owned(),
        actor_kind: draft.asked.actor.kind().to_owned(),
        request_id: draft.asked.request_id.clone(),
        operation: draft.operation.to_owned(),
        object: format!("proposal/{id}"),
        after: Some(json!({ "state": state }).to_string()),
        ..audit::Entry::default()
    };
    audit::add(&mut draft.tx, &draft.environment.id, &[entry]).await?;
    Ok(())
}
