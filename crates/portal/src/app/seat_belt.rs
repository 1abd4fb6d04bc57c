//! How much a change takes away, and what has to be said before it may.
//!
//! Counts entities that are deleted or allow less than before; one that others depend on counts as many as those.

use super::answer::Answer;
use super::draft::{Draft, Planned};
use super::mentions::{list, text};
use super::refused::Refused;
use crate::store::environments::Environment;
use crate::store::proposals::{self, Proposal};
use crate::store::{audit, feeds, names};
use policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Entities that a refusal names.
const NAMED_MAX: usize = 5;

/// How much a change takes away.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) count: i64,
    named: Vec<String>,
}

impl Counted {
    pub(crate) fn exceeds(&self, environment: &Environment) -> bool {
        self.count > environment.confirm_above
    }

    pub(crate) fn refuse(&self, environment: &Environment) -> Refused {
        Refused::ConfirmNeeded {
            counted: self.count,
            above: environment.confirm_above,
            named: self.named.clone(),
        }
    }
}

/// Counts what the draft takes away.
pub(crate) async fn counted(draft: &mut Draft) -> Result<Counted, Refused> {
    let mut counted = Counted::default();
    let narrowed: Vec<(Kind, String)> = draft
        .planned
        .values()
        .filter(|planned| narrows(planned))
        .map(|one| (one.kind, one.id.clone()))
        .collect();
    // Beyond the threshold nobody needs to know how far.
    let limit = draft.environment.confirm_above.saturating_add(1);
    for (kind, id) in narrowed {
        let mut weight = 1;
        if matches!(kind, Kind::Api | Kind::Issuer | Kind::Tenant | Kind::Plan) && counted.count < limit {
            let on_it =
                names::links_to(&mut draft.tx, &draft.environment.id, kind.as_str(), &id, limit).await?;
            weight = weight.max(i64::try_from(on_it.len()).unwrap_or(limit));
        }
        counted.count += weight;
        if counted.named.len() < NAMED_MAX {
            counted.named.push(format!("{kind} {id}"));
        } else if counted.named.len() == NAMED_MAX {
            counted.named.push("…".to_owned());
        }
    }
    Ok(counted)
}

/// Whether an entity allows less than before.
fn narrows(planned: &Planned) -> bool {
    let (former, to) = (planned.published_former(), planned.published());
    match (planned.kind, former, to) {
        // Its end allows more.
        (Kind::Revocation, _, None) => false,
        (Kind::Revocation, None, Some(_)) => true,
        (_, Some(_), None) => true,
        (_, None, _) => false,
        (kind, Some(former), Some(to)) => narrows_to(kind, former, to),
    }
}

fn narrows_to(kind: Kind, former: &Map<String, Value>, to: &Map<String, Value>) -> bool {
    let loses = |member: &str| !parts(former, member).is_subset(&parts(to, member));
    let differs = |member: &str| former.get(member) != to.get(member);
    let begins_suspended =
        text(former, "status") != text(to, "status") && text(to, "status") == Some("suspended");
    match kind {
        Kind::Client => {
            begins_suspended || loses("credentials") || differs("tenant") || loses_grants(former, to)
        }
        Kind::Api => {
            ["operations", "public"].into_iter().any(loses)
                || [
                    "hosts",
                    "base_path",
                    "credentials",
                    "api_key_header",
                    "public_credentials",
                ]
                .into_iter()
                .any(differs)
        }
        Kind::Issuer => {
            // Keys that were fetched elsewhere hold no more; a first place adds some.
            let moves = former.contains_key("jwks_uri") && differs("jwks_uri");
            moves
                || ["audiences", "keys"].into_iter().any(loses)
                || ["issuer", "algorithms", "claims", "preset", "clients"]
                    .into_iter()
                    .any(differs)
        }
        Kind::Tenant => begins_suspended || differs("cell"),
        Kind::Revocation => former != to,
        Kind::Plan | Kind::Cell => false,
    }
}

/// The items of a list, as text.
fn parts(body: &Map<String, Value>, member: &str) -> BTreeSet<String> {
    let items = body.get(member).and_then(Value::as_array);
    items.into_iter().flatten().map(Value::to_string).collect()
}

