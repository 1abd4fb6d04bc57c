//! The access log as a test reads it: one JSON object a line, found by request id.

use crate::wait::wait_for;
use serde_json::Value;
use std::path::Path;

/// One line of the access log.
pub type Record = Value;

/// All whole lines so far; a line that is no JSON object fails the test.
pub(crate) fn records(file: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(record) if record.is_object() => record,
        other => panic!("no JSON object in the access log: {line:?} ({other:?})"),
    };
    whole.lines().map(parse).collect()
}

/// Waits for the record of this request.
pub(crate) fn record(file: &Path, request_id: &str) -> Record {
    wait_for(&format!("the record of request {request_id}"), || {
        records(file)
            .into_iter()
            .find(|record| record["request_id"] == request_id)
    })
}
