//! What every example plans, as JSON: whatever an emulator ignores is looked at here, by evaluators of our own, so that no
//! wrong mapping passes unseen.
//!
//! Only the account's id is asked of an emulator (moto). Nothing is applied.

use e2e::terraform::{
    Api, Dialect, Front, Inbound, Moto, Operation, Plan, Terraform, examples, forwarded, read_api, render,
};
use e2e::{Issuer, SigningKey, case};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is answered without the authorizer: preflights, and where answers are kept, what the policy names public, word by word.
const OPEN: [(&str, &[&str]); 5] = [
    ("smallest", &[]),
    ("rust", &[]),
    (
        "typescript",
        &[
            "GET /api/catalog/health",
            "HEAD /api/catalog/health",
            "OPTIONS /api/catalog/health",
            "OPTIONS /api/catalog/import",
            "OPTIONS /api/catalog/products",
            "OPTIONS /api/catalog/products/{proxy+}",
        ],
    ),
    ("two-teams/commerce", &[]),
    ("two-teams/returns", &[]),
];

/// The five identity fields, and the members of the authorizer's answer that they are.
const IDENTITY: [(&str, &str); 5] = [
    ("X-Cell-Id", "cell"),
    ("X-Client-Id", "client"),
    ("X-Tenant-Id", "tenant"),
    ("X-User-Id", "user"),
    ("X-User-Role", "role"),
];

/// Texts that a caller might like to see unescaped.
const HOSTILE: [&str; 7] = [
    "",
    "o'brien",
    "a\"b",
    "back\\slash",
    "\\'\\\"",
    "$context.requestId #end ${x}",
    "ü😀\n\u{1}</script>",
];

/// Plans an example, and reads its document.
fn each_plan(look: impl Fn(&str, &Plan, &Api)) {
    let (moto, issuer) = (Moto::start(), Issuer::start(&[&SigningKey::new("k1")]));
    let front = Front::before(moto.address(), Dialect::Moto);
    let terraform = Terraform::copy(&front, &issuer);
    for given in examples("http://orders.internal:8080") {
        case(given.name);
        let plan = terraform.open(&given).plan();
        let api = read_api(&plan.document()).expect("the document is known whole");
        look(given.name, &plan, &api);
    }
}

