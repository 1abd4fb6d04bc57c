//! What is wrong with a price file is told at its place, all at once, with what to write instead.

use super::super::price_file::judge;
use super::super::prices::BUILT_IN;
use ::gateway::configuration::check_document_text;

/// Replaces one part of the built-in file, and expects exactly these problems: `LINE:COLUMN: message`.
fn check(part: &str, by: &str, expected: &[&str]) {
    assert_eq!(BUILT_IN.matches(part).count(), 1, "{part:?} stands there once");
    let text = BUILT_IN.replace(part, by);
    let checked = check_document_text("p.yaml", &text, judge);
    let told: Vec<String> = checked
        .problems
        .iter()
        .map(|problem| {
            assert!(problem.help.is_some(), "{}", problem.message);
            let before = text.lines().nth(problem.line - 1).unwrap_or_default();
            let before: String = before.chars().skip(problem.column - 1).take(12).collect();
            format!("{before}: {}", problem.message)
        })
        .collect();
    assert_eq!(told, expected, "{}", checked.render_plain());
    assert_eq!(checked.value.is_none(), !expected.is_empty());
}

const REST: &str = "      - { up_to: 333, usd: 3.50 }\n      - { up_to: 1000, usd: 2.80 }\n";

#[test]
fn keys() {
    check(
        "as_of:",
        "as_off:",
        &[
            "region: us-e: `as_of` is missing",
            "as_off: 2026: unknown key `as_off`",
        ],
    );
    check(
        "  log_ingestion:\n",
        "  log_ingest:\n",
        &[
            "rest_request: `log_ingestion` is missing",
            "log_ingest:: unknown key `log_ingest`",
        ],
    );
    check(
        "  peak_to_mean:\n    unit: ratio\n    value: 5\n",
        "  peak_to_mean:\n    unit: ratio\n    values: 5\n",
        &[
            "peak_to_mean: without its value",
            "values: 5: unknown key `values`",
        ],
    );
    check(
        "assumptions:\n",
        "assumed:\n",
        &[
            "region: us-e: `assumptions` is missing",
            "assumed:: unknown key `assumed`",
        ],
    );
}

#[test]
fn figures() {
    check("usd: 0.0225", "usd: -0.0225", &["-0.0225: a price below zero"]);
    check("usd: 0.0225", "usd: \"0.0225\"", &["\"0.0225\": no price"]);
    check("usd: 0.0225", "usd: 1e99", &["1e99: a price beyond all reason"]);
    check("    usd: 0.0225\n", "", &["balancer_hou: without its price"]);
    check(
        "    unit: LCU-hour\n",
        "    unit: hour\n",
        &["hour: `balancer_capacity` is counted in another unit"],
    );
    check("    unit: LCU-hour\n", "", &["balancer_cap: without its unit"]);
    check("value: 730", "value: 0", &["0: `hours_a_month` cannot be this"]);
    check(
        "value: 127",
        "value: many",
        &["many: `authorizer_us_rust` cannot be this"],
    );
    check(
        "unit: tasks\n    value: 2",
        "unit: tasks\n    value: 2.5",
        &["2.5: `router_tasks_min` cannot be this"],
    );
    // A price of nothing is one.
    check("usd: 0.0225", "usd: 0", &[]);
}

#[test]
fn tiers() {
    let tiers = |tiers: &str, expected: &[&str]| check(REST, tiers, expected);
    tiers(
        "      - { up_to: 1000, usd: 3.50 }\n      - { up_to: 333, usd: 2.80 }\n",
        &["333, usd: 2.: tiers out of order"],
    );
    tiers(
        "      - { up_to: 333, usd: 3.50 }\n      - { up_to: 333, usd: 2.80 }\n",
        &["333, usd: 2.: tiers out of order"],
    );
    tiers(
        "      - { up_to: 0, usd: 3.50 }\n      - { up_to: -1, usd: -2.80 }\n",
        &[
            "0, usd: 3.50: tiers out of order",
            "-1, usd: -2.: tiers out of order",
            "-2.80 }: a price below zero",
        ],
    );
    tiers(
        "      - { usd: 3.50 }\n      - { up_to: 1000 }\n",
        &[
            "usd: 3.50 }: a tier without end before the last one",
            "up_to: 1000 : a tier without its price",
        ],
    );
    check(
        "      - { usd: 1.51 }",
        "      - { up_to: 90000, usd: 1.51 }",
        &["90000, usd: : the last tier ends"],
    );
    check(
        "    usd: 0.0225",
        "    usd: 0.0225\n    tiers: []",
        &["balancer_hou: both `usd` and `tiers`"],
    );
    check("    usd: 0.0225", "    tiers: []", &["[]: no list of tiers"]);
}

#[test]
fn origins() {
    let source = "    source: AWS Price List, AWSELB, LCUUsage, application load balancer, as a public repository read it\n    date: 2026-10-01\n";
    check(source, "", &["balancer_cap: a figure from nowhere"]);
    check(source, "    source: me\n", &["balancer_cap: `date` is missing"]);
    check(
        source,
        "    date: 2026-10-01\n",
        &["balancer_cap: `source` is missing"],
    );
    check(
        source,
        "    source: me\n    date: 1 October\n",
        &["1 October: `date` is no date"],
    );
    check(
        source,
        "    source: me\n    date: 2026-13-01\n",
        &["2026-13-01: `date` is no date"],
    );
    check(
        source,
        "    source: me\n    date: 2026-10-01\n    assumption: I think\n",
        &["balancer_cap: both a source and an assumption"],
    );
    check(
        source,
        "    assumption: true\n",
        &["true: `assumption` is no text"],
    );
    check(
        source,
        "    assumption: \" \"\n",
        &["\" \": `assumption` is no text"],
    );
    check(source, "    assumption: I negotiated it\n", &[]);
}

#[test]
fn what_is_no_map_of_figures() {
    for (text, expected) in [
        ("", "`region` is missing"),
        ("[]", "expected a map here"),
        ("prices: 3", "expected a map here"),
        ("{", "not well-formed"),
        ("region: ${env:REGION}", "`${…}` is not filled in here"),
    ] {
        let checked = check_document_text("p.yaml", text, judge);
        assert!(checked.value.is_none());
        let told = checked.render_plain();
        assert!(told.contains(expected), "{text}: {told}");
    }
}
