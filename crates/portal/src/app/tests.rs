//! Who may do what with teams in play, and what needs a second person: operations on a database in a file of the test's own.

use super::entities;
use super::grants::{self, AskedGrant, Decision};
use super::policy_document::import;
use super::{Answer, App, Asked, Refused, environments, proposals};
use crate::first_start::make_environment;
use crate::identity::{Actor, Desk, Person, PlatformRole, TeamRole, Via};
use crate::key_sets::{KeySetFetcher, KeySetSettings};
use crate::keys::KeyFiles;
use crate::publish::Hub;
use crate::store::{Store, migrate};
use policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) struct Case {
    pub(super) app: App,
    directory: tempfile::TempDir,
}

impl Case {
    pub(super) async fn new() -> Case {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), None).await.unwrap();
        migrate(&store).await.unwrap();
        // Twice is as good as once.
        migrate(&store).await.unwrap();
        let keys = KeyFiles::of(directory.path());
        make_environment(&store, &keys, "prod").await.unwrap();
        let app = App {
            store,
            written: Arc::default(),
            hub: Hub::default(),
            keys,
            fleet: super::fleet::Pending::default(),
            desk: Desk::local(),
            key_sets: KeySetFetcher::new(KeySetSettings::default()),
        };
        let case = Case { app, directory };
        let orders = json!({ "team": "commerce", "base_path": "/api/orders", "operations": [{ "match": "GET /api/orders/**", "scopes": ["r"] }] });
        case.put(&admin("ada"), Kind::Api, "orders", &orders)
            .await
            .unwrap();
        case.put(&admin("ada"), Kind::Client, "app", &json!({ "team": "mobile" }))
            .await
            .unwrap();
        case
    }

    pub(super) async fn put(
        &self,
        actor: &Actor,
        kind: Kind,
        id: &str,
        body: &Value,
    ) -> Result<Answer, Refused> {
        entities::put(
            &self.app,
            Asked::plain(actor.clone(), "prod"),
            kind,
            id,
            object(body),
        )
        .await
    }

    async fn ask(&self, actor: &Actor, scopes: &[&str]) -> Result<Answer, Refused> {
        let wanted = AskedGrant {
            client: "app".to_owned(),
            api: "orders".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            plan: None,
        };
        grants::ask(&self.app, Asked::plain(actor.clone(), "prod"), &wanted).await
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn person(id: &str, platform: Option<PlatformRole>, teams: &[(&str, TeamRole)]) -> Actor {
    Actor::Person(Person {
        user: id.to_owned(),
        via: Via::Session { id: "s".to_owned() },
        platform,
        teams: teams
            .iter()
            .map(|(team, role)| ((*team).to_owned(), *role))
            .collect(),
    })
}

pub(super) fn admin(id: &str) -> Actor {
    person(id, Some(PlatformRole::Admin), &[])
}

fn user(id: &str, team: &str, role: TeamRole) -> Actor {
    person(id, None, &[(team, role)])
}

/// The code of a refusal.
fn code<T: std::fmt::Debug>(result: Result<T, Refused>) -> &'static str {
    result.unwrap_err().kind().1
}

