//! Every operation × everybody × their own and others' things, against the table that a person has read: `permissions.txt`.
//!
//! `UPDATE_PERMISSIONS=1 cargo test -p portal` writes the table anew; what changed in it is then to be read, line by line.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../permissions.txt");
const TABLE_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/identity/permissions.txt");

fn person(platform: Option<PlatformRole>, role: Option<TeamRole>, via: Via) -> Actor {
    Actor::Person(Person {
        user: "u-own".into(),
        via,
        platform,
        teams: role.map(|role| ("own".to_owned(), role)).into_iter().collect(),
    })
}

fn session() -> Via {
    Via::Session { id: "s1".into() }
}

fn token(read_only: bool, team: Option<&str>) -> Via {
    Via::Token {
        id: "t1".into(),
        read_only,
        team: team.map(str::to_owned),
    }
}

/// The columns, in order.
fn actors() -> Vec<(&'static str, Actor)> {
    let owner = Some(TeamRole::Owner);
    let admin = Some(PlatformRole::Admin);
    vec![
        ("nobody", Actor::Anonymous),
        ("admin", person(admin, None, session())),
        ("owner", person(None, owner, session())),
        ("member", person(None, Some(TeamRole::Member), session())),
        ("auditor", person(Some(PlatformRole::Auditor), None, session())),
        (
            "gateway",
            Actor::Gateway {
                id: "g1".into(),
                team: "own".into(),
                environment: "own".into(),
            },
        ),
        ("sealed", Actor::BreakGlass),
        ("admin-reads", person(admin, None, token(true, None))),
        ("admin-team", person(admin, None, token(false, Some("own")))),
        ("owner-token", person(None, owner, token(false, None))),
        ("owner-team", person(None, owner, token(false, Some("own")))),
        ("owner-away", person(None, owner, token(false, Some("away")))),
    ]
}

/// What an operation is about: the word in the table, and own and others' object.
fn objects(operation: Operation) -> Vec<(&'static str, Object<'static>, Object<'static>)> {
    use Operation as O;
    let of = |team| Object::Of { team };
    let new = |team| Object::New { team };
    let user = |user| Object::User { user };
    let environment = |environment| Object::Environment { environment };
    let between = |client, api| Object::Between { client, api };
    let api = |team, reach| Object::Api { team, reach };
    match operation {
        O::PutApi => [
            ("", Reach::Own),
            ("@prefix", Reach::NewPrefix),
            ("@public", Reach::Public),
        ]
        .map(|(word, reach)| (word, api("own", reach), api("other", reach)))
        .to_vec(),
        O::PutClient | O::PutPlan => vec![("", of("own"), of("other")), ("@new", new("own"), new("other"))],
        O::PutRevocation | O::SeeRevocation => vec![
            ("", of("own"), of("other")),
            ("@issuer", Object::Organisation, Object::Organisation),
        ],
        O::EnrolGateway => vec![("", new("own"), new("other"))],
        O::DeleteApi
        | O::DeletePlan
        | O::SeeClient
        | O::DeleteClient
        | O::MakeCredential
        | O::EndCredential
        | O::RotateCredential
        | O::SuspendClient
        | O::ActivateClient
        | O::SeeGateway
        | O::RevokeGateway
        | O::RenameTeam
        | O::SetMember
        | O::RemoveMember
        | O::Transfer
        | O::SeeTeam
        | O::ListMembers
        | O::SeeApi
        | O::SeePlan => vec![("", of("own"), of("other"))],
        O::SeeGrant | O::RequestGrant | O::ApproveGrant | O::RejectGrant | O::RevokeGrant | O::Explain => {
            vec![
                ("@client", between("own", "third"), between("third", "fourth")),
                ("@api", between("third", "own"), between("third", "fourth")),
            ]
        }
        O::ListTokens | O::MakeToken | O::RevokeToken | O::SetPassword | O::RejectProposal => {
            vec![("", user("u-own"), user("u-other"))]
        }
        O::ReadCommit | O::ReadBundle | O::ReadFloor | O::ReadStream | O::Report => {
            vec![("", environment("own"), environment("other"))]
        }
        _ => vec![("", Object::Organisation, Object::Organisation)],
    }
}

fn cell(actor: &Actor, operation: Operation, own: &Object<'_>, other: &Object<'_>) -> String {
    let sign = |object| match may(actor, operation, object) {
        Ok(()) => '+',
        Err(refusal) => match refusal.status() {
            401 => '1',
            403 => '3',
            404 => '4',
            status => panic!("{operation:?} answers {status}"),
        },
    };
    format!("{}{}", sign(own), sign(other))
}

