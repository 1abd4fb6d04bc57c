//! A bucket, asked over HTTP with Signature Version 4: the end of an object, and an object written where it is as it was seen.
//!
//! Blocking. An object is written in one request, so that whoever reads has the former or the new one, whole. Its bytes are under the
//! signature: what is changed on the way is refused.

use super::held::Held;
use super::place::Place;
use super::trouble::{BucketError, code_of};
use crate::aws::{Answer, Client, Credentials, Limits, find};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, HeaderName, IF_MATCH, IF_NONE_MATCH, RANGE};
use hyper::{Method, Request};
use std::time::{Duration, SystemTime};

/// How much of an object's end is looked at: a commit and its line's end have less than 1 KiB.
const TAIL: &str = "bytes=-8192";
/// Bytes of an answer: an end, or an error. A store that knows no ranges may send all of a commit, and not all of a bundle.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// An exchange that sends nothing; one that does has a second more for each [`BYTES_PER_S`].
const WITHIN: Duration = Duration::from_secs(30);
const BYTES_PER_S: u64 = 1 << 20;

/// A bucket.
pub struct Bucket {
    place: Place,
    client: Client,
    credentials: Held,
}

/// An entity tag, as the store gave it. It says that an object is the same, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(Box<str>);

/// When an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Where there is none yet.
    Absent,
    /// Where it still is the one with this tag.
    Is(&'a Tag),
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Absent,
    /// It may not be read: who may not list a bucket is not told either that there is none.
    Hidden,
    /// Its tag, and its last bytes, up to 8 KiB.
    There(Tag, Bytes),
}

impl Tag {
    /// This tag, which is in quotation marks.
    pub fn new(text: &str) -> Option<Tag> {
        let is_strong = text.len() > 2 && text.starts_with('"') && text.ends_with('"');
        is_strong.then(|| Tag(text.into()))
    }
}

