//! A small evaluator of IAM policies, as AWS documents it: an explicit Deny wins, silence refuses, `*` and `?` are wild.

use authorizer::{About, Effect, Statement};

/// What a policy says about a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Some statement allows, none denies.
    Allow,
    /// A statement denies.
    Deny,
    /// No statement is about it.
    Silent,
}

/// Evaluates.
pub(crate) fn evaluate(statements: &[Statement], resource: &str) -> Verdict {
    let effects: Vec<Effect> = statements
        .iter()
        .filter(|statement| is_about(&statement.about, resource))
        .map(|statement| statement.effect)
        .collect();
    if effects.contains(&Effect::Deny) {
        Verdict::Deny
    } else if effects.contains(&Effect::Allow) {
        Verdict::Allow
    } else {
        Verdict::Silent
    }
}

fn is_about(about: &About, resource: &str) -> bool {
    let any = |patterns: &[String]| {
        patterns
            .iter()
            .any(|pattern| fits(pattern.as_bytes(), resource.as_bytes()))
    };
    match about {
        About::One(pattern) => fits(pattern.as_bytes(), resource.as_bytes()),
        About::Any(patterns) => any(patterns),
        About::None(patterns) => !any(patterns),
    }
}

/// Whether a pattern fits, by going back to the last star.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while of < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[of] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((before, taken)) => {
                    (at, of) = (before + 1, taken + 1);
                    star = Some((before, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[test]
fn wildcards_cross_slashes() {
    for (pattern, text, expected) in [
        ("a/*", "a/b/c", true),
        ("a/*", "a/", true),
        ("a/*", "a", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*b*c", "abbc", true),
        ("*//*", "a/b", false),
        ("*/..", "a/..", true),
        ("*", "", true),
    ] {
        assert_eq!(
            fits(pattern.as_bytes(), text.as_bytes()),
            expected,
            "{pattern} {text}"
        );
    }
}
