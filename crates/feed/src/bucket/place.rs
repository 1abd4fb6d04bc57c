//! Where objects are: a bucket, a prefix in it, and how both become URLs.
//!
//! On AWS a bucket has a host of its own; behind an endpoint that is named it is the first segment of the path, which every store knows. What
//! is accepted needs no escaping, so that a person, a reader's URL and the signature mean the same bytes.

use std::fmt;

/// Bytes of a bucket's name (Amazon's rules).
const BUCKET_BYTES: std::ops::RangeInclusive<usize> = 3..=63;
/// Bytes of a prefix: a key has at most 1,024.
const PREFIX_BYTES_MAX: usize = 512;
const REGION_BYTES_MAX: usize = 64;

/// A bucket and a prefix in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) bucket: Box<str>,
    /// Empty, or with a slash at its end.
    pub(super) prefix: Box<str>,
    pub(super) region: Box<str>,
    /// What stands before an object's key in its URL, with a slash at its end.
    base: Box<str>,
    /// As the field `Host` has it.
    pub(super) host: Box<str>,
}

/// Why it is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is no URL of a bucket.
    #[error(
        "it is no bucket with a prefix; write for example s3://acme-policy/prod, the bucket of 3 to 63 small letters, digits, `.` and `-`, \
         the prefix of at most {PREFIX_BYTES_MAX} letters, digits, `.`, `_`, `-` and single `/`"
    )]
    Bucket,
    /// The endpoint is none.
    #[error(
        "the endpoint is no http or https URL with a host and nothing behind it; write for example https://minio.example.com:9000"
    )]
    Endpoint,
    /// Nobody says which region, or it is none.
    #[error("nobody says which region the bucket is in; set AWS_REGION, for example to eu-central-1")]
    Region,
}

/// The region as AWS's own clients take it from the environment: `AWS_REGION`, else `AWS_DEFAULT_REGION`.
pub fn region_of_environment() -> Option<String> {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
    variables
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
}

