//! From what a view changes to the policy that it makes.
//!
//! Costs what the changes cost. What cannot be taken as it is becomes a report, as `policy` has it.

use crate::line::{Line, Record, Scratch};
use crate::reader::Changes;
use policy::{Body, Change, Policy, Report};

/// The policy after these changes of a view, and what in them could not be taken as it is.
pub fn apply(policy: &Policy, changes: &Changes) -> (Policy, Vec<Report>) {
    let mut scratch = Scratch::default();
    let read: Vec<(&str, Option<Record<'_>>)> = changes
        .iter()
        .map(|(key, value)| {
            let line = value
                .as_deref()
                .and_then(|value| Line::parse(value, &mut scratch));
            match line {
                Some(Line::Entity(record)) => (&**key, Some(record)),
                _ => (&**key, None),
            }
        })
        .collect();
    let changes = read.iter().map(|(key, record)| match record {
        Some(record) => Change::Put {
            kind: &record.kind,
            id: &record.id,
            body: Body::of_held_line(record.body),
            needs: &record.needs,
        },
        None => {
            // A reader's keys all have one.
            let (kind, id) = key.split_once('/').unwrap_or((key, ""));
            Change::Delete { kind, id }
        }
    });
    policy.apply(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_follows_its_changes() {
        let put = |id: &str| {
            let line = format!(
                r#"{{"feed":"f","epoch":1,"revision":1,"kind":"client","id":"{id}","body":{{"team":"t"}}}}"#
            );
            (format!("client/{id}").into(), Some(line.into_bytes().into()))
        };
        let (policy, reports) = apply(&Policy::default(), &vec![put("a"), put("b")]);
        assert_eq!((policy.counts().clients, reports.len()), (2, 0), "{reports:?}");
        let (policy, _) = apply(&policy, &vec![("client/a".into(), None)]);
        assert!(policy.client("a").is_none() && policy.client("b").is_some());
    }
}
