//! Which patterns the resources of an AWS policy can say exactly: what an authorizer whose answers are kept asks at its
//! start, and `policy build` before it.
//!
//! The wildcard of a resource crosses `/`, and an explicit Deny wins over every Allow. So there is no way to say "one
//! segment", nor "granted, inside of it denied, inside of that granted".

use std::fmt;

/// Patterns of an API whose answers are kept; an answer could not name more of them.
pub const ARN_PATTERNS_COUNT_MAX: usize = 128;

/// Why resources can't say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArnInexact {
    /// More than [`ARN_PATTERNS_COUNT_MAX`].
    TooMany(usize),
    /// A pattern with `{param}`.
    Parameter(Box<str>),
    /// A pattern with a character that is a wildcard or a variable in a resource, or an escape, which is denied below
    /// wildcards because none of them can tell its canonical spelling.
    Character(Box<str>),
    /// A pattern below a wildcard below a wildcard.
    TwoDeep(Box<str>),
}

impl fmt::Display for ArnInexact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArnInexact::TooMany(count) => write!(
                f,
                "it has {count} patterns, and an answer names at most {ARN_PATTERNS_COUNT_MAX}"
            ),
            ArnInexact::Parameter(pattern) => write!(f, "`{pattern}` has a parameter"),
            ArnInexact::Character(pattern) => write!(f, "`{pattern}` has `*`, `$` or an escape"),
            ArnInexact::TwoDeep(pattern) => write!(f, "`{pattern}` is nested two deep under wildcards"),
        }
    }
}

impl std::error::Error for ArnInexact {}

/// Judges the patterns of one API, public ones among them, each given once and in byte order: the first that can't be said.
pub fn arn_exact(patterns: &[&str]) -> Result<(), ArnInexact> {
    if patterns.len() > ARN_PATTERNS_COUNT_MAX {
        return Err(ArnInexact::TooMany(patterns.len()));
    }
    let open: Vec<&str> = patterns
        .iter()
        .filter_map(|pattern| pattern.strip_suffix("**"))
        .collect();
    for pattern in patterns {
        let literal = pattern.strip_suffix("/**").unwrap_or(pattern);
        if literal.contains('{') {
            return Err(ArnInexact::Parameter((*pattern).into()));
        }
        if literal.contains(['*', '$', '%']) {
            return Err(ArnInexact::Character((*pattern).into()));
        }
        if open.iter().filter(|open| literal.starts_with(**open)).count() > 1 {
            return Err(ArnInexact::TwoDeep((*pattern).into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! What can be said, and what cannot.

    use super::*;

    fn check(patterns: &[&str], expected: Result<(), ArnInexact>) {
        assert_eq!(arn_exact(patterns), expected, "{patterns:?}");
    }

    #[test]
    fn literals_and_one_wildcard_in_another_can_be_said() {
        check(&["/", "/a", "/a/"], Ok(()));
        check(&["/**", "/a/**"], Ok(()));
        check(&["/a/**", "/a/b/**", "/a/b", "/a/c", "/d/**"], Ok(()));
    }

    #[test]
    fn a_parameter_is_one_segment_and_a_wildcard_is_not() {
        check(&["/a/{id}"], Err(ArnInexact::Parameter("/a/{id}".into())));
        check(&["/{id}/**"], Err(ArnInexact::Parameter("/{id}/**".into())));
    }

    #[test]
    fn what_means_something_else_in_a_resource_cannot_be_said() {
        for pattern in ["/a*", "/$a", "/%2A", "/%C3%A4/**"] {
            check(&[pattern], Err(ArnInexact::Character(pattern.into())));
        }
    }

    #[test]
    fn two_deep_cannot_be_said() {
        check(
            &["/a/**", "/a/b/**", "/a/b/c"],
            Err(ArnInexact::TwoDeep("/a/b/c".into())),
        );
        check(
            &["/**", "/a/**", "/a/b/**"],
            Err(ArnInexact::TwoDeep("/a/b/**".into())),
        );
        check(
            &["/a/**", "/a/b/**", "/a/b/"],
            Err(ArnInexact::TwoDeep("/a/b/".into())),
        );
    }

    #[test]
    fn there_is_a_most() {
        let texts: Vec<String> = (0..=ARN_PATTERNS_COUNT_MAX)
            .map(|number| format!("/{number}"))
            .collect();
        let patterns: Vec<&str> = texts.iter().map(String::as_str).collect();
        check(&patterns, Err(ArnInexact::TooMany(patterns.len())));
        check(&patterns[1..], Ok(()));
    }
}
