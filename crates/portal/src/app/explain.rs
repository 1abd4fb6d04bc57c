//! Why a client would be let through or refused: the decision that every gateway makes, on the part of the policy that can
//! have to do with the request.
//!
//! Which part that is is found by what the request shows, generously: what is read beside it changes no decision.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::authorize;
use super::body;
use super::context::App;
use super::mentions::Mentions;
use super::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::{Connection, entities, names};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use policy::entity::Kind;
use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use policy::{Body, Certificate, Change, Decision, Facts, Policy, decide, present, verify};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Header fields of a question.
const FIELDS_MAX: usize = 100;
/// Bytes of a token that is looked into.
const TOKEN_BYTES_MAX: usize = 16_384;
/// Issuers and revocations that are read.
const ISSUERS_MAX: i64 = 1_000;
const REVOCATIONS_MAX: i64 = 10_000;

/// A request that is not sent.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) host: Option<String>,
    /// Without query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) certificate: Option<Certificate>,
    /// The gateway's own.
    pub(crate) cell: Option<String>,
    /// Unix seconds.
    pub(crate) now: u64,
}

/// Decides, and says why.
pub(crate) async fn explain(app: &App, asked: &Asked, question: &Question) -> Result<Answer, Refused> {
    // What it leads to is known in the end; a gateway has nothing to ask.
    authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
    if question.headers.len() > FIELDS_MAX {
        return Err(Refused::field(
            "headers",
            format!("at most {FIELDS_MAX} are looked at"),
        ));
    }
    let path = CanonicalPath::parse(question.path.as_bytes())
        .map_err(|error| Refused::field("path", error.to_string()))?;
    let host = question
        .host
        .as_deref()
        .map(|host| Host::parse(host.as_bytes()))
        .transpose();
    let host = host.map_err(|error| Refused::field("host", error.to_string()))?;
    super::policy_document::exists(&app.store, &asked.environment).await?;
    let mut tx = app.store.begin_reading().await?;
    let mut part = Part::new(&asked.environment);
    part.read(&mut tx, path.as_str(), question).await?;
    drop(tx);
    let policy = part.policy();
    let fields: Vec<(&[u8], &[u8])> = question
        .headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let fields = fields.as_slice();
    let facts = Facts {
        host: host.as_ref(),
        path: &path,
        method: Method::parse(question.method.as_bytes()),
        fields: &fields,
        certificate: question.certificate.as_ref(),
        apis: None,
        cell: question.cell.as_deref(),
    };
    let proof = verify(present(&policy, &facts, &()));
    let decision = decide(&policy, &facts, &proof, question.now);
    let (api, client) = match &decision {
        Decision::Permit(permit) => (permit.api(), permit.client()),
        Decision::Reject(rejection) => (rejection.api(), rejection.client()),
    };
    let object = Object::Between {
        client: client.map_or("", |client| client.team()),
        api: api.map_or("", |api| api.team()),
    };
    authorize(&asked.actor, Operation::Explain, object)
        .map_err(|refused| refused.naming(|| "API or client of yours that this leads to".to_owned()))?;
    Ok(Answer::ok(told(&decision)))
}

fn told(decision: &Decision<'_>) -> Value {
    match decision {
        Decision::Permit(permit) => json!({
            "decision": "permit",
            "api": permit.api().map(|api| api.id()),
            "operation": permit.operation().map(|operation| operation.matches()),
            "client": permit.client_id(),
            "scopes": permit.scopes(),
            "plan": permit.plan(),
            "identity": permit.identity().map(|(name, value)| (name.to_owned(), Value::from(value)))
                .collect::<serde_json::Map<String, Value>>(),
            "reasons": permit.reasons(),
        }),
        Decision::Reject(rejection) => json!({
            "decision": "reject",
            "code": rejection.code().as_str(),
            "status": rejection.code().status(),
            "step": rejection.step().as_str(),
            "detail": rejection.detail(),
            "api": rejection.api().map(|api| api.id()),
            "client": rejection.client_id(),
            "challenges": rejection.challenges(),
            "reasons": rejection.reasons(),
        }),
    }
}

/// The part of a policy that a request can have to do with.
struct Part<'a> {
    environment: &'a str,
    wanted: BTreeSet<(Kind, String)>,
    read: Vec<(Kind, String, String)>,
}

