//! AWS's credentials of where this runs, in the order of AWS's own clients: the environment, a web identity (EKS), a container's endpoint
//! (ECS, EKS Pod Identity), the shared file, an instance (EC2).
//!
//! Looked for anew for each token, or when they end, so that what AWS replaces is followed.

use super::encoded;
use super::fetch::{FetchError, fetch};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where ECS has its endpoint.
const CONTAINER: &str = "http://169.254.170.2";
/// Where an instance has its.
const INSTANCE: &str = "http://169.254.169.254/latest";
/// Bytes of any file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// A file that the environment names.
    #[error("the file of AWS's credentials cannot be read")]
    File(#[source] std::io::Error),
    /// They are nowhere, or where they are is no such place.
    #[error("no credentials of AWS: {0}")]
    None(&'static str),
    /// Their endpoint does not give them.
    #[error("the credentials of AWS cannot be fetched")]
    Fetch(#[source] FetchError),
}

/// What signs.
#[derive(Clone)]
pub(crate) struct Credentials {
    id: String,
    secret: String,
    session: Option<String>,
    until: Option<SystemTime>,
}

/// Never the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    pub(crate) fn identity(&self) -> aws_credential_types::Credentials {
        let (id, secret, session) = (self.id.clone(), self.secret.clone(), self.session.clone());
        aws_credential_types::Credentials::new(id, secret, session, self.until, "switchboard")
    }

    pub(crate) fn until(&self) -> Option<SystemTime> {
        self.until
    }

    #[cfg(test)]
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The same, until then.
    #[cfg(test)]
    pub(crate) fn with_end(self, until: Option<SystemTime>) -> Credentials {
        Credentials { until, ..self }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(id: &str, secret: &str, session: Option<&str>) -> Credentials {
        Credentials {
            id: id.to_owned(),
            secret: secret.to_owned(),
            session: session.map(str::to_owned),
            until: None,
        }
    }
}

/// Those of where this runs.
pub(crate) fn find(region: &str) -> Result<Credentials, CredentialsError> {
    from(region, &|name| {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    })
}

type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

fn from(region: &str, variable: Variables<'_>) -> Result<Credentials, CredentialsError> {
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Ok(Credentials {
            id,
            secret,
            session: variable("AWS_SESSION_TOKEN"),
            until: None,
        });
    }
    if let (Some(file), Some(role)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN")) {
        return of_web_identity(region, &read(Path::new(&file))?, &role);
    }
    if let Some(request) = container(variable)? {
        return of_container(&fetch(request).map_err(CredentialsError::Fetch)?);
    }
    if let Some(found) = of_file(variable)? {
        return Ok(found);
    }
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        return Err(CredentialsError::None(
            "there are none in the environment and none in ~/.aws/credentials",
        ));
    }
    of_instance()
}

fn read(path: &Path) -> Result<String, CredentialsError> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(CredentialsError::File)?;
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(CredentialsError::File)?;
    Ok(text)
}

fn get(url: &str) -> Result<hyper::http::request::Builder, CredentialsError> {
    let uri: hyper::Uri = url
        .parse()
        .map_err(|_| CredentialsError::None("their endpoint is no URL"))?;
    Ok(Request::get(uri).header(ACCEPT, "application/json"))
}

fn empty(request: hyper::http::request::Builder) -> Result<Request<Full<Bytes>>, CredentialsError> {
    let made = request.body(Full::default());
    made.map_err(|_| CredentialsError::None("the token of their endpoint is no header's value"))
}

/// The request to a container's endpoint, where there is one.
fn container(variable: Variables<'_>) -> Result<Option<Request<Full<Bytes>>>, CredentialsError> {
    let url = match (
        variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (Some(relative), _) => format!("{CONTAINER}{relative}"),
        (None, Some(full)) => full,
        (None, None) => return Ok(None),
    };
    if !may_be_asked(&url) {
        return Err(CredentialsError::None(
            "the container's endpoint is neither `https` nor an address of AWS or of this machine",
        ));
    }
    let mut request = get(&url)?;
    let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(read(Path::new(&file))?),
        None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    };
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, token.trim());
    }
    empty(request).map(Some)
}

