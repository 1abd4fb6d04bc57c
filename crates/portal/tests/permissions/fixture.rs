//! A portal with two of everything: what is the team `own`'s, and what is others'; and somebody for each column of the table.

use super::http::{Answer, Http};
use portal::operate::Operator;
use portal::{Configuration, Portal, Settings};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

const PASSWORD: &str = "correct horse battery";
/// Listens on nothing: the provider is dead, which is an answer too.
const CONFIG: &str = "public_url: http://127.0.0.1:9\nsign_in:\n  local_users: true\n  \
                      oidc: { issuer: 'http://127.0.0.1:9', client_id: portal }\n";
const JWK: &str = r#"{"kty":"EC","crv":"P-256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

pub(crate) struct Fixture {
    portal: Portal,
    _directory: tempfile::TempDir,
    pub(crate) http: Http,
    admin: Vec<(String, String)>,
    columns: HashMap<&'static str, Vec<(String, String)>>,
    sessions: HashMap<&'static str, Vec<(String, String)>>,
    /// Ids that the portal made, by a name of ours.
    pub(crate) ids: HashMap<&'static str, String>,
}

pub(crate) fn user_of(column: &str) -> Option<&'static str> {
    Some(match column {
        "admin" | "admin-reads" | "admin-team" => "root",
        "owner" | "owner-token" | "owner-team" | "owner-away" => "ada",
        "member" => "bob",
        "auditor" => "eve",
        _ => return None,
    })
}

fn bearer(token: &str) -> Vec<(String, String)> {
    vec![("Authorization".to_owned(), format!("Bearer {token}"))]
}

fn text(answer: &Answer, member: &str) -> String {
    let text = answer.body[member].as_str();
    text.unwrap_or_else(|| panic!("{member}: {} {}", answer.status, answer.body))
        .to_owned()
}

impl Fixture {
    pub(crate) async fn start() -> Fixture {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("portal.yaml");
        std::fs::write(&config, CONFIG).expect("written");
        let settings = Settings {
            data: directory.path().to_owned(),
            database: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_token_file: None,
            environments: vec!["own".to_owned(), "other".to_owned()],
            configuration: Configuration::load(&config).expect("good"),
        };
        let portal = Portal::start(&settings).await.expect("it starts");
        let token = std::fs::read_to_string(directory.path().join("admin.token")).expect("written");
        let mut fixture = Fixture {
            http: Http::to(portal.address()),
            portal,
            admin: bearer(token.trim()),
            columns: HashMap::new(),
            sessions: HashMap::new(),
            ids: HashMap::new(),
            _directory: directory,
        };
        fixture.people().await;
        fixture.tokens().await;
        fixture.things().await;
        fixture.grants().await;
        fixture.sealed(&settings).await;
        fixture
    }

    pub(crate) async fn stop(self) {
        self.portal.stop().await;
    }

    /// What this column's requests show.
    pub(crate) fn credential(&self, column: &str) -> Vec<(String, String)> {
        self.columns
            .get(column)
            .unwrap_or_else(|| panic!("nobody is {column}"))
            .clone()
    }

    /// By the platform's admin, and it has to work.
    pub(crate) async fn made(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.made_by(&self.admin, method, target, body).await
    }

    async fn made_by(&self, by: &[(String, String)], method: &str, target: &str, body: &Value) -> Answer {
        let answer = self.http.ask(method, target, by, body).await;
        assert!(
            (200..300).contains(&answer.status),
            "{method} {target}: {} {}",
            answer.status,
            answer.body
        );
        answer
    }

    /// A new token of this user's; its id.
    pub(crate) async fn token_of(&self, user: &str) -> String {
        let answer = self
            .made_by(
                &self.sessions[user],
                "POST",
                "/v1/tokens",
                &json!({ "name": "fresh" }),
            )
            .await;
        text(&answer, "id")
    }

    async fn people(&mut self) {
        for team in ["own", "other", "third", "fourth", "away"] {
            self.made("POST", "/v1/teams", &json!({ "id": team })).await;
        }
        let users = [
            ("root", Some("platform_admin")),
            ("ada", None),
            ("bob", None),
            ("eve", Some("auditor")),
            ("stranger", None),
            ("spare", None),
            ("third", None),
        ];
        for (id, role) in users {
            let user = json!({ "id": id, "name": id, "role": role, "password": PASSWORD });
            self.made("POST", "/v1/users", &user).await;
        }
        for (team, user, role) in [
            ("own", "ada", "owner"),
            ("away", "ada", "owner"),
            ("own", "bob", "member"),
            ("third", "third", "owner"),
        ] {
            self.made(
                "PUT",
                &format!("/v1/teams/{team}/members/{user}"),
                &json!({ "role": role }),
            )
            .await;
        }
        for (column, user) in [
            ("admin", "root"),
            ("owner", "ada"),
            ("member", "bob"),
            ("auditor", "eve"),
            ("", "stranger"),
            ("", "third"),
        ] {
            let typed = json!({ "user": user, "password": PASSWORD });
            let opened = self.made_by(&[], "POST", "/v1/sessions", &typed).await;
            let cookie = opened.cookie.expect("a session");
            let lines = vec![
                ("Cookie".to_owned(), cookie),
                ("Sec-Fetch-Site".to_owned(), "same-origin".to_owned()),
            ];
            self.columns.insert(column, lines.clone());
            self.sessions.insert(user, lines);
        }
        self.columns.insert("nobody", Vec::new());
    }

