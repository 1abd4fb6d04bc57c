//! May this actor do that to this object? One pure function for the whole API; every handler asks it, and nothing else decides.
//!
//! Two questions in this order: may the actor see the object at all (else it is as if it were not there: 404), and may they do this to
//! it (else 403). Nobody, where somebody has to be: 401. Must not know a request, a database or the time.

use super::actor::{Actor, Person, PlatformRole, TeamRole, Via};
use super::operation::Operation;

/// What is asked about, as far as permission depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object<'a> {
    /// Nobody's in particular: the organisation, a list whose items are judged one by one, a revocation of a whole issuer's tokens.
    Organisation,
    /// What this team owns.
    Of {
        /// The team's id.
        team: &'a str,
    },
    /// What this team would own: it is not there yet, so nothing of it can be hidden.
    New {
        /// The team's id.
        team: &'a str,
    },
    /// An API of this team as it is to be.
    Api {
        /// The team's id.
        team: &'a str,
        /// What of it is beyond the team's own say.
        reach: Reach,
    },
    /// What lies between a client's team and an API's.
    Between {
        /// The client's team.
        client: &'a str,
        /// The API's team.
        api: &'a str,
    },
    /// What belongs to one user.
    User {
        /// The user's id.
        user: &'a str,
    },
    /// What one environment publishes.
    Environment {
        /// The environment's id.
        environment: &'a str,
    },
}

/// What of an API is beyond a team's own say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing: its base path is below a prefix of the team, and nothing becomes public.
    Own,
    /// It is at a base path that no prefix of the team covers.
    NewPrefix,
    /// It has a public operation that it did not have.
    Public,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody said who they are: 401.
    #[error("say who you are: a token in `Authorization: Bearer`, or sign in")]
    Unauthenticated,
    /// As if it were not there: 404.
    #[error("there is no such thing, or you may not see it")]
    Hidden,
    /// 403.
    #[error("this token only reads; use one that may change things")]
    ReadOnly,
    /// 403.
    #[error("this token reaches one team alone; use one without that limit")]
    Narrowed,
    /// 403.
    #[error("only the team that owns it may do that; ask one of its members")]
    NeedsMember,
    /// 403.
    #[error("only an owner of the team may do that; `GET /v1/teams/TEAM/members` says who they are")]
    NeedsOwner,
    /// 403.
    #[error("a grant is given by an owner of the API's team: ask for it by `POST …/grants`")]
    NeedsApiOwner,
    /// 403.
    #[error("only a platform admin may do that")]
    NeedsAdmin,
    /// 403.
    #[error("only a platform admin or an auditor may see that")]
    NeedsAuditor,
    /// 403.
    #[error(
        "the base path is below none of the team's prefixes: a platform admin has to add one, or to put the API"
    )]
    NeedsPrefix,
    /// 403.
    #[error(
        "an operation without credentials is new: save the API as a draft, and ask a platform admin to publish it"
    )]
    NeedsPublicApproval,
    /// 403.
    #[error("a gateway's token follows its own environment's feed and reports, and nothing else")]
    NotForGateways,
    /// 403.
    #[error("only a gateway's enrolment token may do that")]
    OnlyGateways,
    /// 403.
    #[error("tokens are made by their own user; sign in as that user")]
    NeedsUser,
}

impl Refusal {
    /// The answer's status.
    pub(crate) fn status(self) -> u16 {
        match self {
            Refusal::Unauthenticated => 401,
            Refusal::Hidden => 404,
            Refusal::ReadOnly
            | Refusal::Narrowed
            | Refusal::NeedsMember
            | Refusal::NeedsOwner
            | Refusal::NeedsApiOwner
            | Refusal::NeedsAdmin
            | Refusal::NeedsAuditor
            | Refusal::NeedsPrefix
            | Refusal::NeedsPublicApproval
            | Refusal::NotForGateways
            | Refusal::OnlyGateways
            | Refusal::NeedsUser => 403,
        }
    }

