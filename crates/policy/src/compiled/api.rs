//! An API: what it accepts, and which of its operations a request asks for (policy §2).
//!
//! Its operations are a matcher of their own, so that a change of one API rebuilds that one alone. Must not know
//! clients or credentials.

use super::reading::{Read, Refused, distinct, holds, members, ruled, wire};
use crate::entity::{self, CredentialKind, PublicCredentials};
use crate::method::{Method, MethodSet};
use crate::path::{CanonicalPath, HostPattern, Table, TableBuilder};
use crate::policy::Body;
use crate::rules::{self, BasePath, DELEGATES_MAX, HOSTS_MAX, OPERATIONS_MAX, SCOPES_MAX};

/// The field that carries a key where an API names none.
pub(crate) const DEFAULT_KEY_FIELD: &str = "x-api-key";

/// Which kinds of credentials an API accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepts {
    pub(crate) jwt: bool,
    pub(crate) api_key: bool,
    pub(crate) certificate: bool,
}

/// What an API accepts that says nothing.
pub(crate) const DEFAULT_ACCEPTS: Accepts = Accepts {
    jwt: true,
    api_key: true,
    certificate: false,
};

/// An API.
#[derive(Debug)]
pub struct Api {
    id: Box<str>,
    team: Box<str>,
    /// Empty: every host.
    hosts: Box<[HostPattern]>,
    base_path: Box<str>,
    pub(crate) base: BasePath,
    pub(crate) accepts: Accepts,
    /// In lower case.
    pub(crate) key_field: Box<str>,
    pub(crate) forward_token: bool,
    /// On public operations nothing is looked at.
    pub(crate) ignores_on_public: bool,
    pub(crate) is_supported: bool,
    /// Public ones first, each part as written.
    operations: Box<[Operation]>,
    /// Operations of each shape, by index.
    shapes: Table<Vec<u16>>,
}

/// An operation of an API.
#[derive(Debug)]
pub struct Operation {
    matches: Box<str>,
    /// Those that no earlier operation of its shape has.
    methods: MethodSet,
    is_public: bool,
    /// Lists of scopes, at least one; all of one of them are needed.
    alternatives: Alternatives,
}

impl Operation {
    /// `METHOD PATTERN`, as written.
    pub fn matches(&self) -> &str {
        &self.matches
    }

    /// Whether it needs no credential.
    pub fn is_public(&self) -> bool {
        self.is_public
    }

    /// Lists of scopes, at least one: all of one of them are needed. An empty one asks for nothing.
    pub fn alternatives(&self) -> &[Box<[Box<str>]>] {
        &self.alternatives
    }
}

impl Api {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who owns it.
    pub fn team(&self) -> &str {
        &self.team
    }

    /// Its hosts; none: every host.
    pub fn hosts(&self) -> &[HostPattern] {
        &self.hosts
    }

    /// Its base path.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Its operations, public ones first, otherwise as written. One that an earlier one hides entirely is not there.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether this version understands it in full; all of its operations are refused otherwise.
    pub fn is_supported(&self) -> bool {
        self.is_supported
    }

    /// The field that carries its keys, in lower case.
    pub fn key_field(&self) -> &str {
        &self.key_field
    }

    /// Whether it accepts this kind of credential.
    pub fn accepts(&self, kind: CredentialKind) -> bool {
        match kind {
            CredentialKind::Jwt => self.accepts.jwt,
            CredentialKind::ApiKey => self.accepts.api_key,
            CredentialKind::Certificate => self.accepts.certificate,
        }
    }

    /// The operation that a request asks for: the path is chosen first, then the method; HEAD takes its own before GET's.
    pub fn operation(&self, path: &CanonicalPath<'_>, method: Option<Method>) -> Option<&Operation> {
        let method = method?;
        let shape = || {
            let indexes = self.shapes.find_on_any_host(path);
            indexes
                .into_iter()
                .flatten()
                .map(|&index| &self.operations[usize::from(index)])
        };
        let own = shape().find(|operation| operation.methods.contains(method));
        own.or_else(|| shape().find(|operation| operation.methods.covers(method)))
    }

    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Read<Api> {
        let whole = wire(body, needs)
            .and_then(|wire: entity::Api| Api::new(id, &wire).map_err(|refused| refused.to_string()));
        match whole {
            Ok(api) => Read::Whole(api),
            Err(message) => match Api::recognised(id, body) {
                Some(api) => Read::Unsupported(api, message),
                None => Read::Nothing(message),
            },
        }
    }

    fn new(id: &str, wire: &entity::Api) -> Result<Api, Refused> {
        let base = ruled("base_path", BasePath::parse(&wire.base_path))?;
        let hosts = match &wire.hosts {
            None => Box::default(),
            Some(hosts) => ruled("hosts", host_patterns(hosts.iter().map(|host| &**host)))?,
        };
        holds("team", rules::is_id(&wire.team))?;
        let key_field = wire.api_key_header.as_deref().unwrap_or(DEFAULT_KEY_FIELD);
        holds("api_key_header", rules::is_key_field(key_field))?;
        let accepts = match &wire.credentials {
            None => DEFAULT_ACCEPTS,
            Some(kinds) => ruled("credentials", accepted(kinds))?,
        };
        holds("delegates", wire.delegates.len() <= DELEGATES_MAX)?;
        for delegation in &wire.delegates {
            let good = BasePath::parse(&delegation.path).is_some() && rules::is_id(&delegation.team);
            holds("delegates", good)?;
        }
        let (operations, shapes) = compile(wire, &base)?;
        Ok(Api {
            id: id.into(),
            team: wire.team.clone(),
            hosts,
            base_path: wire.base_path.clone(),
            base,
            accepts,
            key_field: key_field.to_ascii_lowercase().into(),
            forward_token: wire.forward_token,
            ignores_on_public: wire.public_credentials == PublicCredentials::Ignore,
            is_supported: true,
            operations,
            shapes,
        })
    }

