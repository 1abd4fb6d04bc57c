//! `private_api`: what a team pastes out of Terraform is taken, what it means, how it is shown, and what is told of every
//! part that is wrong.

use super::{check_told, checked, schema};
use gateway::configuration::{Action, Configuration, Forward, Scheme, masked};
use serde_json::json;
use std::path::PathBuf;

/// The output `route_descriptor` of the Terraform module, as `terraform output -json` has it.
const DESCRIPTOR: &str = r#"{
  "private_api": {
    "api_id": "abc123def4",
    "region": "eu-central-1",
    "stage": "prod",
    "vpc_endpoint": "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com"
  }
}"#;

const NAME: &str = "abc123def4.execute-api.eu-central-1.amazonaws.com";

#[track_caller]
fn taken(text: &str) -> Configuration {
    let checked = checked(text);
    let problems = checked.render_plain();
    checked.configuration.unwrap_or_else(|| panic!("{problems}"))
}

#[track_caller]
fn forward(body: &str) -> Forward {
    let mut configuration = taken(&format!("allow_targets: [127.0.0.0/8]\nroutes: [{{ {body} }}]\n"));
    match configuration.routes.remove(0).action {
        Action::Forward(forward) => *forward,
        other => panic!("{other:?}"),
    }
}

/// One route with this target, and what is told of it; the target begins in column 1 of line 2.
#[track_caller]
fn check(api: &str, expected: &[&str]) {
    check_told(
        &format!("routes: [{{ path: /a, upstream: {{ private_api: {{\n{api}\n}} }} }}]"),
        expected,
    );
}

/// A target that is right but for one member, and what is told of that.
#[track_caller]
fn check_member(member: &str, value: &str, message: &str, help: &str) {
    let mut given = vec![
        ("region", "eu-west-1"),
        ("api_id", "a1"),
        ("stage", "prod"),
        ("vpc_endpoint", "v.example"),
    ];
    given.retain(|(name, _)| *name != member);
    given.insert(0, (member, value));
    let members: Vec<String> = given
        .iter()
        .map(|(name, value)| format!("{name}: '{value}'"))
        .collect();
    let column = member.len() + 3;
    check(&members.join(", "), &[&format!("2:{column} {message} | {help}")]);
}

