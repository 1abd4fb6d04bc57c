//! The OpenAPI documents that go with APIs: read before anything is sent, and sent when their APIs are there.

use crate::commands::portal_client::{Call, EnvironmentOptions, Failure, Portal};
use crate::commands::screen::WARNING;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::PathBuf;

/// Bytes of a document: what a portal takes.
const DOCUMENT_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Warnings that are shown of one.
const WARNINGS_MAX: usize = 40;

/// A document that was read.
#[derive(Debug)]
pub(super) struct Document {
    api: String,
    file: PathBuf,
    bytes: Vec<u8>,
}

/// Reads what was given as `FILE` or `API=FILE`. `apis`: the ids of the APIs that are applied.
pub(super) fn read_all(given: &[String], apis: &[&str]) -> Result<Vec<Document>, Failure> {
    let mut documents: Vec<Document> = Vec::with_capacity(given.len());
    for text in given {
        let (api, file) = match (text.split_once('='), apis) {
            (Some((api, file)), apis) if apis.contains(&api) => (api, file),
            (_, [api]) => (*api, text.as_str()),
            _ => {
                return Err(Failure::Usage(format!(
                    "--openapi {text}: name one of the file's APIs, as in `--openapi {}=FILE`; it has {}",
                    apis.first().unwrap_or(&"API"),
                    if apis.is_empty() {
                        "none".to_owned()
                    } else {
                        apis.join(", ")
                    },
                )));
            }
        };
        if documents.iter().any(|known| known.api == api) {
            return Err(Failure::Usage(format!(
                "--openapi {text}: the API {api} has one document"
            )));
        }
        documents.push(Document {
            api: api.to_owned(),
            bytes: read(file).map_err(|why| Failure::Usage(format!("{file}: {why}")))?,
            file: file.into(),
        });
    }
    Ok(documents)
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    let opened = std::fs::File::open(file).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    opened
        .take(DOCUMENT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    match bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        true => Err(format!("it is larger than {DOCUMENT_BYTES_MAX} bytes")),
        false => Ok(bytes),
    }
}

/// Sends them; for a program, what the portal said of each.
pub(super) fn send_all(
    portal: &Portal,
    at: &EnvironmentOptions,
    documents: Vec<Document>,
    is_json: bool,
) -> anyhow::Result<Vec<Value>> {
    let mut told = Vec::with_capacity(documents.len());
    for Document { api, file, bytes } in documents {
        let call = Call::put_bytes(at.path(&format!("/apis/{api}/openapi")), bytes);
        let sent = portal.ask(call).and_then(|answer| answer.json());
        let said = sent.with_context(|| {
            format!(
                "the APIs are applied; the OpenAPI document {} was not taken",
                file.display()
            )
        })?;
        if !is_json {
            tell(&api, &said);
        }
        told.push(json!({
            "api": api, "version": said["version"], "sha256": said["sha256"], "changed": said["changed"],
            "warnings": said["warnings"].as_array().cloned().unwrap_or_default(),
        }));
    }
    Ok(told)
}

fn tell(api: &str, said: &Value) {
    let word = match said["changed"].as_bool() {
        Some(true) => "stored",
        _ => "unchanged",
    };
    anstream::println!(
        "openapi {api}: {word}, version {}, {} operations",
        said["version"],
        said["operations"]
    );
    let warnings = said["warnings"].as_array().into_iter().flatten();
    for warning in warnings.take(WARNINGS_MAX) {
        let text = |member: &str| printable(warning[member].as_str().unwrap_or_default());
        anstream::eprintln!(
            "{WARNING}warning{WARNING:#}: {api}: {}: {}",
            text("field"),
            text("message")
        );
    }
}

/// A portal's answer must not be able to drive a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}
