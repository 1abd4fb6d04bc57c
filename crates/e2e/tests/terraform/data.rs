//! Two teams' gateways as Terraform makes them, on an emulator of AWS that serves (ministack): the real authorizers, one
//! in Rust and one in TypeScript, decide before a backend. What breaks one team's changes no answer of the other's.
//!
//! The emulator mounts no layers, maps no header fields and fills in no `$context.authorizer`: the harness mounts what was
//! uploaded, and asks its own evaluators what the plan's mappings and templates make of the answer that the function gave.

use e2e::terraform::{
    Change, Dialect, Example, Front, Inbound, Plan, Terraform, change_environment, environment, examples,
    forwarded, mount, read_api, render,
};
use e2e::{DeployedApi, Emulator, Issuer, Response, Scratch, SigningKey, Upstream, case, seconds_from_now};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Of each answer another: ids and the time.
const VARYING: [&str; 3] = ["date", "x-amz-request-id", "x-amzn-requestid"];

/// Status, fields and body of an answer, without what is another in each.
type Steady = (u16, Vec<(String, String)>, String);

/// An emulator with a backend and an issuer.
struct Cloud {
    emulator: Emulator,
    backend: Upstream,
    key: SigningKey,
    terraform: Terraform,
    scratch: Scratch,
    // They listen for as long as this lives.
    _front: Front,
    _issuer: Issuer,
}

/// A team's gateway in it.
struct Gateway {
    example: Example,
    plan: Plan,
    function: &'static str,
    id: String,
    api: DeployedApi,
}

impl Cloud {
    fn start() -> Cloud {
        let emulator = Emulator::start();
        let front = Front::before(emulator.address(), Dialect::Ministack);
        let key = SigningKey::new("k1");
        let issuer = Issuer::start(&[&key]);
        Cloud {
            terraform: Terraform::copy(&front, &issuer),
            backend: Upstream::ok(),
            scratch: Scratch::new(),
            _front: front,
            _issuer: issuer,
            emulator,
            key,
        }
    }

    fn apply(&self, name: &str, function: &'static str) -> Gateway {
        let all = examples(&self.backend.url());
        let given = all
            .iter()
            .find(|given| given.name == name)
            .expect("there is such an example");
        let example = self.terraform.open(given);
        let plan = example.plan_and_apply();
        assert_eq!(
            but_alarms(&example.plan()),
            [],
            "what was applied is what is wanted"
        );
        mount(&self.emulator, &self.scratch, function, &example.floor());
        let id = example.state("aws_api_gateway_rest_api.this")["id"]
            .as_str()
            .expect("an API has an id")
            .to_owned();
        let api = self.emulator.deployed(&id, "prod");
        Gateway {
            example,
            plan,
            function,
            id,
            api,
        }
    }

    fn token(&self, client: &str, scope: &str) -> String {
        let claims = json!({
            "iss": "https://auth.example.com", "aud": "api.example.com", "azp": client, "sub": "u-1", "scope": scope,
            "exp": seconds_from_now(300),
        });
        format!("Bearer {}", self.key.sign(&claims))
    }

    fn get(&self, gateway: &Gateway, path: &str, token: Option<&str>) -> Response {
        let fields: Vec<(&str, &str)> = token.iter().map(|token| ("Authorization", *token)).collect();
        self.emulator.request(&gateway.api, "GET", path, &fields)
    }

    /// What the function answers that the API asks, to the event of such a request.
    fn decide(&self, gateway: &Gateway, path: &str, token: &str) -> Value {
        let event = json!({
            "type": "REQUEST", "methodArn": format!("arn:aws:execute-api:eu-central-1:000000000000:{}/prod/GET{path}", gateway.id),
            "resource": "/{proxy+}", "path": path, "httpMethod": "GET",
            "headers": { "Authorization": token }, "multiValueHeaders": { "Authorization": [token] },
            "requestContext": { "stage": "prod", "apiId": gateway.id, "httpMethod": "GET", "identity": { "sourceIp": "127.0.0.1" } },
        });
        let invoked = format!(
            "/2015-03-31/functions/{}/invocations?Qualifier=live",
            gateway.function
        );
        self.emulator.call("POST", &invoked, &event)
    }
}

