//! Rules that any text file keeps: no trailing blanks, nothing left unfinished, no path of somebody's machine, and a
//! length that can be read.

use super::source::Source;
use super::{Finding, Rule};

/// Lines in one file of code.
const FILE_LINES_MAX: usize = 500;

/// The languages that the length applies to: what is generated or only listed may be longer.
const CODE: [&str; 4] = [".rs", ".ts", ".tsx", ".tf"];

// In parts, so that this file does not find itself.
const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const MACHINE_DIRS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
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
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if line.ends_with([' ', '\t']) {
            report(
                number,
                Rule::TrailingSpace,
                1,
                "blanks at the end of the line".to_owned(),
            );
        }
        for word in UNFINISHED.into_iter().filter(|word| has_word(line, word)) {
            report(
                number,
                Rule::Unfinished,
                1,
                format!("{word}: do it, or file an issue"),
            );
        }
        for dir in MACHINE_DIRS.into_iter().filter(|dir| has_root(line, dir)) {
            report(
                number,
                Rule::MachinePath,
                1,
                format!("{dir}… is a path of one machine"),
            );
        }
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX && CODE.iter().any(|ending| file.path.ends_with(ending)) {
        report(
            0,
            Rule::FileLines,
            lines,
            format!("{lines} lines, at most {FILE_LINES_MAX}: split it"),
        );
    }
}

/// Whether `word` stands in `line` with no letter, digit or `_` on either side.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(part) && !after.starts_with(part)
    })
}

/// Whether `dir` stands in `line` as the beginning of a path, not in the middle of one (a URL has those).
fn has_root(line: &str, dir: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_-./}*".contains(c);
    line.match_indices(dir).any(|(at, _)| !line[..at].ends_with(part))
}

#[cfg(test)]
mod tests {
    //! Each rule finds what it is for and leaves its look-alikes alone.

    use super::*;

    fn check_text(path: &str, text: &str, expected: &[(usize, Rule)]) {
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
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn blanks_at_line_ends() {
        check_text(
            "a.md",
            "good\nbad \nbad\t\n  good\n",
            &[(2, Rule::TrailingSpace), (3, Rule::TrailingSpace)],
        );
    }

    #[test]
    fn unfinished_work_is_found_as_a_word() {
        let word = UNFINISHED[0];
        check_text(
            "a.rs",
            &format!("// {word}: later\n// {word}S\n// A{word}\n"),
            &[(1, Rule::Unfinished)],
        );
        check_text(
            "a.yaml",
            &format!("# {}(me)\n", UNFINISHED[1]),
            &[(1, Rule::Unfinished)],
        );
    }

    #[test]
    fn a_machine_path_is_told_from_a_url() {
        let home = MACHINE_DIRS[2];
        check_text(
            "a.rs",
            &format!("\"{home}me/x\"\n/api{home}x\nhttp://host{home}x\n"),
            &[(1, Rule::MachinePath)],
        );
        check_text(
            "a.md",
            &format!("see {}x\n`{}y`\n", MACHINE_DIRS[0], MACHINE_DIRS[1]),
            &[(1, Rule::MachinePath), (2, Rule::MachinePath)],
        );
    }

    #[test]
    fn only_code_has_a_length() {
        let long = "x\n".repeat(FILE_LINES_MAX + 1);
        check_text("a.rs", &long, &[(0, Rule::FileLines)]);
        check_text("a.rs", &long[2..], &[]);
        check_text("a.json", &long, &[]);
    }
}
