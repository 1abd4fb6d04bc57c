//! Reads histories that come as JSON lines: one side of the comparison of two languages.
//!
//! A line is `{"floor": TEXT, "steps": [TEXT and now, or null for a restart]}`; one line comes back: for each step what became of it, what it
//! changes, what is shown, and the state with 60 s of `max_staleness_s`.
#![allow(clippy::print_stdout, reason = "lines are what it is for")]

use feed::{Bounds, Read, Reader, read_floor};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, Write as _};

const BOUNDS: Bounds = Bounds { staleness_s_max: 60 };

#[derive(serde::Deserialize)]
struct History {
    floor: String,
    steps: Vec<Option<(String, u64)>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let history: History = serde_json::from_str(&line?)?;
        let floor = read_floor(history.floor.as_bytes())?;
        let now = history.steps.iter().flatten().map(|(_, now)| *now).next();
        let mut reader = Reader::of_floor(&floor, now.unwrap_or(0)).ok_or("the floor is not signed")?;
        let outcomes: Vec<Value> = history
            .steps
            .iter()
            .map(|step| take(&mut reader, step.as_ref()))
            .collect();
        writeln!(out, "{}", Value::from(outcomes))?;
        out.flush()?;
    }
    Ok(())
}

fn take(reader: &mut Reader, step: Option<&(String, u64)>) -> Value {
    let Some((line, now)) = step else {
        reader.restart();
        return json!(["restart"]);
    };
    let read = reader.line(line.as_bytes(), *now);
    let changes = match &read {
        Read::Shown(shown) => {
            let changes = shown.changes.iter();
            let changes: BTreeMap<&str, Value> = changes
                .map(|(key, value)| (&**key, value.as_deref().map_or(Value::Null, body_of)))
                .collect();
            json!(changes)
        }
        _ => Value::Null,
    };
    let view = reader.view();
    let view = view.map(|view| {
        json!([
            view.epoch,
            view.revision,
            view.at,
            view.fresh_at,
            view.digest.to_string()
        ])
    });
    let state = |at_end| reader.state(at_end, BOUNDS, *now).word();
    json!([read.word(), changes, view, state(true), state(false)])
}

fn body_of(value: &[u8]) -> Value {
    let line: Value = serde_json::from_slice(value).unwrap_or_default();
    line["body"].clone()
}