    /// As much as keeps its place: its requests are refused, and do not fall to another API.
    fn recognised(id: &str, body: Body<'_>) -> Option<Api> {
        let members = members(body);
        let base_path = members.get("base_path")?.as_str()?;
        let hosts = match members.get("hosts") {
            None => Box::default(),
            Some(hosts) => {
                let hosts: Vec<_> = hosts
                    .as_array()?
                    .iter()
                    .map(|host| host.as_str())
                    .collect::<Option<_>>()?;
                host_patterns(hosts.into_iter())?
            }
        };
        let team = members.get("team").and_then(|team| team.as_str());
        Some(Api {
            id: id.into(),
            team: team.filter(|team| rules::is_id(team)).unwrap_or_default().into(),
            hosts,
            base_path: base_path.into(),
            base: BasePath::parse(base_path)?,
            accepts: DEFAULT_ACCEPTS,
            key_field: DEFAULT_KEY_FIELD.into(),
            forward_token: false,
            ignores_on_public: false,
            is_supported: false,
            operations: Box::default(),
            shapes: TableBuilder::new().build(),
        })
    }
}

fn host_patterns<'h>(hosts: impl ExactSizeIterator<Item = &'h str>) -> Option<Box<[HostPattern]>> {
    let few = (1..=HOSTS_MAX).contains(&hosts.len());
    few.then(|| hosts.map(rules::host).collect())?
}

fn accepted(kinds: &[CredentialKind]) -> Option<Accepts> {
    let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
    let counts = [
        CredentialKind::Jwt,
        CredentialKind::ApiKey,
        CredentialKind::Certificate,
    ]
    .map(count);
    let good = !kinds.is_empty() && counts.iter().all(|count| *count <= 1);
    good.then_some(Accepts {
        jwt: counts[0] == 1,
        api_key: counts[1] == 1,
        certificate: counts[2] == 1,
    })
}

type Compiled = (Box<[Operation]>, Table<Vec<u16>>);

fn compile(wire: &entity::Api, base: &BasePath) -> Result<Compiled, Refused> {
    holds(
        "operations",
        wire.public.len() + wire.operations.len() <= OPERATIONS_MAX,
    )?;
    let mut operations: Vec<Operation> = Vec::new();
    let mut shapes: TableBuilder<Vec<u16>> = TableBuilder::new();
    let public = wire.public.iter().map(|matches| (matches, None));
    let others = wire
        .operations
        .iter()
        .map(|operation| (&operation.matches, Some(operation)));
    for (matches, operation) in public.chain(others) {
        let member = if operation.is_some() {
            "operations"
        } else {
            "public"
        };
        let (methods, pattern) = ruled(member, rules::operation(matches))?;
        holds(member, base.holds(&pattern))?;
        let alternatives = match operation {
            Some(operation) => ruled(member, alternatives(operation))?,
            None => Box::new([Box::default()]),
        };
        let shape = shapes.entry(None, &pattern, Vec::new);
        // Of two with a method in common, the first has it.
        let is_free = |method: &Method| {
            !shape
                .iter()
                .any(|&index| operations[usize::from(index)].methods.contains(*method))
        };
        let methods: MethodSet = methods.iter().filter(is_free).collect();
        if methods.is_empty() {
            continue;
        }
        shape.push(u16::try_from(operations.len()).expect("an API has at most 2,000 operations"));
        operations.push(Operation {
            matches: matches.clone(),
            methods,
            is_public: operation.is_none(),
            alternatives,
        });
    }
    Ok((operations.into(), shapes.build()))
}

/// Lists of scopes, at least one.
type Alternatives = Box<[Box<[Box<str>]>]>;

fn alternatives(operation: &entity::Operation) -> Option<Alternatives> {
    let list = |scopes: &[Box<str>]| -> Option<Box<[Box<str>]>> {
        let good = scopes.len() <= SCOPES_MAX && scopes.iter().all(|scope| rules::is_scope(scope));
        good.then(|| distinct(scopes).into_iter().map(Box::from).collect())
    };
    match (&operation.scopes, &operation.any_of) {
        (Some(_), Some(_)) => None,
        (None, None) => Some(Box::new([Box::default()])),
        (Some(scopes), None) => Some(Box::new([list(scopes)?])),
        (None, Some(lists)) => {
            let good =
                (1..=SCOPES_MAX).contains(&lists.len()) && lists.iter().all(|scopes| !scopes.is_empty());
            good.then(|| lists.iter().map(|scopes| list(scopes)).collect())?
        }
    }
}
