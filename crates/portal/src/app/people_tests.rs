//! Users, teams, tokens, sessions and the sealed account, over a real SQLite file.

use super::actor::{AuditedRequest, Shown, actor_of};
use super::asked::Asked;
use super::context::App;
use super::refused::Refused;
use super::{personal_tokens, sealed, sign_in, teams, users};
use crate::identity::{Actor, PlatformRole, TeamRole, Via};
use crate::store::audit;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PASSWORD: &str = "correct horse battery";

fn by(actor: Actor) -> Asked {
    Asked::plain(actor, "")
}

fn root() -> Asked {
    by(Actor::System)
}

async fn user(app: &App, id: &str, role: Option<&str>) {
    let wanted = users::Wanted {
        id: id.to_owned(),
        name: id.to_uppercase(),
        email: Some(format!("{id}@example.com")),
        role: role.map(str::to_owned),
        password: Some(PASSWORD.to_owned()),
    };
    users::create(app, &root(), &wanted).await.unwrap();
}

async fn shows(app: &App, shown: Shown<'_>) -> Result<Actor, Refused> {
    let request = AuditedRequest {
        id: "r1",
        line: "GET /v1/me",
    };
    actor_of(app, shown, request).await
}

async fn token(app: &App, actor: &Actor, read_only: bool, team: Option<&str>) -> (String, String) {
    let wanted = personal_tokens::Wanted {
        name: "ci".to_owned(),
        days: Some(7),
        read_only,
        team: team.map(str::to_owned),
    };
    let answer = personal_tokens::create(app, &by(actor.clone()), &wanted)
        .await
        .unwrap();
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn recorded(app: &App) -> Vec<audit::Recorded> {
    let mut connection = app.store.connection().await.unwrap();
    audit::walk(&mut connection, audit::ORGANISATION, 0, 1_000)
        .await
        .unwrap()
}

fn code(refused: &Refused) -> (u16, &'static str) {
    refused.kind()
}

#[tokio::test]
async fn a_user_signs_in_by_id_or_address_and_out_again() {
    let (app, _directory) = app().await;
    user(&app, "ada", Some("auditor")).await;
    for name in ["ada", "ada@example.com"] {
        let opened = sign_in::local(&app, &by(Actor::Anonymous), name, PASSWORD.into(), HERE)
            .await
            .unwrap();
        let actor = shows(&app, Shown::Session(&opened.secret)).await.unwrap();
        let Actor::Person(person) = &actor else {
            panic!("{actor:?}")
        };
        assert_eq!(
            (person.user.as_str(), person.platform),
            ("ada", Some(PlatformRole::Auditor))
        );
        // A session's secret is no bearer token, and the other way round.
        assert!(shows(&app, Shown::Bearer(&opened.secret)).await.is_err());
        sign_in::sign_out(&app, &by(actor.clone()), Some(&opened.secret))
            .await
            .unwrap();
        assert!(matches!(
            shows(&app, Shown::Session(&opened.secret)).await,
            Err(Refused::Unauthenticated)
        ));
    }
}

#[tokio::test]
async fn what_is_wrong_is_not_told_and_is_recorded_without_what_was_typed() {
    let (app, _directory) = app().await;
    user(&app, "ada", None).await;
    user(&app, "bob", Some("platform_admin")).await;
    user(&app, "eve", None).await;
    let barred = users::Change {
        is_barred: Some(true),
        ..users::Change::default()
    };
    users::change(&app, &root(), "eve", &barred).await.unwrap();
    let mut told = Vec::new();
    for (name, password) in [
        ("ada", "hunter2 hunter2"),
        ("hunter2 hunter2", "x"),
        ("eve", PASSWORD),
    ] {
        let refused = sign_in::local(&app, &by(Actor::Anonymous), name, password.into(), HERE)
            .await
            .unwrap_err();
        assert_eq!(code(&refused), (401, "sign_in_refused"));
        told.push(refused.to_string());
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    let rows = recorded(&app).await;
    let text = format!("{rows:?}");
    assert!(
        !text.contains("hunter2") && !text.contains("correct horse") && !text.contains("argon2"),
        "{text}"
    );
    let reasons: Vec<Value> = rows
        .iter()
        .filter(|row| row.entry.operation == "sign_in.failed")
        .map(|row| {
            serde_json::from_str::<Value>(row.entry.after.as_deref().unwrap()).unwrap()["reason"].clone()
        })
        .collect();
    assert_eq!(reasons, ["password", "unknown_user", "barred"]);
}

#[tokio::test]
async fn after_ten_wrong_passwords_even_the_right_one_waits() {
    let (app, _directory) = app().await;
    user(&app, "ada", None).await;
    for _ in 0..10 {
        app.desk
            .attempts()
            .take("ada", HERE, crate::text::now_ms().unsigned_abs())
            .unwrap();
    }
    let refused = sign_in::local(&app, &by(Actor::Anonymous), "ada", PASSWORD.into(), HERE)
        .await
        .unwrap_err();
    assert_eq!(code(&refused), (429, "too_many_attempts"));
}

#[tokio::test]
async fn a_token_is_what_its_user_is_now_and_ends_when_it_is_told_to() {
    let (app, _directory) = app().await;
    user(&app, "ada", Some("platform_admin")).await;
    user(&app, "bob", Some("platform_admin")).await;
    teams::create(&app, &root(), "orders", None).await.unwrap();
    let ada = person(&app, "ada").await;
    let (id, secret) = token(&app, &ada, false, None).await;
    let shown = shows(&app, Shown::Bearer(&secret)).await.unwrap();
    assert!(shown.is_admin());
    let (_, narrow) = token(&app, &ada, false, Some("orders")).await;
    assert!(!shows(&app, Shown::Bearer(&narrow)).await.unwrap().is_admin());

    let change = users::Change {
        role: Some(None),
        ..users::Change::default()
    };
    users::change(&app, &root(), "ada", &change).await.unwrap();
    assert!(!shows(&app, Shown::Bearer(&secret)).await.unwrap().is_admin());
    // A token makes another one that lives no longer than itself.
    let wanted = personal_tokens::Wanted {
        name: "more".into(),
        days: Some(300),
        read_only: false,
        team: None,
    };
    let by_token = by(shows(&app, Shown::Bearer(&secret)).await.unwrap());
    let refused = personal_tokens::create(&app, &by_token, &wanted)
        .await
        .unwrap_err();
    assert_eq!(code(&refused), (422, "invalid"));

    let bob = person(&app, "bob").await;
    let eve = Actor::Person(crate::identity::Person {
        user: "eve".into(),
        via: Via::Session { id: "s".into() },
        platform: None,
        teams: Default::default(),
    });
    let hidden = personal_tokens::revoke(&app, &by(eve.clone()), &id)
        .await
        .unwrap_err();
    let missing = personal_tokens::revoke(&app, &by(eve), "none").await.unwrap_err();
    assert_eq!(
        hidden.to_string().replace(&id, "ID"),
        missing.to_string().replace("none", "ID")
    );
    personal_tokens::revoke(&app, &by(bob), &id).await.unwrap();
    assert!(shows(&app, Shown::Bearer(&secret)).await.is_err());
    assert!(!format!("{:?}", recorded(&app).await).contains(&secret));
}

#[tokio::test]
async fn the_last_admin_stays_and_ids_are_never_given_twice() {
    let (app, _directory) = app().await;
    user(&app, "ada", Some("platform_admin")).await;
    user(&app, "bob", None).await;
    let demote = users::Change {
        role: Some(None),
        ..users::Change::default()
    };
    for refused in [
        users::change(&app, &root(), "ada", &demote).await.unwrap_err(),
        users::delete(&app, &root(), "ada").await.unwrap_err(),
    ] {
        assert_eq!(code(&refused), (409, "last_admin"));
    }
    users::delete(&app, &root(), "bob").await.unwrap();
    assert_eq!(
        code(&users::see(&app, &root(), "bob").await.unwrap_err()),
        (404, "not_found")
    );
    let again = users::Wanted {
        id: "bob".into(),
        name: "Another".into(),
        email: Some("bob@example.com".into()),
        role: None,
        password: None,
    };
    assert_eq!(
        code(&users::create(&app, &root(), &again).await.unwrap_err()),
        (409, "id_taken")
    );
    // The address is free again.
    let other = users::Wanted {
        id: "bob2".into(),
        ..again
    };
    users::create(&app, &root(), &other).await.unwrap();

    teams::create(&app, &root(), "orders", Some("Orders"))
        .await
        .unwrap();
    let renamed = teams::rename(&app, &root(), "orders", "Ordering").await.unwrap();
    assert_eq!(
        (renamed.body["id"].as_str(), renamed.version),
        (Some("orders"), Some(2))
    );
    teams::delete(&app, &root(), "orders").await.unwrap();
    assert_eq!(
        code(&teams::create(&app, &root(), "orders", None).await.unwrap_err()),
        (409, "id_taken")
    );
}

#[tokio::test]
async fn members_come_and_go_and_a_team_takes_its_tokens_with_it() {
    let (app, _directory) = app().await;
    user(&app, "ada", None).await;
    teams::create(&app, &root(), "orders", None).await.unwrap();
    teams::set_member(&app, &root(), "orders", "ada", Some("owner"))
        .await
        .unwrap();
    let ada = person(&app, "ada").await;
    let Actor::Person(person_now) = &ada else {
        panic!("{ada:?}")
    };
    assert_eq!(person_now.teams.get("orders"), Some(&TeamRole::Owner));
    let (_, secret) = token(&app, &ada, false, Some("orders")).await;
    let page = super::page::Page::parse(None, None).unwrap();
    let listed = teams::members(&app, &by(ada), "orders", &page).await.unwrap();
    assert_eq!(listed.body["items"][0]["role"], "owner");
    teams::delete(&app, &root(), "orders").await.unwrap();
    assert!(shows(&app, Shown::Bearer(&secret)).await.is_err());
    let refused = teams::set_member(&app, &root(), "orders", "ada", None)
        .await
        .unwrap_err();
    assert_eq!(code(&refused), (404, "not_found"));
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_ends_sessions() {
    let (app, _directory) = app().await;
    user(&app, "ada", None).await;
    let opened = sign_in::local(&app, &by(Actor::Anonymous), "ada", PASSWORD.into(), HERE)
        .await
        .unwrap();
    let ada = by(opened.actor.clone());
    let other = "another good password";
    for current in [None, Some("wrong".to_owned())] {
        let refused = users::set_password(&app, &ada, "ada", current, other.into())
            .await
            .unwrap_err();
        assert_eq!(code(&refused), (422, "invalid"));
    }
    users::set_password(&app, &ada, "ada", Some(PASSWORD.into()), other.into())
        .await
        .unwrap();
    assert!(shows(&app, Shown::Session(&opened.secret)).await.is_err());
    assert!(
        sign_in::local(&app, &by(Actor::Anonymous), "ada", PASSWORD.into(), HERE)
            .await
            .is_err()
    );
    sign_in::local(&app, &by(Actor::Anonymous), "ada", other.into(), HERE)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_sealed_account_opens_is_seen_and_is_sealed_again() {
    let (app, _directory) = app().await;
    let wrong = format!("sbb_{}", "A".repeat(43));
    assert!(shows(&app, Shown::Bearer(&wrong)).await.is_err());
    let secret = seal(&app).await;
    assert!(shows(&app, Shown::Bearer(&wrong)).await.is_err());
    assert_eq!(sealed::alarm(&app).await.unwrap(), None);
    assert_eq!(
        shows(&app, Shown::Bearer(&secret)).await.unwrap(),
        Actor::BreakGlass
    );
    let opened = sign_in::sealed_account(&app, &by(Actor::Anonymous), &secret, HERE)
        .await
        .unwrap();
    assert_eq!(
        shows(&app, Shown::Session(&opened.secret)).await.unwrap(),
        Actor::BreakGlass
    );
    assert!(sealed::alarm(&app).await.unwrap().unwrap().contains("3 times"));
    let uses = recorded(&app)
        .await
        .iter()
        .filter(|row| row.entry.actor_kind == "break_glass")
        .count();
    assert_eq!(uses, 3);
    let text = format!("{:?}", recorded(&app).await);
    assert!(text.contains("GET /v1/me") && !text.contains(&secret));

    // Where its secret cannot be kept, it stays as it was.
    let full = |_: &str| Err(std::io::Error::other("full"));
    assert!(sealed::seal(&app.store, &root(), full).await.unwrap().is_err());
    assert!(shows(&app, Shown::Bearer(&secret)).await.is_ok());
    let fresh = seal(&app).await;
    assert_eq!(sealed::alarm(&app).await.unwrap(), None);
    assert!(shows(&app, Shown::Bearer(&secret)).await.is_err());
    assert!(shows(&app, Shown::Session(&opened.secret)).await.is_err());
    assert!(sealed::disable(&app.store, &root()).await.unwrap());
    assert!(shows(&app, Shown::Bearer(&fresh)).await.is_err());
    assert!(!sealed::disable(&app.store, &root()).await.unwrap());
}

async fn seal(app: &App) -> String {
    let mut kept = String::new();
    let keep = |secret: &str| {
        kept.push_str(secret);
        Ok(())
    };
    sealed::seal(&app.store, &root(), keep).await.unwrap().unwrap();
    kept
}

async fn person(app: &App, id: &str) -> Actor {
    let mut connection = app.store.connection().await.unwrap();
    let via = Via::Session { id: "s".into() };
    Actor::Person(
        super::actor::person(&mut connection, id, via)
            .await
            .unwrap()
            .unwrap(),
    )
}

async fn app() -> (App, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = crate::store::Store::open(directory.path(), None).await.unwrap();
    crate::store::migrate(&store).await.unwrap();
    let app = App {
        store,
        written: std::sync::Arc::default(),
        hub: crate::publish::Hub::default(),
        keys: crate::keys::KeyFiles::of(directory.path()),
        fleet: crate::app::fleet::Pending::default(),
        desk: crate::identity::Desk::local(),
        key_sets: crate::key_sets::KeySetFetcher::new(crate::key_sets::KeySetSettings::default()),
    };
    (app, directory)
}
