//! Stands before an emulator's `apigateway` endpoint: passes every call on, but makes single calls of a PutRestApi, which
//! moto gets wrong and ministack does not have.
//!
//! It is ours, not AWS's. A document that it does not understand whole, or an emulator that does not take what it says,
//! is a 500 with the reason, which Terraform then shows.

use super::document::{Api, Operation, read_api};
use crate::client::Client;
use crate::message::{Request, Response};
use crate::upstream::Upstream;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What an emulator does in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// It gives a policy back as it got it; AWS gives it back escaped, and the provider relies on that.
    Moto,
    /// It escapes by itself.
    Ministack,
}

/// Field lines that belong to one connection, or that the harness's own client does not follow.
const NOT_PASSED: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "expect",
];

/// The endpoint, listening.
#[derive(Debug)]
pub struct Front {
    emulator: SocketAddr,
    front: Upstream,
}

impl Front {
    /// Listens before this emulator.
    pub fn before(emulator: SocketAddr, dialect: Dialect) -> Front {
        let front = Upstream::answering(move |request| answer(emulator, dialect, request));
        Front { emulator, front }
    }

    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        self.front.url()
    }

    /// What was asked of it so far, each as `METHOD TARGET`.
    pub fn calls(&self) -> Vec<String> {
        let requests = self.front.requests();
        let shown = requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.target));
        shown.collect()
    }

    /// The emulator behind it, as a URL.
    pub fn emulator_url(&self) -> String {
        format!("http://{}", self.emulator)
    }
}

fn answer(emulator: SocketAddr, dialect: Dialect, request: &Request) -> Vec<u8> {
    let path = request.target.split('?').next().unwrap_or_default();
    let api = path.strip_prefix("/restapis/").filter(|rest| !rest.contains('/'));
    match (request.method.as_str(), api) {
        ("PUT", Some(id)) => {
            let calls = Calls {
                emulator,
                authorization: request.field("Authorization").unwrap_or_default(),
                api: format!("/restapis/{id}"),
            };
            match put_rest_api(&calls, dialect, &request.body) {
                Ok(now) => written(200, "application/json", now.to_string().as_bytes()),
                Err(reason) => refused(&reason),
            }
        }
        ("PATCH", Some(_)) => match serde_json::from_slice::<Value>(&request.body) {
            Ok(mut patch) => {
                for operation in patch["patchOperations"].as_array_mut().into_iter().flatten() {
                    *operation = dialect.spoken(operation);
                }
                let mut request = request.clone();
                request.body = patch.to_string().into_bytes();
                pass(emulator, &request)
            }
            Err(error) => refused(&format!("the patch is no JSON: {error}")),
        },
        _ => pass(emulator, request),
    }
}

impl Dialect {
    /// An operation of UpdateRestApi as the emulator understands it: neither knows the media types as parts of the path.
    /// There is one at most (`put_itself`), so that the list before need not be known.
    fn spoken(self, operation: &Value) -> Value {
        let path = operation["path"].as_str().unwrap_or_default();
        if let (Dialect::Moto, "/policy", Value::String(policy)) = (self, path, &operation["value"]) {
            let quoted = Value::String(policy.clone()).to_string();
            return json!({ "op": operation["op"], "path": path, "value": &quoted[1..quoted.len() - 1] });
        }
        let Some(escaped) = path.strip_prefix("/binaryMediaTypes/") else {
            return operation.clone();
        };
        // RFC 6901 §4, in this order.
        let media_type = escaped.replace("~1", "/").replace("~0", "~");
        match self {
            Dialect::Moto => {
                json!({ "op": operation["op"], "path": "/binaryMediaTypes", "value": media_type })
            }
            Dialect::Ministack => {
                let all = if operation["op"] == "add" {
                    vec![media_type]
                } else {
                    Vec::new()
                };
                json!({ "op": "replace", "path": "/binaryMediaTypes", "value": all })
            }
        }
    }
}

fn refused(reason: &str) -> Vec<u8> {
    let body = json!({ "message": reason }).to_string();
    written(500, "application/json", body.as_bytes())
}

