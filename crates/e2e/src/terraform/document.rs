//! An API as one OpenAPI document, read into the settings that API Gateway's single calls take (CreateAuthorizer,
//! PutMethod, PutIntegration and so on).
//!
//! It knows the members that the module writes and refuses every other, so that nothing of a document is dropped without a
//! word. It knows no member's defaults on AWS.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The methods that a path may have, as OpenAPI writes them, and all of them.
const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];
const ANY: &str = "x-amazon-apigateway-any-method";

/// An API, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// By name, what CreateAuthorizer takes, without the name.
    pub authorizers: BTreeMap<String, Value>,
    /// Every operation.
    pub operations: Vec<Operation>,
    /// By type, what PutGatewayResponse takes.
    pub gateway_responses: BTreeMap<String, Value>,
    /// The resource policy.
    pub policy: Option<Value>,
    /// Members of the API itself, as GetRestApi names them.
    pub itself: Map<String, Value>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// As the document has it, with `{proxy+}`.
    pub path: String,
    /// In capitals; `ANY` for all that are not written out.
    pub method: String,
    /// The name of the authorizer that it asks; `None`: nobody.
    pub authorizer: Option<String>,
    /// Whether it needs a key of a usage plan.
    pub needs_key: bool,
    /// What PutMethod takes as `requestParameters`.
    pub parameters: Map<String, Value>,
    /// By status, what PutMethodResponse takes.
    pub responses: BTreeMap<String, Value>,
    /// What PutIntegration takes.
    pub integration: Map<String, Value>,
    /// By status, what PutIntegrationResponse takes.
    pub integration_responses: BTreeMap<String, Value>,
}

/// Reads a document; the error names the member that is not known, or is not as it has to be.
pub fn read_api(document: &Value) -> Result<Api, String> {
    let mut root = Members::of("the document", document)?;
    let version = root.text("openapi")?;
    if version != "3.0.1" {
        return Err(format!("openapi is {version}, not 3.0.1"));
    }
    let mut api = Api::default();
    let mut info = Members::of("info", &root.needed("info")?)?;
    api.itself.insert("name".to_owned(), info.needed("title")?);
    api.itself
        .insert("description".to_owned(), info.needed("description")?);
    info.needed("version")?;
    info.done()?;
    for (member, name) in [
        ("x-amazon-apigateway-api-key-source", "apiKeySource"),
        ("x-amazon-apigateway-binary-media-types", "binaryMediaTypes"),
    ] {
        if let Some(value) = root.take(member) {
            api.itself.insert(name.to_owned(), value);
        }
    }
    if let Some(servers) = root.take("servers") {
        api.itself
            .insert("vpcEndpointIds".to_owned(), endpoints(&servers)?);
    }
    api.policy = root.take("x-amazon-apigateway-policy");
    if let Some(responses) = root.take("x-amazon-apigateway-gateway-responses") {
        api.gateway_responses = gateway_responses(&responses)?;
    }
    let schemes = root
        .take("components")
        .map_or(Ok(BTreeMap::new()), |components| schemes(&components))?;
    for (path, item) in Members::of("paths", &root.needed("paths")?)?.left {
        for (verb, operation) in Members::of(&path, &item)?.left {
            api.operations
                .push(read_operation(&path, &verb, &operation, &schemes)?);
        }
    }
    root.done()?;
    api.authorizers = schemes
        .into_iter()
        .filter_map(|(name, scheme)| scheme.map(|authorizer| (name, authorizer)))
        .collect();
    Ok(api)
}

/// The VPC endpoints, which OpenAPI 3 has in the one server.
fn endpoints(servers: &Value) -> Result<Value, String> {
    let servers = list("servers", servers)?;
    let [server] = &*servers else {
        return Err(format!("there are {} servers, not one", servers.len()));
    };
    let mut server = Members::of("servers", server)?;
    server.text("url")?;
    let endpoints = server.needed("x-amazon-apigateway-endpoint-configuration")?;
    server.done()?;
    let mut endpoints = Members::of("endpoint-configuration", &endpoints)?;
    let ids = endpoints.needed("vpcEndpointIds")?;
    endpoints.done()?;
    Ok(ids)
}