#[test]
fn what_terraform_says_is_an_upstream_as_it_stands() {
    let indented = DESCRIPTOR.replace('\n', "\n    ");
    let yaml = format!("routes:\n- path: /a/**\n  upstream:\n    {indented}\n");
    let json = format!(r#"{{ "routes": [ {{ "path": "/a/**", "upstream": {DESCRIPTOR} }} ] }}"#);
    schema::fits("pasted.json", &json);
    schema::fits("pasted.yaml", &yaml);
    let configuration = taken(&yaml);
    assert_eq!(masked(&configuration), masked(&taken(&json)));
    let Action::Forward(forward) = &configuration.routes[0].action else {
        panic!()
    };
    let origin = &forward.origin;
    assert_eq!((&*origin.host, &*origin.authority), (NAME, NAME));
    assert_eq!(
        origin.dialled(),
        "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com"
    );
    assert_eq!(
        (origin.scheme, origin.port, &origin.ca),
        (Scheme::Https, 443, &None)
    );
    assert_eq!(forward.add_prefix.as_ref().unwrap().as_str(), "/prod");
}

#[test]
fn the_example_of_the_page_is_the_output_of_terraform() {
    let page = include_str!("../../../../docs/operations.md");
    let (_, section) = page.split_once("### A team's private API Gateway").unwrap();
    let (_, example) = section.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let upstream: serde_json::Value = serde_json::from_str(DESCRIPTOR).unwrap();
    assert_eq!(masked(&taken(example))["routes"][0]["upstream"], upstream);
}

/// With what the output has beside it, the message says what to take out.
#[test]
fn a_null_that_was_pasted_along_is_told() {
    let with_null = DESCRIPTOR.replacen('{', "{ \"url\": null,", 1);
    check_told(
        &format!(r#"{{ "routes": [ {{ "path": "/a", "upstream": {with_null} }} ] }}"#),
        &[
            "1:52 expected a string, found nothing | leave the key out where it has no value",
            "2:3 `private_api` beside `url`: an upstream is exactly one of them | keep one of them",
        ],
    );
}

#[test]
fn a_port_a_ca_and_prefixes_are_taken() {
    let api = "region: cn-north-1, api_id: a1, stage: Prod_2-x, vpc_endpoint: 'Localhost:8443'";
    let forward = forward(&format!(
        "path: /api/**, strip_prefix: /api, add_prefix: /v1, upstream: {{ private_api: {{ {api} }}, ca: ca.pem }}"
    ));
    let origin = &forward.origin;
    assert_eq!(&*origin.authority, "a1.execute-api.cn-north-1.amazonaws.com.cn");
    assert_eq!((origin.dialled(), origin.port), ("localhost", 8443));
    assert_eq!(origin.ca, Some(PathBuf::from("/etc/switchboard/ca.pem")));
    assert_eq!(forward.add_prefix.unwrap().as_str(), "/Prod_2-x/v1");
    assert_eq!(forward.strip_prefix.unwrap().as_str(), "/api");
}

#[test]
fn two_apis_behind_one_endpoint_are_two_origins_and_two_stages_of_one_api_are_one() {
    let api = |id: &str, stage: &str| {
        format!(
            "{{ private_api: {{ region: eu-west-1, api_id: {id}, stage: {stage}, vpc_endpoint: v.example }} }}"
        )
    };
    let text = format!(
        "routes:\n- {{ path: /a, upstream: {} }}\n- {{ path: /b, upstream: {} }}\n- {{ path: /c, upstream: {} }}\n",
        api("a1", "prod"),
        api("a2", "prod"),
        api("a1", "test")
    );
    let configuration = taken(&text);
    let origins = configuration.routes.iter().map(|route| match &route.action {
        Action::Forward(forward) => forward.origin.clone(),
        other => panic!("{other:?}"),
    });
    let origins: Vec<_> = origins.collect();
    assert_ne!(origins[0], origins[1]);
    assert!(std::sync::Arc::ptr_eq(&origins[0], &origins[2]));
}

#[test]
fn it_is_shown_as_it_was_written_and_means_the_same_again() {
    let text = "routes: [{ path: '/a', add_prefix: '/${env:HOST}', upstream: { ca: ca.pem, private_api: { region: eu-west-1, \
                api_id: a1, stage: '${file:token}', vpc_endpoint: '${env:HOST}:${env:PORT}' } } }]";
    let configuration = taken(text);
    let shown = masked(&configuration);
    let route = &shown["routes"][0];
    let api = json!({ "region": "eu-west-1", "api_id": "a1", "stage": "${file:token}", "vpc_endpoint": "${env:HOST}:${env:PORT}" });
    assert_eq!(
        route["upstream"],
        json!({ "private_api": api, "ca": "/etc/switchboard/ca.pem" })
    );
    assert_eq!(route["add_prefix"], "/${env:HOST}");
    assert!(!shown.to_string().contains("s3cret"), "{shown}");
    let mut file = shown.clone();
    file["routes"][0].as_object_mut().unwrap().remove("name");
    assert_eq!(masked(&taken(&file.to_string())), shown);
    let bare = taken(
        "routes: [{ path: /a, upstream: { private_api: { region: eu-west-1, api_id: a1, stage: prod, vpc_endpoint: v.example } } }]",
    );
    assert!(masked(&bare)["routes"][0].get("add_prefix").is_none());
}

#[test]
fn each_member_has_its_check() {
    check(
        "region: eu-west-1, url: v",
        &[
            "2:1 `api_id` is missing | add `api_id: …` here",
            "2:1 `stage` is missing | add `stage: …` here",
            "2:1 `vpc_endpoint` is missing | add `vpc_endpoint: …` here",
            "2:20 unknown key `url` | known here: `region`, `api_id`, `stage`, `vpc_endpoint`",
        ],
    );
    let region = "write it as in `eu-west-1`";
    for wrong in [
        "",
        "EU-west-1",
        "eu-west-1a",
        "eu-west-1.evil.example/",
        "eu_west_1",
    ] {
        check_member("region", wrong, &format!("\"{wrong}\" is not a region"), region);
    }
    check_member(
        "region",
        "us-isob-east-1",
        "\"us-isob-east-1\" is a region of an isolated partition, whose suffix is not known here",
        "write `url: https://NAME/STAGE` with the API's own name, and turn the endpoint's private DNS on",
    );
    let id = "write its id alone, up to 32 small letters and digits, as in `a1b2c3d4e5`";
    for wrong in ["", "A1", "a.b", "a1-vpce", "abcdefghijklmnopqrstuvwxyz0123456"] {
        check_member(
            "api_id",
            wrong,
            &format!("\"{wrong}\" is not the id of an API"),
            id,
        );
    }
    let stage = "write its name without slashes, up to 128 letters, digits, `-` and `_`, as in `prod`";
    for wrong in ["", "/prod", "prod/v1", "..", "$default", "pr%6fd"] {
        check_member(
            "stage",
            wrong,
            &format!("\"{wrong}\" is not the name of a stage"),
            stage,
        );
    }
}

#[test]
fn an_endpoint_is_a_dns_name_that_may_be_called() {
    let name = "write the endpoint's DNS name, as in `vpce-0123456789abcdef0-a1b2c3d4.execute-api.eu-west-1.vpce.amazonaws.com`";
    let port = "write a number from 1 to 65535, or leave it and its colon out";
    for (wrong, message, help) in [
        ("", "no DNS name", name),
        ("https://v.example", "a URL or a path, not a DNS name", name),
        ("v.example/prod", "a URL or a path, not a DNS name", name),
        ("10.0.0.7", "an address, not a DNS name", name),
        ("0x0a000007:443", "an address, not a DNS name", name),
        ("fd00::7", "an address, not a DNS name", name),
        ("[fd00::7]:443", "an address, not a DNS name", name),
        ("v.example:0", "not a port", port),
        ("v.example:", "not a port", port),
        ("v.example:65536", "not a port", port),
        ("v.example.", "a dot at the end of the host", "leave it out"),
    ] {
        check_member("vpc_endpoint", wrong, &format!("\"{wrong}\": {message}"), help);
    }
    let labels =
        "labels of letters, digits, `-` and `_`, with dots between them; other scripts in their `xn--` form";
    for wrong in ["v example", "user@v.example", "v..example"] {
        check_member(
            "vpc_endpoint",
            wrong,
            &format!("\"{wrong}\": not a host name"),
            labels,
        );
    }
    check_member(
        "vpc_endpoint",
        "localhost:8443",
        "localhost is this machine (loopback): it is not called unless it is allowed",
        "write `allow_targets: [127.0.0.0/8]` at the top if it is meant",
    );
    check_member(
        "vpc_endpoint",
        "Metadata.Google.Internal",
        "metadata.google.internal is a cloud metadata service: it is not called unless it is allowed",
        "write `allow_targets: [169.254.169.254/32]` at the top if it is meant",
    );
}

#[test]
fn what_api_gateway_does_not_take_is_refused_beside_it() {
    let route = |rest: &str| {
        format!(
            "routes: [{{ path: /a, upstream: {{ private_api: {{ region: eu-west-1, api_id: a1, stage: prod, vpc_endpoint: v.example }} }},\n{rest} }}]"
        )
    };
    check_told(
        &route("preserve_host: true, body_bytes_max: 10000001"),
        &[
            "2:1 `preserve_host` beside `private_api`: Host says which API is meant, and no caller may choose it | leave it out",
            "2:38 10000001 bytes are more than API Gateway takes of a body | write a number up to 10000000, or leave it out",
        ],
    );
    check_told(&route("preserve_host: false, body_bytes_max: 10000000"), &[]);
    let ids = "headers: { request: { X-Apigw-Api-Id: a2, x_amzn_apigateway_api_id: a2 } }";
    check_told(
        &route(ids),
        &[
            "2:23 `X-Apigw-Api-Id` says which API is meant | write it as `upstream: { private_api: … }`",
            "2:43 `x_amzn_apigateway_api_id` says which API is meant | write it as `upstream: { private_api: … }`",
        ],
    );
    check_told(
        &route("headers: { request: { X_HTTP-Method-Override: PUT } }"),
        &[
            "2:23 `X_HTTP-Method-Override` beside `private_api`: another method would be invoked than was permitted | leave it out",
        ],
    );
    check_told(
        &route("headers: {}").replace("upstream: {", "upstream: { ca: none.pem,"),
        &[
            "1:38 the certificates in `/etc/switchboard/none.pem` cannot be used: no certificate in it | name a PEM file with the certificates of the authority",
        ],
    );
}
