//! Names across entities: what has to be one of a kind, and what a name has to lead to.

use super::describe::{listing, named, nearest};
use super::document::{Document, Item};
use super::problem::{At, Place, Problems};
use crate::entity::{Credential, Kind};
use std::collections::HashMap;
use std::hash::Hash;

pub(super) fn check(policy: &Document, problems: &mut Problems) {
    ids(&policy.issuers, Kind::Issuer, problems);
    ids(&policy.apis, Kind::Api, problems);
    ids(&policy.clients, Kind::Client, problems);
    ids(&policy.plans, Kind::Plan, problems);
    ids(&policy.revocations, Kind::Revocation, problems);
    ids(&policy.tenants, Kind::Tenant, problems);
    ids(&policy.cells, Kind::Cell, problems);
    issuers(policy, problems);
    let names = Names::of(policy);
    let credentials = clients(policy, &names, problems);
    others(policy, &names, &credentials, problems);
}

/// Where names were met first.
struct Firsts<K>(HashMap<K, Place>);

impl<K: Eq + Hash> Firsts<K> {
    fn new() -> Firsts<K> {
        Firsts(HashMap::new())
    }

    /// Remembers the place, or reports that the name was met before.
    fn meet(&mut self, name: K, at: &At<'_>, problems: &mut Problems, message: impl FnOnce() -> String) {
        if let Some(first) = self.0.get(&name) {
            problems
                .error(at.value(), message())
                .help("keep one of them, or write another one")
                .related(first.clone(), "first here");
            return;
        }
        self.0.insert(name, at.value());
    }
}

fn ids<T>(items: &[Item<T>], kind: Kind, problems: &mut Problems) {
    let section = At::TOP.key(kind.section());
    let mut firsts: HashMap<&str, usize> = HashMap::with_capacity(items.len());
    for item in items {
        let first = *firsts.entry(&item.id).or_insert(item.index);
        if first != item.index {
            problems
                .error(
                    section.index(item.index).key("id").value(),
                    format!("a second {kind} with the id {}", named(&item.id)),
                )
                .help("keep one of them, or give this one an id of its own")
                .related(section.index(first).key("id").value(), "first here");
        }
    }
}

/// Two issuers with one `iss`: a token would not say whose it is.
fn issuers(policy: &Document, problems: &mut Problems) {
    let section = At::TOP.key("issuers");
    let mut firsts = Firsts::new();
    for (item, issuer) in Item::good(&policy.issuers) {
        let here = section.index(item.index);
        firsts.meet(&*issuer.issuer, &here.key("issuer"), problems, || {
            format!("a second issuer of tokens with `iss` {}", named(&issuer.issuer))
        });
    }
}

/// All ids that something may be named by.
struct Names<'p> {
    issuers: Vec<&'p str>,
    apis: Vec<&'p str>,
    plans: Vec<&'p str>,
    tenants: Vec<&'p str>,
    cells: Vec<&'p str>,
}