fn named(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

fn contract(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contract/vectors")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).expect("the contract is there")).expect("it is JSON")
}

fn check_who_is_asked(name: &str, plan: &Plan, api: &Api) {
    let (_, open) = OPEN
        .iter()
        .find(|(of, _)| *of == name)
        .expect("every example is listed");
    let unasked: BTreeSet<String> = api
        .operations
        .iter()
        .filter(|operation| operation.authorizer.is_none())
        .map(named)
        .collect();
    assert_eq!(unasked, open.iter().map(|name| (*name).to_owned()).collect());
    for operation in api
        .operations
        .iter()
        .filter(|operation| operation.method == "OPTIONS")
    {
        assert_eq!(
            operation.integration["type"], "MOCK",
            "a preflight reaches nothing"
        );
    }
    // A client's usage plan is known by the authorizer's answer; what is public has no client.
    let keyless: BTreeSet<String> = api
        .operations
        .iter()
        .filter(|operation| !operation.needs_key)
        .map(named)
        .collect();
    let public = ["GET", "HEAD"].map(|method| format!("{method} /api/orders/health"));
    let public = BTreeSet::from(public);
    let all: BTreeSet<String> = api.operations.iter().map(named).collect();
    assert_eq!(keyless, if name == "rust" { public } else { all });
    assert_eq!(api.itself["apiKeySource"], "AUTHORIZER");

    // What API Gateway keeps, and what the authorizer believes that it keeps.
    let [authorizer] = api.authorizers.values().collect::<Vec<_>>()[..] else {
        panic!("one authorizer: {:?}", api.authorizers)
    };
    let variables = &plan.after("aws_lambda_function.authorizer")["environment"][0]["variables"];
    let ttl = &authorizer["authorizerResultTtlInSeconds"];
    assert_eq!(variables["SWITCHBOARD_RESULT_TTL_S"], ttl.to_string());
    let source = if *ttl == 0 {
        Value::Null
    } else {
        json!("method.request.header.Authorization")
    };
    assert_eq!(
        authorizer["identitySource"], source,
        "without a kept answer everyone is asked about"
    );
    let function = plan.after("aws_lambda_function.authorizer")["function_name"]
        .as_str()
        .expect("it has a name");
    let uri = authorizer["authorizerUri"].as_str().expect("a URI");
    assert!(
        uri.ends_with(&format!(":function:{function}:live/invocations")),
        "{uri}"
    );
}

fn check_what_a_service_is_told(api: &Api) {
    for operation in &api.operations {
        case(named(operation));
        if operation.integration["type"] == "HTTP_PROXY" {
            check_proxy(operation);
        } else {
            let mapped = operation.integration.get("requestParameters");
            assert_eq!(mapped, None, "only a proxy is told by header fields");
        }
    }
}

fn check_proxy(operation: &Operation) {
    let parts = operation.path.split('/');
    let variable: Vec<&str> = parts
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_end_matches('+'))
        .collect();
    let parameters: Vec<String> = variable
        .iter()
        .map(|name| format!("method.request.path.{name}"))
        .collect();
    assert_eq!(
        operation.parameters.keys().cloned().collect::<Vec<_>>(),
        parameters
    );
    let client = IDENTITY
        .map(|(name, _)| name)
        .into_iter()
        .chain(["Accept", "Authorization", "X-Api-Key"]);
    let inbound = Inbound {
        fields: client
            .map(|name| (name.to_owned(), "the caller's".to_owned()))
            .collect(),
        path: variable
            .iter()
            .map(|name| ((*name).to_owned(), "a/b".to_owned()))
            .collect(),
        authorizer: IDENTITY
            .map(|(_, member)| (member.to_owned(), format!("the {member}")))
            .into(),
    };
    let (url, mut fields) = forwarded(&operation.integration, &inbound).expect("every mapping has a value");
    fields.sort();
    let of_answer = |member: &str| {
        if operation.authorizer.is_some() {
            format!("the {member}")
        } else {
            String::new()
        }
    };
    let mut expected: Vec<(String, String)> = IDENTITY
        .map(|(name, member)| (name.to_owned(), of_answer(member)))
        .into();
    expected.extend(
        [
            ("Accept", "the caller's"),
            ("Authorization", ""),
            ("X-Api-Key", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    expected.sort();
    assert_eq!(fields, expected, "each once");
    let path = operation.path.replace("{proxy+}", "a/b");
    assert!(url.ends_with(&path), "{url} ends with the request's path {path}");
}

fn check_refusals(name: &str, api: &Api) {
    let sentences = contract("codes.json");
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md"))
        .expect("the page is there");
    let types: Vec<&str> = api.gateway_responses.keys().map(String::as_str).collect();
    assert_eq!(types.len(), 21, "every type that API Gateway has: {types:?}");
    for (kind, response) in &api.gateway_responses {
        case(kind);
        let template = response["responseTemplates"]["application/json"]
            .as_str()
            .expect("a template");
        let filled = |authorizer: &Value| -> Value {
            let given = json!({ "context": { "requestId": "r-1", "authorizer": authorizer } });
            serde_json::from_str(&render(template, &given).expect("it can be filled in").text)
                .expect("it is JSON")
        };
        assert_eq!(
            response["responseParameters"]["gatewayresponse.header.Cache-Control"],
            "'no-store'"
        );
        let kept = name == "typescript";
        if kind == "ACCESS_DENIED" && !kept {
            for sentence in sentences.as_array().expect("a list") {
                let told =
                    json!({ "error": sentence["code"], "message": sentence["message"], "request_id": "r-1" });
                assert_eq!(
                    filled(&json!({ "code": sentence["code"], "message": sentence["message"] })),
                    told
                );
            }
            continue;
        }
        let body = filled(&Value::Null);
        let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["error", "message", "request_id"]);
        assert_eq!(body["request_id"], "r-1");
        let code = body["error"].as_str().expect("a text");
        let (status, message) = (
            response["statusCode"].as_str(),
            body["message"].as_str().expect("a text"),
        );
        assert!(
            message.ends_with('.') && message.len() < 128,
            "a sentence: {message}"
        );
        // A code that the gateway has too means the same.
        if let Some((_, section)) = page.split_once(&format!("## `{code}`\n")) {
            let section = section.split("\n## ").next().unwrap_or_default();
            // A type without status is the rest, with whatever status it had.
            assert!(
                status.is_none_or(|status| section.contains(&format!("\n| {status} |"))),
                "{code} {status:?}"
            );
            let quoted = section
                .split_once("**Message:** “")
                .and_then(|(_, behind)| behind.split_once('”'));
            // How long to wait is only known to the gateway.
            if let Some((quoted, _)) = quoted.filter(|(quoted, _)| !quoted.contains(" N ")) {
                assert_eq!(message, quoted, "{code}");
            }
        }
    }
    let challenge = &api.gateway_responses["UNAUTHORIZED"]["responseParameters"]["gatewayresponse.header.WWW-Authenticate"];
    assert!(
        challenge
            .as_str()
            .is_some_and(|text| text.starts_with("'Bearer realm=\"")),
        "{challenge}"
    );
}

fn check_log(name: &str, plan: &Plan) {
    let format = plan.after("aws_api_gateway_stage.this")["access_log_settings"][0]["format"]
        .as_str()
        .expect("a format");
    assert!(!format.contains('\n'), "one line");
    let fields: Value = serde_json::from_str(format).expect("the format is JSON");
    let fields = fields.as_object().expect("an object");
    let team = if name == "typescript" {
        "catalog"
    } else if name == "two-teams/returns" {
        "returns"
    } else {
        "commerce"
    };
    assert_eq!(
        (&fields["team"], &fields["client_id"]),
        (&json!(team), &json!("$context.authorizer.client"))
    );
    assert!(
        fields.values().any(|value| value == "$context.requestId"),
        "API Gateway asks for it"
    );
    for (field, value) in fields {
        let value = value
            .as_str()
            .expect("every field is a text: what is absent is written as `-`");
        let variable = value.strip_prefix("$context.");
        assert!(variable.is_some() || !value.contains('$'), "{field}: {value}");
        // These a caller could fill with quotation marks, or with secrets.
        for not_logged in [
            "header",
            "querystring",
            "userAgent",
            "error.message",
            "authorizer.error",
        ] {
            assert!(!value.contains(not_logged), "{field}: {value}");
        }
    }
}

fn check_policy(name: &str, api: &Api) {
    let Some(policy) = &api.policy else {
        assert_ne!(name, "rust", "a private API has a resource policy");
        return;
    };
    assert_eq!(name, "rust", "only a private API has one");
    assert_eq!(api.itself["vpcEndpointIds"], json!(["vpce-0123456789abcdef0"]));
    for statement in policy["Statement"].as_array().expect("a list") {
        assert_eq!(
            statement["Effect"], "Deny",
            "nothing is open here, so nothing is allowed by silence: {statement}"
        );
    }
    let condition = &policy["Statement"][0]["Condition"];
    assert_eq!(
        *condition,
        json!({ "StringNotEquals": { "aws:SourceVpce": ["vpce-0123456789abcdef0"] } })
    );
}

fn check_state_machine(api: &Api) {
    let machine = api
        .operations
        .iter()
        .find(|operation| operation.path == "/api/catalog/import" && operation.method == "POST")
        .expect("a route");
    let template = machine.integration["requestTemplates"]["application/json"]
        .as_str()
        .expect("a template");
    for text in HOSTILE {
        case(format!("{text:?}"));
        let body = json!({ "list": [text, 1, null], "o'": { text: true } });
        let authorizer = json!({ "client": text, "user": text, "role": text, "tenant": text, "cell": text });
        let given = json!({ "context": { "authorizer": authorizer, "httpMethod": "POST", "path": text, "requestId": "r-1" }, "body": body });
        let rendered = render(template, &given).expect("it can be filled in").text;
        let call: Value =
            serde_json::from_str(&rendered).unwrap_or_else(|error| panic!("{error}: {rendered}"));
        assert_eq!(
            call["stateMachineArn"],
            "arn:aws:states:eu-central-1:123456789012:stateMachine:import"
        );
        let input = call["input"].as_str().expect("the input is a text");
        let input: Value = serde_json::from_str(input).unwrap_or_else(|error| panic!("{error}: {input}"));
        let request = json!({ "method": "POST", "path": text, "request_id": "r-1" });
        assert_eq!(
            input,
            json!({ "identity": authorizer, "request": request, "body": body })
        );
    }
    let answer = |status: &str, body: &Value| -> Value {
        let template = &machine.integration_responses[status]["responseTemplates"]["application/json"];
        let given = json!({ "context": { "requestId": "r-1" }, "body": body });
        let rendered = render(template.as_str().expect("a template"), &given).expect("it can be filled in");
        serde_json::from_str(&rendered.text).expect("it is JSON")
    };
    assert_eq!(
        answer("202", &json!({ "executionArn": "arn:e" })),
        json!({ "execution": "arn:e" })
    );
    assert_eq!(answer("502", &Value::Null)["error"], "upstream_failed");
    let pattern = &machine.integration_responses["502"]["selectionPattern"];
    assert_eq!(
        pattern, "[45]\\d{2}",
        "every failure of the state machine's service"
    );
}

fn check_preflight(api: &Api) {
    for operation in api
        .operations
        .iter()
        .filter(|operation| operation.method == "OPTIONS")
    {
        case(named(operation));
        let [(status, response)] = operation.integration_responses.iter().collect::<Vec<_>>()[..] else {
            panic!("one answer: {operation:?}")
        };
        assert_eq!(status, "204");
        for name in response["responseParameters"].as_object().expect("fields").keys() {
            assert!(
                !operation.responses["204"]["responseParameters"][name].is_null(),
                "{name} is named by the method too"
            );
        }
        let template = response["responseTemplates"]["application/json"]
            .as_str()
            .expect("a template");
        for (origin, allowed) in [
            ("https://shop.example.com", true),
            ("https://admin.example.com", true),
            ("https://evil.example", false),
            ("https://shop.example.com.evil.example", false),
        ] {
            for name in ["Origin", "origin"] {
                let rendered =
                    render(template, &json!({ "header": { name: origin } })).expect("it can be filled in");
                let told = rendered
                    .overrides
                    .get("header.Access-Control-Allow-Origin")
                    .map(String::as_str);
                assert_eq!(
                    (rendered.text.as_str(), told),
                    ("", allowed.then_some(origin)),
                    "{name}: {origin}"
                );
            }
        }
    }
}

/// By a validator that is not ours. It knows no `{proxy+}`, which is not OpenAPI but API Gateway.
fn check_by_validator(document: &Value, beside: &Path) {
    let path: PathBuf = beside.join("openapi.json");
    std::fs::write(&path, document.to_string().replace("{proxy+}", "{proxy}"))
        .expect("a scratch file can be written");
    let output = Command::new(Moto::program("openapi-spec-validator"))
        .arg(&path)
        .output()
        .expect("the validator can be started");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs Terraform: run by cargo xtask test"]
fn every_example_plans_what_it_must() {
    let scratch = e2e::Scratch::new();
    each_plan(|name, plan, api| {
        check_who_is_asked(name, plan, api);
        check_what_a_service_is_told(api);
        check_refusals(name, api);
        check_log(name, plan);
        check_policy(name, api);
        if name == "typescript" {
            check_state_machine(api);
            check_preflight(api);
        }
        check_by_validator(&plan.document(), scratch.directory());
    });
}
