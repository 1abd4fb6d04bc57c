//! A client: what it may show, and what it was granted.
//!
//! There may be a million, so each is a few small allocations, and texts that many share are shared. Must not know how
//! it is found.

use super::reading::{Read, Refused, State, Strings, distinct, holds, members, ruled, wire};
use crate::entity;
use crate::rules::{self, CREDENTIALS_MAX, GRANTS_MAX, SCOPES_MAX};
use crate::time::unix_seconds;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A registered application.
#[derive(Debug)]
pub struct Client {
    id: Box<str>,
    team: Arc<str>,
    tenant: Option<Arc<str>>,
    pub(crate) state: State,
    pub(crate) credentials: Box<[Credential]>,
    grants: Box<[Grant]>,
}

/// One thing that a client may show.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: Box<str>,
    /// Unix seconds; the largest number: never.
    expires_at: u64,
    pub(crate) shows: Shows,
}

/// What is compared with what was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// A key, by the hash of all of it.
    Key([u8; 32]),
    /// Tokens of this issuer (by id) with this client claim.
    Token(Arc<str>, Box<str>),
    /// A certificate, by its public key.
    Spki([u8; 32]),
    /// A certificate, by a name in it.
    San(Box<str>),
}

/// What a client may do with an API.
#[derive(Debug)]
pub struct Grant {
    api: Arc<str>,
    scopes: Arc<[Arc<str>]>,
    plan: Option<Arc<str>>,
}

impl Grant {
    /// The id of the API.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Scopes, each once, in the order written.
    pub fn scopes(&self) -> &[Arc<str>] {
        &self.scopes
    }

    /// The id of the plan.
    pub fn plan(&self) -> Option<&str> {
        self.plan.as_deref()
    }
}

impl Credential {
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.expires_at != u64::MAX && now >= self.expires_at
    }
}

impl Client {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who owns it.
    pub fn team(&self) -> &str {
        &self.team
    }

    /// Whose data it works on.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// What it was granted, one for each API, in the order of their ids.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The grant for an API.
    pub fn grant(&self, api: &str) -> Option<&Grant> {
        let at = self.grants.binary_search_by(|grant| (*grant.api).cmp(api)).ok()?;
        Some(&self.grants[at])
    }

    /// From the body of a record.
    pub(crate) fn read(id: &str, body: &str, needs: &[Box<str>], strings: &mut Strings) -> Read<Client> {
        let whole = wire(body, needs).and_then(|wire: entity::Client| {
            Client::new(id, &wire, strings).map_err(|refused| refused.to_string())
        });
        match whole {
            Ok(client) => Read::Whole(client),
            Err(message) => Read::Unsupported(Client::recognised(id, body, strings), message),
        }
    }

    fn new(id: &str, wire: &entity::Client, strings: &mut Strings) -> Result<Client, Refused> {
        holds("team", rules::is_id(&wire.team))?;
        holds("tenant", wire.tenant.as_deref().is_none_or(rules::is_id))?;
        holds("credentials", wire.credentials.len() <= CREDENTIALS_MAX)?;
        holds("grants", wire.grants.len() <= GRANTS_MAX)?;
        let mut grant = |grant: &entity::Grant| {
            let good = rules::is_id(&grant.api)
                && grant.plan.as_deref().is_none_or(rules::is_id)
                && grant.scopes.len() <= SCOPES_MAX
                && grant.scopes.iter().all(|scope| rules::is_scope(scope));
            good.then(|| Grant {
                api: strings.text(&grant.api),
                scopes: strings.list(&distinct(&grant.scopes)),
                plan: grant.plan.as_deref().map(|plan| strings.text(plan)),
            })
        };
        let grants: Option<Vec<_>> = wire.grants.iter().map(&mut grant).collect();
        let mut grants = ruled("grants", grants)?;
        // Of two for one API the first holds.
        grants.sort_by(|a, b| a.api.cmp(&b.api));
        grants.dedup_by(|b, a| a.api == b.api);
        let credentials = wire
            .credentials
            .iter()
            .map(|credential| Credential::new(credential, strings));
        let credentials = first_of_each(ruled("credentials", credentials.collect())?);
        Ok(Client {
            id: id.into(),
            team: strings.text(&wire.team),
            tenant: wire.tenant.as_deref().map(|tenant| strings.text(tenant)),
            state: wire.status.into(),
            credentials,
            grants: grants.into(),
        })
    }

    /// With those of its credentials that can be read, so that who shows one is told what is wrong.
    fn recognised(id: &str, body: &str, strings: &mut Strings) -> Client {
        let members = members(body);
        let listed = members.get("credentials").and_then(|listed| listed.as_array());
        let credentials: Vec<_> = listed
            .into_iter()
            .flatten()
            .filter_map(|value| {
                <entity::Object<entity::Credential> as serde::Deserialize>::deserialize(value).ok()
            })
            .filter_map(|wire| Credential::new(&wire.0, strings))
            .collect();
        Client {
            id: id.into(),
            team: strings.text(""),
            tenant: None,
            state: State::Unsupported,
            credentials: first_of_each(credentials),
            grants: Box::default(),
        }
    }
}

/// Of credentials with one id, the first.
fn first_of_each(mut credentials: Vec<Credential>) -> Box<[Credential]> {
    if credentials.len() > 1 {
        let mut seen = BTreeSet::new();
        credentials.retain(|credential| seen.insert(credential.id.clone()));
    }
    credentials.into()
}

impl Credential {
    fn new(wire: &entity::Credential, strings: &mut Strings) -> Option<Credential> {
        let (id, shows, expires_at) = match wire {
            entity::Credential::ApiKey {
                id,
                sha256,
                expires_at,
            } => (id, Shows::Key(rules::sha256(sha256)?), expires_at),
            entity::Credential::Jwt {
                id,
                issuer,
                client,
                expires_at,
            } => {
                let good = rules::is_id(issuer) && rules::is_value(client);
                let shows = good.then(|| Shows::Token(strings.text(issuer), client.clone()))?;
                (id, shows, expires_at)
            }
            entity::Credential::Certificate {
                id,
                spki_sha256,
                san,
                expires_at,
            } => {
                let shows = match (spki_sha256, san) {
                    (Some(hash), None) => Shows::Spki(rules::sha256(hash)?),
                    (None, Some(name)) if rules::is_value(name) => Shows::San(name.clone()),
                    _ => return None,
                };
                (id, shows, expires_at)
            }
        };
        let expires_at = match expires_at {
            None => u64::MAX,
            Some(text) => unix_seconds(text)?,
        };
        rules::is_id(id).then(|| Credential {
            id: id.clone(),
            expires_at,
            shows,
        })
    }
}
