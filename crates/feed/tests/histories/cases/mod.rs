//! The histories, and what is to come of each line: written by hand, from feed.md §2.

mod ages;
mod shop;
mod trust;
mod views;

use serde_json::{Value, json};
use std::collections::BTreeMap;

type Lines = BTreeMap<String, String>;

/// All of it.
pub(crate) fn file() -> Value {
    let mut lines = Lines::new();
    let makers: [fn(&mut Lines) -> Vec<Value>; 12] = [
        views::whole,
        views::tolerant,
        views::patient,
        views::forward,
        ages::ages,
        ages::honest,
        trust::signed,
        trust::keyrings,
        trust::keys,
        trust::epochs,
        ages::again,
        ages::there_and_back,
    ];
    let cases: Vec<Value> = makers.into_iter().flat_map(|make| make(&mut lines)).collect();
    json!({
        "about": "What a reader makes of a feed, line by line (contract §7). `now` and all times are Unix seconds.",
        "lines": lines,
        "cases": cases,
    })
}