/// By name: an authorizer, or `None` for the key of a usage plan.
fn schemes(components: &Value) -> Result<BTreeMap<String, Option<Value>>, String> {
    let mut components = Members::of("components", components)?;
    let mut all = BTreeMap::new();
    for (name, scheme) in Members::of("securitySchemes", &components.needed("securitySchemes")?)?.left {
        let mut scheme = Members::of(&format!("securitySchemes.{name}"), &scheme)?;
        let form = (scheme.text("type")?, scheme.text("in")?, scheme.text("name")?);
        let authtype = scheme.take("x-amazon-apigateway-authtype");
        let read = match scheme.take("x-amazon-apigateway-authorizer") {
            None if form == ("apiKey".into(), "header".into(), "x-api-key".into()) && authtype.is_none() => {
                None
            }
            Some(authorizer) if authtype == Some(json!("custom")) => Some(read_authorizer(&authorizer)?),
            _ => {
                return Err(format!(
                    "securitySchemes.{name} is neither an authorizer nor the key of a usage plan"
                ));
            }
        };
        scheme.done()?;
        all.insert(name, read);
    }
    components.done()?;
    Ok(all)
}

fn read_authorizer(authorizer: &Value) -> Result<Value, String> {
    let mut members = Members::of("x-amazon-apigateway-authorizer", authorizer)?;
    let kind = members.text("type")?.to_uppercase();
    if kind != "REQUEST" {
        return Err(format!("an authorizer of type {kind} is not known here"));
    }
    let mut read = json!({
        "type": kind,
        "authorizerUri": members.needed("authorizerUri")?,
        "authorizerResultTtlInSeconds": members.needed("authorizerResultTtlInSeconds")?,
    });
    if let Some(source) = members.take("identitySource") {
        read["identitySource"] = source;
    }
    members.done()?;
    Ok(read)
}

fn gateway_responses(responses: &Value) -> Result<BTreeMap<String, Value>, String> {
    let mut all = BTreeMap::new();
    for (kind, response) in Members::of("gateway-responses", responses)?.left {
        let mut members = Members::of(&format!("gateway-responses.{kind}"), &response)?;
        let read = members.keep(&["statusCode", "responseParameters", "responseTemplates"]);
        members.done()?;
        all.insert(kind, Value::Object(read));
    }
    Ok(all)
}

fn read_operation(
    path: &str,
    verb: &str,
    operation: &Value,
    schemes: &BTreeMap<String, Option<Value>>,
) -> Result<Operation, String> {
    let method = match verb {
        ANY => "ANY".to_owned(),
        verb if METHODS.contains(&verb) => verb.to_uppercase(),
        _ => return Err(format!("{path} has a member {verb}, which is not known here")),
    };
    let of = format!("{method} {path}");
    let mut members = Members::of(&of, operation)?;
    let (mut authorizer, mut needs_key) = (None, false);
    for requirement in list(&of, &members.needed("security")?)? {
        for name in Members::of(&of, &requirement)?.left.keys() {
            match schemes.get(name) {
                Some(Some(_)) if authorizer.is_none() => authorizer = Some(name.clone()),
                Some(None) if !needs_key => needs_key = true,
                _ => {
                    return Err(format!(
                        "{of} asks for {name} twice, or there is no such security scheme"
                    ));
                }
            }
        }
    }
    let parameters = parameters(&of, &members.needed("parameters")?)?;
    let responses = method_responses(&of, &members.needed("responses")?)?;
    let mut integration = Members::of(&of, &members.needed("x-amazon-apigateway-integration")?)?;
    members.done()?;
    let integration_responses = match integration.take("responses") {
        Some(written) => self::integration_responses(&of, &written)?,
        None => BTreeMap::new(),
    };
    let integration = read_integration(integration)?;
    if let Some(status) = integration_responses
        .keys()
        .find(|status| !responses.contains_key(*status))
    {
        return Err(format!("{of} answers {status}, which its responses do not name"));
    }
    Ok(Operation {
        path: path.to_owned(),
        method,
        authorizer,
        needs_key,
        parameters,
        responses,
        integration,
        integration_responses,
    })
}