#[tokio::test]
async fn nobody_else_reads_the_database() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = Case::new().await;
    let directory = case.directory.path();
    for file in ["portal.sqlite", "portal.sqlite-wal"] {
        let mode = std::fs::metadata(directory.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_grant_is_asked_for_by_the_clients_team_and_given_by_the_apis() {
    let case = Case::new().await;
    let member = user("mia", "mobile", TeamRole::Member);
    let owner = user("otto", "commerce", TeamRole::Owner);
    let stranger = user("sam", "other", TeamRole::Owner);
    assert_eq!(code(case.ask(&stranger, &["r"]).await), "not_found");
    assert_eq!(code(case.ask(&member, &["unknown"]).await), "invalid");
    let asked = case.ask(&member, &["r"]).await.unwrap();
    assert_eq!((asked.status, asked.place), (202, None), "nothing was published");
    let id = asked.body["id"].as_str().unwrap().to_owned();
    assert_eq!(code(case.ask(&member, &["r"]).await), "grant_asked");
    // A client cannot help itself, by whichever door.
    let decide = |actor: &Actor, decision| {
        grants::decide(&case.app, Asked::plain(actor.clone(), "prod"), &id, decision)
    };
    assert_eq!(
        code(Box::pin(decide(&member, Decision::Approve)).await),
        "needs_member"
    );
    let own = json!({ "team": "mobile", "grants": [{ "api": "orders", "scopes": ["r"] }] });
    assert_eq!(
        code(case.put(&member, Kind::Client, "app", &own).await),
        "needs_api_owner"
    );
    let given = Box::pin(decide(&owner, Decision::Approve)).await.unwrap();
    assert_eq!(given.body["grant"]["scopes"], json!(["r"]));
    assert!(
        given.body.get("credentials").is_none() && given.body.get("team").is_none(),
        "the client is not theirs"
    );
    assert_eq!(
        given.body["grant"]["id"],
        id.as_str(),
        "the request became the grant"
    );
    assert_eq!(
        code(Box::pin(decide(&owner, Decision::Reject)).await),
        "grant_decided"
    );
    // Either side takes it back, nobody else does.
    let revoke = |actor: &Actor| grants::revoke(&case.app, Asked::plain(actor.clone(), "prod"), &id);
    assert_eq!(code(Box::pin(revoke(&stranger)).await), "not_found");
    Box::pin(revoke(&member)).await.unwrap();
    assert_eq!(code(Box::pin(revoke(&owner)).await), "grant_ended");
}

#[tokio::test]
async fn a_team_helps_itself_below_its_own_prefix_and_nowhere_else() {
    let case = Case::new().await;
    let member = user("cleo", "commerce", TeamRole::Member);
    let api = |path: &str, more: &Value| {
        let mut api = object(&json!({ "team": "commerce", "base_path": path }));
        api.extend(object(more));
        Value::Object(api)
    };
    let put = |id: &'static str, body: Value| {
        let (case, member) = (&case, &member);
        async move { case.put(member, Kind::Api, id, &body).await }
    };
    put("refunds", api("/api/orders/refunds", &json!({})))
        .await
        .unwrap();
    assert_eq!(
        code(put("new", api("/api/new", &json!({}))).await),
        "needs_prefix"
    );
    let public = json!({ "public": ["GET /api/orders/refunds/health"] });
    assert_eq!(
        code(put("refunds", api("/api/orders/refunds", &public)).await),
        "needs_public_approval"
    );
    // What waits for approval is kept as a draft, and an admin publishes it.
    put("new", api("/api/new", &json!({ "status": "draft" })))
        .await
        .unwrap();
    assert_eq!(
        code(put("new", api("/api/new", &json!({ "status": "published" }))).await),
        "needs_prefix"
    );
    let published = api("/api/new", &json!({ "status": "published" }));
    case.put(&admin("ada"), Kind::Api, "new", &published)
        .await
        .unwrap();
    // From there on it is the team's own.
    put(
        "new",
        api(
            "/api/new",
            &json!({ "operations": [{ "match": "GET /api/new/x" }] }),
        ),
    )
    .await
    .unwrap();
    // Another team's API is not theirs, and theirs is not given away.
    let stolen = json!({ "team": "other", "base_path": "/api/orders" });
    assert_eq!(
        code(case.put(&member, Kind::Api, "orders", &stolen).await),
        "needs_owner"
    );
}

#[tokio::test]
async fn the_second_person_is_another_one_and_sees_what_was_proposed() {
    let case = Case::new().await;
    let (ada, bob) = (admin("ada"), admin("bob"));
    let clients: Vec<Value> = (0..5)
        .map(|n| json!({ "id": format!("c{n}"), "team": "t" }))
        .collect();
    let document = json!({ "clients": clients });
    let asked = |actor: &Actor| Asked::plain(actor.clone(), "prod");
    import(&case.app, asked(&ada), object(&document), false)
        .await
        .unwrap();
    environments::set_seat_belt(&case.app, &asked(&ada), Some(2), Some(true))
        .await
        .unwrap();
    let confirmed = Asked {
        confirm: true,
        ..asked(&ada)
    };
    let none = object(&json!({ "clients": [{ "id": "app", "team": "mobile" }] }));
    let proposed = import(&case.app, confirmed.clone(), none.clone(), true)
        .await
        .unwrap();
    assert_eq!(proposed.status, 202);
    let id = proposed.body["proposal"].as_str().unwrap().to_owned();
    assert_eq!(
        code(proposals::approve(&case.app, asked(&ada), &id).await),
        "forbidden"
    );
    let done = proposals::approve(&case.app, asked(&bob), &id).await.unwrap();
    assert!(done.place.is_some());
    let page = super::Page::parse(None, None).unwrap();
    let left = entities::page(
        &case.app,
        &asked(&bob),
        Kind::Client,
        entities::Which::default(),
        &page,
    )
    .await
    .unwrap();
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    // What was changed since is not overwritten.
    let more: Vec<Value> = (5..10)
        .map(|n| json!({ "id": format!("c{n}"), "team": "t" }))
        .collect();
    import(&case.app, asked(&ada), object(&json!({ "clients": more })), false)
        .await
        .unwrap();
    let proposed = import(&case.app, confirmed, none, true).await.unwrap();
    let id = proposed.body["proposal"].as_str().unwrap().to_owned();
    case.put(&bob, Kind::Client, "c7", &json!({ "team": "other" }))
        .await
        .unwrap();
    assert_eq!(
        code(proposals::approve(&case.app, asked(&bob), &id).await),
        "proposal_stale"
    );
}

#[tokio::test]
async fn who_is_in_no_team_sees_what_all_share_and_an_auditor_changes_nothing() {
    let case = Case::new().await;
    let nobody = person("nora", None, &[]);
    let auditor = person("aude", Some(PlatformRole::Auditor), &[]);
    let get = |actor: &Actor, kind, id: &'static str| {
        let asked = Asked::plain(actor.clone(), "prod");
        let app = case.app.clone();
        async move { entities::get(&app, &asked, kind, id).await }
    };
    get(&nobody, Kind::Api, "orders").await.unwrap();
    let hidden = get(&nobody, Kind::Client, "app").await.unwrap_err();
    let missing = get(&nobody, Kind::Client, "none").await.unwrap_err();
    assert_eq!(hidden.to_string(), missing.to_string().replace("none", "app"));
    get(&auditor, Kind::Client, "app").await.unwrap();
    assert_eq!(
        code(
            case.put(&auditor, Kind::Plan, "gold", &json!({ "rate": "1/s" }))
                .await
        ),
        "needs_platform_admin"
    );
}

#[tokio::test]
async fn nothing_is_looked_up_for_who_may_not_ask() {
    let case = Case::new().await;
    let gateway = Actor::Gateway {
        id: "g".to_owned(),
        team: "mobile".to_owned(),
        environment: "prod".to_owned(),
    };
    // Whoever asks it gets 500.
    case.app.store.close().await;
    let asked = |actor: &Actor| Asked::plain(actor.clone(), "prod");
    let revert = |actor: Actor| {
        let (app, asked) = (case.app.clone(), asked(&actor));
        async move { code(super::revert::revert(&app, asked, 1, &Default::default()).await) }
    };
    assert_eq!(revert(gateway.clone()).await, "not_for_gateways");
    assert_eq!(
        revert(user("mia", "mobile", TeamRole::Member)).await,
        "needs_platform_admin"
    );
    assert_eq!(revert(admin("ada")).await, "internal");
    let approve = |actor: Actor| {
        let (app, asked) = (case.app.clone(), asked(&actor));
        async move { code(proposals::approve(&app, asked, "p").await) }
    };
    assert_eq!(approve(gateway).await, "not_for_gateways");
    assert_eq!(approve(admin("ada")).await, "internal");
}
