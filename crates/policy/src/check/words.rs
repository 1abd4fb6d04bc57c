//! The rules for single strings: ids, scopes, paths, times, rates and the like (contract/README.md §2).

use super::describe::{named, nearest, quoted};
use super::form::{Fault, Rule};
use crate::method::{Method, MethodSet};
use crate::path::{HostPattern, PathError, PathPrefix, Pattern, PatternError};
use crate::rules::{self, BasePath};
use crate::time::unix_seconds;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $what:literal, $bytes_max:literal, $pattern:expr, $judge:expr;)*) => {
        $($(#[$doc])* pub(super) static $name: Rule = Rule {
            what: $what,
            bytes_max: $bytes_max,
            pattern: $pattern,
            judge: $judge,
        };)*
    };
}

words! {
    ID: "an id", 128, Some("^[A-Za-z0-9.-]{1,128}$"), id;
    /// Text of others: claims, key ids. Nothing is known of it but its length.
    FREE: "a string", 1024, None, |_| Ok(());
    VISIBLE: "a string", 1024, Some("^[!-~]{1,1024}$"), visible;
    URL: "an http or https URL", 2048, Some("^https?://[^/?#@\\s]+([/?][^#\\s]*)?$"), url;
    CLAIM: "the name of a claim, or a JSON Pointer", 256, None, claim;
    HOST: "a host", 255, None, host;
    BASE_PATH: "a base path", 8192, Some("^/([^/?#{}*;]+(/[^/?#{}*;]+)*)?$"), base_path;
    FIELD: "the name of a header field", 64, Some("^[A-Za-z0-9-]{1,64}$"), field;
    OPERATION: "`METHOD PATTERN`", 8300, Some("^[A-Z-]+ /[^?#\\s]*$"), |text| operation(text).map(|_| ());
    SCOPE: "a scope", 128, Some("^[!#-\\[\\]-~]{1,128}$"), scope;
    HEX: "a SHA-256", 128, Some("^[0-9a-f]{64}$"), hex;
    TIME: "a time", 64, Some("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$"), time;
    RATE: "a rate", 32, Some("^[1-9]\\d{0,9}/[smh]$"), rate;
    QUOTA: "a quota", 32, Some("^[1-9]\\d{0,15}/(day|month)$"), quota;
}

/// Signature algorithms that tokens may have.
pub(super) const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519",
];

fn fault(message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault {
        message: message.into(),
        help: help.into(),
    }
}

fn id(text: &str) -> Result<(), Fault> {
    if rules::is_id(text) {
        return Ok(());
    }
    let mended: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let message = format!("{} is no id", quoted(text));
    Err(fault(
        message,
        format!("an id has letters, digits, `.` and `-`; write {}", named(&mended)),
    ))
}

fn visible(text: &str) -> Result<(), Fault> {
    if rules::is_visible(text) {
        return Ok(());
    }
    let message = format!("{} has blanks or characters beyond ASCII", quoted(text));
    Err(fault(
        message,
        "it is compared byte by byte; write visible ASCII characters alone",
    ))
}

fn url(text: &str) -> Result<(), Fault> {
    let refuse = |why: &str| {
        Err(fault(
            format!("{} {why}", quoted(text)),
            "write it as `https://HOST/PATH`",
        ))
    };
    if !rules::is_visible(text) {
        return refuse("has blanks or characters beyond ASCII");
    }
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return refuse("is no http or https URL");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if text.contains('#') {
        return refuse("has a fragment, which is never sent");
    }
    if authority.contains('@') {
        return refuse("has a user or password in it");
    }
    match crate::path::Host::parse_with_port(authority.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(fault(
            format!("{}: {}", quoted(text), error.message()),
            "write it as `https://HOST/PATH`",
        )),
    }
}

fn claim(text: &str) -> Result<(), Fault> {
    if !rules::is_claim(text) {
        let message = format!("{} is no JSON Pointer", quoted(text));
        return Err(fault(
            message,
            "in a pointer (what begins with `/`) write `~0` for `~`, and `~1` for a `/` inside of a name",
        ));
    }
    Ok(())
}

fn host(text: &str) -> Result<(), Fault> {
    match HostPattern::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(fault(
            format!("{}: {}", quoted(text), error.message()),
            "write `shop.example.com`, or `*.example.com` for all names below, without scheme and port",
        )),
    }
}