    /// A stable word for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Refusal::Unauthenticated => "unauthenticated",
            Refusal::Hidden => "not_found",
            Refusal::ReadOnly => "token_read_only",
            Refusal::Narrowed => "token_narrowed",
            Refusal::NeedsMember => "needs_member",
            Refusal::NeedsOwner => "needs_owner",
            Refusal::NeedsApiOwner => "needs_api_owner",
            Refusal::NeedsAdmin => "needs_platform_admin",
            Refusal::NeedsAuditor => "needs_auditor",
            Refusal::NeedsPrefix => "needs_prefix",
            Refusal::NeedsPublicApproval => "needs_public_approval",
            Refusal::NotForGateways => "not_for_gateways",
            Refusal::OnlyGateways => "only_gateways",
            Refusal::NeedsUser => "needs_user",
        }
    }
}

/// Who may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Everybody, also who does not say who they are.
    Everybody,
    /// Every user, and the sealed account: what the organisation shares, and lists whose items are judged one by one.
    Shared,
    /// The same, where a change is what is asked for.
    SharedChange,
    /// Every user about themselves; an admin and an auditor about others.
    OwnRead,
    /// A user for themselves alone.
    OwnMake,
    /// A user for themselves, an admin for all. Others know nothing of it.
    OwnChange,
    /// The teams of the object. Others know nothing of it.
    TeamRead,
    /// Somebody in a team of the object. `hidden`: others know nothing of it.
    Member { hidden: bool },
    /// An owner of the object's team. `hidden` as above.
    Owner { hidden: bool },
    /// Somebody in the team, for as much of an API as the team may say by itself.
    ApiMember,
    /// Somebody in the client's team. The API's team sees it.
    ClientSide,
    /// An owner of the API's team. The client's team sees it.
    ApiOwner,
    /// A platform admin.
    Admin,
    /// A platform admin, or an auditor.
    Auditor,
    /// A gateway of that environment, a platform admin, or an auditor: a feed holds what all teams have.
    Feed,
    /// A gateway of that environment.
    Gateway,
}

fn rule(operation: Operation) -> Rule {
    use Operation as O;
    match operation {
        O::Health | O::Ready | O::OpenApi | O::SignIn | O::StartOidc | O::FinishOidc | O::SeeSignIn => {
            Rule::Everybody
        }
        #[rustfmt::skip]
        O::SeeMe | O::ListUsers | O::SeeUser | O::ListTeams | O::SeeTeam | O::ListMembers | O::ListEnvironments
        | O::ListApis | O::SeeApi | O::ListPlans | O::SeePlan | O::ListIssuers | O::SeeIssuer | O::SeeKeySet
        | O::ListTenants | O::SeeTenant | O::ListCells | O::SeeCell
        | O::ListClients | O::ListRevocations | O::ListGrants | O::ListGateways
        | O::ListRevisions | O::ListProposals | O::SeeFleet | O::SeeVersions => Rule::Shared,
        O::SignOut | O::ImportPolicy => Rule::SharedChange,
        O::ListTokens => Rule::OwnRead,
        O::MakeToken => Rule::OwnMake,
        O::RevokeToken | O::SetPassword | O::RejectProposal => Rule::OwnChange,
        O::SeeClient | O::SeeRevocation | O::SeeGrant | O::SeeGateway | O::Explain => Rule::TeamRead,
        O::PutApi => Rule::ApiMember,
        O::PutPlan => Rule::Member { hidden: false },
        O::PutClient
        | O::MakeCredential
        | O::EndCredential
        | O::RotateCredential
        | O::SuspendClient
        | O::ActivateClient
        | O::PutRevocation
        | O::RevokeGrant => Rule::Member { hidden: true },
        O::DeleteApi | O::DeletePlan | O::RenameTeam | O::SetMember | O::RemoveMember => {
            Rule::Owner { hidden: false }
        }
        O::DeleteClient | O::Transfer | O::EnrolGateway | O::RevokeGateway => Rule::Owner { hidden: true },
        O::RequestGrant => Rule::ClientSide,
        O::ApproveGrant | O::RejectGrant => Rule::ApiOwner,
        O::MakeUser
        | O::ChangeUser
        | O::DeleteUser
        | O::MakeTeam
        | O::DeleteTeam
        | O::MakeEnvironment
        | O::SetSeatBelt
        | O::SetVersions
        | O::ReplacePolicy
        | O::ApproveProposal
        | O::PutIssuer
        | O::DeleteIssuer
        | O::FetchKeySet
        | O::PutTenant
        | O::DeleteTenant
        | O::PutCell
        | O::DeleteCell
        | O::DeleteRevocation
        | O::Revert => Rule::Admin,
        O::ExportPolicy | O::SeeRevision | O::ListAudit => Rule::Auditor,
        O::ReadCommit | O::ReadBundle | O::ReadFloor | O::ReadStream => Rule::Feed,
        O::Report => Rule::Gateway,
    }
}

