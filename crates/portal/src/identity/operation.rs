//! Everything that can be asked of the portal's API: one closed set, each with the name that it has in the table of permissions.
//!
//! A handler cannot ask for permission without one of these, and a test holds the set against the OpenAPI document, both ways.

use policy::entity::Kind;

/// Defines the set, its list and its names in one place, so that none of the three can lack a member.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Something that can be asked of the API.
        #[cfg_attr(not(test), allow(dead_code, reason = "what everybody may is asked by no handler, and is in the table all the same"))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Operation {
            $($(#[$doc])* $variant,)+
        }

        impl Operation {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Operation] = &[$(Operation::$variant,)+];

            /// Its name in the table.
            #[cfg(test)]
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Operation::$variant => $name,)+
                }
            }
        }
    };
}

operations! {
    /// Is the process up?
    Health = "healthz",
    /// Does it publish, and is anything alarming?
    Ready = "ready",
    /// The OpenAPI document.
    OpenApi = "openapi",

    /// Sign in as a local user, or by the sealed account.
    SignIn = "sign_in",
    /// Go to the identity provider.
    StartOidc = "start_oidc",
    /// Come back from it.
    FinishOidc = "finish_oidc",
    /// How can one sign in here?
    SeeSignIn = "see_sign_in",
    /// End one's session.
    SignOut = "sign_out",
    /// Who am I, and what may I do?
    SeeMe = "see_me",

    /// One's own personal access tokens; for an admin or auditor, anybody's.
    ListTokens = "list_tokens",
    /// Make one for oneself.
    MakeToken = "make_token",
    /// End one.
    RevokeToken = "revoke_token",

    /// All users.
    ListUsers = "list_users",
    /// One user.
    SeeUser = "see_user",
    /// Make a local user.
    MakeUser = "make_user",
    /// Change a user's name or role, or bar them.
    ChangeUser = "change_user",
    /// Change a local user's password.
    SetPassword = "set_password",
    /// Delete a user, with sessions and tokens.
    DeleteUser = "delete_user",

    /// All teams.
    ListTeams = "list_teams",
    /// One team.
    SeeTeam = "see_team",
    /// Make a team.
    MakeTeam = "make_team",
    /// Give a team another name.
    RenameTeam = "rename_team",
    /// Delete a team that owns nothing.
    DeleteTeam = "delete_team",
    /// Who is in a team?
    ListMembers = "list_members",
    /// Put somebody into a team, or give them another role there.
    SetMember = "set_member",
    /// Take somebody out of a team.
    RemoveMember = "remove_member",
    /// Give what the team owns to another team.
    Transfer = "transfer",

    /// All environments.
    ListEnvironments = "list_environments",
    /// Make an environment.
    MakeEnvironment = "make_environment",
    /// Say how much a change may delete or narrow without a confirmation, or a second person.
    SetSeatBelt = "set_seat_belt",

    /// The apis of an environment, as far as the actor may see them.
    ListApis = "list_apis",
    /// An API, with its versions.
    SeeApi = "see_api",
    /// Create or replace an API.
    PutApi = "put_api",
    /// Delete an API.
    DeleteApi = "delete_api",

    /// The clients of an environment, as far as the actor may see them.
    ListClients = "list_clients",
    /// A client, with its versions.
    SeeClient = "see_client",
    /// Create or replace a client.
    PutClient = "put_client",
    /// Delete a client.
    DeleteClient = "delete_client",

    /// The plans of an environment, as far as the actor may see them.
    ListPlans = "list_plans",
    /// A plan, with its versions.
    SeePlan = "see_plan",
    /// Create or replace a plan.
    PutPlan = "put_plan",
    /// Delete a plan.
    DeletePlan = "delete_plan",

    /// The issuers of an environment, as far as the actor may see them.
    ListIssuers = "list_issuers",
    /// An issuer, with its versions.
    SeeIssuer = "see_issuer",
    /// What was fetched of an issuer's keys, and how asking for them goes.
    SeeKeySet = "see_key_set",
    /// Ask an issuer for its keys now.
    FetchKeySet = "fetch_key_set",
    /// Create or replace an issuer.
    PutIssuer = "put_issuer",
    /// Delete an issuer.
    DeleteIssuer = "delete_issuer",

    /// The tenants of an environment, as far as the actor may see them.
    ListTenants = "list_tenants",
    /// A tenant, with its versions.
    SeeTenant = "see_tenant",
    /// Create or replace a tenant.
    PutTenant = "put_tenant",
    /// Delete a tenant.
    DeleteTenant = "delete_tenant",

    /// The cells of an environment, as far as the actor may see them.
    ListCells = "list_cells",
    /// A cell, with its versions.
    SeeCell = "see_cell",
    /// Create or replace a cell.
    PutCell = "put_cell",
    /// Delete a cell.
    DeleteCell = "delete_cell",

    /// The revocations of an environment, as far as the actor may see them.
    ListRevocations = "list_revocations",
    /// A revocation, with its versions.
    SeeRevocation = "see_revocation",
    /// Create or replace a revocation.
    PutRevocation = "put_revocation",
    /// Delete a revocation.
    DeleteRevocation = "delete_revocation",

    /// Make a credential; an API key is shown once.
    MakeCredential = "make_credential",
    /// End a credential.
    EndCredential = "end_credential",
    /// Replace a credential, with overlap.
    RotateCredential = "rotate_credential",
    /// Refuse whatever the client asks.
    SuspendClient = "suspend_client",
    /// Let it ask again.
    ActivateClient = "activate_client",

    /// Grants and requests for them, as far as the actor may see them.
    ListGrants = "list_grants",
    /// One of them.
    SeeGrant = "see_grant",
    /// Ask for a grant.
    RequestGrant = "request_grant",
    /// Give what was asked for.
    ApproveGrant = "approve_grant",
    /// Refuse it.
    RejectGrant = "reject_grant",
    /// Take it back.
    RevokeGrant = "revoke_grant",

    /// The whole policy of an environment.
    ExportPolicy = "export_policy",
    /// Many entities in one revision; each needs the permission that it would need alone.
    ImportPolicy = "import_policy",
    /// The same, deleting what the document does not have.
    ReplacePolicy = "replace_policy",
    /// Changes that wait for a second person: one's own; for an admin or auditor, all.
    ListProposals = "list_proposals",
    /// Do what another person proposed.
    ApproveProposal = "approve_proposal",
    /// Lay aside what was proposed.
    RejectProposal = "reject_proposal",
    /// Which revisions there were, and when.
    ListRevisions = "list_revisions",
    /// What one of them changed.
    SeeRevision = "see_revision",
    /// Publish the bodies of an earlier revision again.
    Revert = "revert",
    /// Why would a client be let through, or refused?
    Explain = "explain",
    /// Who did what.
    ListAudit = "list_audit",

    /// Gateways that may follow and report, as far as the actor may see them.
    ListGateways = "list_gateways",
    /// One of them.
    SeeGateway = "see_gateway",
    /// Enrol one; its token is shown once.
    EnrolGateway = "enrol_gateway",
    /// End its enrolment.
    RevokeGateway = "revoke_gateway",

    /// A feed's last commit.
    ReadCommit = "read_commit",
    /// A feed as one file.
    ReadBundle = "read_bundle",
    /// A feed as one file, with its roots.
    ReadFloor = "read_floor",
    /// A feed as it goes on.
    ReadStream = "read_stream",
    /// Say what a gateway runs.
    Report = "report",
    /// What every gateway runs.
    SeeFleet = "see_fleet",
    /// Which versions are to run.
    SeeVersions = "see_versions",
    /// Say which versions are to run.
    SetVersions = "set_versions",
}

