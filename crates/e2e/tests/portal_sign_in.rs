//! Signing in to a real portal: at an identity provider that can lie, by name and password, and by the sealed account with the provider dead.

use e2e::{Client, IdentityProvider, Lie, Portal, PortalSetup, Response, Scratch, wait_for};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

/// Where browsers believe the portal to be; the tests' browser knows better.
const PUBLIC: &str = "http://127.0.0.1:9";
const PASSWORD: &str = "correct horse battery";

fn start(sign_in: &str) -> Portal {
    let scratch = Scratch::new();
    scratch.write("secret", "s3cret of the client\n");
    let config = format!("public_url: {PUBLIC}\nsign_in: {sign_in}\n");
    PortalSetup::new().with_config(&config).start_in(scratch)
}

fn start_with(provider: &IdentityProvider) -> Portal {
    start(&format!(
        "{{ local_users: true, oidc: {{ issuer: '{}', client_id: portal, client_secret_file: secret, roles: [ \
           {{ group: admins, role: platform_admin }}, {{ group: orders, team: orders, role: member }}, \
           {{ group: nowhere, team: gone, role: owner }} ] }} }}",
        provider.issuer()
    ))
}

fn provider() -> IdentityProvider {
    let provider = IdentityProvider::start("portal", Some("s3cret%20of%20the%20client"));
    provider.signs_in(json!({ "sub": "u1", "groups": ["admins"] }));
    provider
}

/// Without a body.
fn get(portal: &Portal, target: &str, lines: &[&str]) -> Response {
    portal.ask_with("GET", target, None, lines)
}

fn post(portal: &Portal, target: &str, body: &Value, lines: &[&str]) -> Response {
    portal.ask_with("POST", target, Some(body), lines)
}

/// Begins a sign-in: where the browser is sent, and its cookie.
fn begin(portal: &Portal) -> (String, String) {
    let start = get(portal, "/v1/sign-in/oidc/start?return_to=/clients", &[]).expect(303);
    let cookie = cookie(&start, "switchboard-sign-in").expect("a cookie keeps the flow");
    (start.field("Location").expect("a redirect").to_owned(), cookie)
}

