//! What an entity's body says about others: names that only it may have, whom it names, and where it lies.
//!
//! Reads tolerantly, since it is asked before the strict check as well: what has the wrong shape mentions nothing.

use crate::store::names::{Link, Name};
use policy::entity::Kind;
use serde_json::{Map, Value};

/// What a body mentions.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Names that are this entity's alone, each with the member that says so.
    pub(crate) names: Vec<(String, String)>,
    /// Kind and id of what it names, sorted, each once.
    pub(crate) links: Vec<(String, String)>,
    /// Where an API lies.
    pub(crate) base_path: Option<String>,
}

impl Mentions {
    /// Of a body.
    pub(crate) fn of(kind: Kind, body: &Map<String, Value>) -> Mentions {
        let mut found = Mentions::default();
        match kind {
            Kind::Issuer => {
                if let Some(issuer) = text(body, "issuer") {
                    found.names.push((format!("iss:{issuer}"), "issuer".into()));
                }
            }
            Kind::Api => found.base_path = text(body, "base_path").map(str::to_owned),
            Kind::Client => found.client(body),
            Kind::Revocation => {
                found.link("issuer", text(body, "issuer"));
                found.link("credential", text(body, "credential"));
                found.link("token", text(body, "token_sha256"));
            }
            Kind::Tenant => found.link("cell", text(body, "cell")),
            Kind::Plan | Kind::Cell => {}
        }
        found.links.sort();
        found.links.dedup();
        found
    }

    fn client(&mut self, body: &Map<String, Value>) {
        self.link("tenant", text(body, "tenant"));
        for (index, credential) in list(body, "credentials").enumerate() {
            let field = |member: &str| format!("credentials[{index}].{member}");
            if let Some(id) = text(credential, "id") {
                self.names.push((format!("credential:{id}"), field("id")));
            }
            self.link("issuer", text(credential, "issuer"));
            if let (Some(issuer), Some(client)) = (text(credential, "issuer"), text(credential, "client")) {
                self.names
                    .push((format!("jwt:{issuer}:{client}"), field("client")));
            }
            if let Some(key) = text(credential, "spki_sha256") {
                self.names.push((format!("spki:{key}"), field("spki_sha256")));
            }
            if let Some(name) = text(credential, "san") {
                self.names.push((format!("san:{name}"), field("san")));
            }
        }
        for grant in list(body, "grants") {
            self.link("api", text(grant, "api"));
            self.link("plan", text(grant, "plan"));
        }
    }

    fn link(&mut self, kind: &str, id: Option<&str>) {
        self.links.extend(id.map(|id| (kind.to_owned(), id.to_owned())));
    }

    /// The names as rows.
    pub(crate) fn name_rows(&self, kind: Kind, id: &str) -> Vec<Name> {
        let row = |(name, _): &(String, String)| Name {
            name: name.clone(),
            kind,
            id: id.to_owned(),
            ended: false,
        };
        self.names.iter().map(row).collect()
    }

    /// The links as rows.
    pub(crate) fn link_rows(&self, kind: Kind, id: &str) -> Vec<Link> {
        let row = |(to_kind, to_id): &(String, String)| Link {
            kind,
            id: id.to_owned(),
            to_kind: to_kind.clone(),
            to_id: to_id.clone(),
        };
        self.links.iter().map(row).collect()
    }
}

pub(crate) fn text<'a>(body: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    body.get(member).and_then(Value::as_str)
}

pub(crate) fn list<'a>(
    body: &'a Map<String, Value>,
    member: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    body.get(member)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}
