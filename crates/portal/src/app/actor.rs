//! Who asks: from a bearer token to a person with roles and teams, or to a gateway.

use super::refused::Refused;
use crate::store::{Connection, people, tokens};
use crate::text::{now, sha256_hex};
use std::collections::BTreeMap;

/// Bytes of a token that is looked for.
const TOKEN_BYTES_MAX: usize = 256;

/// What kind of actor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActorKind {
    /// A person, by a token or a session.
    User,
    /// A gateway, by its enrolment token.
    Gateway,
    /// The portal itself, or a command on its own data directory.
    System,
}

impl ActorKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ActorKind::User => "user",
            ActorKind::Gateway => "gateway",
            ActorKind::System => "system",
        }
    }
}

/// What a user is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TeamRole {
    Member,
    Owner,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    /// Of the user or the gateway.
    pub(crate) id: String,
    pub(crate) kind: ActorKind,
    pub(crate) is_admin: bool,
    pub(crate) is_auditor: bool,
    /// A gateway has its team as a member.
    pub(crate) teams: BTreeMap<String, TeamRole>,
    /// The only environment that a gateway may read.
    pub(crate) environment: Option<String>,
}

impl Actor {
    /// The portal itself.
    pub(crate) fn system() -> Actor {
        Actor {
            id: "portal".to_owned(),
            kind: ActorKind::System,
            is_admin: true,
            is_auditor: false,
            teams: BTreeMap::new(),
            environment: None,
        }
    }

    /// As it is named in versions and revisions.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.id)
    }

    /// What it is in a team.
    pub(crate) fn role_in(&self, team: &str) -> Option<TeamRole> {
        self.teams.get(team).copied()
    }
}

/// Who shows this token.
pub(crate) async fn actor_of(connection: &mut Connection, token: &str) -> Result<Actor, Refused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused::Unauthenticated);
    }
    let now = now();
    let found = tokens::by_digest(connection, &sha256_hex(token)).await?;
    let token = found.ok_or(Refused::Unauthenticated)?;
    if token.ended_at.is_some() || token.expires_at.is_some_and(|end| now >= end) {
        return Err(Refused::Unauthenticated);
    }
    if token.used_at.is_none_or(|used| used < now - 60) {
        tokens::used(connection, &token.id, now).await?;
    }
    if token.kind == "gateway" {
        let teams = token
            .team
            .map(|team| (team, TeamRole::Member))
            .into_iter()
            .collect();
        return Ok(Actor {
            id: token.name,
            kind: ActorKind::Gateway,
            is_admin: false,
            is_auditor: false,
            teams,
            environment: token.environment,
        });
    }
    let owner = token.owner.ok_or(Refused::Unauthenticated)?;
    let user = people::user_by_id(connection, &owner).await?;
    let user = user
        .filter(|user| user.state == "active")
        .ok_or(Refused::Unauthenticated)?;
    let memberships = people::memberships(connection, &user.id).await?;
    let role = |word: &str| match word {
        "owner" => TeamRole::Owner,
        _ => TeamRole::Member,
    };
    let has = |role: &str| user.roles.split(' ').any(|word| word == role);
    Ok(Actor {
        is_admin: has("platform_admin"),
        is_auditor: has("auditor"),
        id: user.id,
        kind: ActorKind::User,
        teams: memberships
            .into_iter()
            .map(|(team, word)| (team, role(&word)))
            .collect(),
        environment: None,
    })
}