fn parameters(of: &str, written: &Value) -> Result<Map<String, Value>, String> {
    let mut parameters = Map::new();
    for parameter in list(of, written)? {
        let mut members = Members::of(of, &parameter)?;
        let (name, place) = (members.text("name")?, members.text("in")?);
        if place != "path" {
            return Err(format!(
                "{of} has a parameter in {place}, which is not known here"
            ));
        }
        let required = members.needed("required")?;
        members.needed("schema")?;
        members.done()?;
        parameters.insert(format!("method.request.path.{name}"), required);
    }
    Ok(parameters)
}

fn method_responses(of: &str, written: &Value) -> Result<BTreeMap<String, Value>, String> {
    let mut all = BTreeMap::new();
    for (status, response) in Members::of(of, written)?.left {
        let mut members = Members::of(of, &response)?;
        members.needed("description")?;
        let mut named = Map::new();
        if let Some(headers) = members.take("headers") {
            for name in Members::of(of, &headers)?.left.keys() {
                named.insert(format!("method.response.header.{name}"), json!(false));
            }
        }
        members.done()?;
        all.insert(status, json!({ "responseParameters": named }));
    }
    Ok(all)
}

fn read_integration(mut members: Members) -> Result<Map<String, Value>, String> {
    let mut read = members.keep(&[
        "httpMethod",
        "uri",
        "connectionType",
        "connectionId",
        "timeoutInMillis",
        "requestParameters",
        "requestTemplates",
        "contentHandling",
        "credentials",
    ]);
    for member in ["type", "passthroughBehavior"] {
        read.insert(member.to_owned(), json!(members.text(member)?.to_uppercase()));
    }
    members.done()?;
    Ok(read)
}

/// API Gateway keeps them by status: two patterns with one status would be one.
fn integration_responses(of: &str, written: &Value) -> Result<BTreeMap<String, Value>, String> {
    let mut all = BTreeMap::new();
    for (pattern, response) in Members::of(of, written)?.left {
        let mut members = Members::of(of, &response)?;
        let status = members.text("statusCode")?;
        let mut read = members.keep(&["contentHandling", "responseParameters", "responseTemplates"]);
        members.done()?;
        if pattern != "default" {
            read.insert("selectionPattern".to_owned(), json!(pattern));
        }
        if all.insert(status.clone(), Value::Object(read)).is_some() {
            return Err(format!(
                "{of} has two integration responses with the status {status}, and API Gateway keeps one"
            ));
        }
    }
    Ok(all)
}

fn list(of: &str, value: &Value) -> Result<Vec<Value>, String> {
    value
        .as_array()
        .cloned()
        .ok_or_else(|| format!("{of}: {value} is no list"))
}

/// An object whose members are taken one by one; what is left over is an error.
struct Members {
    of: String,
    left: Map<String, Value>,
}

impl Members {
    fn of(of: &str, value: &Value) -> Result<Members, String> {
        let left = value
            .as_object()
            .cloned()
            .ok_or_else(|| format!("{of}: {value} is no object"))?;
        Ok(Members {
            of: of.to_owned(),
            left,
        })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    fn needed(&mut self, name: &str) -> Result<Value, String> {
        self.take(name)
            .ok_or_else(|| format!("{} has no {name}", self.of))
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        let value = self.needed(name)?;
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("{}: {name} is {value}, not a text", self.of))
    }