impl<'a> Part<'a> {
    fn new(environment: &'a str) -> Part<'a> {
        Part {
            environment,
            wanted: BTreeSet::new(),
            read: Vec::new(),
        }
    }

    fn policy(&self) -> Policy {
        let changes = self.read.iter().map(|(kind, id, body)| Change::Put {
            kind: kind.as_str(),
            id,
            body: Body::from(body.as_str()),
            needs: &[],
        });
        Policy::build(changes).0
    }

    async fn read(
        &mut self,
        connection: &mut Connection,
        path: &str,
        question: &Question,
    ) -> Result<(), Refused> {
        let mut paths = vec![path.to_owned(), "/".to_owned()];
        let ends = path
            .char_indices()
            .filter(|(at, c)| *at > 0 && *c == '/')
            .map(|(at, _)| at);
        paths.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
        for api in names::apis_at(connection, self.environment, &paths).await? {
            self.wanted.insert((Kind::Api, api));
        }
        for issuer in entities::page(
            connection,
            self.environment,
            Kind::Issuer,
            entities::Which::default(),
            "",
            ISSUERS_MAX,
        )
        .await?
        {
            self.wanted.insert((Kind::Issuer, issuer.id));
        }
        let shown = Shown::of(question);
        for issuer in names::holders(connection, self.environment, &shown.issuers).await? {
            let of_issuer = shown
                .strings
                .iter()
                .map(|text| format!("jwt:{}:{text}", issuer.id));
            let asked: Vec<String> = of_issuer.collect();
            self.clients(connection, &asked).await?;
            self.revocations(connection, "issuer", &issuer.id).await?;
        }
        self.clients(connection, &shown.names).await?;
        for digest in &shown.token_digests {
            self.revocations(connection, "token", digest).await?;
        }
        self.wanted
            .extend(shown.strings.iter().map(|text| (Kind::Tenant, text.clone())));
        self.fetch(connection).await?;
        self.beside(connection).await
    }

    async fn clients(&mut self, connection: &mut Connection, asked: &[String]) -> Result<(), Refused> {
        for holder in names::holders(connection, self.environment, asked).await? {
            self.wanted.insert((holder.kind, holder.id));
        }
        Ok(())
    }

    async fn revocations(
        &mut self,
        connection: &mut Connection,
        kind: &str,
        id: &str,
    ) -> Result<(), Refused> {
        let found = names::links_to(connection, self.environment, kind, id, REVOCATIONS_MAX).await?;
        self.wanted
            .extend(found.into_iter().filter(|(kind, _)| *kind == Kind::Revocation));
        Ok(())
    }

    /// What those that were read name; twice, because a tenant names a cell.
    async fn beside(&mut self, connection: &mut Connection) -> Result<(), Refused> {
        for _ in 0..2 {
            let read = std::mem::take(&mut self.read);
            for (kind, _, text) in &read {
                let mentions = Mentions::of(*kind, &body::object(text)?);
                let linked = mentions.links.into_iter();
                self.wanted
                    .extend(linked.filter_map(|(kind, id)| Some((Kind::parse(&kind)?, id))));
                for (name, _) in &mentions.names {
                    if let Some(credential) = name.strip_prefix("credential:") {
                        self.revocations(connection, "credential", credential).await?;
                    }
                }
            }
            // Whether there are tenants at all decides too.
            if let Some(tenant) = entities::any(connection, self.environment, Kind::Tenant).await? {
                self.wanted.insert((Kind::Tenant, tenant.id));
            }
            self.wanted
                .extend(read.into_iter().map(|(kind, id, _)| (kind, id)));
            self.fetch(connection).await?;
        }
        Ok(())
    }

    /// Reads what is wanted, in place of what was read.
    async fn fetch(&mut self, connection: &mut Connection) -> Result<(), Refused> {
        self.read.clear();
        for kind in Kind::ALL {
            let ids: Vec<String> = self
                .wanted
                .iter()
                .filter(|(wanted, _)| *wanted == kind)
                .map(|(_, id)| id.clone())
                .collect();
            for stored in entities::get_all(connection, self.environment, kind, &ids).await? {
                if let Some(record) = &stored.record {
                    self.read.push((kind, stored.id, body::of_record(record)?));
                }
            }
        }
        Ok(())
    }
}

/// What a request shows that could lead somewhere.
#[derive(Debug, Default)]
struct Shown {
    /// Names of credentials.
    names: Vec<String>,
    /// Names of issuers.
    issuers: Vec<String>,
    /// Every string of a token's claims: one of them may be its client, one its tenant.
    strings: Vec<String>,
    token_digests: Vec<String>,
}

impl Shown {
    fn of(question: &Question) -> Shown {
        let mut shown = Shown::default();
        for (name, value) in &question.headers {
            if let Some(id) = value.strip_prefix("sb_").and_then(|rest| rest.split('_').next()) {
                shown.names.push(format!("credential:{id}"));
            }
            if name.eq_ignore_ascii_case("authorization") {
                shown.token(value.split_once(' ').map_or("", |(_, token)| token.trim()));
            }
        }
        if let Some(certificate) = &question.certificate {
            shown.names.push(format!("spki:{}", certificate.spki_sha256));
            shown
                .names
                .extend(certificate.sans.iter().map(|name| format!("san:{name}")));
        }
        shown
    }

    fn token(&mut self, token: &str) {
        let parts: Vec<&str> = token.split('.').collect();
        let [head, claims, _] = parts.as_slice() else {
            return;
        };
        if token.len() > TOKEN_BYTES_MAX {
            return;
        }
        self.token_digests
            .push(crate::text::sha256_hex(format!("{head}.{claims}")));
        let claims = URL_SAFE_NO_PAD.decode(claims).ok();
        let Some(claims) = claims.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
            return;
        };
        let issuer = claims.get("iss").and_then(Value::as_str);
        self.issuers.extend(issuer.map(|issuer| format!("iss:{issuer}")));
        strings(&claims, &mut self.strings);
        self.strings.sort();
        self.strings.dedup();
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
