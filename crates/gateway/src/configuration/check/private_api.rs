//! `private_api`: a team's private REST API behind a VPC endpoint. What is dialled is the endpoint; who answers has to be
//! the API, whose name is made of region and id and can't be written.

use super::Checker;
use super::route;
use super::upstream::Target;
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::model::{Origin, PrivateApi, Scheme};
use crate::configuration::url::{self, HostName};
use crate::configuration::wire;
use crate::upstream::is_spelled;
use policy::path::PathPrefix;

/// What API Gateway takes of a body, which no setting raises.
const BODY_BYTES_MAX: u64 = 10_000_000;
const _: () = assert!(
    route::BODY_BYTES_MAX <= BODY_BYTES_MAX,
    "the default has to be within it"
);

/// API Gateway takes the method from here, whatever the request line says.
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// A region and an id are labels of a DNS name (RFC 1035 §2.3.4). Ids are shorter than a label may be.
const REGION_BYTES_MAX: usize = 63;
const API_ID_BYTES_MAX: usize = 32;
/// API Gateway's own rule.
const STAGE_BYTES_MAX: usize = 128;

impl Checker<'_> {
    pub(super) fn private_api(&mut self, api: &wire::PrivateApi, ca: &Slot<Text>) -> Option<Target> {
        let region = api.region.get().and_then(|text| self.region(text));
        let api_id = api.api_id.get().and_then(|text| self.api_id(text));
        let stage = api.stage.get().and_then(|text| self.stage(text));
        let endpoint = api.vpc_endpoint.get();
        let dialled = endpoint.and_then(|text| self.vpc_endpoint(text));
        let ca = ca.get().and_then(|ca| self.ca(ca, true));
        let (via, port) = dialled?;
        let named = PrivateApi {
            region: region?.into(),
            api_id: api_id?.into(),
            stage: stage?.into(),
            vpc_endpoint: (*endpoint?.value).into(),
        };
        let host = named.host().into_boxed_str();
        let origin = Origin {
            scheme: Scheme::Https,
            // An API that has its strict endpoint mode on refuses a Host that is not SNI's name, byte by byte.
            authority: host.clone(),
            host,
            via: Some(via.into()),
            port,
            ca,
        };
        Some(Target {
            origin: self.shared(origin),
            base: PathPrefix::parse(&format!("/{}", named.stage)).ok(),
            private_api: Some(Box::new(named)),
        })
    }

    /// What a route may not ask of a private API.
    pub(super) fn beside_private_api(&mut self, route: &wire::Route) {
        if let Some(preserve) = route.preserve_host.get().filter(|at| at.value) {
            let message = "`preserve_host` beside `private_api`: Host says which API is meant, and no caller may choose it";
            self.problems.error(preserve.key, message).help("leave it out");
        }
        let headers = route.headers.get().and_then(|at| at.value.request.get());
        let overriding = headers
            .iter()
            .flat_map(|at| &at.value.0)
            .filter(|(name, _)| is_spelled(name.as_bytes(), METHOD_OVERRIDE));
        for (name, value) in overriding {
            let message =
                format!("`{name}` beside `private_api`: another method would be invoked than was permitted");
            self.problems.error(value.key, message).help("leave it out");
        }
        let body = route.body_bytes_max.get();
        if let Some(limit) = body.filter(|at| at.value.0 > BODY_BYTES_MAX) {
            let message = format!(
                "{} bytes are more than API Gateway takes of a body",
                limit.value.0
            );
            self.problems
                .error(limit.span, message)
                .help(format!("write a number up to {BODY_BYTES_MAX}, or leave it out"));
        }
    }

    fn region<'t>(&mut self, text: &'t At<Text>) -> Option<&'t str> {
        let region = &*text.value;
        let is_isolated = || region.split('-').any(|part| part.starts_with("iso"));
        let (message, help) = match is_region(region) {
            true if is_isolated() => (
                "is a region of an isolated partition, whose suffix is not known here",
                "write `url: https://NAME/STAGE` with the API's own name, and turn the endpoint's private DNS on",
            ),
            true => return Some(region),
            false => ("is not a region", "write it as in `eu-west-1`"),
        };
        let message = format!("{} {message}", text.value.shown());
        self.problems.error(text.span, message).help(help);
        None
    }

    fn api_id<'t>(&mut self, text: &'t At<Text>) -> Option<&'t str> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let help = format!(
            "write its id alone, up to {API_ID_BYTES_MAX} small letters and digits, as in `a1b2c3d4e5`"
        );
        self.word(text, "the id of an API", API_ID_BYTES_MAX, fits, &help)
    }

    fn stage<'t>(&mut self, text: &'t At<Text>) -> Option<&'t str> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let help = format!(
            "write its name without slashes, up to {STAGE_BYTES_MAX} letters, digits, `-` and `_`, as in `prod`"
        );
        self.word(text, "the name of a stage", STAGE_BYTES_MAX, fits, &help)
    }

    fn word<'t>(
        &mut self,
        text: &'t At<Text>,
        what: &str,
        bytes_max: usize,
        fits: impl Fn(u8) -> bool,
        help: &str,
    ) -> Option<&'t str> {
        let word = &*text.value;
        if (1..=bytes_max).contains(&word.len()) && word.bytes().all(fits) {
            return Some(word);
        }
        let message = format!("{} is not {what}", text.value.shown());
        self.problems.error(text.span, message).help(help);
        None
    }

    /// The name to dial, in lower case, and the port.
    fn vpc_endpoint(&mut self, text: &At<Text>) -> Option<(String, u16)> {
        let (name, port) = match url::endpoint(&text.value) {
            Ok(endpoint) => endpoint,
            Err(refusal) => {
                let message = format!("{}: {}", text.value.shown(), refusal.message);
                self.problems.error(text.span, message).help(refusal.help);
                return None;
            }
        };
        let host = HostName::Name(name);
        self.judge(text.span, &host, port);
        match host {
            HostName::Name(name) => Some((name, port)),
            HostName::Ip(_) => None,
        }
    }
}