impl Bucket {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// Where the system has no certificates.
    pub fn new(place: Place) -> Result<Bucket, BucketError> {
        Ok(Bucket {
            place,
            client: Client::new()?,
            credentials: Held::default(),
        })
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What stands at the end of this object now.
    ///
    /// # Errors
    /// Where the store does not answer, or not with that.
    pub fn tail(&mut self, name: &str) -> Result<Found, BucketError> {
        let mut answer = self.send(&Method::GET, name, &[(RANGE, TAIL)], Bytes::new())?;
        // An empty object has no end (RFC 9110 §14.1.2): it is there all the same.
        if answer.status == 416 {
            answer = self.send(&Method::GET, name, &[], Bytes::new())?;
        }
        match (answer.status, code_of(&answer.body)) {
            (200 | 206, _) => Ok(Found::There(tag_of(&answer)?, answer.body)),
            (404, code) if code != "NoSuchBucket" => Ok(Found::Absent),
            (403, "AccessDenied") => Ok(Found::Hidden),
            _ => Err(self.failed(&answer)),
        }
    }

    /// Writes an object; its tag from now on, or `None` where it is not as the condition says.
    ///
    /// # Errors
    /// Where the store does not answer, or not with that. What it did is not known then.
    pub fn put(
        &mut self,
        name: &str,
        body: Bytes,
        condition: Condition<'_>,
    ) -> Result<Option<Tag>, BucketError> {
        let condition = match condition {
            Condition::Absent => (IF_NONE_MATCH, "*"),
            Condition::Is(tag) => (IF_MATCH, &*tag.0),
        };
        let fields = [
            (CONTENT_TYPE, "application/x-ndjson"),
            // Who caches would hand on an old age.
            (CACHE_CONTROL, "no-cache"),
            condition,
        ];
        let answer = self.send(&Method::PUT, name, &fields, body)?;
        match (answer.status, code_of(&answer.body)) {
            (200, _) => tag_of(&answer).map(Some),
            // Another one was quicker, or it was deleted meanwhile.
            (412, _) | (409, "ConditionalRequestConflict") | (404, "NoSuchKey") => Ok(None),
            _ => Err(self.failed(&answer)),
        }
    }

    /// That they may not read, for whoever wrote in vain what they may not read.
    pub fn hidden(&self) -> BucketError {
        BucketError::Denied {
            code: "AccessDenied".to_owned(),
            resource: self.place.resource(),
        }
    }

    fn failed(&mut self, answer: &Answer) -> BucketError {
        let error = BucketError::of(answer, &self.place);
        // What AWS replaces is looked for anew.
        if matches!(error, BucketError::Unknown(_) | BucketError::Denied { .. }) {
            self.credentials.forget();
        }
        error
    }

    fn send(
        &mut self,
        method: &Method,
        name: &str,
        fields: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, BucketError> {
        let now = SystemTime::now();
        let credentials = self.credentials(now)?;
        let limits = Limits {
            within: WITHIN + Duration::from_secs(body.len() as u64 / BYTES_PER_S),
            bytes_max: ANSWER_BYTES_MAX,
        };
        let request = signed(&self.place, &credentials, now, method, name, fields, body)?;
        Ok(self.client.send(request, limits)?)
    }

    fn credentials(&mut self, now: SystemTime) -> Result<Credentials, BucketError> {
        let region = &self.place.region;
        Ok(self.credentials.at(now, || find(region))?)
    }
}

fn tag_of(answer: &Answer) -> Result<Tag, BucketError> {
    let tag = answer.fields.get(ETAG).and_then(|tag| tag.to_str().ok());
    tag.and_then(Tag::new)
        .ok_or(BucketError::NoConditions("it gives no entity tag"))
}

/// A request with Signature Version 4 in its field `Authorization`, over its body, its path and all its fields.
fn signed(
    place: &Place,
    credentials: &Credentials,
    now: SystemTime,
    method: &Method,
    name: &str,
    fields: &[(HeaderName, &str)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, BucketError> {
    const WRONG: BucketError = BucketError::Sign;
    let identity = credentials.identity().into();
    let mut settings = SigningSettings::default();
    // As S3 alone has it: the path as it is sent, and the body's digest in a field.
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&place.region)
        .name("s3")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|_| WRONG)?
        .into();
    let url = place.url(name);
    let host = [(HOST, &*place.host)];
    let all = host.iter().chain(fields);
    let named = all.clone().map(|(name, value)| (name.as_str(), *value));
    let signable =
        SignableRequest::new(method.as_str(), &url, named, SignableBody::Bytes(&body)).map_err(|_| WRONG)?;
    let (signature, _) = sign(signable, &params).map_err(|_| WRONG)?.into_parts();
    let mut request = Request::builder().method(method).uri(&url);
    for (name, value) in all {
        request = request.header(name, *value);
    }
    let mut request = request.body(()).map_err(|_| WRONG)?;
    signature.apply_to_request_http1x(&mut request);
    Ok(request.map(|()| Full::new(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_write_is_signed_with_its_condition_and_its_body() {
        let now = UNIX_EPOCH + Duration::from_secs(1_763_900_421);
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::for_tests("AKIDEXAMPLE", secret, Some("to/ken+="));
        let place = Place::new("s3://acme/prod", None, Some("eu-west-1")).unwrap();
        let fields = [(CONTENT_TYPE, "application/x-ndjson"), (IF_NONE_MATCH, "*")];
        let body = Bytes::from_static(b"a line\n");
        let made = signed(&place, &credentials, now, &Method::PUT, "commit", &fields, body).unwrap();
        assert_eq!(made.uri(), "https://acme.s3.eu-west-1.amazonaws.com/prod/commit");
        // Made with botocore 1.44's S3SigV4Auth of the same values.
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251123/eu-west-1/s3/aws4_request, \
            SignedHeaders=content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token, \
            Signature=94ccde2e16ff906d2ee4e520007b8f8f65b249134c461caba1d4299cd588b3ce";
        assert_eq!(made.headers()["authorization"], expected);
        assert_eq!(made.headers()["x-amz-security-token"], "to/ken+=");
        assert!(!format!("{made:?}").contains("wJalr"));
    }

    /// A store that gives these answers, each to a connection of its own; and the requests' lines and ranges.
    fn store(answers: Vec<String>) -> (Bucket, std::thread::JoinHandle<Vec<String>>) {
        use std::io::{BufRead as _, BufReader, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let serve = |answer: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                // Whoever has read enough breaks off.
                let _ = stream.write_all(answer.as_bytes());
                let range = head.iter().find(|line| line.starts_with("range: "));
                format!("{} {}", head[0], range.map_or("", |range| range))
            };
            answers.into_iter().map(serve).collect()
        });
        let place = Place::new("s3://acme/prod", Some(&endpoint), Some("eu-west-1")).unwrap();
        let mut bucket = Bucket::new(place).unwrap();
        let credentials = Credentials::for_tests("AKIDEXAMPLE", "shh", None);
        bucket
            .credentials
            .at(SystemTime::now(), || Ok(credentials))
            .unwrap();
        (bucket, served)
    }

    fn answer(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nETag: \"a\"\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    #[test]
    fn an_empty_object_has_no_end_and_is_there() {
        let (mut bucket, served) = store(vec![
            answer("416 Range Not Satisfiable", "<Code>InvalidRange</Code>"),
            answer("200 OK", ""),
        ]);
        let found = bucket.tail("commit").unwrap();
        assert_eq!(found, Found::There(Tag::new("\"a\"").unwrap(), Bytes::new()));
        assert_eq!(
            served.join().unwrap(),
            [
                "GET /acme/prod/commit HTTP/1.1 range: bytes=-8192",
                "GET /acme/prod/commit HTTP/1.1 "
            ]
        );
    }

    #[test]
    fn a_store_that_knows_no_ranges_is_found_out_by_what_is_large() {
        let large = "x".repeat(ANSWER_BYTES_MAX + 1);
        let (mut bucket, served) = store(vec![answer("200 OK", "small\n"), answer("200 OK", &large)]);
        let found = bucket.tail("commit").unwrap();
        assert!(matches!(found, Found::There(_, bytes) if bytes == "small\n"));
        let error = bucket.tail("bundle").unwrap_err();
        assert!(
            error.is_lasting() && error.to_string().contains("knows no ranges"),
            "{error}"
        );
        served.join().unwrap();
    }
}
