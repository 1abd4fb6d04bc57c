//! Each rule on a small file that breaks it, and on its look-alikes.

use super::*;

fn check_file(path: &str, text: &str, expected: &[(usize, Rule)]) {
    let mut findings = Vec::new();
    check(
        &Source {
            path: path.to_owned(),
            text: text.to_owned(),
        },
        &mut findings,
    );
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.line, finding.rule))
        .collect();
    assert_eq!(found, expected, "{text}\n{findings:?}");
}

#[test]
fn a_file_begins_with_its_question() {
    check_file("a.rs", "fn f() {}\n", &[(1, Rule::FirstLine)]);
    check_file("a.rs", "\n//! Late.\n", &[(1, Rule::FirstLine)]);
    check_file("a.rs", "//! What is it?\nfn f() {}\n", &[]);
}

#[test]
fn a_file_that_is_not_rust_is_told() {
    check_file("a.rs", "//! Broken.\nfn f() { \"\n", &[(0, Rule::Lexer)]);
}

#[test]
fn functions_have_a_size_wherever_they_stand() {
    // `fn` and `}` take two lines.
    let body = |lines: usize| format!("fn f() {{\n{}}}\n", "x();\n".repeat(lines));
    check_file("a.rs", &format!("//! A.\n{}", body(FUNCTION_LINES_MAX - 2)), &[]);
    check_file(
        "a.rs",
        &format!("//! A.\n{}", body(FUNCTION_LINES_MAX - 1)),
        &[(2, Rule::FunctionLines)],
    );
    let nested = format!("//! A.\nmod m {{ impl A {{\n{}}} }}\n", body(80));
    check_file("a.rs", &nested, &[(3, Rule::FunctionLines)]);
    let in_macro = format!("//! A.\nproptest! {{\n{}}}\n", body(80));
    check_file("a.rs", &in_macro, &[(3, Rule::FunctionLines)]);
}

#[test]
fn braces_in_strings_and_comments_and_bodiless_functions_do_not_count() {
    let lines = "\n".repeat(80);
    check_file(
        "a.rs",
        &format!("//! A.\nfn f() {{ \"{{\"; /* {{ */ '{{'; }}{lines}fn g() {{}}\n"),
        &[],
    );
    check_file(
        "a.rs",
        &format!("//! A.\ntrait T {{ fn f();{lines} }}\nstruct S {{}}\n"),
        &[],
    );
    check_file(
        "a.rs",
        &format!("//! A.\ntype F = fn(u8) -> u8;{lines}struct S {{}}\n"),
        &[],
    );
}

#[test]
fn empty_words_in_type_names() {
    check_file(
        "a.rs",
        "//! A.\nstruct PoolManager;\nenum HelperKind {}\ntrait UserFactory {}\n",
        &[(2, Rule::TypeName), (3, Rule::TypeName), (4, Rule::TypeName)],
    );
    // `Utility` is a word of its own, and a field or a comment is no type.
    check_file(
        "a.rs",
        "//! Manager.\nstruct Utility { manager: u8 }\nlet x = Manager;\n",
        &[],
    );
}

#[test]
fn modules_without_a_subject() {
    check_file(
        "a.rs",
        "//! A.\nmod common;\npub(crate) mod utils {}\nmod commonly;\n",
        &[(2, Rule::ModuleName), (3, Rule::ModuleName)],
    );
}

#[test]
fn policy_reaches_nothing_outside_itself() {
    let impure: &[(usize, Rule)] = &[(2, Rule::Purity)];
    for line in [
        "use std::fs;",
        "use std::fs::File;",
        "use std::{fmt, net::TcpStream};",
        "use ::std::{collections::{HashMap}, process::Command};",
        "fn f() { let now = std::time::SystemTime::now(); }",
        "use std::time::{Duration, Instant};",
        "use std::time;",
        "use std::time::{self, Duration};",
        "use std::*;",
        "use std::time::*;",
        "use tokio::net::TcpStream;",
        "macro!(rand::random::<u8>());",
        "fn f() -> std::io::Result<()> {}",
    ] {
        check_file("crates/policy/src/a.rs", &format!("//! A.\n{line}\n"), impure);
        check_file("crates/gateway/src/a.rs", &format!("//! A.\n{line}\n"), &[]);
    }
    for line in [
        "use std::time::Duration;",
        "use core::net::IpAddr;",
        "use std::{fmt, collections::HashMap as Map};",
        "let rand = x.fs::<u8>(); // std::fs",
        "let x = \"std::fs\"; crate::net::f();",
        "fn f() { for i in 0..9 { std::mem::take::<Vec<u8>>(x) } }",
    ] {
        check_file("crates/policy/src/a.rs", &format!("//! A.\n{line}\n"), &[]);
    }
}
