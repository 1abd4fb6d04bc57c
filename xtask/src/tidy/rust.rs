//! Rules about one Rust file, read as tokens: comments and strings cannot fool them, and macros hide nothing.

use super::source::Source;
use super::{Finding, Rule};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// Lines in one function, from `fn` to its closing brace: what fits on a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// Words that say nothing about a type.
const EMPTY_WORDS: [&str; 4] = ["Manager", "Helper", "Util", "Factory"];

/// Modules that collect what found no home.
const EMPTY_MODULES: [&str; 6] = ["common", "util", "utils", "helper", "helpers", "misc"];

/// What crates/policy may not reach: sockets, files, processes, clocks, threads, chance. Addresses as values are in
/// `core::net`.
const IMPURE: [&str; 14] = [
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "rand",
    "getrandom",
    "rustix",
    "libc",
];

/// Keywords that a path with leading colons may follow; they are no part of it.
const BEFORE_PATH: [&str; 12] = [
    "use", "as", "dyn", "else", "for", "impl", "in", "match", "move", "mut", "return", "where",
];

pub(super) fn check(file: &Source, findings: &mut Vec<Finding>) {
    let mut report = |line, rule, amount, message| {
        findings.push(Finding {
            path: file.path.clone(),
            line,
            rule,
            amount,
            message,
        });
    };
    if !file.text.starts_with("//!") {
        report(
            1,
            Rule::FirstLine,
            1,
            "begin with `//!`: the question that this file answers".to_owned(),
        );
    }
    let tokens: TokenStream = match file.text.parse() {
        Ok(tokens) => tokens,
        Err(error) => return report(0, Rule::Lexer, 1, error.to_string()),
    };
    let mut items = Items::default();
    items.scan(tokens.clone());
    for (name, line, lines) in items.functions {
        if lines > FUNCTION_LINES_MAX {
            let message = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
            report(line, Rule::FunctionLines, lines, message);
        }
    }
    for (name, line) in items.types {
        if let Some(word) = EMPTY_WORDS
            .iter()
            .find(|word| words(&name).any(|part| part == **word))
        {
            report(
                line,
                Rule::TypeName,
                1,
                format!("`{name}`: say what it is instead of {word}"),
            );
        }
    }
    for (name, line) in items.modules {
        if EMPTY_MODULES.contains(&name.as_str()) {
            report(
                line,
                Rule::ModuleName,
                1,
                format!("`mod {name}`: name what it holds"),
            );
        }
    }
    if file.path.starts_with("crates/policy/src/") {
        let mut paths = Vec::new();
        collect_paths(&tokens.into_iter().collect::<Vec<_>>(), &mut paths);
        for (path, line) in paths {
            if let Some(banned) = IMPURE.iter().find(|banned| reaches(&path, banned)) {
                report(
                    line,
                    Rule::Purity,
                    1,
                    format!("`{path}`: policy is pure and has no {banned}"),
                );
            }
        }
    }
}

/// What a file declares, however deep, each with its line.
#[derive(Debug, Default)]
struct Items {
    /// Name, line, lines.
    functions: Vec<(String, usize, usize)>,
    types: Vec<(String, usize)>,
    modules: Vec<(String, usize)>,
}

impl Items {
    fn scan(&mut self, tokens: TokenStream) {
        let mut previous: Option<Ident> = None;
        // The function whose signature is being read.
        let mut signature: Option<(String, usize)> = None;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    match previous.as_ref().map(ToString::to_string).as_deref() {
                        // The line of the keyword, should the name stand on the next.
                        Some("fn") => signature = Some((ident.to_string(), line)),
                        Some("struct" | "enum" | "trait" | "type" | "union") => {
                            self.types.push((ident.to_string(), line));
                        }
                        Some("mod") => self.modules.push((ident.to_string(), line)),
                        _ => {}
                    }
                    previous = Some(ident);
                    continue;
                }
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Brace
                        && let Some((name, line)) = signature.take()
                    {
                        let end = group.span_close().end().line;
                        self.functions.push((name, line, end - line + 1));
                    }
                    self.scan(group.stream());
                }
                TokenTree::Punct(punct) => {
                    // A trait's function without a body.
                    if punct.as_char() == ';' {
                        signature = None;
                    }
                }
                TokenTree::Literal(_) => {}
            }
            previous = None;
        }
    }
}

/// The words of a name in camel case.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = name
        .char_indices()
        .filter(|(_, c)| c.is_uppercase())
        .map(|(at, _)| at)
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([name.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &name[start..end])
}

/// Every path `a::b::c` among these tokens and inside their groups; a `use` tree gives one path for each of its leaves.
fn collect_paths(tokens: &[TokenTree], paths: &mut Vec<(String, usize)>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(ident) if BEFORE_PATH.iter().any(|word| ident == word) => at += 1,
            TokenTree::Ident(ident) => {
                at = read_path(tokens, at, String::new(), ident.span().start().line, paths);
            }
            TokenTree::Group(group) => {
                collect_paths(&group.stream().into_iter().collect::<Vec<_>>(), paths);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Reads one path that goes on at `at`; returns where it ended.
fn read_path(
    tokens: &[TokenTree],
    mut at: usize,
    mut path: String,
    line: usize,
    paths: &mut Vec<(String, usize)>,
) -> usize {
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => path.push_str(&ident.to_string()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => path.push('*'),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for leaf in inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ',')) {
                    if !leaf.is_empty() {
                        read_path(leaf, 0, path.clone(), line, paths);
                    }
                }
                return at + 1;
            }
            // `::<T>` and the like: the path ended before its colons, and what follows is read on its own.
            _ => {
                paths.push((path.trim_end_matches("::").to_owned(), line));
                return at;
            }
        }
        let colon =
            |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
        if !(colon(tokens.get(at + 1)) && colon(tokens.get(at + 2))) {
            paths.push((path, line));
            return at + 1;
        }
        path.push_str("::");
        at += 3;
    }
}

/// Whether the path is the banned one, below it, or a way around it: its parent imported whole.
fn reaches(path: &str, banned: &str) -> bool {
    let path = path.strip_suffix("::self").unwrap_or(path);
    let below = path
        .strip_prefix(banned)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let around = banned
        .rsplit_once("::")
        .is_some_and(|(parent, _)| path == parent || path.strip_prefix(parent) == Some("::*"));
    // A bare `rand` may be anybody's variable; only a path below it is that crate.
    let bare = !banned.contains("::") && !path.contains("::");
    (below && !bare) || (around && path.contains("::"))
}

#[cfg(test)]
mod tests;
