//! What an answer of a store means that is not the one that was asked for, and what its operator does about it.

use super::place::Place;
use crate::aws::{Answer, CredentialsError, FetchError};

/// Bytes of a code that is told on.
const CODE_BYTES_MAX: usize = 64;

/// Why an object cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// Nobody says who this is.
    #[error(
        "there is nothing to sign with ({0}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the task, the pod or the instance a role"
    )]
    Credentials(String),
    /// Nobody says so now.
    #[error(
        "{0}; it is asked again, and where there is nobody to ask, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    CredentialsLater(String),
    /// The store does not take them.
    #[error(
        "the store does not take these credentials ({0}); look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or at the role, \
         and whether they are of this store"
    )]
    Unknown(String),
    /// They are taken, and are not enough.
    #[error(
        "the credentials may not do this ({code}); allow s3:GetObject and s3:PutObject on {resource}, and kms:GenerateDataKey and kms:Decrypt where \
         the bucket is encrypted with a key of its own"
    )]
    Denied {
        /// The store's word.
        code: String,
        /// On what.
        resource: String,
    },
    /// This machine's clock is wrong.
    #[error("the store's clock and this machine's are too far apart ({0}); set the clock")]
    Clock(String),
    /// There is no such bucket.
    #[error("there is no bucket {0}; make it, or name another")]
    NoBucket(Box<str>),
    /// It is elsewhere.
    #[error("the bucket is in another region than {asked}{}; set AWS_REGION", told(is_in))]
    Region {
        /// The region that was asked.
        asked: Box<str>,
        /// The one that it is in, where that is told.
        is_in: Option<String>,
    },
    /// Two who write would take each other's back.
    #[error(
        "the store does not write only where an object is as it was seen ({0}), so that an older relay could take back what a newer one wrote; \
         name a store that knows If-Match and If-None-Match for PutObject"
    )]
    NoConditions(&'static str),
    /// It sends all of an object whose end was asked for.
    #[error(
        "the store answers with more than {0} bytes where the end of an object was asked for: it knows no ranges; name a store that knows \
         `Range: bytes=-N` for GetObject"
    )]
    NoRanges(usize),
    /// Nobody answers, or not in time.
    #[error("the store is not there: {0}")]
    Unreachable(String),
    /// Something else.
    #[error("the store answers with status {status} ({code})")]
    Status {
        /// HTTP's.
        status: u16,
        /// The store's word.
        code: String,
    },
    /// It cannot be signed.
    #[error("the request cannot be signed")]
    Sign,
}

impl BucketError {
    /// Whether waiting mends nothing, so that whoever only begins had better say so and end.
    pub fn is_lasting(&self) -> bool {
        !matches!(
            self,
            BucketError::CredentialsLater(_) | BucketError::Unreachable(_) | BucketError::Status { .. }
        )
    }

    /// What an answer means that is neither good nor about a condition.
    pub(super) fn of(answer: &Answer, place: &Place) -> BucketError {
        let code = code_of(&answer.body);
        let told = || match code {
            "" => format!("status {}", answer.status),
            code => code.to_owned(),
        };
        match (answer.status, code) {
            (_, "NoSuchBucket") => BucketError::NoBucket(place.bucket.clone()),
            (_, "RequestTimeTooSkewed") => BucketError::Clock(told()),
            (301, _) | (_, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
                let is_in = answer.fields.get("x-amz-bucket-region");
                BucketError::Region {
                    asked: place.region.clone(),
                    is_in: is_in.and_then(|region| region.to_str().ok()).map(str::to_owned),
                }
            }
            (
                _,
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "ExpiredToken"
                | "TokenRefreshRequired",
            )
            | (401, _) => BucketError::Unknown(told()),
            (403, _) => BucketError::Denied {
                code: told(),
                resource: place.resource(),
            },
            (501, _) => BucketError::NoConditions("it answers 501"),
            (status, _) => BucketError::Status { status, code: told() },
        }
    }
}

impl From<FetchError> for BucketError {
    fn from(error: FetchError) -> BucketError {
        match error {
            // Nothing larger than an end is ever asked for.
            FetchError::Large(bytes) => BucketError::NoRanges(bytes),
            error => BucketError::Unreachable(error.to_string()),
        }
    }
}

impl From<CredentialsError> for BucketError {
    fn from(error: CredentialsError) -> BucketError {
        let cause = std::error::Error::source(&error).map(|source| format!(": {source}"));
        let told = format!("{error}{}", cause.unwrap_or_default());
        match error {
            // Their endpoint may be there again, as a store may.
            CredentialsError::Fetch(error) if error.is_passing() => BucketError::CredentialsLater(told),
            _ => BucketError::Credentials(told),
        }
    }
}

fn told(region: &Option<String>) -> String {
    region
        .as_ref()
        .map_or_else(String::new, |region| format!(", in {region}"))
}

/// The member `Code` of an error's XML: a word; empty where there is none.
pub(super) fn code_of(body: &[u8]) -> &str {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let code = text
        .split_once("<Code>")
        .and_then(|(_, behind)| behind.split_once("</Code>"))
        .map_or("", |(code, _)| code);
    let is_word = code.len() <= CODE_BYTES_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word { code } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    fn check(status: u16, code: &str, expected: &str, is_lasting: bool) {
        let place = Place::new("s3://acme/prod", None, Some("eu-west-1")).unwrap();
        let mut fields = HeaderMap::new();
        fields.insert("x-amz-bucket-region", "us-east-1".parse().unwrap());
        let body =
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>").into();
        let error = BucketError::of(&Answer { status, fields, body }, &place);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.is_lasting(), is_lasting, "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        check(404, "NoSuchBucket", "there is no bucket acme", true);
        check(403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID", true);
        check(403, "SignatureDoesNotMatch", "SignatureDoesNotMatch", true);
        check(400, "ExpiredToken", "AWS_SESSION_TOKEN", true);
        check(
            403,
            "AccessDenied",
            "s3:PutObject on arn:aws:s3:::acme/prod/*",
            true,
        );
        check(403, "RequestTimeTooSkewed", "set the clock", true);
        check(
            301,
            "PermanentRedirect",
            "than eu-west-1, in us-east-1; set AWS_REGION",
            true,
        );
        check(501, "NotImplemented", "If-Match", true);
        // The name of a bucket that was just made.
        check(307, "TemporaryRedirect", "307 (TemporaryRedirect)", false);
        check(503, "SlowDown", "503 (SlowDown)", false);
        check(500, "<b>no word</b>", "500 (status 500)", false);
    }

    fn check_credentials(error: CredentialsError, expected: &str, is_lasting: bool) {
        let error = BucketError::from(error);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.is_lasting(), is_lasting, "{error}");
    }

    #[test]
    fn credentials_that_may_be_there_later_are_waited_for() {
        let fetch = CredentialsError::Fetch;
        for (error, told) in [
            (FetchError::Status(429), "status 429; it is asked again"),
            (FetchError::Status(503), "status 503; it is asked again"),
            (FetchError::Late(10), "within 10 s; it is asked again"),
            (
                FetchError::Unreachable("it is refused".to_owned()),
                "refused); it is asked again",
            ),
        ] {
            check_credentials(fetch(error), told, false);
        }
        check_credentials(fetch(FetchError::Status(403)), "status 403); set AWS_", true);
        check_credentials(fetch(FetchError::Status(404)), "status 404); set AWS_", true);
        check_credentials(CredentialsError::None("nowhere"), "nowhere); set AWS_", true);
    }
}
