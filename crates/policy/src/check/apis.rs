//! Who owns which paths: hosts and base paths of all APIs, delegations, and the operations of each.

use super::describe::named;
use super::document::{Document, Item};
use super::operations;
use super::problem::{At, Problems};
use crate::entity::Api;
use crate::path::{HostPattern, PathPrefix};
use std::collections::HashMap;

pub(super) fn check(policy: &Document, problems: &mut Problems) {
    let claims: Vec<Claim<'_>> = Item::good(&policy.apis)
        .filter_map(|(item, api)| Claim::of(item, api))
        .collect();
    one_owner(&claims, problems);
    let section = At::TOP.key("apis");
    for claim in &claims {
        let here = section.index(claim.index);
        delegations(claim, &here, problems);
        operations::check(claim.api, claim.prefix.as_ref(), &here, problems);
    }
    nested(&claims, problems);
}

/// What one API claims.
struct Claim<'p> {
    index: usize,
    id: &'p str,
    api: &'p Api,
    /// `None`: every host.
    hosts: Vec<Option<HostPattern>>,
    /// `None`: every path.
    prefix: Option<PathPrefix>,
}

impl<'p> Claim<'p> {
    fn of(item: &'p Item<Api>, api: &'p Api) -> Option<Claim<'p>> {
        let hosts = match &api.hosts {
            None => vec![None],
            Some(hosts) => hosts.iter().map(|host| HostPattern::parse(host).ok()).collect(),
        };
        let prefix = match &*api.base_path {
            "/" => None,
            path => Some(PathPrefix::parse(path).ok()?),
        };
        Some(Claim {
            index: item.index,
            id: &item.id,
            api,
            hosts,
            prefix,
        })
    }

    fn path(&self) -> &str {
        self.prefix.as_ref().map_or("/", PathPrefix::as_str)
    }

    fn owner(&self) -> String {
        format!("the API {} of the team {}", named(self.id), named(&self.api.team))
    }

    /// Whether requests to one of `self`'s hosts could be `other`'s, were it not for `self`.
    fn takes_hosts_of(&self, other: &Claim<'_>) -> bool {
        self.hosts.iter().any(|own| {
            other
                .hosts
                .iter()
                .any(|other| within(own.as_ref(), other.as_ref()))
        })
    }
}

/// Whether every host of the one pattern is one of the other; `None` is every host.
fn within(one: Option<&HostPattern>, other: Option<&HostPattern>) -> bool {
    match (one, other) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(HostPattern::Exact(one)), Some(HostPattern::Exact(other))) => one == other,
        (Some(HostPattern::Suffix(_)), Some(HostPattern::Exact(_))) => false,
        (Some(HostPattern::Exact(one) | HostPattern::Suffix(one)), Some(HostPattern::Suffix(suffix))) => {
            one.ends_with(&**suffix)
        }
    }
}

fn one_owner(claims: &[Claim<'_>], problems: &mut Problems) {
    let section = At::TOP.key("apis");
    let mut owners: HashMap<(Option<&HostPattern>, &str), &Claim<'_>> = HashMap::new();
    for claim in claims {
        // One word about each pair of APIs is enough.
        let taken = claim.hosts.iter().find_map(|host| {
            let owner = owners.get(&(host.as_ref(), claim.path()))?;
            Some((host, *owner))
        });
        if let Some((host, owner)) = taken {
            let on = host
                .as_ref()
                .map_or_else(|| "every host".to_owned(), |host| named(&host.to_string()));
            problems
                .error(
                    section.index(claim.index).key("base_path").value(),
                    format!("{} on {on} belongs to {}", named(claim.path()), owner.owner()),
                )
                .help("a base path has one owner: write another one, or let its team delegate a part of it")
                .related(
                    section.index(owner.index).key("base_path").value(),
                    "claimed here",
                );
        }
        for host in &claim.hosts {
            owners.entry((host.as_ref(), claim.path())).or_insert(claim);
        }
    }
}

fn delegations(claim: &Claim<'_>, here: &At<'_>, problems: &mut Problems) {
    let list = here.key("delegates");
    let mut firsts: HashMap<&str, usize> = HashMap::new();
    for (index, delegation) in claim.api.delegates.iter().enumerate() {
        let here = list.index(index);
        if !is_below(&delegation.path, claim.path()) {
            problems
                .error(
                    here.key("path").value(),
                    format!("{} is not below {}", named(&delegation.path), named(claim.path())),
                )
                .help("an API delegates parts of its own base path")
                .related(
                    At::TOP.key("apis").index(claim.index).key("base_path").value(),
                    "the base path",
                );
        }
        let first = *firsts.entry(&delegation.path).or_insert(index);
        if first != index {
            problems
                .error(
                    here.key("path").value(),
                    format!("{} is delegated twice", named(&delegation.path)),
                )
                .help("keep one of them: a path has one owner")
                .related(list.index(first).key("path").value(), "first here");
        }
        if delegation.team == claim.api.team {
            problems
                .warning(
                    here.key("team").value(),
                    "delegated to the team that owns it anyway",
                )
                .help("leave it out");
        }
    }
}

/// Whether a path lies below another one, and is not the same.
fn is_below(path: &str, above: &str) -> bool {
    match above {
        "/" => path != "/",
        _ => path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/')),
    }
}

/// An API below another team's needs a delegation of the nearest one above it.
fn nested(claims: &[Claim<'_>], problems: &mut Problems) {
    let mut by_path: HashMap<&str, Vec<&Claim<'_>>> = HashMap::new();
    for claim in claims {
        by_path.entry(claim.path()).or_default().push(claim);
    }
    for claim in claims {
        let nearest = above(claim.path()).find_map(|path| {
            let owners = by_path.get(path)?;
            owners.iter().find(|owner| claim.takes_hosts_of(owner))
        });
        if let Some(owner) = nearest.filter(|owner| owner.api.team != claim.api.team) {
            needs_delegation(claim, owner, problems);
        }
    }
}

/// Every path above, the nearest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(path), |path| parent(path))
}

fn parent(path: &str) -> Option<&str> {
    match path.rfind('/') {
        Some(0) if path.len() > 1 => Some("/"),
        Some(at) if at > 0 => path.get(..at),
        _ => None,
    }
}

fn needs_delegation(claim: &Claim<'_>, owner: &Claim<'_>, problems: &mut Problems) {
    let covers = |path: &str| claim.path() == path || is_below(claim.path(), path);
    let to_us = |delegation: &crate::entity::Delegation| {
        covers(&delegation.path) && delegation.team == claim.api.team
    };
    if owner.api.delegates.iter().any(to_us) {
        return;
    }
    let section = At::TOP.key("apis");
    problems
        .error(
            section.index(claim.index).key("base_path").value(),
            format!(
                "{} is below {} of {}",
                named(claim.path()),
                named(owner.path()),
                owner.owner()
            ),
        )
        .help(format!(
            "its owner has to add `delegates: [{{ path: {}, team: {} }}]`",
            claim.path(),
            claim.api.team
        ))
        .related(
            section.index(owner.index).key("base_path").value(),
            "claimed here",
        );
}
