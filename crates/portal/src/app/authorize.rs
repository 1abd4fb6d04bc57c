//! The one place that says who may do what in the portal.
//!
//! Every operation asks here, with what it is about; nothing is allowed that no line below allows.

use super::actor::{Actor, ActorKind, TeamRole};
use super::refused::Refused;
use policy::entity::Kind;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Read entities, versions, revisions and grants of an environment.
    ReadPolicy,
    /// Create, replace or delete an entity of this kind; the object's team is its owner.
    WriteEntity(Kind),
    /// Claim a path where the team has nothing yet, or make an operation public.
    ApproveClaim,
    /// Ask for a grant, for a client of the object's team.
    AskGrant,
    /// Give a grant of an API of the object's team.
    DecideGrant,
    /// Take a grant back; the object's team is the client's or the API's.
    RevokeGrant,
    /// Replace much at once, or go back to an earlier revision.
    ChangePolicy,
    /// Approve what somebody else proposed.
    ApproveProposal,
    /// Read the feed: stream, bundle, floor.
    ReadFeed,
    /// Ask why a client would be let through or refused; the object's team is the client's or the API's.
    Explain,
    /// Read what was recorded.
    ReadAudit,
    /// Make environments, and set their seat belts.
    ManageEnvironments,
    /// Enrol gateways of the object's team, and end their tokens.
    ManageGateways,
    /// See which gateways there are.
    ReadGateways,
}

/// What it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Object<'a> {
    pub(crate) environment: Option<&'a str>,
    pub(crate) team: Option<&'a str>,
}

impl<'a> Object<'a> {
    pub(crate) fn environment(environment: &'a str) -> Object<'a> {
        Object {
            environment: Some(environment),
            team: None,
        }
    }

    pub(crate) fn of_team(self, team: Option<&'a str>) -> Object<'a> {
        Object { team, ..self }
    }
}

/// Whether the actor may.
pub(crate) fn authorize(actor: &Actor, operation: Operation, object: Object<'_>) -> Result<(), Refused> {
    if allows(actor, operation, object) {
        return Ok(());
    }
    let of_team = object
        .team
        .map(|team| format!(" of team {team}"))
        .unwrap_or_default();
    Err(Refused::Forbidden(format!(
        "{} may not {}{of_team}",
        actor.id,
        described(operation)
    )))
}

fn allows(actor: &Actor, operation: Operation, object: Object<'_>) -> bool {
    match actor.kind {
        ActorKind::System => return true,
        ActorKind::Gateway => {
            let own = actor.environment.as_deref() == object.environment;
            return operation == Operation::ReadFeed && own;
        }
        ActorKind::User if actor.is_admin => return true,
        ActorKind::User => {}
    }
    let role = object.team.and_then(|team| actor.role_in(team));
    match operation {
        Operation::ReadPolicy | Operation::ReadGateways => actor.is_auditor || !actor.teams.is_empty(),
        // Hashes of keys are in it: who decides by it, and who watches over all of it.
        Operation::ReadFeed | Operation::ReadAudit => actor.is_auditor,
        Operation::Explain => actor.is_auditor || role.is_some(),
        Operation::WriteEntity(Kind::Api | Kind::Client | Kind::Plan) => role.is_some(),
        Operation::AskGrant | Operation::RevokeGrant => role.is_some(),
        Operation::DecideGrant | Operation::ManageGateways => role == Some(TeamRole::Owner),
        Operation::WriteEntity(Kind::Issuer | Kind::Revocation | Kind::Tenant | Kind::Cell)
        | Operation::ApproveClaim
        | Operation::ChangePolicy
        | Operation::ApproveProposal
        | Operation::ManageEnvironments => false,
    }
}

fn described(operation: Operation) -> String {
    match operation {
        Operation::ReadPolicy => "read the policy".to_owned(),
        Operation::WriteEntity(kind) => format!("change a {kind}"),
        Operation::ApproveClaim => "claim a new prefix or make an operation public".to_owned(),
        Operation::AskGrant => "ask for a grant for a client".to_owned(),
        Operation::DecideGrant => "decide on grants of an API".to_owned(),
        Operation::RevokeGrant => "revoke a grant".to_owned(),
        Operation::ChangePolicy => "replace the policy".to_owned(),
        Operation::ApproveProposal => "approve a proposal".to_owned(),
        Operation::ReadFeed => "read this feed".to_owned(),
        Operation::Explain => "ask about clients and APIs".to_owned(),
        Operation::ReadAudit => "read the audit log".to_owned(),
        Operation::ManageEnvironments => "manage environments".to_owned(),
        Operation::ManageGateways => "manage gateways".to_owned(),
        Operation::ReadGateways => "see gateways".to_owned(),
    }
}