/// The emulator keeps of an alarm its name and little else; moto keeps the whole (`control`).
fn but_alarms(plan: &Plan) -> Vec<Change> {
    let differences = plan.differences().into_iter();
    differences
        .filter(|change| !change.address.starts_with("aws_cloudwatch_metric_alarm.this"))
        .collect()
}

fn steady(answer: &Response) -> Steady {
    let id = answer.field("x-amzn-requestid").unwrap_or("no id");
    let fields = answer
        .fields
        .iter()
        .filter(|(name, _)| !VARYING.contains(&name.to_lowercase().as_str()));
    (
        answer.status,
        fields.cloned().collect(),
        answer.text().replace(id, "ID"),
    )
}

/// The answers to all that `requests` names.
fn answers(cloud: &Cloud, gateway: &Gateway, requests: &[(&str, Option<&str>)]) -> Vec<Steady> {
    let asked = requests
        .iter()
        .map(|(path, token)| steady(&cloud.get(gateway, path, *token)));
    asked.collect()
}

fn check_answers(cloud: &Cloud, gateway: &Gateway, base: &str, scope: &str) {
    let good = cloud.token("shop-app", scope);
    let item = format!("{base}/7");
    let before = cloud.backend.requests().len();
    cloud.get(gateway, &item, Some(&good)).expect(200);
    let reached = &cloud.backend.requests()[before..];
    assert_eq!((reached.len(), reached[0].target.as_str()), (1, item.as_str()));
    let refused = |path: &str, token: Option<&str>, status: u16, error: &str| {
        case(format!("{path} {status} {error}"));
        let answer = cloud.get(gateway, path, token).expect(status);
        let body = answer.json();
        let members: Vec<&String> = body.as_object().expect("a refusal is an object").keys().collect();
        assert_eq!(members, ["error", "message", "request_id"]);
        assert_eq!(
            (body["error"].as_str(), body["request_id"].as_str()),
            (Some(error), answer.field("x-amzn-requestid"))
        );
        assert_eq!(answer.field("Cache-Control"), Some("no-store"));
        answer
    };
    let challenged = refused(&item, None, 401, "unauthorized");
    assert!(
        challenged
            .field("WWW-Authenticate")
            .is_some_and(|all| all.contains("Bearer realm="))
    );
    refused(&item, Some("Bearer none"), 401, "unauthorized");
    refused(&item, Some(&cloud.token("nobody", scope)), 401, "unauthorized");
    let not_filled_in = "$context.authorizer.code";
    refused(
        &item,
        Some(&cloud.token("shop-app", "other.read")),
        403,
        not_filled_in,
    );
    refused("/elsewhere", Some(&good), 404, "route_not_found");
    // The emulator writes all names in small letters: in another spelling than the mapping's, which would let it through.
    let own = [("Authorization", good.as_str()), ("X-User-Id", "admin")];
    cloud
        .emulator
        .request(&gateway.api, "GET", &item, &own)
        .expect(403);
    assert_eq!(
        cloud.backend.requests().len(),
        before + 1,
        "no refused request reaches the backend"
    );
}

