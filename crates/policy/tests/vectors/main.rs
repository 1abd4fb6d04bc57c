//! Runs every case of `contract/vectors/policy`: what both languages decide alike (contract §6).
//!
//! A case that cannot be run, or that has a member which is not known, fails: nothing is skipped.

mod outcome;
mod policies;
mod requests;
mod tokens;

use outcome::Outcome;
use policies::Result;
use policy::{Policy, Principal, permitted};
use requests::Request;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tokens::{Keys, WireToken};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/vectors");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[allow(dead_code, reason = "for readers")]
    about: String,
    #[serde(default)]
    policy: Option<Value>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[allow(dead_code, reason = "for readers")]
    shows: String,
    #[serde(default)]
    policy: Option<Value>,
    #[serde(default)]
    change: Option<Value>,
    #[serde(default)]
    tokens: BTreeMap<String, WireToken>,
    #[serde(default)]
    fetched: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    now: Option<u64>,
    #[serde(default)]
    request: Option<Request>,
    #[serde(default)]
    expect: Option<Value>,
    /// Instead of a decision: what a client may do with an API.
    #[serde(default)]
    permitted: Option<Vec<String>>,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    api: Option<String>,
}

struct Runner {
    keys: Keys,
}

impl Runner {
    fn new() -> Result<Runner> {
        let keys = serde_json::from_str(&shared("keys.json")?)?;
        Ok(Runner { keys })
    }

    fn policy(file: &File, case: &Case) -> Result<Policy> {
        let named = case.policy.as_ref().or(file.policy.as_ref()).ok_or("no policy")?;
        let written = match named {
            Value::String(name) => {
                let mut policies: BTreeMap<String, Value> = serde_json::from_str(&shared("policies.json")?)?;
                policies
                    .remove(name)
                    .ok_or_else(|| format!("no policy `{name}`"))?
            }
            written => written.clone(),
        };
        let mut policy = policies::build(&policies::written(&written)?);
        if let Some(records) = &case.change {
            policy = policies::apply(&policy, &policies::changed(records)?);
        }
        for (issuer, keys) in &case.fetched {
            let set = serde_json::json!({ "keys": keys }).to_string();
            policy = policy.with_fetched_keys(issuer, set.as_bytes())?;
        }
        Ok(policy)
    }

    fn run(&self, file: &File, case: &Case) -> Result<()> {
        let policy = Runner::policy(file, case)?;
        if let Some(expected) = &case.permitted {
            return check_permitted(&policy, case, expected);
        }
        if case.client.is_some() || case.api.is_some() {
            return Err("`client` and `api` are members of a case with `permitted`".into());
        }
        let expect = case.expect.clone().ok_or("no `expect`")?;
        let token = |name: &str| {
            let token = case
                .tokens
                .get(name)
                .ok_or_else(|| format!("no token `{name}`"))?;
            let compact = token.compact(&self.keys);
            compact.map_err(|error| format!("token `{name}`: {error}").into())
        };
        let mut request = case.request.clone().ok_or("no request")?;
        tokens::fill(&mut request.headers, &token)?;
        let expected: Outcome = serde_json::from_value(expect)?;
        let found = request.decide(&policy, case.now.ok_or("no `now`")?, Outcome::of)?;
        if found != expected {
            return Err(format!("found {}", serde_json::to_string(&found)?).into());
        }
        Ok(())
    }
}

/// The text of a file that cases share.
fn shared(name: &str) -> Result<String> {
    std::fs::read_to_string(Path::new(VECTORS).join(name)).map_err(|error| format!("{name}: {error}").into())
}

fn check_permitted(policy: &Policy, case: &Case, expected: &[String]) -> Result<()> {
    if case.request.is_some() || case.expect.is_some() || case.now.is_some() || !case.tokens.is_empty() {
        return Err("`permitted` takes no request, and expects nothing else".into());
    }
    let client = case.client.as_deref().ok_or("no `client`")?;
    let client = policy.client(client).ok_or("no such client")?;
    let api = case.api.as_deref().ok_or("no `api`")?;
    let found = permitted(policy, &Principal::of(client), api);
    let found: Vec<_> = found.iter().map(|operation| operation.matches()).collect();
    if found != expected {
        return Err(format!("found {found:?}").into());
    }
    Ok(())
}

#[test]
fn every_case_is_decided_as_it_says() {
    let runner = Runner::new().expect("the shared files can be read");
    let directory = Path::new(VECTORS).join("policy");
    let mut paths: Vec<_> = std::fs::read_dir(&directory)
        .expect("the vectors are there")
        .map(|entry| entry.expect("the vectors can be listed").path())
        .collect();
    paths.sort();
    let (mut count, mut failures) = (0, Vec::new());
    for path in &paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(path).expect("a file can be read");
        let file: File = match serde_json::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        for case in &file.cases {
            count += 1;
            if let Err(error) = runner.run(&file, case) {
                failures.push(format!("{name}/{}: {error}", case.name));
            }
        }
    }
    assert!(count > 0, "no case was run");
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