impl Place {
    /// `given` is `s3://BUCKET/PREFIX`, with or without a prefix; `endpoint` is another store's, else AWS's own of the region.
    ///
    /// # Errors
    /// Where one of them is none.
    pub fn new(given: &str, endpoint: Option<&str>, region: Option<&str>) -> Result<Place, PlaceError> {
        let behind = given.strip_prefix("s3://").ok_or(PlaceError::Bucket)?;
        let (bucket, prefix) = behind.split_once('/').unwrap_or((behind, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !is_bucket(bucket) || !is_prefix(prefix) {
            return Err(PlaceError::Bucket);
        }
        let region = region
            .filter(|region| is_region(region))
            .ok_or(PlaceError::Region)?;
        let (scheme, host, path) = match endpoint {
            Some(endpoint) => {
                let (scheme, host) = endpoint_of(endpoint).ok_or(PlaceError::Endpoint)?;
                (scheme, host.to_owned(), format!("{bucket}/"))
            }
            None => aws(bucket, region),
        };
        Ok(Place {
            bucket: bucket.into(),
            prefix: match prefix {
                "" => "".into(),
                prefix => format!("{prefix}/").into(),
            },
            region: region.into(),
            base: format!("{scheme}://{host}/{path}").into(),
            host: host.into(),
        })
    }

    /// The object of this name, which is letters alone, as an http or https URL.
    pub fn url(&self, name: &str) -> String {
        format!("{}{}{name}", self.base, self.prefix)
    }

    /// What a statement of a policy calls all objects below the prefix.
    pub(super) fn resource(&self) -> String {
        let partition = if self.region.starts_with("cn-") {
            "aws-cn"
        } else {
            "aws"
        };
        format!("arn:{partition}:s3:::{}/{}*", self.bucket, self.prefix)
    }
}

/// As a person writes it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Scheme, host and path of Amazon's own.
fn aws(bucket: &str, region: &str) -> (&'static str, String, String) {
    // The partition of China has a suffix of its own.
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let shared = format!("s3.{region}.amazonaws.com{suffix}");
    // The certificate is for one label before the shared name.
    match bucket.contains('.') {
        true => ("https", shared, format!("{bucket}/")),
        false => ("https", format!("{bucket}.{shared}"), String::new()),
    }
}

fn endpoint_of(url: &str) -> Option<(&'static str, &str)> {
    let uri: hyper::Uri = url.parse().ok()?;
    let scheme = match uri.scheme_str()? {
        "http" => "http",
        "https" => "https",
        _ => return None,
    };
    let (_, behind) = url.split_once("://")?;
    let host = behind.strip_suffix('/').unwrap_or(behind);
    let is_alone = uri.authority()?.as_str() == host && !host.contains('@');
    (is_alone && uri.host().is_some_and(|host| !host.is_empty())).then_some((scheme, host))
}

fn is_bucket(name: &str) -> bool {
    let is_edge =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    BUCKET_BYTES.contains(&name.len())
        && name
            .bytes()
            .all(|byte| is_edge(Some(byte)) || matches!(byte, b'.' | b'-'))
        && is_edge(name.bytes().next())
        && is_edge(name.bytes().last())
        && !name.contains("..")
}

fn is_prefix(prefix: &str) -> bool {
    let is_segment = |segment: &str| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        // A segment of dots is a step up or none to whoever normalises.
        !segment.is_empty() && segment.bytes().all(is_good) && segment != "." && segment != ".."
    };
    prefix.is_empty() || (prefix.len() <= PREFIX_BYTES_MAX && prefix.split('/').all(is_segment))
}

fn is_region(region: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=REGION_BYTES_MAX).contains(&region.len()) && region.bytes().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, endpoint: Option<&str>, region: &str, expected: Result<&str, &PlaceError>) {
        let made = Place::new(given, endpoint, Some(region)).map(|place| place.url("commit"));
        assert_eq!(made.as_deref(), expected, "{given} {endpoint:?}");
    }

    #[test]
    fn an_object_has_a_url() {
        for (given, endpoint, region, expected) in [
            (
                "s3://acme/prod",
                None,
                "eu-west-1",
                "https://acme.s3.eu-west-1.amazonaws.com/prod/commit",
            ),
            (
                "s3://acme/a/b.c/",
                None,
                "eu-west-1",
                "https://acme.s3.eu-west-1.amazonaws.com/a/b.c/commit",
            ),
            (
                "s3://acme",
                None,
                "cn-north-1",
                "https://acme.s3.cn-north-1.amazonaws.com.cn/commit",
            ),
            (
                "s3://a.cme/x",
                None,
                "us-east-1",
                "https://s3.us-east-1.amazonaws.com/a.cme/x/commit",
            ),
            (
                "s3://acme/x",
                Some("http://127.0.0.1:9000"),
                "us-east-1",
                "http://127.0.0.1:9000/acme/x/commit",
            ),
            (
                "s3://acme/x",
                Some("https://minio.example/"),
                "eu",
                "https://minio.example/acme/x/commit",
            ),
            (
                "s3://acme/",
                Some("http://[::1]:9"),
                "eu",
                "http://[::1]:9/acme/commit",
            ),
        ] {
            check(given, endpoint, region, Ok(expected));
        }
    }

    #[test]
    fn what_is_no_place_is_told_as_what_it_is() {
        for given in [
            "s3://ab/x",
            "s3://Acme/x",
            "s3:///x",
            "s3://-acme/x",
            "s3://ac..me/x",
            "s3://acme//x",
            "s3://acme/x//y",
            "s3://acme/../x",
            "s3://acme/x y",
            "s3://acme/x?y",
            "s3://acme/%20",
            "/var/lib",
            "https://acme/x",
        ] {
            check(given, None, "eu-west-1", Err(&PlaceError::Bucket));
        }
        for endpoint in [
            "minio:9000",
            "ftp://minio",
            "http://",
            "http://minio/path",
            "http://a@minio",
            "http://minio?x",
            "http://minio#x",
        ] {
            check(
                "s3://acme/x",
                Some(endpoint),
                "eu-west-1",
                Err(&PlaceError::Endpoint),
            );
        }
        for region in ["", "EU", "eu west", "evil.example/"] {
            check("s3://acme/x", None, region, Err(&PlaceError::Region));
        }
        assert_eq!(Place::new("s3://acme/x", None, None), Err(PlaceError::Region));
    }
}