/// What the emulator leaves out: the function's own answers, put through the plan's mappings and templates.
fn check_evaluated(cloud: &Cloud, gateway: &Gateway, base: &str, scope: &str) {
    let document = gateway.plan.document();
    let permitted = cloud.decide(gateway, &format!("{base}/7"), &cloud.token("shop-app", scope));
    assert_eq!(
        permitted["policyDocument"]["Statement"][0]["Effect"], "Allow",
        "{permitted}"
    );
    let context = permitted["context"].as_object().expect("a permit has a context");
    // API Gateway makes texts of numbers.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let inbound = Inbound {
        fields: [
            ("X-User-Id", "admin"),
            ("X-Client-Id", "evil"),
            ("X-Tenant-Id", "other"),
            ("Authorization", "Bearer x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        path: BTreeMap::from([("proxy".to_owned(), "7".to_owned())]),
        authorizer: context
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    };
    let api = read_api(&document).expect("the document is known whole");
    let operation = api
        .operations
        .iter()
        .find(|operation| operation.path.ends_with("{proxy+}"))
        .expect("there is one");
    let (url, fields) = forwarded(&operation.integration, &inbound).expect("every mapping has a value");
    assert_eq!(url, format!("{}{base}/7", cloud.backend.url()));
    let got: BTreeMap<&str, &str> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(got.len(), fields.len(), "each once");
    let wanted = [
        ("Authorization", ""),
        ("X-Api-Key", ""),
        ("X-Cell-Id", ""),
        ("X-Client-Id", "shop-app"),
        ("X-Tenant-Id", ""),
        ("X-User-Id", "u-1"),
        ("X-User-Role", ""),
    ];
    assert_eq!(got, BTreeMap::from(wanted));

    let denied = cloud.decide(
        gateway,
        &format!("{base}/7"),
        &cloud.token("shop-app", "other.read"),
    );
    assert_eq!(
        denied["policyDocument"]["Statement"][0]["Effect"], "Deny",
        "{denied}"
    );
    let template = api.gateway_responses["ACCESS_DENIED"]["responseTemplates"]["application/json"]
        .as_str()
        .expect("a template");
    let given = json!({ "context": { "requestId": "r-1", "authorizer": denied["context"] } });
    let body: Value = serde_json::from_str(&render(template, &given).expect("it can be filled in").text)
        .expect("a refusal is JSON");
    assert_eq!(
        body,
        json!({ "error": "scope_missing", "message": "A scope that this operation needs is missing.", "request_id": "r-1" })
    );
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn what_breaks_one_teams_gateway_changes_no_answer_of_the_others() {
    let cloud = Cloud::start();
    let commerce = cloud.apply("two-teams/commerce", "commerce-orders-prod-authorizer");
    let returns = cloud.apply("two-teams/returns", "returns-returns-prod-authorizer");
    for (gateway, base, scope) in [
        (&commerce, "/api/orders", "orders.read"),
        (&returns, "/api/orders/returns", "returns.read"),
    ] {
        check_answers(&cloud, gateway, base, scope);
        check_evaluated(&cloud, gateway, base, scope);
    }
    let good = cloud.token("shop-app", "orders.read returns.read");
    // Commerce's `/**` has this path too, but the policy gave it away: its authorizer does not know the API.
    cloud
        .get(&commerce, "/api/orders/returns/7", Some(&good))
        .expect(403);
    cloud.get(&commerce, "/api/orders/health", None).expect(200);
    cloud.get(&returns, "/api/orders/7", Some(&good)).expect(404);

    let weak = cloud.token("shop-app", "other.read");
    let of = |base: &'static str| {
        [
            (base, Some(good.as_str())),
            (base, None),
            (base, Some(weak.as_str())),
            ("/elsewhere", None),
        ]
    };
    let of_commerce = Watched::of(&cloud, &commerce, of("/api/orders/7"));
    let of_returns = Watched::of(&cloud, &returns, of("/api/orders/returns/7"));
    let statuses: Vec<u16> = of_returns.before.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [200, 401, 403, 404]);
    authorizers_that_do_not_start(&of_commerce, &of_returns, &good);
    a_route_and_a_stage_that_are_gone(&of_commerce, &of_returns, &good);
}

/// A gateway, requests to it, and how it answered them before anything broke.
struct Watched<'a> {
    cloud: &'a Cloud,
    gateway: &'a Gateway,
    requests: [(&'a str, Option<&'a str>); 4],
    before: Vec<Steady>,
}

impl<'a> Watched<'a> {
    fn of(cloud: &'a Cloud, gateway: &'a Gateway, requests: [(&'a str, Option<&'a str>); 4]) -> Watched<'a> {
        Watched {
            cloud,
            gateway,
            requests,
            before: answers(cloud, gateway, &requests),
        }
    }

    fn is_as_before(&self, when: &str) {
        let now = answers(self.cloud, self.gateway, &self.requests);
        assert_eq!(now, self.before, "{when}");
    }

    fn get(&self, path: &str, token: &str) -> Response {
        self.cloud.get(self.gateway, path, Some(token))
    }
}

