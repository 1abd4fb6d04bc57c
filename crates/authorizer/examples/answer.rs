//! Answers events that come as JSON lines: one side of the comparison of two languages.
//!
//! A line is `{"settings": …, "policy": NAME, "now": …, "events": [TEXT, …]}`, the policy one of the authorizers' cases;
//! for each event one line comes back: the answer as Lambda is given it, or `{"error": …}`; a tab, and the line that says why
//! it is refused, if it is.

#![allow(clippy::print_stdout, reason = "lines are what it is for")]

#[path = "../tests/support/mod.rs"]
mod support;

use authorizer::{Authorizer, Settings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufWriter, Write};

#[derive(Deserialize)]
struct Line {
    settings: BTreeMap<String, String>,
    policy: String,
    now: u64,
    events: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let settings = Settings::read(line.settings)?;
        let authorizer = Authorizer::start(settings, support::source(&line.policy))?;
        for event in &line.events {
            let mut told = "\n".to_owned();
            let answer = authorizer.answer(event.as_bytes(), line.now, |refused| told = refused.to_line());
            match answer.error() {
                Some(error) => write!(out, "{{\"error\":\"{error}\"}}\t{told}")?,
                None => write!(out, "{}\t{told}", answer.to_json())?,
            }
        }
        out.flush()?;
    }
    Ok(())
}