/// As in `eu-west-1`: two letters, words, and one digit, with hyphens between them.
fn is_region(text: &str) -> bool {
    let small = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    let [first, words @ .., last] = parts.as_slice() else {
        return false;
    };
    text.len() <= REGION_BYTES_MAX
        && (first.len() == 2 && small(first))
        && (!words.is_empty() && words.iter().all(|word| small(word)))
        && (last.len() == 1 && last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for good in ["eu-west-1", "us-gov-west-1", "ap-southeast-4", "cn-north-1"] {
            assert!(is_region(good), "{good}");
        }
        let of_length = |length: usize| format!("eu-{}-1", "a".repeat(length - "eu--1".len()));
        assert!(is_region(&of_length(63)));
        let long = of_length(64);
        for bad in [
            "",
            "eu",
            "eu-1",
            "eu-west",
            "eu-west-",
            "eu-west-10",
            "eu--1",
            "-west-1",
            "EU-west-1",
            "eu-west-1a",
            "eu-west-1.evil",
            "eur-west-1",
            "eu-we5t-1",
            "eu-west-1-",
            &long,
        ] {
            assert!(!is_region(bad), "{bad}");
        }
    }

    /// The name of an API with this id in this region.
    fn check(api_id: &str, region: &str, expected: &str) {
        let api = PrivateApi {
            region: region.into(),
            api_id: api_id.into(),
            stage: "prod".into(),
            vpc_endpoint: "vpce.example".into(),
        };
        assert_eq!(api.host(), expected);
    }

    #[test]
    fn the_name_is_made_of_region_and_id() {
        check(
            "abc123",
            "eu-central-1",
            "abc123.execute-api.eu-central-1.amazonaws.com",
        );
        check(
            "abc123",
            "us-gov-west-1",
            "abc123.execute-api.us-gov-west-1.amazonaws.com",
        );
        check(
            "abc123",
            "cn-northwest-1",
            "abc123.execute-api.cn-northwest-1.amazonaws.com.cn",
        );
    }
}
