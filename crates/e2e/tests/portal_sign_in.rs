//! Signing in to a real portal: at an identity provider that can lie, by name and password, and by the sealed account with the provider dead.

use e2e::{Client, IdentityProvider, Lie, Process, Response, Scratch, run, switchboard, wait_for};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Where browsers believe the portal to be; the tests' browser knows better.
const PUBLIC: &str = "http://127.0.0.1:9";
const PASSWORD: &str = "correct horse battery";

/// A portal that runs, and its files.
struct Portal {
    process: Process,
    scratch: Scratch,
    address: SocketAddr,
}

impl Portal {
    fn start(sign_in: &str) -> Portal {
        let scratch = Scratch::new();
        let file = scratch.write(
            "portal.yaml",
            &format!("public_url: {PUBLIC}\nsign_in: {sign_in}\n"),
        );
        scratch.write("secret", "s3cret of the client\n");
        let mut command = switchboard(&[
            "portal",
            "--listen",
            "127.0.0.1:0",
            "--environment",
            "prod",
            "--data",
        ]);
        command.arg(scratch.path("data")).arg("--config").arg(file);
        let process = Process::start(command);
        let address = process.stderr().wait_for("the portal's address", |line| {
            let line = serde_json::from_str::<Value>(line).ok()?;
            let fields = &line["fields"];
            (fields["message"] == "listening").then(|| fields["listen"].as_str()?.parse().ok())?
        });
        Portal {
            process,
            scratch,
            address,
        }
    }

    fn with_provider(provider: &IdentityProvider) -> Portal {
        Portal::start(&format!(
            "{{ local_users: true, oidc: {{ issuer: '{}', client_id: portal, client_secret_file: secret, roles: [ \
               {{ group: admins, role: platform_admin }}, {{ group: orders, team: orders, role: member }}, \
               {{ group: nowhere, team: gone, role: owner }} ] }} }}",
            provider.issuer()
        ))
    }

    /// A request with these further lines and this body.
    fn ask(&self, method: &str, target: &str, lines: &[&str], body: &Value) -> Response {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut client = Client::connect(self.address);
        client.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{lines}\r\n{body}",
            self.address,
            body.len()
        ));
        client.response_to(method)
    }

    fn admin(&self) -> String {
        let token =
            std::fs::read_to_string(self.scratch.path("data/admin.token")).expect("the first start wrote it");
        format!("Authorization: Bearer {}", token.trim())
    }

    fn as_admin(&self, method: &str, target: &str, body: &Value) -> Response {
        self.ask(method, target, &[&self.admin()], body)
    }

    /// Begins a sign-in: where the browser is sent, and its cookie.
    fn begin(&self) -> (String, String) {
        let start = self
            .ask(
                "GET",
                "/v1/sign-in/oidc/start?return_to=/clients",
                &[],
                &Value::Null,
            )
            .expect(303);
        let cookie = cookie(&start, "switchboard-sign-in").expect("a cookie keeps the flow");
        (start.field("Location").expect("a redirect").to_owned(), cookie)
    }

    /// A browser at the identity provider: where it is sent back to, on this portal.
    fn at_provider(&self, url: &str) -> String {
        let (authority, target) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .expect("a URL");
        let mut client = Client::connect(authority.parse().expect("an address"));
        let answer = client.get(&format!("/{target}")).expect(302);
        let location = answer.field("Location").expect("a redirect");
        location
            .strip_prefix(PUBLIC)
            .expect("back to the portal")
            .to_owned()
    }

    /// The whole way; what comes in the end.
    fn sign_in(&self) -> Response {
        let (url, flow) = self.begin();
        let back = self.at_provider(&url);
        self.ask("GET", &back, &[&format!("Cookie: {flow}")], &Value::Null)
    }

    fn me(&self, session: &str) -> Response {
        self.ask("GET", "/v1/me", &[&format!("Cookie: {session}")], &Value::Null)
    }

    fn audit(&self) -> String {
        self.as_admin("GET", "/v1/audit?limit=1000", &Value::Null)
            .expect(200)
            .text()
    }
}

/// `NAME=VALUE` of a cookie that is set.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let set = response.all("Set-Cookie");
    let pair = set.iter().filter_map(|set| set.split(';').next()).find(|pair| {
        pair.split_once('=')
            .is_some_and(|(found, value)| found == name && !value.is_empty())
    })?;
    Some(pair.to_owned())
}