/// The same request to the emulator, and its answer.
fn pass(emulator: SocketAddr, request: &Request) -> Vec<u8> {
    let passed = request
        .fields
        .iter()
        .filter(|(name, _)| !NOT_PASSED.contains(&name.to_lowercase().as_str()));
    let fields: String = passed
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let answer = exchange(emulator, &request.method, &request.target, &fields, &request.body);
    let kind = answer.field("Content-Type").unwrap_or("application/json");
    let mut bytes = written(answer.status, kind, &answer.body);
    if let Some(error) = answer.field("x-amzn-ErrorType") {
        let line = format!("x-amzn-ErrorType: {error}\r\n");
        let at = bytes
            .windows(2)
            .position(|two| two == b"\r\n")
            .map_or(0, |at| at + 2);
        bytes.splice(at..at, line.into_bytes());
    }
    bytes
}

fn exchange(emulator: SocketAddr, method: &str, target: &str, fields: &str, body: &[u8]) -> Response {
    let mut client = Client::connect(emulator);
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: {emulator}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    client.send(body);
    client.response_to(method)
}

fn written(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Single calls about one API, signed as the call that they are made of.
struct Calls<'a> {
    emulator: SocketAddr,
    authorization: &'a str,
    api: String,
}

impl Calls<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let fields = format!(
            "Authorization: {}\r\nContent-Type: application/json\r\n",
            self.authorization
        );
        // Braces of path parts stand in bodies alone, so that a target needs no escapes.
        let target = format!("{}{path}", self.api);
        let sent = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = exchange(self.emulator, method, &target, &fields, sent.as_bytes());
        if answer.status >= 300 {
            return Err(format!(
                "{method} {target} {sent}: the emulator says {} {}",
                answer.status,
                answer.text()
            ));
        }
        Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        self.call("GET", path, &Value::Null)
    }

    /// The members of a list, whatever the emulator calls it.
    fn all(&self, path: &str) -> Result<Vec<Value>, String> {
        let answer = self.get(path)?;
        let items = [&answer["item"], &answer["items"], &answer["_embedded"]["item"]];
        let list = items
            .into_iter()
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or(json!([]));
        Ok(match list {
            Value::Array(list) => list,
            one => vec![one],
        })
    }
}

/// The document in place of all that was there: what PutRestApi does in the mode `overwrite`.
fn put_rest_api(calls: &Calls<'_>, dialect: Dialect, body: &[u8]) -> Result<Value, String> {
    let document =
        serde_json::from_slice(body).map_err(|error| format!("the document is no JSON: {error}"))?;
    let api = read_api(&document)?;
    clear(calls)?;
    let mut authorizers = BTreeMap::new();
    for (name, authorizer) in &api.authorizers {
        let mut authorizer = authorizer.clone();
        authorizer["name"] = json!(name);
        let made = calls.call("POST", "/authorizers", &authorizer)?;
        authorizers.insert(name.clone(), text(&made, "id")?);
    }
    let mut resources = BTreeMap::from([("/".to_owned(), root(calls)?)]);
    for operation in &api.operations {
        let resource = resource(calls, &mut resources, &operation.path)?;
        put_operation(calls, &resource, operation, &authorizers)?;
    }
    for (kind, response) in &api.gateway_responses {
        calls.call("PUT", &format!("/gatewayresponses/{kind}"), response)?;
    }
    put_itself(calls, dialect, &api)?;
    calls.get("")
}