/// What is done with entities, by their kind.
impl Operation {
    /// See a list of them.
    pub(crate) fn list(kind: Kind) -> Operation {
        match kind {
            Kind::Issuer => Operation::ListIssuers,
            Kind::Api => Operation::ListApis,
            Kind::Client => Operation::ListClients,
            Kind::Plan => Operation::ListPlans,
            Kind::Revocation => Operation::ListRevocations,
            Kind::Tenant => Operation::ListTenants,
            Kind::Cell => Operation::ListCells,
        }
    }

    /// See one.
    pub(crate) fn see(kind: Kind) -> Operation {
        match kind {
            Kind::Issuer => Operation::SeeIssuer,
            Kind::Api => Operation::SeeApi,
            Kind::Client => Operation::SeeClient,
            Kind::Plan => Operation::SeePlan,
            Kind::Revocation => Operation::SeeRevocation,
            Kind::Tenant => Operation::SeeTenant,
            Kind::Cell => Operation::SeeCell,
        }
    }

    /// Create or replace one.
    pub(crate) fn put(kind: Kind) -> Operation {
        match kind {
            Kind::Issuer => Operation::PutIssuer,
            Kind::Api => Operation::PutApi,
            Kind::Client => Operation::PutClient,
            Kind::Plan => Operation::PutPlan,
            Kind::Revocation => Operation::PutRevocation,
            Kind::Tenant => Operation::PutTenant,
            Kind::Cell => Operation::PutCell,
        }
    }

    /// Delete one.
    pub(crate) fn delete(kind: Kind) -> Operation {
        match kind {
            Kind::Issuer => Operation::DeleteIssuer,
            Kind::Api => Operation::DeleteApi,
            Kind::Client => Operation::DeleteClient,
            Kind::Plan => Operation::DeletePlan,
            Kind::Revocation => Operation::DeleteRevocation,
            Kind::Tenant => Operation::DeleteTenant,
            Kind::Cell => Operation::DeleteCell,
        }
    }
}
