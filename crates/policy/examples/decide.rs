//! Decides requests that come as JSON lines, and writes what was decided: one side of the comparison of two languages.
//!
//! A line is `{"policy": …, "requests": [{…, "now": …, "fetched": …}]}`, the policy as people write it; for each request
//! one line comes back, in the shape of a vector's `expect`.

#![allow(clippy::print_stdout, reason = "lines are what it is for")]

#[path = "../tests/vectors/outcome.rs"]
mod outcome;
#[path = "../tests/vectors/policies.rs"]
mod policies;
#[path = "../tests/vectors/requests.rs"]
mod requests;

use outcome::Outcome;
use policies::Result;
use policy::Policy;
use requests::Request;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{BufRead, BufWriter, Write};

#[derive(Deserialize)]
struct Line {
    policy: Value,
    /// Records that are applied to the policy, as in a vector.
    #[serde(default)]
    change: Option<Value>,
    requests: Vec<Map<String, Value>>,
}

fn main() -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let mut policy = policies::build(&policies::written(&line.policy)?);
        if let Some(records) = &line.change {
            policy = policies::apply(&policy, &policies::changed(records)?);
        }
        for request in line.requests {
            let outcome = decided(&policy, request)?;
            serde_json::to_writer(&mut out, &outcome)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
    }
    Ok(())
}

fn decided(policy: &Policy, mut request: Map<String, Value>) -> Result<Outcome> {
    let now = request
        .remove("now")
        .and_then(|now| now.as_u64())
        .ok_or("no `now`")?;
    let fetched: BTreeMap<String, Vec<Value>> = match request.remove("fetched") {
        Some(fetched) => serde_json::from_value(fetched)?,
        None => BTreeMap::new(),
    };
    let mut policy = policy.clone();
    for (issuer, keys) in fetched {
        let set = serde_json::json!({ "keys": keys }).to_string();
        policy = policy.with_fetched_keys(&issuer, set.as_bytes())?;
    }
    let request: Request = serde_json::from_value(Value::Object(request))?;
    request.decide(&policy, now, Outcome::of)
}