fn clear(calls: &Calls<'_>) -> Result<(), String> {
    let mut resources = calls.all("/resources")?;
    // The deepest first: moto looks for the parent of what it deletes.
    resources.sort_by_key(|resource| {
        std::cmp::Reverse(resource["path"].as_str().map(|path| path.matches('/').count()))
    });
    for resource in resources {
        let id = text(&resource, "id")?;
        if resource["path"] != "/" {
            calls.call("DELETE", &format!("/resources/{id}"), &Value::Null)?;
            continue;
        }
        for method in resource["resourceMethods"]
            .as_object()
            .map(|methods| methods.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default()
        {
            calls.call(
                "DELETE",
                &format!("/resources/{id}/methods/{method}"),
                &Value::Null,
            )?;
        }
    }
    for authorizer in calls.all("/authorizers")? {
        calls.call(
            "DELETE",
            &format!("/authorizers/{}", text(&authorizer, "id")?),
            &Value::Null,
        )?;
    }
    for response in calls.all("/gatewayresponses")? {
        if response["defaultResponse"] != true {
            calls.call(
                "DELETE",
                &format!("/gatewayresponses/{}", text(&response, "responseType")?),
                &Value::Null,
            )?;
        }
    }
    Ok(())
}

fn root(calls: &Calls<'_>) -> Result<String, String> {
    let all = calls.all("/resources")?;
    let root = all
        .iter()
        .find(|resource| resource["path"] == "/")
        .ok_or("the API has no root")?;
    text(root, "id")
}

/// The id of the resource at this path, made with all above it where it is not there yet.
fn resource(calls: &Calls<'_>, made: &mut BTreeMap<String, String>, path: &str) -> Result<String, String> {
    if let Some(id) = made.get(path) {
        return Ok(id.clone());
    }
    let (above, part) = path
        .rsplit_once('/')
        .ok_or_else(|| format!("{path} does not begin with a slash"))?;
    let above = resource(calls, made, if above.is_empty() { "/" } else { above })?;
    let answer = calls.call(
        "POST",
        &format!("/resources/{above}"),
        &json!({ "pathPart": part }),
    )?;
    let id = text(&answer, "id")?;
    made.insert(path.to_owned(), id.clone());
    Ok(id)
}

fn put_operation(
    calls: &Calls<'_>,
    resource: &str,
    operation: &Operation,
    authorizers: &BTreeMap<String, String>,
) -> Result<(), String> {
    let at = format!("/resources/{resource}/methods/{}", operation.method);
    let mut method = json!({
        "authorizationType": if operation.authorizer.is_some() { "CUSTOM" } else { "NONE" },
        "apiKeyRequired": operation.needs_key,
        "requestParameters": operation.parameters,
    });
    if let Some(name) = &operation.authorizer {
        method["authorizerId"] = json!(authorizers.get(name));
    }
    calls.call("PUT", &at, &method)?;
    for (status, response) in &operation.responses {
        calls.call("PUT", &format!("{at}/responses/{status}"), response)?;
    }
    calls.call(
        "PUT",
        &format!("{at}/integration"),
        &Value::Object(operation.integration.clone()),
    )?;
    for (status, response) in &operation.integration_responses {
        calls.call("PUT", &format!("{at}/integration/responses/{status}"), response)?;
    }
    Ok(())
}

/// The API's own members. Most of them Terraform has set already, when it made the API: then there is nothing to do.
fn put_itself(calls: &Calls<'_>, dialect: Dialect, api: &Api) -> Result<(), String> {
    // What the document does not have is gone.
    let policy = api.policy.as_ref().map_or(String::new(), Value::to_string);
    patch(
        calls,
        &dialect.spoken(&json!({ "op": "replace", "path": "/policy", "value": policy })),
    )?;
    for (member, wanted) in &api.itself {
        if of_itself(&calls.get("")?, member) == *wanted {
            continue;
        }
        let operation = match (member.as_str(), wanted.as_array().map(Vec::as_slice)) {
            ("binaryMediaTypes", Some([Value::String(one)])) => {
                let escaped = one.replace('~', "~0").replace('/', "~1");
                dialect.spoken(&json!({ "op": "add", "path": format!("/binaryMediaTypes/{escaped}") }))
            }
            _ => json!({ "op": "replace", "path": format!("/{member}"), "value": wanted }),
        };
        patch(calls, &operation)?;
        let found = of_itself(&calls.get("")?, member);
        if found != *wanted {
            return Err(format!(
                "the document says that {member} is {wanted}, and the emulator keeps {found}"
            ));
        }
    }
    Ok(())
}

fn of_itself(api: &Value, member: &str) -> Value {
    match member {
        "vpcEndpointIds" => api["endpointConfiguration"][member].clone(),
        _ => api[member].clone(),
    }
}

fn patch(calls: &Calls<'_>, operation: &Value) -> Result<(), String> {
    calls.call("PATCH", "", &json!({ "patchOperations": [operation] }))?;
    Ok(())
}

fn text(value: &Value, member: &str) -> Result<String, String> {
    value[member]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("the emulator answers without {member}: {value}"))
}
