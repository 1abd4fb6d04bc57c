//! Runs every case of `contract/vectors/policy`: what both languages decide alike (contract §6).
//!
//! A case that cannot be run, or that has a member which is not known, fails: nothing is skipped.

mod outcome;
mod policies;
mod requests;
mod tokens;

use anyhow::{Context, Result, bail, ensure};
use outcome::Outcome;
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
    #[serde(default)]
    tokens: BTreeMap<String, WireToken>,
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
    expect: Value,
}

/// What `permitted` gives, instead of a decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Permitted {
    client: String,
    api: String,
    permitted: Vec<String>,
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
        let named = case
            .policy
            .as_ref()
            .or(file.policy.as_ref())
            .context("no policy")?;
        let written = match named {
            Value::String(name) => {
                let mut policies: BTreeMap<String, Value> = serde_json::from_str(&shared("policies.json")?)?;
                policies
                    .remove(name)
                    .with_context(|| format!("no policy `{name}`"))?
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
        if case.expect.get("permitted").is_some() {
            return check_permitted(&policy, case);
        }
        let token = |name: &str| {
            let token = case.tokens.get(name).or_else(|| file.tokens.get(name));
            let compact = token
                .context("there is none")
                .and_then(|token| token.compact(&self.keys));
            compact.with_context(|| format!("token `{name}`"))
        };
        let mut request = case.request.clone().context("no request")?;
        tokens::fill(&mut request.headers, &token)?;
        let expected: Outcome = serde_json::from_value(case.expect.clone()).context("expect")?;
        let found = request.decide(&policy, case.now.context("no `now`")?, Outcome::of)?;
        ensure!(found == expected, "found {}", serde_json::to_string(&found)?);
        Ok(())
    }
}

/// The text of a file that cases share.
fn shared(name: &str) -> Result<String> {
    std::fs::read_to_string(Path::new(VECTORS).join(name)).with_context(|| name.to_owned())
}

fn check_permitted(policy: &Policy, case: &Case) -> Result<()> {
    let expected: Permitted = serde_json::from_value(case.expect.clone())?;
    if case.request.is_some() || !case.tokens.is_empty() {
        bail!("`permitted` takes no request");
    }
    let client = policy.client(&expected.client).context("no such client")?;
    let found = permitted(policy, &Principal::of(client), &expected.api);
    let found: Vec<_> = found.iter().map(|operation| operation.matches()).collect();
    ensure!(found == expected.permitted, "found {found:?}");
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
                failures.push(format!("{name}/{}: {error:#}", case.name));
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
