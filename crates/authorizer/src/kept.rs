//! What an answer says that API Gateway keeps: from the decision at a sample of each pattern to the statements that give
//! the same decision everywhere.

use crate::answer::{About, Effect, Statement};
use crate::arn::{Arn, RESOURCE_BYTES_MAX};
use crate::cached::{Cached, NEVER};
use policy::cached::{Inexact, Paths, inexact};
use policy::method::Method;
use policy::path::{CanonicalPath, PathPrefix};
use policy::{Permit, Policy};

/// The one API whose answers are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Of its operations, each once, in byte order.
    patterns: Vec<Box<str>>,
    /// Base paths of other APIs in it, likewise.
    nested: Vec<Box<str>>,
    prefix: Option<PathPrefix>,
}

impl Kept {
    /// Of the API with this id; an error where statements can't say exactly what its patterns do.
    pub(crate) fn new(policy: &Policy, api_id: &str, prefix: Option<PathPrefix>) -> Result<Kept, Inexact> {
        let paths: Vec<Paths<'_>> = policy.apis().map(|api| Paths::of(api)).collect();
        if let Some(found) = inexact(&[api_id], &paths).into_iter().next() {
            return Err(found);
        }
        let api = policy.api(api_id);
        let base_path = api.map_or("/", |api| api.base_path());
        let operations = api.map_or(&[][..], |api| api.operations());
        let pattern = |matches: &str| -> Option<Box<str>> { Some(matches.split_once(' ')?.1.into()) };
        let patterns = sorted(
            operations
                .iter()
                .filter_map(|operation| pattern(operation.matches())),
        );
        let front = if base_path == "/" { "" } else { base_path };
        let others = policy.apis().map(|other| other.base_path()).filter(|other| {
            let below = other.strip_prefix(front);
            *other != base_path && below.is_some_and(|below| below.starts_with('/'))
        });
        let nested = sorted(others.map(Into::into));
        Ok(Kept {
            patterns,
            nested,
            prefix,
        })
    }

    /// The statements that say what the decision would be everywhere; none where nothing is granted. `decide` shows its
    /// permits; of them `identity` sees one that tells who the client is, of a guarded operation if there is one.
    pub(crate) fn statements(
        &self,
        arn: &Arn<'_>,
        mut decide: impl FnMut(&CanonicalPath<'_>, Method, &mut dyn FnMut(&Permit<'_>)),
        mut identity: impl FnMut(&Permit<'_>),
    ) -> Vec<Statement> {
        let patterns: Vec<&str> = self.patterns.iter().map(AsRef::as_ref).collect();
        let nested: Vec<&str> = self.nested.iter().map(AsRef::as_ref).collect();
        let prefix = self.prefix.as_ref().map(PathPrefix::as_str);
        let (mut seen, mut guarded) = (false, false);
        let cached = Cached::of(&patterns, &nested, prefix, |sample, method| {
            let Ok(path) = CanonicalPath::parse(sample.as_bytes()) else {
                return false;
            };
            let mut permitted = false;
            decide(&path, method, &mut |permit| {
                permitted = true;
                if guarded {
                    return;
                }
                guarded = permit.operation().is_some_and(|operation| !operation.is_public());
                if guarded || !seen {
                    identity(permit);
                }
                seen = true;
            });
            permitted
        });
        statements(arn, &cached)
    }
}

fn statements(arn: &Arn<'_>, cached: &Cached) -> Vec<Statement> {
    if cached.allow.is_empty() {
        return Vec::new();
    }
    let beside = |called: &String| arn.beside(called);
    let allow: Vec<String> = cached.allow.iter().map(beside).collect();
    let mut deny: Vec<String> = cached.deny.iter().map(beside).collect();
    if cached.wildcard {
        deny.extend(NEVER.iter().map(|never| arn.partition_wide(never)));
    }
    let mut statements = vec![
        Statement::new(Effect::Allow, About::Any(allow.clone())),
        Statement::new(Effect::Deny, About::None(allow)),
    ];
    if !deny.is_empty() {
        statements.push(Statement::new(Effect::Deny, About::Any(deny)));
    }
    statements
}

/// Whether no resource is longer than API Gateway takes.
pub(crate) fn are_writable(statements: &[Statement]) -> bool {
    let resources = |statement: &Statement| match &statement.about {
        About::One(resource) => resource.len() <= RESOURCE_BYTES_MAX,
        About::Any(resources) | About::None(resources) => resources
            .iter()
            .all(|resource| resource.len() <= RESOURCE_BYTES_MAX),
    };
    statements.iter().all(resources)
}

/// Each once, in byte order.
fn sorted(texts: impl Iterator<Item = Box<str>>) -> Vec<Box<str>> {
    let mut texts: Vec<Box<str>> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}