    /// Those of these members that are there.
    fn keep(&mut self, names: &[&str]) -> Map<String, Value> {
        let found = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.take(name)?)));
        found.collect()
    }

    fn done(self) -> Result<(), String> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(member) => Err(format!(
                "{} has a member {member}, which is not known here",
                self.of
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Whatever is not known is refused by name.

    use super::*;

    fn document() -> Value {
        json!({
            "openapi": "3.0.1",
            "info": { "title": "t", "version": "1", "description": "d" },
            "paths": { "/a/{proxy+}": { ANY: {
                "parameters": [{ "name": "proxy", "in": "path", "required": true, "schema": { "type": "string" } }],
                "responses": { "200": { "description": "d" }, "502": { "description": "d" } },
                "security": [{ "auth": [] }, { "plan": [] }],
                "x-amazon-apigateway-integration": { "type": "aws", "httpMethod": "POST", "uri": "arn:x", "passthroughBehavior": "never",
                    "responses": { "5\\d{2}": { "statusCode": "502" }, "default": { "statusCode": "200" } } },
            } } },
            "components": { "securitySchemes": {
                "auth": { "type": "apiKey", "in": "header", "name": "Unused", "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": { "type": "request", "authorizerUri": "arn:y", "authorizerResultTtlInSeconds": 0 } },
                "plan": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            } },
        })
    }

    #[test]
    fn a_document_is_taken_apart() {
        let api = read_api(&document()).unwrap();
        let operation = &api.operations[0];
        assert_eq!(
            (operation.method.as_str(), operation.path.as_str()),
            ("ANY", "/a/{proxy+}")
        );
        assert_eq!(
            (operation.authorizer.as_deref(), operation.needs_key),
            (Some("auth"), true)
        );
        assert_eq!(
            json!(operation.parameters),
            json!({ "method.request.path.proxy": true })
        );
        assert_eq!(operation.integration["type"], "AWS");
        assert_eq!(operation.integration["passthroughBehavior"], "NEVER");
        assert_eq!(
            operation.integration_responses["502"],
            json!({ "selectionPattern": "5\\d{2}" })
        );
        assert_eq!(operation.integration_responses["200"], json!({}));
        assert_eq!(api.authorizers["auth"]["type"], "REQUEST");
        assert!(!api.authorizers.contains_key("plan"));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let operation = "/paths/~1a~1{proxy+}/x-amazon-apigateway-any-method";
        for (at, member) in [
            ("", "externalDocs"),
            ("/info", "contact"),
            ("/components", "schemas"),
            ("/components/securitySchemes/auth", "description"),
            (
                "/components/securitySchemes/auth/x-amazon-apigateway-authorizer",
                "identityValidationExpression",
            ),
            ("/paths/~1a~1{proxy+}", "trace"),
            (operation, "requestBody"),
            (&format!("{operation}/parameters/0"), "style"),
            (&format!("{operation}/responses/200"), "content"),
            (
                &format!("{operation}/x-amazon-apigateway-integration"),
                "cacheKeyParameters",
            ),
            (
                &format!("{operation}/x-amazon-apigateway-integration/responses/default"),
                "selectionPattern",
            ),
        ] {
            let mut changed = document();
            changed.pointer_mut(at).unwrap()[member] = json!("x");
            let refused = read_api(&changed).unwrap_err();
            assert!(
                refused.contains(member) && refused.contains("not known here"),
                "{at}/{member}: {refused}"
            );
        }
    }

    #[test]
    fn two_patterns_of_one_status_are_refused() {
        let mut changed = document();
        let integration =
            "/paths/~1a~1{proxy+}/x-amazon-apigateway-any-method/x-amazon-apigateway-integration";
        changed.pointer_mut(integration).unwrap()["responses"]["4\\d{2}"] = json!({ "statusCode": "502" });
        assert!(
            read_api(&changed)
                .unwrap_err()
                .contains("two integration responses")
        );
    }
}
