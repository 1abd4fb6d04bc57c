//! An OpenAPI document as it was sent: whether it is one, and what it says of itself. Pure.
//!
//! What has to be there is looked at, and nothing else is refused: documents carry what tools of all kinds wrote.

use crate::app::refused::{ERRORS_MAX, FieldError};
use crate::text::sha256_hex;
use serde_json::{Map, Value, json};

/// Members of a path item that are operations (OpenAPI 3.1.1 §4.8.9).
pub(super) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Bytes of a title and of a version: both are shown in lists, and kept with each version of the document.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of the version of OpenAPI.
const OPENAPI_BYTES_MAX: usize = 32;
/// Bytes of a path: what is wrong or missing there is told with it.
const PATH_BYTES_MAX: usize = 1024;
/// Operations that it may describe: an API lets no more than a fifth of that through.
const DESCRIBED_MAX: usize = 10_000;

/// A document that is one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// As it was sent.
    pub(super) text: String,
    pub(super) format: Format,
    pub(super) sha256: String,
    /// What it says.
    pub(super) value: Map<String, Value>,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
}

impl Format {
    /// Its word in the database and in answers.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Yaml => "yaml",
        }
    }
}

impl Document {
    /// Reads what was sent: JSON where it begins with `{`, otherwise YAML.
    pub(super) fn read(bytes: &[u8]) -> Result<Document, Vec<FieldError>> {
        let whole = |message: String| vec![FieldError::new("", message)];
        let text = std::str::from_utf8(bytes).map_err(|_| whole("the document is not UTF-8".to_owned()))?;
        let format = match text.trim_start().starts_with('{') {
            true => Format::Json,
            false => Format::Yaml,
        };
        let value: Value = match format {
            Format::Json => {
                serde_json::from_str(text).map_err(|error| whole(format!("this is no JSON: {error}")))?
            }
            Format::Yaml => {
                serde_saphyr::from_str(text).map_err(|error| whole(no_yaml(&error.to_string())))?
            }
        };
        let Value::Object(value) = value else {
            return Err(whole(
                "an OpenAPI document is a map with `openapi`, `info` and `paths`".to_owned(),
            ));
        };
        let mut errors = Vec::new();
        version(&value, &mut errors);
        info(&value, &mut errors);
        paths(&value, &mut errors);
        errors.truncate(ERRORS_MAX);
        match errors.is_empty() {
            true => Ok(Document {
                text: text.to_owned(),
                format,
                sha256: sha256_hex(bytes),
                value,
            }),
            false => Err(errors),
        }
    }

    /// What it says of itself.
    pub(super) fn summary(&self) -> Value {
        let info = self.value.get("info");
        let of_info = |member: &str| info.and_then(|info| info.get(member)).cloned();
        let operations = described(&self.value).count();
        json!({
            "openapi": self.value.get("openapi"), "title": of_info("title"), "info_version": of_info("version"),
            "operations": operations,
        })
    }
}

/// What is wrong and where. The lines behind that show the text, which who asks has.
fn no_yaml(error: &str) -> String {
    let first = error.lines().next().unwrap_or_default();
    format!("this is no YAML: {}", first.trim_start_matches("error: "))
}

/// Path and method of everything that it describes. The method is in small letters.
pub(super) fn described(document: &Map<String, Value>) -> impl Iterator<Item = (&str, &'static str)> {
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten().filter(|(path, _)| is_path(path));
    paths.flat_map(|(path, item)| {
        let has = |method: &&str| item.get(method).is_some();
        METHODS
            .into_iter()
            .filter(has)
            .map(move |method| (path.as_str(), method))
    })
}

/// Whether a member of `paths` is a path: what begins with `x-` is an extension (OpenAPI 3.1.1 §4.9).
fn is_path(member: &str) -> bool {
    !member.starts_with("x-")
}

fn version(document: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let message = match document.get("openapi") {
        Some(Value::String(text)) if text.len() > OPENAPI_BYTES_MAX => {
            format!("a version has at most {OPENAPI_BYTES_MAX} bytes")
        }
        Some(Value::String(text)) if is_known(text) => return,
        Some(Value::String(text)) => {
            format!("`{text}` is not known here: 3.0.x and 3.1.x are, all three parts written")
        }
        Some(_) => "write the version in quotes, with all three parts, as in `\"3.1.0\"`".to_owned(),
        None if document.contains_key("swagger") => "this is Swagger 2.0: convert it to OpenAPI 3".to_owned(),
        None => "`openapi` is missing: the version of OpenAPI, as in `3.1.0`".to_owned(),
    };
    errors.push(FieldError::new("openapi", message));
}