fn table() -> String {
    let actors = actors();
    let names: Vec<String> = actors.iter().map(|(name, _)| format!("{name:<12}")).collect();
    let mut text = format!("{:<25}{}\n", "operation", names.concat().trim_end());
    for operation in Operation::ALL {
        for (word, own, other) in objects(*operation) {
            let cells: Vec<String> = actors
                .iter()
                .map(|(_, actor)| format!("{:<12}", cell(actor, *operation, &own, &other)))
                .collect();
            let name = format!("{}{word}", operation.name());
            text += format!("{name:<25}{}", cells.concat()).trim_end();
            text.push('\n');
        }
    }
    text
}

#[test]
fn everybody_may_exactly_what_the_table_says() {
    let now = table();
    if std::env::var_os("UPDATE_PERMISSIONS").is_some() {
        let head: String = TABLE
            .lines()
            .take_while(|line| line.starts_with('#'))
            .map(|line| format!("{line}\n"))
            .collect();
        std::fs::write(TABLE_PATH, head + &now).expect("the table can be written");
        return;
    }
    let expected: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
    let found: Vec<&str> = now.lines().collect();
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.len(), found.len());
}

#[test]
fn names_are_those_of_one_operation_each() {
    let names: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(names.len(), Operation::ALL.len());
}

#[test]
fn nobody_is_asked_who_they_are_where_everybody_may_and_else_always() {
    for operation in Operation::ALL {
        let found = may(&Actor::Anonymous, *operation, &Object::Organisation);
        assert!(
            found.is_ok() == (rule(*operation) == Rule::Everybody),
            "{operation:?}"
        );
        if let Err(refusal) = found {
            assert_eq!(refusal.status(), 401, "{operation:?}");
        }
    }
}

/// Whatever a narrowed or reading token may do, its user may do by a session: over all pairs of roles and all objects.
#[test]
fn a_token_is_never_more_than_its_user() {
    let roles = [None, Some(TeamRole::Member), Some(TeamRole::Owner)];
    let platforms = [None, Some(PlatformRole::Auditor), Some(PlatformRole::Admin)];
    let tokens = [
        token(true, None),
        token(false, Some("own")),
        token(false, Some("other")),
        token(true, Some("own")),
    ];
    let mut narrower = 0;
    for (role, platform) in roles
        .into_iter()
        .flat_map(|role| platforms.map(|platform| (role, platform)))
    {
        let user = person(platform, role, session());
        for token in &tokens {
            let shown = person(platform, role, token.clone());
            for operation in Operation::ALL {
                for object in objects(*operation)
                    .into_iter()
                    .flat_map(|(_, own, other)| [own, other])
                {
                    let by_token = may(&shown, *operation, &object);
                    let by_user = may(&user, *operation, &object);
                    assert!(
                        by_token.is_err() || by_user.is_ok(),
                        "{operation:?} {object:?} {shown:?}"
                    );
                    narrower += usize::from(by_token.is_err() && by_user.is_ok());
                }
            }
        }
    }
    assert!(narrower > 500, "{narrower}");
}

#[test]
fn a_token_that_only_reads_changes_nothing() {
    let reads = person(
        Some(PlatformRole::Admin),
        Some(TeamRole::Owner),
        token(true, None),
    );
    for operation in Operation::ALL {
        for object in objects(*operation)
            .into_iter()
            .flat_map(|(_, own, other)| [own, other])
        {
            if may(&reads, *operation, &object).is_ok() {
                assert!(!changes(rule(*operation)), "{operation:?}");
            }
        }
    }
}

#[test]
fn an_auditor_sees_whatever_anybody_sees() {
    let auditor = person(Some(PlatformRole::Auditor), None, session());
    let admin = person(Some(PlatformRole::Admin), None, session());
    for operation in Operation::ALL
        .iter()
        .filter(|operation| !changes(rule(**operation)))
    {
        for object in objects(*operation)
            .into_iter()
            .flat_map(|(_, own, other)| [own, other])
        {
            assert_eq!(
                may(&auditor, *operation, &object),
                may(&admin, *operation, &object),
                "{operation:?}"
            );
        }
    }
}

#[test]
fn who_is_refused_because_of_their_token_is_told_so() {
    let admin = person(Some(PlatformRole::Admin), None, token(false, Some("own")));
    let found = may(&admin, Operation::PutIssuer, &Object::Organisation);
    assert_eq!(found, Err(Refusal::Narrowed));
    let mut teams = BTreeMap::new();
    teams.insert("own".to_owned(), TeamRole::Owner);
    teams.insert("second".to_owned(), TeamRole::Owner);
    let two = Actor::Person(Person {
        user: "u".into(),
        via: token(false, Some("own")),
        platform: None,
        teams,
    });
    let second = Object::New { team: "second" };
    assert_eq!(may(&two, Operation::PutClient, &second), Err(Refusal::Narrowed));
}
