//! From an ID token's claims to a user, and from their groups to roles, as the configuration says. Pure.
//!
//! Believes no claim that the provider did not sign, and makes no role of a group that the configuration does not name. An address is
//! shown to people and decides nothing: whoever can change theirs would else become somebody.

use super::super::actor::{PlatformRole, TeamRole};
use super::super::settings::{ClaimNames, GroupRole, Role};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Characters of a name, and of an address.
const TEXT_CHARS_MAX: usize = 200;
/// Groups of one user that are looked at.
const GROUPS_COUNT_MAX: usize = 1_000;

/// Who signed in, as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SignedIn {
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    /// What the groups make of the user.
    pub(crate) roles: Roles,
}

/// Roles from groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Roles {
    pub(crate) platform: Option<PlatformRole>,
    pub(crate) teams: BTreeMap<String, TeamRole>,
}

impl Roles {
    /// Whether any group is named by the configuration.
    pub(crate) fn is_empty(&self) -> bool {
        self.platform.is_none() && self.teams.is_empty()
    }
}

/// What claims that were verified say.
pub(crate) fn signed_in(claims: &Map<String, Value>, names: &ClaimNames, roles: &[GroupRole]) -> SignedIn {
    let text = |name: &str| find(claims, name).and_then(Value::as_str).and_then(shown);
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let email = text(&names.email);
    SignedIn {
        name: text(&names.name)
            .or_else(|| email.clone())
            .unwrap_or_else(|| subject.clone()),
        email,
        roles: of_groups(&groups(find(claims, &names.groups)), roles),
        subject,
    }
}

/// A member's name, or a JSON Pointer (RFC 6901) where it begins with `/`.
fn find<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    match name.strip_prefix('/') {
        None => claims.get(name),
        Some(rest) => {
            let (first, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let first = first.replace("~1", "/").replace("~0", "~");
            claims.get(&first)?.pointer(below)
        }
    }
}

/// What may be shown to people and stored: no control characters, not empty, not endless.
fn shown(text: &str) -> Option<String> {
    let text: String = text
        .trim()
        .chars()
        .filter(|char| !char.is_control())
        .take(TEXT_CHARS_MAX)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// A list of strings, or one.
fn groups(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all
            .iter()
            .filter_map(Value::as_str)
            .take(GROUPS_COUNT_MAX)
            .collect(),
        _ => Vec::new(),
    }
}

/// The strongest of each: an order in the configuration decides nothing.
fn of_groups(groups: &[&str], named: &[GroupRole]) -> Roles {
    let mut found = Roles::default();
    for entry in named
        .iter()
        .filter(|entry| groups.contains(&entry.group.as_str()))
    {
        match &entry.role {
            Role::Platform(role) => found.platform = found.platform.max(Some(*role)),
            Role::Team { team, role } => {
                let held = found.teams.entry(team.clone()).or_insert(*role);
                *held = (*held).max(*role);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    //! Claims in, a user out.

    use super::*;
    use serde_json::json;

    fn roles() -> Vec<GroupRole> {
        let team = |group: &str, role| GroupRole {
            group: group.into(),
            role: Role::Team {
                team: "orders".into(),
                role,
            },
        };
        let platform = |group: &str, role| GroupRole {
            group: group.into(),
            role: Role::Platform(role),
        };
        vec![
            team("leads", TeamRole::Owner),
            team("devs", TeamRole::Member),
            platform("admins", PlatformRole::Admin),
            platform("audit", PlatformRole::Auditor),
        ]
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "each is written where it is looked at"
    )]
    fn check(claims: Value, expected: (&str, Option<&str>, Option<PlatformRole>, Option<TeamRole>)) {
        let names = ClaimNames {
            groups: "/realm~1x/groups".into(),
            ..ClaimNames::default()
        };
        let found = signed_in(claims.as_object().unwrap(), &names, &roles());
        let found = (
            found.name.as_str(),
            found.email.as_deref(),
            found.roles.platform,
            found.roles.teams.get("orders").copied(),
        );
        assert_eq!(found, expected, "{claims}");
    }

    #[test]
    fn names_and_groups() {
        let of = |groups: Value| json!({ "sub": "u1", "realm/x": { "groups": groups } });
        check(
            of(json!(["devs", "leads", "audit"])),
            ("u1", None, Some(PlatformRole::Auditor), Some(TeamRole::Owner)),
        );
        check(
            of(json!(["admins", "audit"])),
            ("u1", None, Some(PlatformRole::Admin), None),
        );
        check(of(json!("devs")), ("u1", None, None, Some(TeamRole::Member)));
        for none in [
            json!("Devs"),
            json!({ "devs": true }),
            json!([["devs"], 7]),
            json!(null),
            json!("devs "),
        ] {
            check(of(none), ("u1", None, None, None));
        }
        check(
            json!({ "sub": "u1", "name": " Ada\u{0} L\n", "email": "ada@example.com", "groups": ["admins"] }),
            ("Ada L", Some("ada@example.com"), None, None),
        );
        check(
            json!({ "sub": "u1", "name": 7, "email": "a@b" }),
            ("a@b", Some("a@b"), None, None),
        );
    }
}