    /// Tokens of people and of gateways.
    async fn tokens(&mut self) {
        for (column, user, narrowing) in [
            ("admin-reads", "root", json!({ "name": "t", "read_only": true })),
            ("admin-team", "root", json!({ "name": "t", "team": "own" })),
            ("owner-token", "ada", json!({ "name": "t" })),
            ("owner-team", "ada", json!({ "name": "t", "team": "own" })),
            ("owner-away", "ada", json!({ "name": "t", "team": "away" })),
        ] {
            let made = self
                .made_by(&self.sessions[user], "POST", "/v1/tokens", &narrowing)
                .await;
            self.columns.insert(column, bearer(&text(&made, "token")));
        }
        self.made("DELETE", "/v1/teams/away/members/ada", &Value::Null)
            .await;
        for (team, name) in [("own", "gateway-own"), ("other", "gateway-other")] {
            let new = json!({ "name": name, "team": team, "environment": "own" });
            let made = self.made("POST", "/v1/gateways", &new).await;
            self.ids.insert(name, text(&made, "id"));
        }
        let new = json!({ "name": "the-column", "team": "own", "environment": "own" });
        let made = self.made("POST", "/v1/gateways", &new).await;
        self.columns.insert("gateway", bearer(&text(&made, "token")));
    }

    async fn put(&self, section: &str, id: &str, body: &Value) {
        self.made("PUT", &format!("/v1/environments/own/{section}/{id}"), body)
            .await;
    }

    async fn things(&mut self) {
        self.put("cells", "c1", &json!({})).await;
        self.put("tenants", "t1", &json!({ "cell": "c1", "status": "active" }))
            .await;
        self.put("issuers", "i1", &issuer()).await;
        for team in ["own", "other", "third", "fourth"] {
            self.put("apis", &format!("{team}-api"), &api(team)).await;
            let document =
                json!({ "openapi": "3.1.0", "info": { "title": team, "version": "1" }, "paths": {} });
            self.put("apis", &format!("{team}-api/openapi"), &document).await;
            self.put("clients", &format!("{team}-client"), &json!({ "team": team }))
                .await;
            self.put(
                "plans",
                &format!("{team}-plan"),
                &json!({ "team": team, "rate": "100/s" }),
            )
            .await;
        }
        for (team, id, key) in [
            ("own", "own-credential", "own-key"),
            ("other", "other-credential", ""),
            ("third", "third-credential", "third-key"),
        ] {
            let target = format!("/v1/environments/own/clients/{team}-client/credentials");
            let made = self.made("POST", &target, &Value::Null).await;
            self.ids.insert(id, text(&made, "id"));
            self.ids.insert(key, text(&made, "key"));
        }
        self.put("revocations", "r-issuer", &json!({ "issuer": "i1", "jti": "x" }))
            .await;
        // Of keys that are not used otherwise.
        for (team, id) in [("own", "r-own"), ("other", "r-other")] {
            let target = format!("/v1/environments/own/clients/{team}-client/credentials");
            let made = self.made("POST", &target, &Value::Null).await;
            let credential = text(&made, "id");
            self.put("revocations", id, &json!({ "credential": credential }))
                .await;
            self.ids.insert(id, credential);
        }
    }

    /// Requests for grants, by the client's side.
    async fn grants(&mut self) {
        let asked = [
            ("g-client", "ada", "own-client", "third-api"),
            ("g-api", "third", "third-client", "own-api"),
            ("g-other", "third", "third-client", "fourth-api"),
        ];
        for (name, user, client, api) in asked {
            let grant = json!({ "client": client, "api": api, "scopes": ["s"] });
            let made = self
                .made_by(
                    &self.sessions[user],
                    "POST",
                    "/v1/environments/own/grants",
                    &grant,
                )
                .await;
            let id = made.body["id"].as_str().or(made.body["grant"]["id"].as_str());
            self.ids
                .insert(name, id.unwrap_or_else(|| panic!("{}", made.body)).to_owned());
        }
        // What one person deletes, another one approves; and then it is as before.
        let belt = json!({ "confirm_above": 0, "second_approver": true });
        self.made("PATCH", "/v1/environments/own", &belt).await;
        for (name, user, plan) in [("p-own", "ada", "own-plan"), ("p-other", "third", "third-plan")] {
            let target = format!("/v1/environments/own/plans/{plan}?confirm=true");
            let made = self
                .made_by(&self.sessions[user], "DELETE", &target, &Value::Null)
                .await;
            let id = made.body["proposal"]["id"]
                .as_str()
                .or(made.body["proposal"].as_str());
            self.ids
                .insert(name, id.unwrap_or_else(|| panic!("{}", made.body)).to_owned());
        }
    }

    async fn sealed(&mut self, settings: &Settings) {
        let file = settings.data.join("sealed");
        let operator = Operator::open(settings).await.expect("it opens");
        operator.seal(&file).await.expect("sealed");
        operator.close().await;
        let secret = std::fs::read_to_string(file).expect("written");
        self.columns.insert("sealed", bearer(secret.trim()));
    }
}

pub(crate) fn issuer() -> Value {
    let key: Value = serde_json::from_str(JWK).expect("a key");
    // Nobody is there, which is an answer too: the key that is given holds.
    json!({ "issuer": "https://i.example", "audiences": ["a"], "keys": [key], "jwks_uri": "https://127.0.0.1:9/keys" })
}

pub(crate) fn api(team: &str) -> Value {
    json!({
        "team": team, "base_path": format!("/{team}"),
        "operations": [{ "match": format!("GET /{team}/**"), "scopes": ["s"] }],
    })
}