fn loses_grants(former: &Map<String, Value>, to: &Map<String, Value>) -> bool {
    list(former, "grants").any(|grant| {
        let same = list(to, "grants").find(|other| text(other, "api") == text(grant, "api"));
        same.is_none_or(|same| !parts(grant, "scopes").is_subset(&parts(same, "scopes")))
    })
}

/// Keeps the change until somebody else approves it.
pub(crate) async fn propose(mut draft: Draft, counted: &Counted) -> Result<Answer, Refused> {
    // The revision was taken and is not used.
    feeds::give_back_revision(&mut draft.tx, &draft.environment.id).await?;
    let changes: Vec<Value> = draft
        .planned
        .values()
        .map(|planned| {
            let version = planned.stored.as_ref().map_or(0, |stored| stored.version);
            let to = planned.to.as_ref().map(
                |to| json!({ "body": to.body, "details": to.details, "status": to.status, "team": to.team }),
            );
            json!({ "kind": planned.kind.as_str(), "id": planned.id, "version": version, "to": to })
        })
        .collect();
    let proposal = Proposal {
        id: crate::text::id(),
        environment: draft.environment.id.clone(),
        actor: draft.asked.actor.name(),
        operation: draft.operation.to_owned(),
        changes: Value::Array(changes).to_string(),
        counted: counted.count,
        state: "open".to_owned(),
        at: draft.now,
        decided_by: None,
        decided_at: None,
    };
    proposals::add(&mut draft.tx, &proposal).await?;
    let entry = audit::Entry {
        at: draft.now,
        actor: draft.asked.actor.id().to_owned(),
        actor_kind: draft.asked.actor.kind().to_owned(),
        request_id: draft.asked.request_id.clone(),
        operation: format!("{}.propose", draft.operation),
        object: format!("proposal/{}", proposal.id),
        after: Some(json!({ "narrowed": counted.count, "named": counted.named }).to_string()),
        ..audit::Entry::default()
    };
    audit::add(&mut draft.tx, &draft.environment.id, &[entry]).await?;
    draft.tx.commit().await?;
    Ok(Answer {
        status: 202,
        body: json!({
            "proposal": proposal.id,
            "narrowed": counted.count,
            "detail": "nothing was changed yet: another person has to approve this proposal",
        }),
        ..Answer::ok(Value::Null)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, former: &Value, to: &Value, expected: bool) {
        let (former, to) = (former.as_object().unwrap(), to.as_object().unwrap());
        assert_eq!(narrows_to(kind, former, to), expected, "{former:?} to {to:?}");
    }

    #[test]
    fn what_allows_less_is_told_from_what_allows_more() {
        let grants = |scopes: &[&str]| json!({ "grants": [{ "api": "a", "scopes": scopes }] });
        check(Kind::Client, &grants(&["r"]), &grants(&["r", "w"]), false);
        check(Kind::Client, &grants(&["r", "w"]), &grants(&["r"]), true);
        check(Kind::Client, &grants(&["r"]), &json!({}), true);
        check(Kind::Client, &json!({}), &json!({ "status": "suspended" }), true);
        check(Kind::Client, &json!({ "status": "suspended" }), &json!({}), false);
        check(
            Kind::Client,
            &json!({ "credentials": [{ "id": "a" }] }),
            &json!({}),
            true,
        );
        let api = |ops: &[&str]| json!({ "base_path": "/a", "operations": ops });
        check(Kind::Api, &api(&["GET /a"]), &api(&["GET /a", "PUT /a"]), false);
        check(Kind::Api, &api(&["GET /a", "PUT /a"]), &api(&["GET /a"]), true);
        check(
            Kind::Api,
            &json!({ "base_path": "/a" }),
            &json!({ "base_path": "/b" }),
            true,
        );
        check(
            Kind::Tenant,
            &json!({ "cell": "eu" }),
            &json!({ "cell": "us" }),
            true,
        );
        let at = |uri: &str| json!({ "jwks_uri": uri });
        check(Kind::Issuer, &json!({}), &at("https://a/k"), false);
        check(Kind::Issuer, &at("https://a/k"), &at("https://b/k"), true);
        check(Kind::Issuer, &at("https://a/k"), &json!({}), true);
        check(
            Kind::Plan,
            &json!({ "rate": "2/s" }),
            &json!({ "rate": "1/s" }),
            false,
        );
    }
}