fn session(response: &Response) -> String {
    let set = response.all("Set-Cookie").join("\n");
    assert!(
        set.contains("Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    cookie(response, "switchboard").expect("a session's cookie")
}

#[test]
fn the_provider_says_who_it_is_and_its_groups_what_they_may() {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    let portal = Portal::with_provider(&provider);
    portal
        .as_admin("POST", "/v1/teams", &json!({ "id": "orders" }))
        .expect(201);
    provider.signs_in(
        json!({ "sub": "u1", "name": "Ada", "email": "ada@example.com", "groups": ["orders", "nowhere"] }),
    );
    let done = portal.sign_in().expect(303);
    assert_eq!(done.field("Location"), Some("/clients"));
    let ada = session(&done);
    let me = portal.me(&ada).expect(200).json();
    assert_eq!(
        (&me["user"]["name"], &me["role"], &me["teams"]),
        (&json!("Ada"), &Value::Null, &json!({ "orders": "member" }))
    );

    // Other groups at the next sign-in: other roles, also of the session that was there.
    provider.signs_in(json!({ "sub": "u1", "name": "Ada L", "groups": ["admins"] }));
    let again = session(&portal.sign_in().expect(303));
    for cookie in [&again, &ada] {
        let now = portal.me(cookie).expect(200).json();
        assert_eq!(
            (&now["user"]["id"], &now["role"], &now["teams"]),
            (&me["user"]["id"], &json!("platform_admin"), &json!({}))
        );
    }
    // Nobody with the same address is the same user.
    provider.signs_in(json!({ "sub": "u2", "email": "ada@example.com", "groups": ["orders"] }));
    let other = portal
        .me(&session(&portal.sign_in().expect(303)))
        .expect(200)
        .json();
    assert_ne!(other["user"]["id"], me["user"]["id"]);
    // Who has no role does not come in.
    provider.signs_in(json!({ "sub": "u3", "groups": ["unknown"] }));
    assert_eq!(portal.sign_in().expect(403).json()["code"], "forbidden");

    let audit = portal.audit();
    assert!(
        audit.contains("user.group_roles") && audit.contains("none of your groups"),
        "{audit}"
    );
    assert!(!provider.received_text().contains("sbp_") && !audit.contains("s3cret"));
}

#[test]
fn a_provider_that_lies_signs_nobody_in() {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    let portal = Portal::with_provider(&provider);
    for (lie, status) in [
        (Lie::Nonce, 401),
        (Lie::Issuer, 401),
        (Lie::Audience, 401),
        (Lie::Expired, 401),
        (Lie::Unsigned, 401),
        (Lie::Key, 401),
        (Lie::Mixed, 401),
        (Lie::Denied, 401),
    ] {
        provider.lies(lie);
        let answer = portal.sign_in();
        assert_eq!(answer.status, status, "{lie:?}: {}", answer.text());
        assert_eq!(cookie(&answer, "switchboard"), None, "{lie:?}");
    }
    provider.lies(Lie::None);
    session(&portal.sign_in().expect(303));
    assert_eq!(portal.audit().matches("sign_in.failed").count(), 8);
}

#[test]
fn what_a_provider_says_of_itself_is_not_believed_beyond_itself() {
    for lie in [Lie::Discovery, Lie::PlainKeys, Lie::Down] {
        let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
        provider.lies(lie);
        let portal = Portal::with_provider(&provider);
        let refused = portal
            .ask("GET", "/v1/sign-in/oidc/start", &[], &Value::Null)
            .expect(503);
        assert_eq!(refused.json()["code"], "unavailable", "{lie:?}");
        // Asked again at once, it is left alone.
        portal
            .ask("GET", "/v1/sign-in/oidc/start", &[], &Value::Null)
            .expect(503);
        assert_eq!(provider.asked("/.well-known/openid-configuration"), 1, "{lie:?}");
    }
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    provider.lies(Lie::Redirect);
    let portal = Portal::with_provider(&provider);
    portal.sign_in().expect(503);
    assert_eq!(provider.asked("/elsewhere"), 0);
}

#[test]
fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    let portal = Portal::with_provider(&provider);
    let (url, flow) = portal.begin();
    let (_, others) = portal.begin();
    let back = portal.at_provider(&url);
    portal.ask("GET", &back, &[], &Value::Null).expect(401);
    portal
        .ask("GET", &back, &[&format!("Cookie: {others}")], &Value::Null)
        .expect(401);
    let line = format!("Cookie: {flow}");
    let done = portal.ask("GET", &back, &[&line], &Value::Null).expect(303);
    assert!(
        done.all("Set-Cookie")
            .iter()
            .any(|set| set.starts_with("switchboard-sign-in=; Path=/; Max-Age=0"))
    );
    // The provider knows the code no more.
    portal.ask("GET", &back, &[&line], &Value::Null).expect(401);
}

#[test]
fn a_new_key_of_the_provider_is_fetched() {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    let portal = Portal::with_provider(&provider);
    session(&portal.sign_in().expect(303));
    provider.rotate("idp-2");
    // At most once in five seconds.
    wait_for("the new key", || (portal.sign_in().status == 303).then_some(()));
    assert!(provider.asked("/keys") <= 3);
}

#[test]
fn with_the_provider_dead_sessions_go_on_and_the_sealed_account_opens() {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    let portal = Portal::with_provider(&provider);
    let ada = session(&portal.sign_in().expect(303));
    provider.stop();
    provider.lies(Lie::Down);
    portal.me(&ada).expect(200);

    let file = portal.scratch.path("sealed");
    let mut init = switchboard(&["portal", "break-glass", "init", "--data"]);
    init.arg(portal.scratch.path("data"))
        .arg("--secret-file")
        .arg(&file);
    let done = run(init);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let secret = std::fs::read_to_string(&file)
        .expect("it was written")
        .trim()
        .to_owned();
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    assert!(!done.stdout.contains(&secret) && !done.stderr.contains(&secret));

    let ready = |portal: &Portal| portal.ask("GET", "/ready", &[], &Value::Null).json()["alarms"].to_string();
    assert_eq!(ready(&portal), "[]");
    let body = json!({ "break_glass": secret });
    let opened = portal.ask("POST", "/v1/sessions", &[], &body).expect(201);
    assert_eq!(opened.json()["kind"], "break_glass");
    let line = format!("Authorization: Bearer {secret}");
    portal
        .ask("POST", "/v1/teams", &[&line], &json!({ "id": "rescue" }))
        .expect(201);
    assert!(ready(&portal).contains("sealed account"), "{}", ready(&portal));
    portal
        .ask("POST", "/v1/tokens", &[&line], &json!({ "name": "stay" }))
        .expect(403);
    let audit = portal.audit();
    assert!(
        audit.contains("POST /v1/teams") && !audit.contains(&secret),
        "{audit}"
    );

    let mut disable = switchboard(&["portal", "break-glass", "disable", "--data"]);
    disable.arg(portal.scratch.path("data"));
    assert_eq!(run(disable).code, Some(0));
    portal.ask("GET", "/v1/me", &[&line], &Value::Null).expect(401);
    let log = portal.process.stderr().so_far().join("\n");
    assert!(log.contains("the sealed account is used") && !log.contains(&secret));
}

#[test]
fn a_name_and_a_password_open_a_session_that_only_own_pages_use() {
    let portal = Portal::start("{}");
    let ada = json!({ "id": "ada", "name": "Ada", "password": PASSWORD, "role": "platform_admin" });
    portal.as_admin("POST", "/v1/users", &ada).expect(201);
    let typed = json!({ "user": "ada", "password": PASSWORD });
    portal
        .ask("POST", "/v1/sessions", &["Origin: http://evil.example"], &typed)
        .expect(403);
    let cookie = format!(
        "Cookie: {}",
        session(&portal.ask("POST", "/v1/sessions", &[], &typed).expect(201))
    );
    let team = json!({ "id": "orders" });
    for page in [
        vec![],
        vec!["Origin: http://evil.example"],
        vec!["Sec-Fetch-Site: cross-site"],
        vec!["Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:9"],
    ] {
        let lines: Vec<&str> = page.iter().copied().chain([cookie.as_str()]).collect();
        let refused = portal.ask("POST", "/v1/teams", &lines, &team).expect(403);
        assert_eq!(refused.json()["code"], "foreign_page", "{page:?}");
        portal.ask("GET", "/v1/teams", &lines, &Value::Null).expect(200);
    }
    portal
        .ask(
            "POST",
            "/v1/teams",
            &["Sec-Fetch-Site: same-origin", &cookie],
            &team,
        )
        .expect(201);
    let out = portal
        .ask(
            "DELETE",
            "/v1/sessions/current",
            &["Origin: http://127.0.0.1:9", &cookie],
            &Value::Null,
        )
        .expect(204);
    assert!(
        out.field("Set-Cookie")
            .is_some_and(|set| set.contains("Max-Age=0"))
    );
    portal.ask("GET", "/v1/me", &[&cookie], &Value::Null).expect(401);
}

#[test]
fn whoever_guesses_waits() {
    let portal = Portal::start("{}");
    // A name that nobody has costs what a name that somebody has costs, and is limited as one.
    let typed = json!({ "user": "mallory", "password": "a guess that is long enough" });
    let mut statuses = Vec::new();
    for _ in 0..11 {
        let answer = portal.ask("POST", "/v1/sessions", &[], &typed);
        statuses.push(answer.status);
        if answer.status == 429 {
            let after: u64 = answer
                .field("Retry-After")
                .expect("when to come again")
                .parse()
                .expect("a number");
            assert!((1..=30).contains(&after));
        }
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        10,
        "{statuses:?}"
    );
    assert_eq!(statuses.last(), Some(&429));
}
