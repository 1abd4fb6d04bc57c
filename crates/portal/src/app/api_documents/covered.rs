//! Whether an API's operations and its document speak of the same: what is let through and described nowhere, and what is described and never
//! let through. Pure.
//!
//! Generous: it is said of an operation that no path in the document could be meant, and never that one is wrong.

use super::document::described;
use crate::app::mentions::{list, text};
use crate::app::refused::FieldError;
use policy::path::{Pattern, Segment};
use serde_json::{Map, Value};

/// Warnings of each kind.
const TOLD_MAX: usize = 20;

/// An operation, with where it stands.
struct Operation<'a> {
    at: String,
    text: &'a str,
    method: &'a str,
    pattern: Pattern,
}

/// What does not fit together. `api`: the API's body.
pub(super) fn warnings(api: &Map<String, Value>, document: &Map<String, Value>) -> Vec<FieldError> {
    let operations = operations(api);
    let base = text(api, "base_path").unwrap_or("/").trim_end_matches('/');
    let prefixes = prefixes(document, base);
    // Where each could lie: below a server's path, or below the API's own.
    let described: Vec<(&str, String, Vec<String>)> = described(document)
        .map(|(path, method)| {
            let whole = prefixes.iter().map(|prefix| format!("{prefix}{path}")).collect();
            (path, method.to_uppercase(), whole)
        })
        .collect();
    let meets = |operation: &Operation<'_>, method: &str, paths: &[String]| {
        takes(operation.method, method) && paths.iter().any(|path| could_be(&operation.pattern, path))
    };
    let mut told = Vec::new();
    let unknown = operations.iter().filter(|operation| {
        !described
            .iter()
            .any(|(_, method, paths)| meets(operation, method, paths))
    });
    told.extend(unknown.take(TOLD_MAX).map(|operation| {
        let message = format!(
            "`{}` is let through, and the document describes nothing there",
            operation.text
        );
        FieldError::new(operation.at.clone(), message)
    }));
    let refused = described
        .iter()
        .filter(|(_, method, paths)| !operations.iter().any(|operation| meets(operation, method, paths)));
    told.extend(refused.take(TOLD_MAX).map(|(path, method, _)| {
        let at = format!("paths.{path}.{}", method.to_lowercase());
        let message = format!("`{method} {path}` is described, and no operation of the API lets it through");
        FieldError::new(at, message)
    }));
    told
}

fn operations(api: &Map<String, Value>) -> Vec<Operation<'_>> {
    let public = api.get("public").and_then(Value::as_array).into_iter().flatten();
    let public = public
        .enumerate()
        .map(|(at, one)| (format!("public[{at}]"), one.as_str()));
    let guarded = list(api, "operations")
        .enumerate()
        .map(|(at, one)| (format!("operations[{at}]"), text(one, "match")));
    let all = public.chain(guarded).filter_map(|(at, text)| {
        let text = text?;
        let (method, pattern) = text.split_once(' ')?;
        let pattern = Pattern::parse(pattern.trim()).ok()?;
        Some(Operation {
            at,
            text,
            method,
            pattern,
        })
    });
    all.collect()
}

/// Paths of the servers that it names (OpenAPI 3.1.1 §4.8.5), and the API's own.
fn prefixes(document: &Map<String, Value>, base: &str) -> Vec<String> {
    let mut prefixes = vec![String::new(), base.to_owned()];
    for server in list(document, "servers") {
        let url = text(server, "url").unwrap_or_default();
        let path = match url.split_once("://") {
            Some((_, behind)) => behind
                .find('/')
                .and_then(|at| behind.get(at..))
                .unwrap_or_default(),
            None => url,
        };
        prefixes.push(path.trim_end_matches('/').to_owned());
    }
    prefixes.sort();
    prefixes.dedup();
    prefixes
}

/// GET answers HEAD as well.
fn takes(ours: &str, method: &str) -> bool {
    ours == "ANY" || ours == method || (ours == "GET" && method == "HEAD")
}

/// Whether a request could be meant by both: a template's parameter may stand for any segment.
fn could_be(pattern: &Pattern, template: &str) -> bool {
    let mut template = template.split('/').skip(1);
    for segment in pattern.segments() {
        let found = match segment {
            Segment::Rest => return true,
            _ => template.next(),
        };
        let fits = match (segment, found) {
            (_, None) | (Segment::Rest, _) => false,
            (Segment::Literal(text), Some(found)) => text == found || found.contains('{'),
            (Segment::Param(_), Some(found)) => !found.is_empty(),
        };
        if !fits {
            return false;
        }
    }
    template.next().is_none()
}

#[cfg(test)]
mod tests {
    //! APIs beside documents.

    use super::*;
    use serde_json::json;

    fn check(operations: &[&str], paths: &[(&str, &str)], servers: &[&str], expected: &[&str]) {
        let operations: Vec<Value> = operations.iter().map(|one| json!({ "match": one })).collect();
        let api = json!({ "base_path": "/api/orders", "operations": operations, "public": ["GET /api/orders/health"] });
        let mut described = json!({ "/health": { "get": {} } });
        for (path, method) in paths {
            described[*path][*method] = json!({});
        }
        let servers: Vec<Value> = servers.iter().map(|url| json!({ "url": url })).collect();
        let document = json!({ "paths": described, "servers": servers });
        let told = warnings(api.as_object().unwrap(), document.as_object().unwrap());
        let fields: Vec<&str> = told.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, expected, "{told:?}");
    }

    #[test]
    fn what_is_missing_on_either_side_is_told() {
        check(&["GET /api/orders/**"], &[("/{id}", "get")], &[], &[]);
        check(&["GET /api/orders/{id}"], &[("/{id}", "head")], &[], &[]);
        check(&["GET /api/orders/**"], &[("/api/orders/{id}", "get")], &[], &[]);
        check(
            &["ANY /api/orders/{id}/lines"],
            &[("/{order}/lines", "patch")],
            &["https://shop.example.com/api/orders/"],
            &[],
        );
        check(&["GET /api/orders/new"], &[("/{id}", "get")], &[], &[]);
        check(
            &["GET /api/orders/**", "POST /api/orders/"],
            &[("/{id}", "get")],
            &[],
            &["operations[1]"],
        );
        check(
            &["GET /api/orders/{id}"],
            &[("/{id}", "get"), ("/{id}", "delete"), ("/{id}/lines", "get")],
            &["/v1"],
            &["paths./{id}.delete", "paths./{id}/lines.get"],
        );
    }

    #[test]
    fn no_more_is_told_than_anybody_reads() {
        let operations: Vec<String> = (0..50).map(|n| format!("GET /api/orders/x{n}")).collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        let expected: Vec<String> = (0..TOLD_MAX).map(|n| format!("operations[{n}]")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&operations, &[], &[], &expected);
    }
}
