//! Who asks: the closed set of kinds of actor, and the standing that each has when it asks.
//!
//! An actor is made from the store for each request and kept by nobody, so that a role taken away is gone with the next one. Must not
//! know what is asked: that is `permission`'s question.

use std::collections::BTreeMap;

/// What somebody is in the whole organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PlatformRole {
    /// Sees everything, and changes nothing but what is their own.
    Auditor,
    /// May do everything.
    Admin,
}

/// What somebody is in one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TeamRole {
    /// Changes what the team has.
    Member,
    /// Speaks for the team as well: its people, its gateways, what it lets others do, what it gives up.
    Owner,
}

impl PlatformRole {
    /// Its word in requests, answers and the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            PlatformRole::Auditor => "auditor",
            PlatformRole::Admin => "platform_admin",
        }
    }

    /// The role of this word.
    pub(crate) fn parse(word: &str) -> Option<PlatformRole> {
        [PlatformRole::Auditor, PlatformRole::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

impl TeamRole {
    /// Its word in requests, answers and the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            TeamRole::Member => "member",
            TeamRole::Owner => "owner",
        }
    }

    /// The role of this word.
    pub(crate) fn parse(word: &str) -> Option<TeamRole> {
        [TeamRole::Member, TeamRole::Owner]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// How a person's request said who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// The cookie of a session, after a sign-in.
    Session {
        /// The session's id, which is no secret.
        id: String,
    },
    /// A personal access token, which may be narrower than the person.
    Token {
        /// The token's id, which is no secret.
        id: String,
        /// It changes nothing.
        read_only: bool,
        /// It reaches this team alone.
        team: Option<String>,
    },
}

/// A user, as they stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The user's id.
    pub(crate) user: String,
    /// How they said so.
    pub(crate) via: Via,
    /// What they are in the organisation.
    pub(crate) platform: Option<PlatformRole>,
    /// What they are in their teams, by the team's id.
    pub(crate) teams: BTreeMap<String, TeamRole>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Nobody said who they are.
    Anonymous,
    /// A user.
    Person(Person),
    /// A gateway, an authorizer or a relay, by its enrolment token.
    Gateway {
        /// The enrolment's id.
        id: String,
        /// The team that runs it.
        team: String,
        /// The one environment that it may ask about.
        environment: String,
    },
    /// The sealed account, for the day when the identity provider is down.
    BreakGlass,
    /// The portal itself, or a command on its own database.
    System,
}

impl Person {
    /// What they are in the organisation, through this credential: a token of one team has no part in the rest.
    pub(super) fn platform(&self) -> Option<PlatformRole> {
        match &self.via {
            Via::Token { team: Some(_), .. } => None,
            Via::Session { .. } | Via::Token { .. } => self.platform,
        }
    }

    /// What they are in a team, through this credential. An admin's token that was narrowed to a team is an owner's there.
    pub(super) fn role_in(&self, team: &str) -> Option<TeamRole> {
        match &self.via {
            Via::Token {
                team: Some(narrowed), ..
            } if narrowed != team => None,
            Via::Token { team: Some(_), .. } if self.platform == Some(PlatformRole::Admin) => {
                Some(TeamRole::Owner)
            }
            Via::Session { .. } | Via::Token { .. } => self.teams.get(team).copied(),
        }
    }
}

impl Actor {
    /// The kind's word in the audit log.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Actor::Anonymous => "anonymous",
            Actor::Person(Person {
                via: Via::Session { .. },
                ..
            }) => "user",
            Actor::Person(_) => "token",
            Actor::Gateway { .. } => "gateway",
            Actor::BreakGlass => "break_glass",
            Actor::System => "system",
        }
    }

    /// Who it is, in the audit log: the user, however they said so.
    pub(crate) fn id(&self) -> &str {
        match self {
            Actor::Anonymous => "anonymous",
            Actor::Person(person) => &person.user,
            Actor::Gateway { id, .. } => id,
            Actor::BreakGlass => "break-glass",
            Actor::System => "portal",
        }
    }

    /// As it is named in versions and revisions: one text for all credentials of one user.
    pub(crate) fn name(&self) -> String {
        let kind = match self {
            Actor::Person(_) => "user",
            other => other.kind(),
        };
        format!("{kind}:{}", self.id())
    }

    /// Whether nothing is refused to it but what this credential leaves out.
    pub(crate) fn is_admin(&self) -> bool {
        match self {
            Actor::Anonymous | Actor::Gateway { .. } => false,
            Actor::Person(person) => person.platform() == Some(PlatformRole::Admin),
            Actor::BreakGlass | Actor::System => true,
        }
    }

    /// The teams that it has any part in, through this credential.
    pub(crate) fn teams(&self) -> Vec<String> {
        match self {
            Actor::Person(person) => {
                let all = person.teams.keys();
                let mut teams: Vec<String> = all
                    .filter(|team| person.role_in(team).is_some())
                    .cloned()
                    .collect();
                if let Via::Token { team: Some(team), .. } = &person.via
                    && person.role_in(team).is_some()
                    && !teams.contains(team)
                {
                    teams.push(team.clone());
                }
                teams
            }
            Actor::Gateway { team, .. } => vec![team.clone()],
            Actor::Anonymous | Actor::BreakGlass | Actor::System => Vec::new(),
        }
    }

    /// The user, where it is one.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Actor::Person(person) => Some(&person.user),
            _ => None,
        }
    }
}
