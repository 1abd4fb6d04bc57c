//! `switchboard cost` as a user meets it: every option has an effect, a price file is taken whole or not at all, and
//! docs/aws-cost.md shows what the command prints and names every figure with its source.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod page;

use page::{commands_print_what_stands_below, root};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const PAGE: &str = "docs/aws-cost.md";

fn cost(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.arg("cost").args(arguments);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The answer to a question that is good.
fn answer(arguments: &str) -> Value {
    let mut words: Vec<&str> = arguments.split_whitespace().collect();
    words.extend(["--format", "json"]);
    let output = cost(&words);
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What came out, without what was asked.
fn outcome(arguments: &str) -> Value {
    let mut answer = answer(arguments);
    for key in ["question", "prices", "assumptions"] {
        answer.as_object_mut().unwrap().remove(key);
    }
    answer
}

#[test]
fn every_option_has_an_effect() {
    for (base, options) in [
        (
            "--requests 2B --kb 4",
            &[
                "--variant typescript",
                "--ttl 300",
                "--authorizer-ms 20",
                "--memory 512",
                "--log-bytes 0",
                "--log-bytes 1200",
                "--log-retention 365",
                "--private",
                "--zones 3",
                "--endpoint-shared-by 8",
                "--tracing 0.05",
                "--shared-price 2.5",
            ][..],
        ),
        (
            "--requests 2B --kb 4 --ttl 300",
            &["--credentials 5", "--cache-hit 0.5"],
        ),
        // Without a TTL they say what one would save.
        ("--requests 2B --kb 4", &["--credentials 5"]),
        (
            "--requests 2B --kb 4 --private",
            &["--zones 3", "--endpoint-shared-by 8"],
        ),
    ] {
        let before = outcome(base);
        for option in options {
            assert_ne!(outcome(&format!("{base} {option}")), before, "{base} {option}");
        }
    }
    assert_ne!(outcome("--requests 3M --kb 4"), outcome("--requests 4M --kb 4"));
    assert_ne!(outcome("--requests 3M --kb 4"), outcome("--requests 3M --kb 5"));
}

#[test]
fn options_that_mean_nothing_are_refused() {
    for (arguments, expected) in [
        ("", "--requests"),
        ("--requests 5M", "--kb"),
        ("--requests five --kb 4", "such as 750000, 500k, 1.5M or 2B"),
        ("--requests 5M --kb 10241", "from 0 to 10240"),
        ("--requests 5M --kb inf", "from 0 to 10240"),
        ("--requests 5M --kb 4 --ttl 3601", "3600"),
        ("--requests 5M --kb 4 --cache-hit 0.5", "set --ttl"),
        ("--requests 5M --kb 4 --ttl 9 --cache-hit 1.5", "from 0 to 1"),
        (
            "--requests 5M --kb 4 --ttl 9 --cache-hit 0.5 --credentials 5",
            "cannot be used with",
        ),
        ("--requests 5M --kb 4 --tracing NaN", "from 0 to 1"),
        ("--requests 5M --kb 4 --memory 64", "128"),
        ("--requests 5M --kb 4 --print-prices", "--print-prices"),
    ] {
        let output = cost(&arguments.split_whitespace().collect::<Vec<_>>());
        assert!(!output.status.success(), "{arguments}");
        assert!(
            text(&output.stderr).contains(expected),
            "{arguments}: {}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stdout), "", "{arguments}");
    }
}

#[test]
fn prices_are_replaced_whole_or_not_at_all() {
    let printed = cost(&["--print-prices"]);
    assert!(printed.status.success());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prices.yaml");
    let with = |file: &Path| {
        cost(&[
            "--requests",
            "5M",
            "--kb",
            "4",
            "--prices",
            file.to_str().unwrap(),
        ])
    };

    std::fs::write(&file, &printed.stdout).unwrap();
    let own = with(&file);
    assert_eq!(
        text(&own.stdout),
        text(&cost(&["--requests", "5M", "--kb", "4"]).stdout)
    );

    let mine = text(&printed.stdout).replace("usd: 3.50", "usd: 7.00");
    std::fs::write(&file, &mine).unwrap();
    assert!(text(&with(&file).stdout).contains("$35.00"));

    std::fs::write(&file, mine.replace("usd: 2.80", "usd: -2.80")).unwrap();
    let refused = with(&file);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(text(&refused.stdout), "");
    let told = text(&refused.stderr);
    assert!(told.contains("prices.yaml:16:29: a price below zero"), "{told}");
    assert!(told.contains("write a number of USD from 0"), "{told}");

    let missing = with(&directory.path().join("none.yaml"));
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot be read"));
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    let output = cost(&["--requests", "5M", "--kb", "4"]);
    assert!(output.status.success());
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let run = commands_print_what_stands_below(PAGE, &[]);
    assert_eq!(run, ["cost", "cost", "cost"]);
}

/// A row of the page's tables: key, figure, unit, origin.
fn row(figure: &Value, value: &str) -> String {
    let of = |key: &str| figure[key].as_str().unwrap_or_default();
    let origin = match figure.get("assumption") {
        Some(reason) => format!("**assumption**: {}", reason.as_str().unwrap()),
        None => format!("{} ({})", of("source"), of("date")),
    };
    format!("| `{}` | {value} | {} | {origin} |", of("key"), of("unit"))
}

/// `0.09 up to 10240, 0.085 up to …, then 0.05`.
fn tiers(price: &Value) -> String {
    let tiers = price["tiers"].as_array().unwrap().iter();
    let tiers = tiers.map(|tier| match tier["up_to"].as_f64() {
        Some(up_to) => format!("{} up to {up_to}", tier["usd"].as_f64().unwrap()),
        None => tier["usd"].as_f64().unwrap().to_string(),
    });
    tiers.collect::<Vec<_>>().join(", then ")
}

#[test]
fn the_page_names_every_figure_with_its_source() {
    let answer = answer("--requests 5M --kb 4");
    let all = |key: &str| answer[key].as_array().cloned().unwrap();
    let prices = all("prices")
        .iter()
        .map(|price| row(price, &tiers(price)))
        .collect::<Vec<_>>();
    let assumed = all("assumptions");
    let assumed = assumed
        .iter()
        .map(|figure| row(figure, &figure["value"].as_f64().unwrap().to_string()));
    let rows: Vec<String> = prices.into_iter().chain(assumed).collect();
    assert!(rows.len() > 30);
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let told: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(told, rows, "{PAGE} should have these rows:\n{}", rows.join("\n"));
}
