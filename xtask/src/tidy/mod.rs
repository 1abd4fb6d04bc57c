//! `cargo xtask tidy`: the rules of CONTRIBUTING.md and ARCHITECTURE.md that the compiler does not hold.
//!
//! `source` walks the tree, `text` and `rust` look at one file each, `layers` at manifests against deny.toml, and
//! `exceptions` lets through what the exception list names. Rules report findings; only this file decides and prints.

mod exceptions;
mod layers;
mod rust;
mod source;
mod text;

use crate::workspace::root;
use anyhow::{Result, bail};
use clap::Args;
use std::fmt;

/// Where the exceptions stand, relative to the workspace's root.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// Arguments of the verb.
#[derive(Debug, Args)]
pub(crate) struct Tidy {}

impl Tidy {
    /// Prints every finding; an error if there is one.
    pub(crate) fn run(self) -> Result<()> {
        let root = root()?;
        let mut findings = layers::check(&root)?;
        for file in source::files(&root)? {
            text::check(&file, &mut findings);
            if file.path.ends_with(".rs") {
                rust::check(&file, &mut findings);
            }
        }
        let list = std::fs::read_to_string(root.join(EXCEPTIONS)).unwrap_or_default();
        let mut findings = exceptions::apply(&list, findings);
        findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        for finding in &findings {
            anstream::eprintln!("{finding}");
        }
        match findings.len() {
            0 => Ok(()),
            count => bail!("{count} findings"),
        }
    }
}

/// What a rule has to say about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// Relative to the workspace's root.
    path: String,
    /// From 1; 0 where it is about the whole file.
    line: usize,
    rule: Rule,
    /// For a rule about a size, that size; 1 otherwise.
    amount: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            rule,
            message,
            ..
        } = self;
        let name = rule.name();
        match line {
            0 => write!(f, "{path}: {name}: {message}"),
            _ => write!(f, "{path}:{line}: {name}: {message}"),
        }
    }
}

/// The rules, by the names that the exception list uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    FirstLine,
    FileLines,
    FunctionLines,
    TrailingSpace,
    Unfinished,
    MachinePath,
    TypeName,
    ModuleName,
    Purity,
    Layer,
    Lexer,
    Exceptions,
}

impl Rule {
    const ALL: [Rule; 12] = [
        Rule::FirstLine,
        Rule::FileLines,
        Rule::FunctionLines,
        Rule::TrailingSpace,
        Rule::Unfinished,
        Rule::MachinePath,
        Rule::TypeName,
        Rule::ModuleName,
        Rule::Purity,
        Rule::Layer,
        Rule::Lexer,
        Rule::Exceptions,
    ];

    fn name(self) -> &'static str {
        match self {
            Rule::FirstLine => "first-line",
            Rule::FileLines => "file-lines",
            Rule::FunctionLines => "function-lines",
            Rule::TrailingSpace => "trailing-space",
            Rule::Unfinished => "unfinished",
            Rule::MachinePath => "machine-path",
            Rule::TypeName => "type-name",
            Rule::ModuleName => "module-name",
            Rule::Purity => "purity",
            Rule::Layer => "layer",
            Rule::Lexer => "lexer",
            Rule::Exceptions => "exceptions",
        }
    }
}