/// As AWS's own clients hold it: in the clear only to link-local addresses of its own and to this machine.
fn may_be_asked(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_near = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || matches!(ip.octets(), [169, 254, 170, 2 | 23]),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
        Err(_) => false,
    };
    uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_near)
}

fn of_container(answer: &[u8]) -> Result<Credentials, CredentialsError> {
    const WRONG: CredentialsError = CredentialsError::None("their endpoint answers with something else");
    let answer: serde_json::Value = serde_json::from_slice(answer).map_err(|_| WRONG)?;
    let (id, secret) = (answer["AccessKeyId"].as_str(), answer["SecretAccessKey"].as_str());
    // STS counts seconds, everybody else writes a time.
    let until = match &answer["Expiration"] {
        serde_json::Value::String(text) => read_time(text),
        number => number
            .as_f64()
            .filter(|s| (0.0..1e11).contains(s))
            .map(|seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs_f64(seconds)),
    };
    let session = answer["Token"].as_str().or(answer["SessionToken"].as_str());
    Ok(Credentials {
        id: id.ok_or(WRONG)?.to_owned(),
        secret: secret.ok_or(WRONG)?.to_owned(),
        session: session.map(str::to_owned),
        until,
    })
}

fn read_time(text: &str) -> Option<SystemTime> {
    let format = aws_smithy_types::date_time::Format::DateTime;
    let read = aws_smithy_types::DateTime::from_str(text, format).ok()?;
    read.try_into().ok()
}

/// `AssumeRoleWithWebIdentity`, which needs no signature.
fn of_web_identity(region: &str, token: &str, role: &str) -> Result<Credentials, CredentialsError> {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=switchboard&RoleArn={}&WebIdentityToken={}",
        encoded(role),
        encoded(token.trim())
    );
    let request = Request::post(format!("https://sts.{region}.amazonaws.com{suffix}/"))
        .header(ACCEPT, "application/json")
        .header(hyper::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::from(form))
        .map_err(|_| CredentialsError::None("the region makes no URL of STS"))?;
    of_sts(&fetch(request).map_err(CredentialsError::Fetch)?)
}

fn of_sts(answer: &[u8]) -> Result<Credentials, CredentialsError> {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    let found =
        &answer["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]["Credentials"];
    of_container(found.to_string().as_bytes())
}

/// The profile of the shared file; `None` where there is no file or no such profile.
fn of_file(variable: Variables<'_>) -> Result<Option<Credentials>, CredentialsError> {
    let path = match (variable("AWS_SHARED_CREDENTIALS_FILE"), variable("HOME")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(home)) => Path::new(&home).join(".aws/credentials"),
        (None, None) => return Ok(None),
    };
    if !path.is_file() {
        return Ok(None);
    }
    let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    Ok(profile_of(&read(&path)?, &profile))
}

fn profile_of(text: &str, profile: &str) -> Option<Credentials> {
    let mut within = false;
    let (mut id, mut secret, mut session) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            within = name.trim() == profile;
            continue;
        }
        let Some((name, value)) = line
            .split_once('=')
            .filter(|_| within && !line.starts_with(['#', ';']))
        else {
            continue;
        };
        let value = Some(value.trim().to_owned());
        match name.trim() {
            "aws_access_key_id" => id = value,
            "aws_secret_access_key" => secret = value,
            "aws_session_token" => session = value,
            _ => {}
        }
    }
    Some(Credentials {
        id: id?,
        secret: secret?,
        session,
        until: None,
    })
}