fn is_known(version: &str) -> bool {
    let patch = version
        .strip_prefix("3.0.")
        .or_else(|| version.strip_prefix("3.1."));
    // RCs and the like have a tail behind a `-`.
    patch.is_some_and(|patch| {
        let number = patch.split('-').next().unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn info(document: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let Some(Value::Object(info)) = document.get("info") else {
        errors.push(FieldError::new("info", "write a map with `title` and `version`"));
        return;
    };
    for member in ["title", "version"] {
        match info.get(member) {
            Some(Value::String(text)) if text.len() <= NAME_BYTES_MAX => {}
            Some(Value::String(text)) => errors.push(FieldError::new(
                format!("info.{member}"),
                format!(
                    "this has {} bytes, at most {NAME_BYTES_MAX} are taken",
                    text.len()
                ),
            )),
            Some(_) => errors.push(FieldError::new(
                format!("info.{member}"),
                "write a string: numbers in quotes",
            )),
            None => errors.push(FieldError::new(
                format!("info.{member}"),
                format!("`{member}` is missing"),
            )),
        }
    }
}

fn paths(document: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let Some(Value::Object(paths)) = document.get("paths") else {
        errors.push(FieldError::new("paths", "write a map of paths"));
        return;
    };
    for (path, item) in paths.iter().filter(|(path, _)| is_path(path)) {
        if path.len() > PATH_BYTES_MAX {
            let message = format!(
                "a path has {} bytes, at most {PATH_BYTES_MAX} are taken",
                path.len()
            );
            errors.push(FieldError::new("paths", message));
            continue;
        }
        let at = format!("paths.{path}");
        if !path.starts_with('/') {
            errors.push(FieldError::new(at.clone(), "a path begins with `/`"));
        }
        let Value::Object(item) = item else {
            errors.push(FieldError::new(at, "write a map of operations by their methods"));
            continue;
        };
        for method in METHODS {
            if item.get(method).is_some_and(|operation| !operation.is_object()) {
                errors.push(FieldError::new(format!("{at}.{method}"), "an operation is a map"));
            }
        }
    }
    let count = described(document).count();
    if count > DESCRIBED_MAX {
        let message = format!("{count} operations are described, at most {DESCRIBED_MAX} are taken");
        errors.push(FieldError::new("paths", message));
    }
}

#[cfg(test)]
mod tests {
    //! Documents, and each thing that can be wrong with one.

    use super::*;

    const GOOD: &str = "openapi: 3.1.0\ninfo: { title: Orders, version: '7' }\npaths:\n  /orders/{id}:\n    \
                        get: { responses: { 200: { description: one } } }\n    parameters: []\n  x-more: 1\n";

    fn check(text: &str, field: &str, words: &str) {
        let errors = Document::read(text.as_bytes()).unwrap_err();
        let fits = |error: &FieldError| error.field == field && error.message.contains(words);
        assert!(errors.iter().any(fits), "{field}: {words}: {errors:?}");
    }

    #[test]
    fn yaml_and_json() {
        let yaml = Document::read(GOOD.as_bytes()).unwrap();
        assert_eq!((yaml.format, yaml.text.as_str()), (Format::Yaml, GOOD));
        assert_eq!(yaml.sha256, sha256_hex(GOOD));
        assert_eq!(
            yaml.summary(),
            json!({ "openapi": "3.1.0", "title": "Orders", "info_version": "7", "operations": 1 })
        );
        let text = Value::Object(yaml.value.clone()).to_string();
        assert!(text.contains("\"200\""), "codes are names: {text}");
        let json = Document::read(text.as_bytes()).unwrap();
        assert_eq!((json.format, &json.value), (Format::Json, &yaml.value));
    }

    #[test]
    fn what_is_none() {
        check("{", "", "this is no JSON");
        check("{} {}", "", "this is no JSON");
        check("a: [", "", "this is no YAML");
        check("[]", "", "is a map with");
        check("", "", "");
        let without = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            GOOD.replacen(from, to, 1)
        };
        check(&without("openapi: 3.1.0\n", ""), "openapi", "is missing");
        check(
            &without("openapi: 3.1.0", "swagger: '2.0'"),
            "openapi",
            "Swagger 2.0",
        );
        check(&without("3.1.0", "3.1"), "openapi", "in quotes");
        check(&without("3.1.0", "'3.1'"), "openapi", "all three parts");
        check(&without("3.1.0", "'3.2.0'"), "openapi", "not known here");
        check(&without("3.1.0", "3.1.x"), "openapi", "not known here");
        check(&without("'7'", "7"), "info.version", "in quotes");
        check(&without("title: Orders, ", ""), "info.title", "is missing");
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        check(&without("Orders", &long), "info.title", "257 bytes");
        check(&without("'7'", &long), "info.version", "257 bytes");
        assert!(Document::read(without("Orders", &long[1..]).as_bytes()).is_ok());
        check(
            &without("3.1.0", &format!("3.1.0-{long}")),
            "openapi",
            "at most 32",
        );
        check(&without("info:", "infos:"), "info", "write a map");
        check(&without("paths:", "path:"), "paths", "write a map of paths");
        check(
            &without("/orders", "orders"),
            "paths.orders/{id}",
            "begins with `/`",
        );
        check(
            &without("get: { responses: { 200: { description: one } } }", "get: 1"),
            "paths./orders/{id}.get",
            "is a map",
        );
        let long = format!("/{}", "x".repeat(PATH_BYTES_MAX));
        check(
            &without("/orders/{id}", &format!("? {long}\n  ")),
            "paths",
            "1025 bytes",
        );
        assert!(Document::read(&[b'{', 0xff, b'}']).is_err());
    }

    #[test]
    fn no_more_operations_are_described_than_can_be_compared() {
        let with = |count: usize| {
            let paths = (0..count).map(|n| (format!("/{n}"), json!({ "get": {} })));
            let paths: Map<String, Value> = paths.collect();
            let document =
                json!({ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": paths });
            document.to_string()
        };
        check(
            &with(DESCRIBED_MAX + 1),
            "paths",
            "10001 operations are described",
        );
        assert!(Document::read(with(DESCRIBED_MAX).as_bytes()).is_ok());
    }

    #[test]
    fn a_bomb_is_refused_and_not_unfolded() {
        let mut text = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let of = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{of}]\n"));
        }
        check(&text, "", "this is no YAML");
        let deep = format!(
            "openapi: 3.1.0\na: {}{}\n",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        check(&deep, "", "this is no YAML");
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        check(&deep, "", "this is no JSON");
    }
}