/// A browser at the identity provider: where it is sent back to, on the portal.
fn at_provider(url: &str) -> String {
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
fn sign_in(portal: &Portal) -> Response {
    let (url, flow) = begin(portal);
    get(portal, &at_provider(&url), &[&format!("Cookie: {flow}")])
}

fn who(portal: &Portal, session: &str) -> Response {
    get(portal, "/v1/me", &[&format!("Cookie: {session}")])
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

fn audit(portal: &Portal) -> String {
    portal.get("/v1/audit?limit=1000").expect(200).text()
}

#[test]
fn the_provider_says_who_it_is_and_its_groups_what_they_may() {
    let provider = provider();
    let portal = start_with(&provider);
    portal
        .ask("POST", "/v1/teams", Some(&json!({ "id": "orders" })))
        .expect(201);
    let groups = json!(["orders", "nowhere"]);
    provider.signs_in(json!({ "sub": "u1", "name": "Ada", "email": "ada@example.com", "groups": groups }));
    let done = sign_in(&portal).expect(303);
    assert_eq!(done.field("Location"), Some("/clients"));
    let ada = session(&done);
    let me = who(&portal, &ada).expect(200).json();
    assert_eq!(me["user"]["name"], "Ada");
    assert_eq!(
        (&me["role"], &me["teams"]),
        (&Value::Null, &json!({ "orders": "member" }))
    );

    // Other groups at the next sign-in: other roles, also of the session that was there.
    provider.signs_in(json!({ "sub": "u1", "name": "Ada L", "groups": ["admins"] }));
    let again = session(&sign_in(&portal).expect(303));
    for cookie in [&again, &ada] {
        let now = who(&portal, cookie).expect(200).json();
        assert_eq!(now["user"]["id"], me["user"]["id"]);
        assert_eq!(
            (&now["role"], &now["teams"]),
            (&json!("platform_admin"), &json!({}))
        );
    }
    // Nobody with the same address is the same user.
    provider.signs_in(json!({ "sub": "u2", "email": "ada@example.com", "groups": ["orders"] }));
    let other = who(&portal, &session(&sign_in(&portal).expect(303))).json();
    assert_ne!(other["user"]["id"], me["user"]["id"]);
    // Who has no role does not come in.
    provider.signs_in(json!({ "sub": "u3", "groups": ["unknown"] }));
    assert_eq!(sign_in(&portal).expect(403).json()["code"], "forbidden");

    let audit = audit(&portal);
    assert!(
        audit.contains("user.group_roles") && audit.contains("none of your groups"),
        "{audit}"
    );
    assert!(!audit.contains("s3cret") && !provider.received_text().contains("sbp_"));
}

#[test]
fn a_provider_that_lies_signs_nobody_in() {
    let provider = provider();
    let portal = start_with(&provider);
    let lies = [
        Lie::Nonce,
        Lie::Issuer,
        Lie::Audience,
        Lie::Expired,
        Lie::Unsigned,
        Lie::Key,
        Lie::Mixed,
        Lie::Denied,
    ];
    for lie in lies {
        provider.lies(lie);
        let answer = sign_in(&portal);
        assert_eq!(answer.status, 401, "{lie:?}: {}", answer.text());
        assert_eq!(cookie(&answer, "switchboard"), None, "{lie:?}");
    }
    provider.lies(Lie::None);
    session(&sign_in(&portal).expect(303));
    assert_eq!(audit(&portal).matches("sign_in.failed").count(), lies.len());
}

#[test]
fn what_a_provider_says_of_itself_is_not_believed_beyond_itself() {
    for lie in [Lie::Discovery, Lie::PlainKeys, Lie::Down] {
        let provider = provider();
        provider.lies(lie);
        let portal = start_with(&provider);
        let refused = get(&portal, "/v1/sign-in/oidc/start", &[]).expect(503);
        assert_eq!(refused.json()["code"], "unavailable", "{lie:?}");
        // Asked again at once, it is left alone.
        get(&portal, "/v1/sign-in/oidc/start", &[]).expect(503);
        assert_eq!(provider.asked("/.well-known/openid-configuration"), 1, "{lie:?}");
    }
    let provider = provider();
    provider.lies(Lie::Redirect);
    let portal = start_with(&provider);
    sign_in(&portal).expect(503);
    assert_eq!((provider.asked("/keys"), provider.asked("/elsewhere")), (1, 0));
}

#[test]
fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let provider = provider();
    let portal = start_with(&provider);
    let (url, flow) = begin(&portal);
    let (_, others) = begin(&portal);
    let back = at_provider(&url);
    get(&portal, &back, &[]).expect(401);
    get(&portal, &back, &[&format!("Cookie: {others}")]).expect(401);
    let line = format!("Cookie: {flow}");
    let done = get(&portal, &back, &[&line]).expect(303);
    let cleared = "switchboard-sign-in=; Path=/; Max-Age=0";
    assert!(done.all("Set-Cookie").iter().any(|set| set.starts_with(cleared)));
    // The provider knows the code no more.
    get(&portal, &back, &[&line]).expect(401);
}

#[test]
fn a_new_key_of_the_provider_is_fetched() {
    let provider = provider();
    let portal = start_with(&provider);
    session(&sign_in(&portal).expect(303));
    provider.rotate("idp-2");
    // At most once in five seconds.
    wait_for("the new key", || (sign_in(&portal).status == 303).then_some(()));
    assert!(provider.asked("/keys") <= 3);
}

#[test]
fn with_the_provider_dead_sessions_go_on_and_the_sealed_account_opens() {
    let provider = provider();
    let portal = start_with(&provider);
    let ada = session(&sign_in(&portal).expect(303));
    provider.lies(Lie::Down);
    provider.stop();
    who(&portal, &ada).expect(200);

    let file = portal.scratch.path("sealed");
    let path = file.display().to_string();
    let done = portal.command(&["break-glass", "init", "--secret-file", &path]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let secret = std::fs::read_to_string(&file)
        .expect("it was written")
        .trim()
        .to_owned();
    let mode = std::fs::metadata(&file)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!done.stdout.contains(&secret) && !done.stderr.contains(&secret));

    let alarms = || get(&portal, "/ready", &[]).json()["alarms"].to_string();
    assert_eq!(alarms(), "[]");
    let opened = post(&portal, "/v1/sessions", &json!({ "break_glass": secret }), &[]).expect(201);
    assert_eq!(opened.json()["kind"], "break_glass");
    let line = format!("Authorization: Bearer {secret}");
    post(&portal, "/v1/teams", &json!({ "id": "rescue" }), &[&line]).expect(201);
    assert!(alarms().contains("sealed account"), "{}", alarms());
    post(&portal, "/v1/tokens", &json!({ "name": "stay" }), &[&line]).expect(403);
    let audit = audit(&portal);
    assert!(
        audit.contains("POST /v1/teams") && !audit.contains(&secret),
        "{audit}"
    );

    assert_eq!(portal.command(&["break-glass", "disable"]).code, Some(0));
    get(&portal, "/v1/me", &[&line]).expect(401);
    let log = portal.process().stderr().so_far().join("\n");
    assert!(log.contains("the sealed account is used") && !log.contains(&secret));
}

#[test]
fn a_name_and_a_password_open_a_session_that_only_own_pages_use() {
    let portal = start("{}");
    let ada = json!({ "id": "ada", "name": "Ada", "password": PASSWORD, "role": "platform_admin" });
    portal.ask("POST", "/v1/users", Some(&ada)).expect(201);
    let typed = json!({ "user": "ada", "password": PASSWORD });
    post(&portal, "/v1/sessions", &typed, &["Origin: http://evil.example"]).expect(403);
    let opened = post(&portal, "/v1/sessions", &typed, &[]).expect(201);
    let cookie = format!("Cookie: {}", session(&opened));
    let team = json!({ "id": "orders" });
    for page in [
        vec![],
        vec!["Origin: http://evil.example"],
        vec!["Sec-Fetch-Site: cross-site"],
        vec!["Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:9"],
    ] {
        let lines: Vec<&str> = page.iter().copied().chain([cookie.as_str()]).collect();
        let refused = post(&portal, "/v1/teams", &team, &lines).expect(403);
        assert_eq!(refused.json()["code"], "foreign_page", "{page:?}");
        get(&portal, "/v1/teams", &lines).expect(200);
    }
    post(
        &portal,
        "/v1/teams",
        &team,
        &["Sec-Fetch-Site: same-origin", &cookie],
    )
    .expect(201);
    let lines = ["Origin: http://127.0.0.1:9", &cookie];
    let out = portal
        .ask_with("DELETE", "/v1/sessions/current", None, &lines)
        .expect(204);
    assert!(
        out.field("Set-Cookie")
            .is_some_and(|set| set.contains("Max-Age=0"))
    );
    get(&portal, "/v1/me", &[&cookie]).expect(401);
}

#[test]
fn whoever_guesses_waits() {
    let portal = start("{}");
    // A name that nobody has costs what a name that somebody has costs, and is limited as one.
    let typed = json!({ "user": "mallory", "password": "a guess that is long enough" });
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = post(&portal, "/v1/sessions", &typed, &[]);
        statuses.push(answer.status);
        if answer.status == 429 {
            let after: u64 = answer
                .field("Retry-After")
                .expect("when to come again")
                .parse()
                .expect("a number");
            assert!((1..=30).contains(&after));
            break;
        }
    }
    // One more where the guesses took half a minute.
    assert!((11..=12).contains(&statuses.len()), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}
