//! What cannot be reached, or reaches nothing: warnings about a policy that is otherwise good.

use super::describe::{listing, named};
use super::document::{Document, Item};
use super::jwk::is_usable;
use super::problem::{At, Problems};
use crate::entity::{AnyClient, Api, Credential, CredentialKind, Grant, Operation, Status};
use std::collections::{HashMap, HashSet};

pub(super) fn check(policy: &Document, problems: &mut Problems) {
    if policy.apis.is_empty() {
        problems
            .warning(At::TOP.value(), "a policy without APIs: every request is refused")
            .help("add `apis`");
    }
    let apis: HashMap<&str, Reached<'_>> = Item::good(&policy.apis)
        .map(|(item, api)| (&*item.id, Reached::of(api)))
        .collect();
    let granted = clients(policy, &apis, problems);
    let any = issuers(policy, problems);
    operations(policy, &granted, any, problems);
}

/// What an API accepts and asks for.
struct Reached<'p> {
    api: &'p Api,
    scopes: HashSet<&'p str>,
}

impl<'p> Reached<'p> {
    fn of(api: &'p Api) -> Reached<'p> {
        let scopes = api.operations.iter().flat_map(alternatives).flatten().collect();
        Reached { api, scopes }
    }
}

/// The alternatives that an operation asks for; one that is empty asks for nothing.
fn alternatives(operation: &Operation) -> Vec<Vec<&str>> {
    match (&operation.scopes, &operation.any_of) {
        (_, Some(any_of)) => any_of
            .iter()
            .map(|scopes| scopes.iter().map(|scope| &**scope).collect())
            .collect(),
        (Some(scopes), None) => vec![scopes.iter().map(|scope| &**scope).collect()],
        (None, None) => vec![Vec::new()],
    }
}

fn accepts(api: &Api, kind: CredentialKind) -> bool {
    match &api.credentials {
        Some(kinds) => kinds.contains(&kind),
        None => kind != CredentialKind::Certificate,
    }
}

const fn word(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Jwt => "jwt",
        CredentialKind::ApiKey => "api_key",
        CredentialKind::Certificate => "certificate",
    }
}

/// Looks at all clients; which scopes are granted of each API to anybody.
fn clients<'p>(
    policy: &'p Document,
    apis: &HashMap<&str, Reached<'_>>,
    problems: &mut Problems,
) -> HashMap<&'p str, HashSet<&'p str>> {
    let section = At::TOP.key("clients");
    let mut granted: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (item, client) in Item::good(&policy.clients) {
        let here = section.index(item.index);
        let active = client.status == Status::Active;
        if client.credentials.is_empty() && active {
            problems
                .warning(
                    here.value(),
                    format!("nobody can call as {}: it has no credentials", named(&item.id)),
                )
                .help("add `credentials`");
        }
        let kinds: Vec<CredentialKind> = client.credentials.iter().map(kind_of).collect();
        let list = here.key("grants");
        for (index, grant) in client.grants.iter().enumerate() {
            let here = list.index(index);
            granted
                .entry(&grant.api)
                .or_default()
                .extend(grant.scopes.iter().map(|scope| &**scope));
            if let Some(reached) = apis.get(&*grant.api) {
                this_grant(&item.id, &kinds, grant, reached, &here, problems);
            }
        }
    }
    granted
}

