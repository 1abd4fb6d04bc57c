//! What an HTTP integration makes of a request by its parameter mappings, as API Gateway's documentation has it: the
//! caller's fields pass, and a mapping puts its value in place of a field of exactly its name.
//!
//! No emulator does this for header fields, so that scenarios ask it of the plan. A field in another spelling is not
//! overwritten here, because AWS does not say that it would be: those the authorizer has to refuse.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A request as the integration finds it.
#[derive(Debug, Clone, Default)]
pub struct Inbound {
    /// The caller's field lines.
    pub fields: Vec<(String, String)>,
    /// Path parameters by name.
    pub path: BTreeMap<String, String>,
    /// The context of the authorizer's answer.
    pub authorizer: BTreeMap<String, String>,
}

/// The URL and the fields that the service gets; an error where a mapping is not known, or names what is not there.
pub fn forwarded(
    integration: &Map<String, Value>,
    inbound: &Inbound,
) -> Result<(String, Vec<(String, String)>), String> {
    let text = |name: &str| integration.get(name).and_then(Value::as_str);
    if text("type") != Some("HTTP_PROXY") {
        return Err(format!(
            "an integration of type {:?} has no such mappings",
            text("type")
        ));
    }
    let mut url = text("uri").ok_or("an HTTP integration has a uri")?.to_owned();
    let mut fields = inbound.fields.clone();
    let mappings = integration.get("requestParameters").and_then(Value::as_object);
    for (target, source) in mappings.into_iter().flatten() {
        let source = source
            .as_str()
            .ok_or_else(|| format!("{target} is mapped from {source}"))?;
        let value = value_of(source, inbound)?;
        if let Some(name) = target.strip_prefix("integration.request.header.") {
            fields.retain(|(own, _)| own != name);
            fields.push((name.to_owned(), value));
        } else if let Some(name) = target.strip_prefix("integration.request.path.") {
            let part = format!("{{{name}}}");
            if !url.contains(&part) {
                return Err(format!("{target} is mapped, and {url} has no {part}"));
            }
            url = url.replace(&part, &value);
        } else {
            return Err(format!("a mapping to {target} is not known here"));
        }
    }
    // `${stageVariables.NAME}` stands for itself until it is served.
    match url.replace("${", "").contains('{') {
        true => Err(format!("{url} has a part that nothing is mapped to")),
        false => Ok((url, fields)),
    }
}

fn value_of(source: &str, inbound: &Inbound) -> Result<String, String> {
    if let Some(text) = source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(text.to_owned());
    }
    let found = match source.strip_prefix("context.authorizer.") {
        Some(name) => inbound.authorizer.get(name),
        None => source
            .strip_prefix("method.request.path.")
            .and_then(|name| inbound.path.get(name)),
    };
    found
        .cloned()
        .ok_or_else(|| format!("{source} is not there, or not known here"))
}

#[cfg(test)]
mod tests {
    //! A mapping overwrites, and nothing else does.

    use super::*;
    use serde_json::json;

    fn check(mappings: &Value, expected: Result<&[(&str, &str)], &str>) {
        let integration =
            json!({ "type": "HTTP_PROXY", "uri": "http://s/{proxy}", "requestParameters": mappings });
        let mut integration = integration.as_object().cloned().unwrap();
        let given = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        integration["requestParameters"]["integration.request.path.proxy"] =
            json!("method.request.path.proxy");
        let inbound = Inbound {
            fields: given(&[("X-User-Id", "admin"), ("x-user-id", "root")]),
            path: BTreeMap::from([("proxy".to_owned(), "a/b".to_owned())]),
            authorizer: BTreeMap::from([("user".to_owned(), "u".to_owned())]),
        };
        match (forwarded(&integration, &inbound), expected) {
            (Ok((url, fields)), Ok(expected)) => {
                assert_eq!(url, "http://s/a/b");
                assert_eq!(fields, given(expected), "{mappings}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, expected) => panic!("{mappings}: {found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn only_a_mapping_of_exactly_this_name_overwrites() {
        let name = "integration.request.header.X-User-Id";
        check(&json!({}), Ok(&[("X-User-Id", "admin"), ("x-user-id", "root")]));
        check(
            &json!({ name: "context.authorizer.user" }),
            Ok(&[("x-user-id", "root"), ("X-User-Id", "u")]),
        );
        check(
            &json!({ name: "''" }),
            Ok(&[("x-user-id", "root"), ("X-User-Id", "")]),
        );
        check(
            &json!({ name: "context.authorizer.role" }),
            Err("context.authorizer.role"),
        );
        check(
            &json!({ name: "method.request.header.X-User-Id" }),
            Err("not known here"),
        );
        check(
            &json!({ "integration.request.querystring.a": "''" }),
            Err("not known here"),
        );
        check(
            &json!({ "integration.request.path.id": "''" }),
            Err("has no {id}"),
        );
    }
}