fn base_path(text: &str) -> Result<(), Fault> {
    if BasePath::parse(text).is_some() {
        return Ok(());
    }
    let before_rest = text.strip_suffix("/**").filter(|before| !before.is_empty());
    let help = match (before_rest, PathPrefix::parse(text)) {
        (Some(before), _) => format!("write {}; operations below it have patterns", named(before)),
        (None, Err(PathError::PrefixEndsWithSlash)) => format!("write {}", named(text.trim_end_matches('/'))),
        (None, Err(_)) if !text.starts_with('/') => format!("write {}", named(&format!("/{text}"))),
        (None, Err(error)) if !text.contains(['{', '}']) => {
            format!("{} Write it as the gateway sees it.", error.message())
        }
        _ => "a base path is literal; patterns stand in `operations`".to_owned(),
    };
    Err(fault(format!("{} is no base path", quoted(text)), help))
}

fn field(text: &str) -> Result<(), Fault> {
    if rules::is_key_field(text) {
        return Ok(());
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let message = format!("{} has a meaning of its own", named(text));
        return Err(fault(
            message,
            "write a name that nothing else uses, as `X-Api-Key`",
        ));
    }
    let message = format!("{} is no name of a header field", quoted(text));
    Err(fault(
        message,
        "it has letters, digits and `-`, as in `X-Api-Key`",
    ))
}

/// The methods and the pattern of `METHOD PATTERN`.
pub(super) fn operation(text: &str) -> Result<(MethodSet, Pattern), Fault> {
    if let Some(operation) = rules::operation(text) {
        return Ok(operation);
    }
    let Some((method, pattern)) = text.split_once(' ') else {
        let help = if text.starts_with('/') {
            format!(
                "write {}, or `ANY` for every method",
                named(&format!("GET {text}"))
            )
        } else {
            "write a method, one blank and a pattern, as in `GET /api/orders/**`".to_owned()
        };
        let message = format!("{} has no blank between method and pattern", quoted(text));
        return Err(fault(message, help));
    };
    if method != "ANY" && Method::parse(method.as_bytes()).is_none() {
        return Err(unknown_method(method));
    }
    if pattern.trim() != pattern {
        return Err(fault(
            format!("more than one blank in {}", quoted(text)),
            format!("write {}", named(&format!("{method} {}", pattern.trim()))),
        ));
    }
    Err(match Pattern::parse(pattern) {
        Err(PatternError { message, help }) => Fault { message, help },
        Ok(_) => fault(
            format!("{} is no operation", quoted(text)),
            "write `METHOD PATTERN`",
        ),
    })
}

fn unknown_method(method: &str) -> Fault {
    let known: Vec<&str> = Method::all().map(Method::as_str).chain(["ANY"]).collect();
    let help = match nearest(method, &known) {
        Some(near) => format!("write {}; `ANY` is every method", named(near)),
        None if matches!(method, "CONNECT" | "TRACE") => {
            "a gateway never forwards it; leave the operation out".to_owned()
        }
        None => "write a registered method such as GET or POST, or `ANY` for every method".to_owned(),
    };
    fault(
        format!("{} is no method that is known here", quoted(method)),
        help,
    )
}

fn scope(text: &str) -> Result<(), Fault> {
    if rules::is_scope(text) {
        return Ok(());
    }
    let help = if text.contains(' ') {
        "write each scope as an item of its own"
    } else {
        "a scope has visible ASCII characters, without quotes and backslashes"
    };
    Err(fault(format!("{} is no scope", quoted(text)), help))
}

fn hex(text: &str) -> Result<(), Fault> {
    if rules::sha256(text).is_some() {
        return Ok(());
    }
    let message = format!("{} is no SHA-256 in lower-case hexadecimal", quoted(text));
    let help = if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        format!("write `{}`", text.to_ascii_lowercase())
    } else {
        let count = text.chars().count();
        format!("it has 64 of the characters 0-9 and a-f; this has {count} characters")
    };
    Err(fault(message, help))
}

fn time(text: &str) -> Result<(), Fault> {
    if unix_seconds(text).is_some() {
        return Ok(());
    }
    let message = format!("{} is no time in RFC 3339 with Z", quoted(text));
    Err(fault(
        message,
        "write it in UTC and whole seconds, as in `2027-01-31T00:00:00Z`",
    ))
}

fn rate(text: &str) -> Result<(), Fault> {
    match rules::short_rate(text) {
        Some(_) => Ok(()),
        None => Err(fault(
            format!("{} is no rate", quoted(text)),
            "write `N/s`, `N/m` or `N/h`, N from 1 to 1000000000, as in `100/s`",
        )),
    }
}

fn quota(text: &str) -> Result<(), Fault> {
    match rules::long_rate(text) {
        Some(_) => Ok(()),
        None => Err(fault(
            format!("{} is no quota", quoted(text)),
            "write `N/day` or `N/month`, N from 1 to 1000000000000000, as in `1000000/month`",
        )),
    }
}
