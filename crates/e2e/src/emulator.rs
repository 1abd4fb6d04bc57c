//! An emulator of AWS with a data plane of its own (PyPI `ministack`): functions run in processes, and REST and HTTP APIs
//! ask them before they forward. `cargo xtask test` installs it; it needs no containers.
//!
//! Only what scenarios of authorizers need is here, in AWS's own calls. What the emulator does otherwise than AWS is in
//! docs/authorizers.md.

use crate::client::Client;
use crate::lambda::Build;
use crate::message::Response;
use crate::process::{Process, Signal};
use crate::scratch::Scratch;
use crate::wait::wait_for;
use archive::{Entry, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

/// The version that `cargo xtask test` installs.
const VERSION: &str = "1.5.33";

/// The account that it is for everybody.
const ACCOUNT: &str = "000000000000";

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    address: SocketAddr,
    /// Its home, which goes when it does.
    _scratch: Scratch,
}

/// A deployed API.
#[derive(Debug, Clone)]
pub struct DeployedApi {
    host: String,
    /// What stands before the path.
    base: String,
}

impl Emulator {
    /// Starts one on a free port.
    pub fn start() -> Emulator {
        let tools = crate::process::tools(&format!("ministack-{VERSION}")).join("bin");
        assert!(
            tools.join("ministack").is_file(),
            "ministack {VERSION} is not installed; `cargo xtask test` does that"
        );
        let scratch = Scratch::new();
        // It takes a number alone, so the port is free, but not held, until it listens.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("loopback has a free port");
        let mut command = Command::new(tools.join("ministack"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.directory())
            .env("TMPDIR", scratch.directory())
            .env("BIND_HOST", address.ip().to_string())
            .env("GATEWAY_PORT", address.port().to_string())
            .env("LAMBDA_EXECUTOR", "local")
            .current_dir(scratch.directory())
            .stdin(Stdio::null());
        let process = Process::start(command);
        wait_for("the emulator", || Client::try_connect(address).ok());
        Emulator {
            process,
            address,
            _scratch: scratch,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A REST API that is there already.
    pub fn deployed(&self, api: &str, stage: &str) -> DeployedApi {
        DeployedApi {
            host: self.address.to_string(),
            base: format!("/restapis/{api}/{stage}/_user_request_"),
        }
    }

    /// One of AWS's calls; its answer.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let answer = Client::connect(self.address).exchange(format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/{}/aws4_request\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            service_of(path),
            body.len()
        ));
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    /// Deploys a build of the authorizer with a floor and settings; its ARN.
    pub fn deploy(&self, name: &str, build: Build, floor: &Path, settings: &Value) -> String {
        let (runtime, handler, file, mode) = match build {
            Build::Rust => ("provided.al2023", "bootstrap", "bootstrap", 0o755),
            Build::Node => ("nodejs22.x", "index.handler", "index.mjs", 0o644),
        };
        let program = std::fs::read(build.artefact()).expect("it was built");
        let floor = std::fs::read(floor).expect("a floor can be read");
        let entry = |name, mode, content| Entry { name, mode, content };
        let entries = [entry(file, mode, &*program), entry("floor", 0o644, &*floor)];
        let bytes = archive::write(&entries, Method::Deflated).expect("the package can be made");
        let mut variables = settings.clone();
        variables["SWITCHBOARD_FLOOR"] = json!("floor");
        let created = self.call(
            "POST",
            "/2015-03-31/functions",
            &json!({
                "FunctionName": name, "Runtime": runtime, "Handler": handler, "Timeout": 10,
                "Role": format!("arn:aws:iam::{ACCOUNT}:role/authorizer"),
                "Code": { "ZipFile": STANDARD.encode(&bytes) }, "Environment": { "Variables": variables },
            }),
        );
        created["FunctionArn"]
            .as_str()
            .expect("a function has an ARN")
            .to_owned()
    }

    /// A REST API before `backend`, with this function as its REQUEST authorizer; every path and method.
    pub fn rest_api(&self, function: &str, backend: SocketAddr, ttl_s: u32) -> DeployedApi {
        let text = |value: &Value, name: &str| value[name].as_str().expect("an id").to_owned();
        let api = text(
            &self.call("POST", "/restapis", &json!({ "name": "authorized" })),
            "id",
        );
        let resources = format!("/restapis/{api}/resources");
        let all = self.call("GET", &resources, &json!({}));
        let items = if all["item"].is_array() {
            &all["item"]
        } else {
            &all["_embedded"]["item"]
        };
        let root = text(&items[0], "id");
        let proxy = text(
            &self.call(
                "POST",
                &format!("{resources}/{root}"),
                &json!({ "pathPart": "{proxy+}" }),
            ),
            "id",
        );
        let authorizer = self.call(
            "POST",
            &format!("/restapis/{api}/authorizers"),
            &json!({ "name": "switchboard", "type": "REQUEST", "authorizerUri": invocation(function),
                "identitySource": "method.request.header.X-Api-Key", "authorizerResultTtlInSeconds": ttl_s }),
        );
        let method = format!("{resources}/{proxy}/methods/ANY");
        self.call(
            "PUT",
            &method,
            &json!({ "authorizationType": "CUSTOM", "authorizerId": authorizer["id"],
                "requestParameters": { "method.request.path.proxy": true } }),
        );
        self.call(
            "PUT",
            &format!("{method}/integration"),
            &json!({ "type": "HTTP_PROXY", "httpMethod": "ANY", "uri": format!("http://{backend}/{{proxy}}"),
                "requestParameters": { "integration.request.path.proxy": "method.request.path.proxy" } }),
        );
        self.call(
            "POST",
            &format!("/restapis/{api}/deployments"),
            &json!({ "stageName": "prod" }),
        );
        self.deployed(&api, "prod")
    }

    /// An HTTP API before `backend`, with this function as its authorizer in this payload format; every path and method.
    pub fn http_api(&self, function: &str, backend: SocketAddr, payload: &str, simple: bool) -> DeployedApi {
        let api = self.call(
            "POST",
            "/v2/apis",
            &json!({ "name": "authorized", "protocolType": "HTTP" }),
        );
        let api = api["apiId"].as_str().expect("an API has an id").to_owned();
        let of = |what: &str| format!("/v2/apis/{api}/{what}");
        let integration = self.call(
            "POST",
            &of("integrations"),
            &json!({ "integrationType": "HTTP_PROXY", "integrationMethod": "ANY", "payloadFormatVersion": "1.0",
                "integrationUri": format!("http://{backend}") }),
        );
        let mut authorizer = json!({ "name": "switchboard", "authorizerType": "REQUEST",
            "authorizerUri": invocation(function), "authorizerPayloadFormatVersion": payload,
            "authorizerResultTtlInSeconds": 0, "identitySource": ["$request.header.X-Api-Key"] });
        if payload == "2.0" {
            authorizer["enableSimpleResponses"] = json!(simple);
        }
        let authorizer = self.call("POST", &of("authorizers"), &authorizer);
        let target = integration["integrationId"]
            .as_str()
            .expect("an integration has an id");
        self.call(
            "POST",
            &of("routes"),
            &json!({ "routeKey": "ANY /{proxy+}", "authorizationType": "CUSTOM",
                "authorizerId": authorizer["authorizerId"], "target": format!("integrations/{target}") }),
        );
        self.call(
            "POST",
            &of("stages"),
            &json!({ "stageName": "$default", "autoDeploy": true }),
        );
        DeployedApi {
            host: format!("{api}.execute-api.localhost:{}", self.address.port()),
            base: String::new(),
        }
    }

    /// A request through an API.
    pub fn request(&self, api: &DeployedApi, method: &str, path: &str, fields: &[(&str, &str)]) -> Response {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let mut client = Client::connect(self.address);
        client.send(format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\n{fields}Connection: close\r\n\r\n",
            api.base, api.host
        ));
        client.response_to(method)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It ends the functions that it started; what is killed would leave them behind.
        self.process.signal(Signal::TERM);
        self.process.wait();
    }
}

fn invocation(function: &str) -> String {
    format!("arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// Which service a call is for; the emulator looks at the signature's scope.
fn service_of(path: &str) -> &'static str {
    if path.starts_with("/2015-03-31/") || path.starts_with("/2018-10-31/layers") {
        "lambda"
    } else {
        "apigateway"
    }
}