/// May this actor do that to this object?
pub(crate) fn may(actor: &Actor, operation: Operation, object: &Object<'_>) -> Result<(), Refusal> {
    let rule = rule(operation);
    if rule == Rule::Everybody {
        return Ok(());
    }
    match actor {
        Actor::System => Ok(()),
        Actor::Anonymous => Err(Refusal::Unauthenticated),
        Actor::Gateway { environment, .. } => gateway(rule, environment, object),
        Actor::BreakGlass => match rule {
            Rule::Gateway => Err(Refusal::OnlyGateways),
            Rule::OwnMake => Err(Refusal::NeedsUser),
            _ => Ok(()),
        },
        Actor::Person(person) => self::person(person, rule, object),
    }
}

fn gateway(rule: Rule, own: &str, object: &Object<'_>) -> Result<(), Refusal> {
    match (rule, object) {
        (Rule::Feed | Rule::Gateway, Object::Environment { environment }) if *environment == own => Ok(()),
        (Rule::Feed | Rule::Gateway, _) => Err(Refusal::Hidden),
        _ => Err(Refusal::NotForGateways),
    }
}

fn person(person: &Person, rule: Rule, object: &Object<'_>) -> Result<(), Refusal> {
    if rule == Rule::Gateway {
        return Err(Refusal::OnlyGateways);
    }
    if is_hidden(person, rule, object) {
        return Err(Refusal::Hidden);
    }
    if changes(rule) && matches!(person.via, Via::Token { read_only: true, .. }) {
        return Err(Refusal::ReadOnly);
    }
    if matches!(rule, Rule::OwnMake | Rule::OwnChange) {
        return own(person, rule, object);
    }
    if person.platform() == Some(PlatformRole::Admin) {
        return Ok(());
    }
    let refused = match rule {
        Rule::Everybody | Rule::Shared | Rule::SharedChange | Rule::OwnRead | Rule::TeamRead => return Ok(()),
        Rule::OwnMake | Rule::OwnChange => return own(person, rule, object),
        Rule::Member { .. } => no_role(person, object, TeamRole::Member),
        Rule::Owner { .. } => no_role(person, object, TeamRole::Owner),
        Rule::ApiMember => no_role(person, object, TeamRole::Member).or(match object {
            Object::Api {
                reach: Reach::NewPrefix,
                ..
            } => Some(Refusal::NeedsPrefix),
            Object::Api {
                reach: Reach::Public, ..
            } => Some(Refusal::NeedsPublicApproval),
            _ => None,
        }),
        Rule::ClientSide => no_role(person, &client_side(object), TeamRole::Member),
        Rule::ApiOwner => no_role(person, &api_side(object), TeamRole::Owner),
        Rule::Admin => Some(Refusal::NeedsAdmin),
        Rule::Auditor | Rule::Feed => {
            (person.platform() != Some(PlatformRole::Auditor)).then_some(Refusal::NeedsAuditor)
        }
        Rule::Gateway => Some(Refusal::OnlyGateways),
    };
    // Who would have been let through by another token is told about the token.
    match refused {
        None => Ok(()),
        Some(_) if is_narrowing(person, object) => Err(Refusal::Narrowed),
        Some(refusal) => Err(refusal),
    }
}