/// IMDSv2: a token first, then the role's name, then its credentials.
fn of_instance() -> Result<Credentials, CredentialsError> {
    let asked = |request| match fetch(request) {
        Err(FetchError::Unreachable(_)) => Err(CredentialsError::None(
            "there are none in the environment, in ~/.aws/credentials or of an instance",
        )),
        // One that is late is an instance's that has much to do, and may answer later.
        answer => answer.map_err(CredentialsError::Fetch),
    };
    let token =
        Request::put(format!("{INSTANCE}/api/token")).header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    let token = asked(empty(token)?)?;
    let with_token = |path: &str| {
        let url = format!("{INSTANCE}/meta-data/iam/security-credentials/{path}");
        empty(get(&url)?.header("x-aws-ec2-metadata-token", &token[..]))
    };
    let role = asked(with_token("")?)?;
    let role = String::from_utf8_lossy(&role);
    let role = role.lines().next().unwrap_or_default().trim();
    of_container(&asked(with_token(role)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Result<(&str, Option<&str>), &str>) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match (from("eu-west-1", &variable), expected) {
            (Ok(found), Ok((id, session))) => {
                assert_eq!((found.id.as_str(), found.session.as_deref()), (id, session));
                assert!(!format!("{found:?}").contains("shh"));
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{found:?} for {expected:?}"),
        }
    }

    /// An endpoint that answers once.
    fn endpoint(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/credentials", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let length = answer.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}"
            )
            .unwrap();
            String::from_utf8(head).unwrap()
        });
        (url, served)
    }

    const NO_INSTANCE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

    #[test]
    fn the_environment_comes_first() {
        let own = [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "shh")];
        check(&own, Ok(("AK", None)));
        check(
            &[own[0], own[1], ("AWS_SESSION_TOKEN", "st")],
            Ok(("AK", Some("st"))),
        );
        check(&[own[0], NO_INSTANCE], Err("there are none"));
    }

    #[test]
    fn a_containers_endpoint_is_asked_with_its_token_and_nobody_elses_in_the_clear() {
        let answer = r#"{"AccessKeyId":"CK","SecretAccessKey":"shh","Token":"ct","Expiration":"2030-01-02T03:04:05Z"}"#;
        let (url, served) = endpoint(answer);
        check(
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in"),
            ],
            Ok(("CK", Some("ct"))),
        );
        assert!(served.join().unwrap().contains("authorization: let-me-in\r\n"));
        let until = of_container(answer.as_bytes()).unwrap().until;
        assert_eq!(
            until,
            Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_893_553_445))
        );
        for bad in [
            "http://example.com/",
            "http://169.254.170.3/",
            "ftp://127.0.0.1/",
            "nothing",
        ] {
            check(
                &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", bad)],
                Err("neither `https`"),
            );
        }
        for good in [
            "https://example.com/",
            "http://[fd00:ec2::23]/v1",
            "http://169.254.170.23/v1",
            "http://[::1]:80/",
        ] {
            assert!(may_be_asked(good), "{good}");
        }
    }

    #[test]
    fn the_shared_file_has_profiles() {
        let path = std::env::temp_dir().join(format!("feed-aws-{}", std::process::id()));
        let text = "# mine\n[default]\naws_access_key_id = DK\naws_secret_access_key=shh\n\n[team]\n\
                    aws_access_key_id = TK\naws_secret_access_key = shh=\naws_session_token = ts\n[half]\naws_access_key_id = HK\n";
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        let file = ("AWS_SHARED_CREDENTIALS_FILE", &*path);
        check(&[file], Ok(("DK", None)));
        check(&[file, ("AWS_PROFILE", "team")], Ok(("TK", Some("ts"))));
        check(
            &[file, ("AWS_PROFILE", "half"), NO_INSTANCE],
            Err("there are none"),
        );
        check(
            &[file, ("AWS_PROFILE", "other"), NO_INSTANCE],
            Err("there are none"),
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_sts_answers_is_read_where_it_stands() {
        let answer = r#"{"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":
            {"AccessKeyId":"WK","SecretAccessKey":"shh","SessionToken":"wt","Expiration":1.893553445E9}}}}"#;
        let found = of_sts(answer.as_bytes()).unwrap();
        assert_eq!((found.id.as_str(), found.session.as_deref()), ("WK", Some("wt")));
        assert!(found.until.is_some());
        assert!(of_sts(b"{}").is_err());
    }
}
