//! Every operation of the OpenAPI document × everybody × their own and others' things, over the real API, against the table that the pure
//! function is held to: a handler that asks the wrong question, or none, answers something else than the table says.
//!
//! An operation without a row fails, and so does a row without an operation. What is allowed is asked for in a way that changes nothing, as
//! far as there is one: a dry run, an old version, a value that cannot be taken; whether it may is decided before that.

mod cases;
mod fixture;
mod http;

use cases::{Case, cases};
use fixture::Fixture;
use serde_json::Value;
use std::collections::BTreeSet;

const TABLE: &str = include_str!("../../src/identity/permissions.txt");

/// Rows that no operation has by itself: what is part of another one, or decides what a list shows.
const PARTS: [&str; 5] = [
    "transfer",
    "see_gateway",
    "see_grant@client",
    "see_grant@api",
    "openapi",
];

/// The table: columns, and rows of two signs for each.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<(&'static str, Vec<&'static str>)>,
}

fn table() -> Table {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let columns = lines.next().expect("a head").split_whitespace().skip(1).collect();
    let rows = lines
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().expect("a name"), words.collect())
        })
        .collect();
    Table { columns, rows }
}

/// Operations of the document, as `METHOD /path`.
fn documented() -> BTreeSet<String> {
    let document: Value = serde_json::to_value(portal::openapi()).expect("it is JSON");
    let paths = document["paths"].as_object().expect("paths").iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let cases = cases();
    let covered: BTreeSet<String> = cases.iter().map(|case| case.operation.to_owned()).collect();
    let documented = documented();
    let without_row: Vec<&String> = documented.difference(&covered).collect();
    assert!(
        without_row.is_empty(),
        "operations without a row: {without_row:?}"
    );
    let gone: Vec<&String> = covered.difference(&documented).collect();
    assert!(gone.is_empty(), "rows of operations that are not there: {gone:?}");
    let used: BTreeSet<&str> = cases.iter().map(|case| case.row).chain(PARTS).collect();
    let rows: BTreeSet<&str> = table().rows.iter().map(|(name, _)| *name).collect();
    let unused: Vec<&&str> = rows.difference(&used).collect();
    assert!(unused.is_empty(), "rows that nothing asks for: {unused:?}");
    let unknown: Vec<&&str> = used.difference(&rows).collect();
    assert!(
        unknown.is_empty(),
        "cases of rows that are not there: {unknown:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_answers_everybody_as_the_table_says() {
    let fixture = Fixture::start().await;
    let Table { columns, rows } = table();
    let mut wrong = Vec::new();
    let mut asked = 0;
    for case in cases() {
        let (_, cells) = rows.iter().find(|(name, _)| *name == case.row).expect("a row");
        for (column, cell) in columns.iter().zip(cells) {
            for (is_own, expected) in [true, false].into_iter().zip(cell.chars()) {
                let Some(found) = sign(&fixture, &case, column, is_own).await else {
                    continue;
                };
                asked += 1;
                if found.0 != expected {
                    let whose = if is_own { "own" } else { "others'" };
                    wrong.push(format!(
                        "{} {column} {whose}: {expected}, not {}: {}",
                        case.row, found.0, found.1
                    ));
                }
            }
        }
    }
    fixture.stop().await;
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(asked > 1_500, "{asked}");
}

/// What is answered, as the table writes it; `None` where the case says nothing of it.
async fn sign(fixture: &Fixture, case: &Case, column: &str, is_own: bool) -> Option<(char, String)> {
    let (target, body) = case.request(fixture, column, is_own).await?;
    let (method, _) = case.operation.split_once(' ').expect("a method");
    let mut lines = fixture.credential(column);
    if case.old_version {
        lines.push(("If-Match".to_owned(), "\"999999\"".to_owned()));
    }
    let answer = fixture.http.ask(method, &target, &lines, &body).await;
    let code = answer.body["code"].as_str().unwrap_or_default();
    let sign = match (answer.status, code) {
        (401, "unauthenticated") => '1',
        (403, _) => '3',
        (404, _) => '4',
        (500.., code) if !matches!(code, "unavailable" | "not_published" | "key_set_unavailable") => '!',
        _ => '+',
    };
    Some((
        sign,
        format!("{method} {target} {} {}", answer.status, answer.body),
    ))
}