/// What gives credentials, or takes them: not by a narrowed token, which could make itself wider.
fn own(person: &Person, rule: Rule, object: &Object<'_>) -> Result<(), Refusal> {
    match &person.via {
        Via::Token { team: Some(_), .. } => Err(Refusal::Narrowed),
        _ if is_own(person, object) => Ok(()),
        _ if rule == Rule::OwnMake => Err(Refusal::NeedsUser),
        _ if person.platform() == Some(PlatformRole::Admin) => Ok(()),
        _ => Err(Refusal::NeedsAdmin),
    }
}

/// Whether the object is not there for this person.
fn is_hidden(person: &Person, rule: Rule, object: &Object<'_>) -> bool {
    if person.platform().is_some() {
        return false;
    }
    match rule {
        Rule::TeamRead
        | Rule::Member { hidden: true }
        | Rule::Owner { hidden: true }
        | Rule::ClientSide
        | Rule::ApiOwner => match object {
            Object::New { .. } => false,
            // What is nobody's in particular cannot be hidden from who would change it, and says nothing.
            Object::Organisation if changes(rule) => false,
            _ => role(person, object).is_none(),
        },
        Rule::OwnRead | Rule::OwnChange => !is_own(person, object),
        _ => false,
    }
}

fn changes(rule: Rule) -> bool {
    match rule {
        Rule::Everybody
        | Rule::Shared
        | Rule::OwnRead
        | Rule::TeamRead
        | Rule::Auditor
        | Rule::Feed
        | Rule::Gateway => false,
        Rule::SharedChange
        | Rule::OwnMake
        | Rule::OwnChange
        | Rule::Member { .. }
        | Rule::Owner { .. }
        | Rule::ApiMember
        | Rule::ClientSide
        | Rule::ApiOwner
        | Rule::Admin => true,
    }
}

/// The strongest role in a team of the object.
fn role(person: &Person, object: &Object<'_>) -> Option<TeamRole> {
    match object {
        Object::Of { team } | Object::New { team } | Object::Api { team, .. } => person.role_in(team),
        Object::Between { client, api } => person.role_in(client).max(person.role_in(api)),
        Object::Organisation | Object::User { .. } | Object::Environment { .. } => None,
    }
}

/// Why not, where the person's role in the object's teams is less than this.
fn no_role(person: &Person, object: &Object<'_>, wanted: TeamRole) -> Option<Refusal> {
    match role(person, object) {
        Some(role) if role >= wanted => None,
        Some(_) => Some(Refusal::NeedsOwner),
        None if *object == Object::Organisation => Some(Refusal::NeedsAdmin),
        None => Some(Refusal::NeedsMember),
    }
}

fn client_side<'a>(object: &Object<'a>) -> Object<'a> {
    match object {
        Object::Between { client, .. } => Object::Of { team: client },
        other => *other,
    }
}

fn api_side<'a>(object: &Object<'a>) -> Object<'a> {
    match object {
        Object::Between { api, .. } => Object::Of { team: api },
        other => *other,
    }
}

fn is_own(person: &Person, object: &Object<'_>) -> bool {
    matches!(object, Object::User { user } if *user == person.user)
}

/// Whether the person is more than their token.
fn is_narrowing(person: &Person, object: &Object<'_>) -> bool {
    let Via::Token {
        team: Some(narrowed), ..
    } = &person.via
    else {
        return false;
    };
    person.platform == Some(PlatformRole::Admin)
        || matches!(object, Object::Of { team } | Object::New { team } | Object::Api { team, .. }
            if team != narrowed && person.teams.contains_key(*team))
}

#[cfg(test)]
mod tests;