/// Whether a grant gives what is asked for, to somebody who can show what is accepted.
fn this_grant(
    client: &str,
    kinds: &[CredentialKind],
    grant: &Grant,
    reached: &Reached<'_>,
    here: &At<'_>,
    problems: &mut Problems,
) {
    /// More scopes than these are no help to a reader.
    const LISTED_MAX: usize = 8;
    let scopes = here.key("scopes");
    for (index, scope) in grant.scopes.iter().enumerate() {
        if reached.scopes.contains(&**scope) {
            continue;
        }
        let mut all: Vec<&str> = reached.scopes.iter().copied().collect();
        all.sort_unstable();
        all.truncate(LISTED_MAX);
        let asked = match all.as_slice() {
            [] => "none".to_owned(),
            all => listing(all),
        };
        problems
            .warning(
                scopes.index(index).value(),
                format!("no operation of {} asks for {}", named(&grant.api), named(scope)),
            )
            .help(format!("leave it out, or write one that is asked for: {asked}"));
    }
    if !kinds.is_empty() && !kinds.iter().any(|kind| accepts(reached.api, *kind)) {
        let all = [
            CredentialKind::Jwt,
            CredentialKind::ApiKey,
            CredentialKind::Certificate,
        ];
        let accepted = all
            .into_iter()
            .filter(|kind| accepts(reached.api, *kind))
            .map(word);
        problems
            .warning(
                here.key("api").value(),
                format!(
                    "no credential of {} is of a kind that {} accepts",
                    named(client),
                    named(&grant.api)
                ),
            )
            .help(format!(
                "accepted there: {}",
                listing(&accepted.collect::<Vec<_>>())
            ));
    }
}

fn kind_of(credential: &Credential) -> CredentialKind {
    match credential {
        Credential::ApiKey { .. } => CredentialKind::ApiKey,
        Credential::Jwt { .. } => CredentialKind::Jwt,
        Credential::Certificate { .. } => CredentialKind::Certificate,
    }
}

/// Looks at all issuers; whether tokens of one need no registered client.
fn issuers(policy: &Document, problems: &mut Problems) -> bool {
    let jwt = Item::good(&policy.apis).any(|(_, api)| accepts(api, CredentialKind::Jwt));
    let section = At::TOP.key("issuers");
    let mut any = false;
    for (item, issuer) in Item::good(&policy.issuers) {
        any |= issuer.clients == AnyClient::Any;
        let here = section.index(item.index);
        let keys = here.key("keys");
        for (index, jwk) in issuer.keys.iter().enumerate() {
            if !is_usable(jwk) {
                problems
                    .warning(keys.index(index).value(), "nothing may use this key: it is skipped")
                    .help(
                        "usable are RSA keys of 2048 to 8192 bits, P-256, P-384 and Ed25519, for signatures; `use`, \
                         `key_ops` and `alg` bind",
                    );
            }
        }
        if !jwt && !policy.apis.is_empty() {
            problems
                .warning(
                    here.value(),
                    format!("no API accepts tokens, so that {} has no effect", named(&item.id)),
                )
                .help("add `jwt` to the `credentials` of an API, or leave the issuer out");
        }
    }
    let section = At::TOP.key("apis");
    for (item, api) in Item::good(&policy.apis) {
        if policy.issuers.is_empty() && api.credentials.as_deref() == Some(&[CredentialKind::Jwt]) {
            problems
                .warning(
                    section.index(item.index).key("credentials").value(),
                    "only tokens are accepted, and there is no issuer: nobody can show one",
                )
                .help("add `issuers`");
        }
    }
    any
}

/// An operation whose scopes nobody has.
fn operations(policy: &Document, granted: &HashMap<&str, HashSet<&str>>, any: bool, problems: &mut Problems) {
    let section = At::TOP.key("apis");
    for (item, api) in Item::good(&policy.apis) {
        // Tokens bring scopes of their own where no client is needed; and without any grant nobody got that far yet.
        let (false, Some(granted)) = (any && accepts(api, CredentialKind::Jwt), granted.get(&*item.id))
        else {
            continue;
        };
        let here = section.index(item.index);
        let list = here.key("operations");
        for (index, operation) in api.operations.iter().enumerate() {
            let has_all = |scopes: &Vec<&str>| scopes.iter().all(|scope| granted.contains(scope));
            let alternatives = alternatives(operation);
            if !alternatives.iter().any(has_all) {
                let missing: Vec<&str> = alternatives
                    .iter()
                    .flatten()
                    .copied()
                    .filter(|scope| !granted.contains(scope))
                    .collect();
                problems
                    .warning(
                        list.index(index).key("match").value(),
                        format!(
                            "nobody may call {}: no grant has {}",
                            named(&operation.matches),
                            listing(&missing)
                        ),
                    )
                    .help("grant the scopes to a client, or ask for others");
            }
        }
    }
}