fn authorizers_that_do_not_start(of_commerce: &Watched<'_>, of_returns: &Watched<'_>, good: &str) {
    let (cloud, commerce, returns) = (of_commerce.cloud, of_commerce.gateway, of_returns.gateway);
    let kept = break_settings(cloud, returns);
    of_returns.get("/api/orders/returns/7", good).expect(500);
    of_commerce.is_as_before("while returns' authorizer does not start");
    change_environment(&cloud.emulator, returns.function, &kept);
    of_returns.is_as_before("mended");

    break_settings(cloud, commerce);
    let failed = of_commerce.get("/api/orders/7", good).expect(500);
    assert_eq!(failed.json()["error"], "authorizer_failed");
    of_returns.is_as_before("while commerce's authorizer does not start");
}

fn a_route_and_a_stage_that_are_gone(of_commerce: &Watched<'_>, of_returns: &Watched<'_>, good: &str) {
    let (cloud, commerce) = (of_commerce.cloud, of_commerce.gateway);
    commerce
        .example
        .edit("path = \"/api/orders/**\",", "path = \"/api/orders/archive/**\",");
    commerce.example.plan_and_apply();
    of_commerce.get("/api/orders/7", good).expect(404);
    of_returns.is_as_before("after commerce lost its route");

    let stage = format!("/restapis/{}/stages/prod", commerce.id);
    cloud.emulator.call("DELETE", &stage, &Value::Null);
    of_commerce.get("/api/orders/archive/7", good).expect(403);
    of_returns.is_as_before("after commerce lost its stage");
}

/// A setting that the authorizer does not know, so that it does not start; what the environment was.
fn break_settings(cloud: &Cloud, gateway: &Gateway) -> Value {
    let kept = environment(&cloud.emulator, gateway.function);
    let mut broken = kept.clone();
    broken["SWITCHBOARD_COLOUR"] = json!("blue");
    change_environment(&cloud.emulator, gateway.function, &broken);
    kept
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn a_changed_floor_is_another_layer_and_another_answer_and_leaves_api_and_code_alone() {
    let cloud = Cloud::start();
    let returns = cloud.apply("two-teams/returns", "returns-returns-prod-authorizer");
    let shop = cloud.token("shop-app", "returns.read returns.write");
    cloud
        .get(&returns, "/api/orders/returns/7", Some(&shop))
        .expect(200);
    let code = |example: &Example| example.state("aws_lambda_function.authorizer")["code_sha256"].clone();
    let (before, layer) = (
        code(&returns.example),
        returns.example.state("aws_lambda_layer_version.floor")["arn"].clone(),
    );

    cloud.terraform.change_policy(
        "scopes: [returns.read, returns.write] }",
        "scopes: [returns.write] }",
    );
    cloud.terraform.build_floor(&returns.example);
    let plan = returns.example.plan();
    let touched: BTreeSet<String> = but_alarms(&plan)
        .into_iter()
        .map(|change| change.address)
        .collect();
    let expected = [
        "aws_lambda_alias.authorizer",
        "aws_lambda_function.authorizer",
        "aws_lambda_layer_version.floor",
    ];
    assert_eq!(touched, expected.map(str::to_owned).into());
    returns.example.apply();
    assert_eq!(code(&returns.example), before, "the code stays");
    assert_ne!(
        returns.example.state("aws_lambda_layer_version.floor")["arn"],
        layer,
        "the layer does not"
    );
    mount(
        &cloud.emulator,
        &cloud.scratch,
        returns.function,
        &returns.example.floor(),
    );
    cloud
        .get(&returns, "/api/orders/returns/7", Some(&shop))
        .expect(403);
    assert_eq!(
        cloud.decide(&returns, "/api/orders/returns/7", &shop)["context"]["code"],
        "scope_missing"
    );

    cloud.terraform.change_policy(
        "  - id: shop-app\n    team: commerce",
        "  - id: shop-app\n    status: suspended\n    team: commerce",
    );
    cloud.terraform.build_floor(&returns.example);
    returns.example.plan_and_apply();
    mount(
        &cloud.emulator,
        &cloud.scratch,
        returns.function,
        &returns.example.floor(),
    );
    assert_eq!(
        cloud.decide(&returns, "/api/orders/returns/7", &shop)["context"]["code"],
        "client_suspended"
    );
    cloud
        .get(&returns, "/api/orders/returns/7", Some(&shop))
        .expect(403);
}
