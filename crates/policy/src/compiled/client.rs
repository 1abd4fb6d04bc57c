//! A client: what it may show, and what it was granted.
//!
//! There may be a million, so each is one allocation where it can be, and what many share is shared. Must not know how
//! it is found.

use super::credential::{Credential, Credentials};
use super::id::Id;
use super::reading::{Read, Refused, State, Strings, distinct, holds, members, ruled, wire};
use crate::entity;
use crate::policy::Body;
use crate::rules::{self, CREDENTIALS_MAX, GRANTS_MAX, SCOPES_MAX};
use std::sync::Arc;

/// A registered application.
#[derive(Debug)]
pub struct Client {
    id: Id,
    team: Arc<str>,
    tenant: Option<Arc<str>>,
    pub(crate) state: State,
    pub(crate) credentials: Credentials,
    grants: Arc<[Grant]>,
}

/// What a client may do with an API.
#[derive(Debug, PartialEq, Eq, Hash)]
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
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>], strings: &mut Strings) -> Read<Client> {
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
        let credentials = Credentials::new(ruled("credentials", credentials.collect())?);
        Ok(Client {
            id: id.into(),
            team: strings.text(&wire.team),
            tenant: wire.tenant.as_deref().map(|tenant| strings.text(tenant)),
            state: wire.status.into(),
            credentials,
            grants: strings.grants(grants),
        })
    }

    /// With those of its credentials that can be read, so that who shows one is told what is wrong.
    fn recognised(id: &str, body: Body<'_>, strings: &mut Strings) -> Client {
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
            credentials: Credentials::new(credentials),
            grants: strings.grants(Vec::new()),
        }
    }
}