impl<'p> Names<'p> {
    fn of(policy: &'p Document) -> Names<'p> {
        fn sorted<T>(items: &[Item<T>]) -> Vec<&str> {
            let mut ids: Vec<&str> = items.iter().map(|item| &*item.id).collect();
            ids.sort_unstable();
            ids
        }
        Names {
            issuers: sorted(&policy.issuers),
            apis: sorted(&policy.apis),
            plans: sorted(&policy.plans),
            tenants: sorted(&policy.tenants),
            cells: sorted(&policy.cells),
        }
    }
}

/// Reports a name that leads nowhere. `names` are sorted.
fn leads(what: &str, name: &str, names: &[&str], at: &At<'_>, problems: &mut Problems) {
    /// More names than these are no help to a reader.
    const LISTED_MAX: usize = 8;
    if names.binary_search(&name).is_ok() {
        return;
    }
    let listed = match names.len() {
        0 => format!("no {what} is listed"),
        1..=LISTED_MAX => format!("listed here: {}", listing(names)),
        count => format!("{count} are listed"),
    };
    // Comparing with very many costs more than the hint is worth.
    let near = if names.len() <= 1_000 {
        nearest(name, names)
    } else {
        None
    };
    let help = match near {
        Some(near) => format!(
            "write {}? {}{}",
            named(near),
            listed[..1].to_uppercase(),
            &listed[1..]
        ),
        None => listed,
    };
    problems
        .error(at.value(), format!("no {what} has the id {}", named(name)))
        .help(help);
}

/// What may be known of a caller; no two clients may have one.
#[derive(PartialEq, Eq, Hash)]
enum Known<'p> {
    Token(&'p str, &'p str),
    Key(&'p str),
    Name(&'p str),
}

/// Checks all clients; the sorted ids of their credentials.
fn clients<'p>(policy: &'p Document, names: &Names<'_>, problems: &mut Problems) -> Vec<&'p str> {
    let section = At::TOP.key("clients");
    let (mut ids, mut known) = (Firsts::new(), Firsts::new());
    for (item, client) in Item::good(&policy.clients) {
        let here = section.index(item.index);
        if let (Some(tenant), false) = (&client.tenant, names.tenants.is_empty()) {
            leads("tenant", tenant, &names.tenants, &here.key("tenant"), problems);
        }
        let list = here.key("credentials");
        for (index, credential) in client.credentials.iter().enumerate() {
            let here = list.index(index);
            let (Credential::ApiKey { id, .. }
            | Credential::Jwt { id, .. }
            | Credential::Certificate { id, .. }) = credential;
            ids.meet(&**id, &here.key("id"), problems, || {
                format!("a second credential with the id {}", named(id))
            });
            credential_leads(credential, names, &here, problems, &mut known);
        }
        let list = here.key("grants");
        let mut granted = Firsts::new();
        for (index, grant) in client.grants.iter().enumerate() {
            let here = list.index(index);
            let api = here.key("api");
            granted.meet(&*grant.api, &api, problems, || {
                format!("a second grant for the API {}", named(&grant.api))
            });
            leads("API", &grant.api, &names.apis, &api, problems);
            if let Some(plan) = &grant.plan {
                leads("plan", plan, &names.plans, &here.key("plan"), problems);
            }
        }
    }
    let mut ids: Vec<&str> = ids.0.into_keys().collect();
    ids.sort_unstable();
    ids
}

fn credential_leads<'p>(
    credential: &'p Credential,
    names: &Names<'_>,
    here: &At<'_>,
    problems: &mut Problems,
    known: &mut Firsts<Known<'p>>,
) {
    match credential {
        Credential::ApiKey { .. } => {}
        Credential::Jwt { issuer, client, .. } => {
            leads("issuer", issuer, &names.issuers, &here.key("issuer"), problems);
            known.meet(
                Known::Token(issuer, client),
                &here.key("client"),
                problems,
                || {
                    format!(
                        "tokens of {} with this client claim lead to a client already",
                        named(issuer)
                    )
                },
            );
        }
        Credential::Certificate { spki_sha256, san, .. } => {
            if let Some(key) = spki_sha256 {
                known.meet(Known::Key(key), &here.key("spki_sha256"), problems, || {
                    "this key leads to a client already".to_owned()
                });
            }
            if let Some(name) = san {
                known.meet(Known::Name(name), &here.key("san"), problems, || {
                    format!("the name {} leads to a client already", named(name))
                });
            }
        }
    }
}

fn others(policy: &Document, names: &Names<'_>, credentials: &[&str], problems: &mut Problems) {
    let section = At::TOP.key("tenants");
    for (item, tenant) in Item::good(&policy.tenants) {
        let here = section.index(item.index);
        if let Some(cell) = &tenant.cell {
            leads("cell", cell, &names.cells, &here.key("cell"), problems);
        }
    }
    // A client whose shape is wrong may have any credential.
    let all_known = policy.clients.iter().all(|client| client.entity.is_some());
    let section = At::TOP.key("revocations");
    for (item, revocation) in Item::good(&policy.revocations) {
        let here = section.index(item.index);
        if let Some(issuer) = &revocation.issuer {
            leads("issuer", issuer, &names.issuers, &here.key("issuer"), problems);
        }
        if let (Some(credential), true) = (&revocation.credential, all_known) {
            leads(
                "credential",
                credential,
                credentials,
                &here.key("credential"),
                problems,
            );
        }
    }
}
