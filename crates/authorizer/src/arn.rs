//! The ARN of a method, as API Gateway names what is called: taken apart once, and written into answers.
//!
//! The path in it is the caller's: nothing of it may widen an answer. Where it cannot be written exactly (a wildcard, a
//! policy variable, too long), an answer names the whole stage, and such an answer is always a Deny.

/// Longest `Resource` of a policy that API Gateway takes, in bytes.
pub(crate) const RESOURCE_BYTES_MAX: usize = 512;

/// What stands in an answer where no ARN could be read and not even its partition is known.
const EVERYTHING: &str = "arn:aws:execute-api:*:*:*";

/// The partitions of AWS.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// The end of the ARN of a WebSocket API's connect route.
const CONNECT: &str = "$connect";

/// `arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/` and what is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    text: &'a str,
    /// Up to and with the slash behind the stage.
    front: &'a str,
    stage: &'a str,
    called: Called<'a>,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called<'a> {
    /// A method and a path, which begins with `/`.
    Method(&'a str, &'a str),
    /// The connect route of a WebSocket API.
    Connect,
}

impl<'a> Arn<'a> {
    /// `None` where any part but the path could mean more than one thing.
    pub(crate) fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next();
        let good = part()? == "arn" && PARTITIONS.contains(&part()?) && part()? == "execute-api";
        let (region, account, resource) = (part()?, part()?, part()?);
        if !good || !is_region(region) || !is_account(account) {
            return None;
        }
        let (api, rest) = resource.split_once('/')?;
        let (stage, called) = rest.split_once('/')?;
        if !is_api(api) || !is_stage(stage) {
            return None;
        }
        let front = &text[..text.len() - called.len()];
        let called = if called == CONNECT {
            Called::Connect
        } else {
            let verb = called.split('/').next().filter(|verb| is_verb(verb))?;
            let path = &called[verb.len()..];
            if path.is_empty() {
                return None;
            }
            Called::Method(verb, path)
        };
        Some(Arn {
            text,
            front,
            stage,
            called,
        })
    }

    /// The stage.
    pub(crate) fn stage(&self) -> &'a str {
        self.stage
    }

    /// What is called.
    pub(crate) fn called(&self) -> Called<'a> {
        self.called
    }

    /// Whether a policy can name it, and nothing else by it.
    pub(crate) fn is_exact(&self) -> bool {
        let plain = match self.called {
            Called::Connect => true,
            Called::Method(_, path) => path.bytes().all(is_plain),
        };
        plain && self.text.len() <= RESOURCE_BYTES_MAX
    }

    /// It, or its whole stage where a policy cannot name it.
    pub(crate) fn resource(&self) -> String {
        if self.is_exact() {
            self.text.to_owned()
        } else {
            self.whole_stage()
        }
    }

    /// Everything in its stage.
    pub(crate) fn whole_stage(&self) -> String {
        format!("{}*", self.front)
    }

    /// Another resource of its stage, such as `GET/orders`.
    pub(crate) fn beside(&self, called: &str) -> String {
        format!("{}{called}", self.front)
    }

    /// Everything in its partition that fits this pattern.
    pub(crate) fn partition_wide(&self, pattern: &str) -> String {
        let partition = self.text.split(':').nth(1).unwrap_or_default();
        format!("arn:{partition}:execute-api:*:*:{pattern}")
    }
}

/// What an answer names that is not about any usable ARN: everything of the partition, where at least that is readable.
pub(crate) fn everything(unusable: Option<&str>) -> String {
    let partition = unusable.and_then(|text| text.strip_prefix("arn:")?.split(':').next());
    match partition.filter(|partition| PARTITIONS.contains(partition)) {
        Some(partition) => format!("arn:{partition}:execute-api:*:*:*"),
        None => EVERYTHING.to_owned(),
    }
}

fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_api(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_stage(text: &str) -> bool {
    text == "$default"
        || (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_verb(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

/// What may stand in a path (RFC 3986 §3.3) and means nothing in a policy: neither a wildcard nor a variable.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!&'()+,;=:@/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    //! Each part of an ARN, and what an answer names.

    use super::*;

    const FRONT: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/";

    fn check(text: &str, called: Option<Called<'_>>, resource: &str) {
        let arn = Arn::parse(text);
        assert_eq!(arn.map(|arn| arn.called()), called, "{text}");
        let named = arn.map_or_else(|| everything(Some(text)), |arn| arn.resource());
        assert_eq!(named, resource, "{text}");
    }

    fn check_called(called: &str, expected: Called<'_>) {
        let text = format!("{FRONT}{called}");
        check(&text, Some(expected), &text);
    }

    fn check_unusable(text: &str) {
        check(text, None, EVERYTHING);
    }

    #[test]
    fn verb_and_path_are_what_stands_behind_the_stage() {
        check_called("GET/orders/7", Called::Method("GET", "/orders/7"));
        check_called("GET/", Called::Method("GET", "/"));
        check_called(
            "VERSION-CONTROL/a:b//",
            Called::Method("VERSION-CONTROL", "/a:b//"),
        );
        check_called("$connect", Called::Connect);
        let default = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/$default/GET/x";
        check(default, Some(Called::Method("GET", "/x")), default);
    }

    #[test]
    fn partitions() {
        for partition in PARTITIONS {
            let arn = format!("arn:{partition}:execute-api:us-gov-west-1:123456789012:a1/prod/GET/");
            check(&arn, Some(Called::Method("GET", "/")), &arn);
            let bad = format!("arn:{partition}:execute-api:*:123456789012:a1/prod/GET/");
            check(&bad, None, &format!("arn:{partition}:execute-api:*:*:*"));
        }
        check_unusable("arn:aws-eu:execute-api:eu-central-1:123456789012:a1/prod/GET/");
    }

    #[test]
    fn an_arn_with_an_open_part_is_not_usable() {
        for text in [
            "",
            "*",
            "arn:aws:execute-api",
            "arn:aws:lambda:eu-central-1:123456789012:a1/prod/GET/",
            "arn:aws:execute-api:eu-central-1:12345678901:a1/prod/GET/",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/*/GET/",
            "arn:aws:execute-api:eu-central-1:123456789012:*/prod/GET/",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod/*/x",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod/GET",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod/",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod/$disconnect",
            "arn:aws:execute-api:eu-central-1:123456789012:a1/prod/$connect/x",
        ] {
            check_unusable(text);
        }
    }

    #[test]
    fn what_would_widen_an_answer_names_the_whole_stage() {
        for path in [
            "/a*",
            "/?",
            "/${aws:username}",
            "/$",
            "/a b",
            "/\"",
            "/ä",
            "/\\",
            "/a{b}",
        ] {
            let text = format!("{FRONT}GET{path}");
            check(&text, Some(Called::Method("GET", path)), &format!("{FRONT}*"));
        }
        let long = format!("/{}", "x".repeat(RESOURCE_BYTES_MAX));
        check(
            &format!("{FRONT}GET{long}"),
            Some(Called::Method("GET", &long)),
            &format!("{FRONT}*"),
        );
    }
}
