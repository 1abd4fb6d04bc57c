//! The exception list: one `path: rule: number: reason` a line. The number is the largest size let through, or for a
//! rule without sizes how many findings. A line that lets nothing through is itself a finding, so the list only shrinks.

use super::{EXCEPTIONS, Finding, Rule};

#[derive(Debug)]
struct Exception<'a> {
    line: usize,
    path: &'a str,
    rule: Rule,
    number: usize,
}

/// The findings that remain, and those about the list itself.
pub(super) fn apply(list: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let mut remaining = findings;
    let mut own = Vec::new();
    for (index, text) in list.lines().enumerate() {
        let line = index + 1;
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let complaint = match parse(line, text) {
            Err(message) => Some(message),
            Ok(exception) => excuse(&exception, &mut remaining),
        };
        own.extend(complaint.map(|message| Finding {
            path: EXCEPTIONS.to_owned(),
            line,
            rule: Rule::Exceptions,
            amount: 1,
            message,
        }));
    }
    remaining.extend(own);
    remaining
}

fn parse(line: usize, text: &str) -> Result<Exception<'_>, String> {
    let mut parts = text.splitn(4, ':').map(str::trim);
    let (Some(path), Some(rule), Some(number), Some(reason)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("not of the form `path: rule: number: reason`".to_owned());
    };
    let rule = Rule::ALL
        .into_iter()
        .find(|known| known.name() == rule)
        .ok_or_else(|| format!("there is no rule `{rule}`"))?;
    let number = number
        .parse()
        .map_err(|_| format!("`{number}` is not a number"))?;
    if reason.is_empty() {
        return Err("the reason is missing".to_owned());
    }
    Ok(Exception {
        line,
        path,
        rule,
        number,
    })
}

/// Takes away what the exception covers; a complaint if it is not needed.
fn excuse(exception: &Exception<'_>, findings: &mut Vec<Finding>) -> Option<String> {
    let Exception {
        line,
        path,
        rule,
        number,
    } = exception;
    let covered = |finding: &Finding| finding.path == *path && finding.rule == *rule;
    if !findings.iter().any(covered) {
        return Some(format!("line {line} is not needed any more: delete it"));
    }
    let sized = matches!(rule, Rule::FileLines | Rule::FunctionLines);
    let mut left = *number;
    findings.retain(|finding| {
        if !covered(finding) {
            return true;
        }
        if sized {
            return finding.amount > *number;
        }
        let excused = left > 0;
        left = left.saturating_sub(1);
        !excused
    });
    // A count that is too high would let the next finding slip in unseen.
    (!sized && left > 0).then(|| format!("line {line} allows {number}, {} would do", number - left))
}

#[cfg(test)]
mod tests {
    //! An exception covers what it says, and a useless one is told.

    use super::*;

    fn finding(path: &str, rule: Rule, amount: usize) -> Finding {
        Finding {
            path: path.to_owned(),
            line: 1,
            rule,
            amount,
            message: String::new(),
        }
    }

    fn check(list: &str, findings: &[Finding], expected: &[(&str, Rule)]) {
        let left = apply(list, findings.to_vec());
        let left: Vec<_> = left
            .iter()
            .map(|finding| (finding.path.as_str(), finding.rule))
            .collect();
        assert_eq!(left, expected, "{list}");
    }

    #[test]
    fn a_size_is_let_through_up_to_its_number() {
        let long = [finding("a.rs", Rule::FileLines, 612)];
        check("# comment\n\na.rs: file-lines: 612: one table\n", &long, &[]);
        check(
            "a.rs: file-lines: 611: one table\n",
            &long,
            &[("a.rs", Rule::FileLines)],
        );
        let other = [("a.rs", Rule::FileLines), (EXCEPTIONS, Rule::Exceptions)];
        check("b.rs: file-lines: 900: one table\n", &long, &other);
    }

    #[test]
    fn a_count_must_be_exact() {
        let two = [finding("a.rs", Rule::Purity, 1), finding("a.rs", Rule::Purity, 1)];
        check("a.rs: purity: 2: why\n", &two, &[]);
        check("a.rs: purity: 1: why\n", &two, &[("a.rs", Rule::Purity)]);
        check("a.rs: purity: 3: why\n", &two, &[(EXCEPTIONS, Rule::Exceptions)]);
    }

    #[test]
    fn an_entry_that_is_not_needed_or_not_understood_is_a_finding() {
        let own: &[(&str, Rule)] = &[(EXCEPTIONS, Rule::Exceptions)];
        check("a.rs: file-lines: 600: why\n", &[], own);
        check("a.rs: file-length: 600: why\n", &[], own);
        check("a.rs: file-lines: many: why\n", &[], own);
        check("a.rs: file-lines: 600:\n", &[], own);
        check("a.rs\n", &[], own);
    }
}
