//! From the bytes of an event to the request that it is about.

use super::fields::{Fields, FieldsFault};
use super::json::{Object, WrongKind};
use super::names::Case;
use crate::arn::{Arn, Called};
use crate::certificate;
use policy::Certificate;
use policy::method::Method;
use policy::path::{CanonicalPath, PathPrefix};
use std::borrow::Cow;

/// Which kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// REST API, a token alone.
    Token,
    /// REST API.
    Rest,
    /// HTTP API, payload 1.0.
    Http1,
    /// HTTP API, payload 2.0.
    Http2,
    /// WebSocket API, `$connect`.
    WebSocket,
}

impl Shape {
    /// Words for people.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Shape::Token => "REST API, TOKEN",
            Shape::Rest => "REST API, REQUEST",
            Shape::Http1 => "HTTP API, payload 1.0",
            Shape::Http2 => "HTTP API, payload 2.0",
            Shape::WebSocket => "WebSocket API, $connect",
        }
    }

    /// Whether it is an HTTP API's, where a failed authorizer is a 500 and a 401 has to be a Deny.
    pub(crate) const fn is_http_api(self) -> bool {
        matches!(self, Shape::Http1 | Shape::Http2)
    }

    /// How it tells the case of header names.
    const fn case(self) -> Case {
        match self {
            Shape::Http2 => Case::Lower,
            Shape::Token | Shape::Rest | Shape::Http1 | Shape::WebSocket => Case::Sent,
        }
    }
}

/// Why an event is about no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No JSON object, or none of the five shapes.
    NotAnEvent,
    /// No ARN of a method.
    ArnUnusable,
    /// A member is of a wrong kind.
    Malformed,
    /// `headers` and `multiValueHeaders` tell different stories.
    HeadersDisagree,
    /// A header field that a service may take for one of the gateway's, and that no integration overwrites.
    IdentityField,
    /// A header field by which API Gateway may invoke another method.
    MethodOverride,
    /// The method differs from the ARN's.
    MethodDiffers,
    /// The path differs from the ARN's.
    PathDiffers,
    /// A policy could not name the path, and nothing else by it.
    PathNotExact,
    /// The path has another spelling, or none that is safe.
    PathNotCanonical,
}

impl Fault {
    /// A word for logs; the same in both builds.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Fault::NotAnEvent => "not_an_event",
            Fault::ArnUnusable => "arn_unusable",
            Fault::Malformed => "malformed",
            Fault::HeadersDisagree => "headers_disagree",
            Fault::IdentityField => "identity_field",
            Fault::MethodOverride => "method_override",
            Fault::MethodDiffers => "method_differs",
            Fault::PathDiffers => "path_differs",
            Fault::PathNotExact => "path_not_exact",
            Fault::PathNotCanonical => "path_not_canonical",
        }
    }

    /// A sentence for people.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Fault::NotAnEvent => "the event is none that API Gateway sends to an authorizer",
            Fault::ArnUnusable => "the event has no usable ARN of a method",
            Fault::Malformed => "a member of the event is of a wrong kind",
            Fault::HeadersDisagree => "headers and multiValueHeaders disagree",
            Fault::IdentityField => {
                "a header field looks like one of the gateway's identity fields, and is spelled otherwise"
            }
            Fault::MethodOverride => "X-HTTP-Method-Override asks API Gateway for another method",
            Fault::MethodDiffers => "the event's method is not the one in its ARN",
            Fault::PathDiffers => "the event's path is not the one in its ARN",
            Fault::PathNotExact => {
                "the path has a wildcard or a variable of policies, or is too long for one"
            }
            Fault::PathNotCanonical => "the path is not canonical",
        }
    }
}

impl From<WrongKind> for Fault {
    fn from(_: WrongKind) -> Fault {
        Fault::Malformed
    }
}

impl From<FieldsFault> for Fault {
    fn from(fault: FieldsFault) -> Fault {
        match fault {
            FieldsFault::Malformed => Fault::Malformed,
            FieldsFault::Disagree => Fault::HeadersDisagree,
            FieldsFault::Identity => Fault::IdentityField,
            FieldsFault::MethodOverride => Fault::MethodOverride,
        }
    }
}

/// An event, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    /// Its shape; `None` where it has none.
    pub(crate) shape: Option<Shape>,
    /// What it says its ARN is.
    pub(crate) arn_text: Option<Cow<'a, str>>,
    members: Option<Object<'a>>,
}

/// What is called, by whom.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The method's token.
    pub(crate) verb: &'a str,
    /// The same, where the registry has it.
    pub(crate) method: Option<Method>,
    /// The path as policy sees it.
    pub(crate) path: CanonicalPath<'static>,
    /// The header fields.
    pub(crate) fields: Fields<'a>,
    /// What the client proved to API Gateway.
    pub(crate) certificate: Option<Certificate>,
}

impl<'a> Event<'a> {
    /// Finds out what kind of event this is.
    pub(crate) fn read(bytes: &'a [u8]) -> Event<'a> {
        let members = std::str::from_utf8(bytes).ok().and_then(Object::parse);
        let text = |name| {
            members
                .as_ref()
                .and_then(|members| members.text(name).ok().flatten())
        };
        let (kind, version) = (text("type"), text("version"));
        let shape = match (kind.as_deref(), version.as_deref()) {
            (Some("REQUEST"), Some("2.0")) => Some(Shape::Http2),
            (Some("REQUEST"), Some("1.0")) => Some(Shape::Http1),
            (Some("REQUEST"), _) => Some(Shape::Rest),
            (Some("TOKEN"), _) => Some(Shape::Token),
            _ => None,
        };
        let arn_text = match shape {
            Some(Shape::Http2) => text("routeArn"),
            _ => text("methodArn"),
        };
        let connects = arn_text
            .as_deref()
            .and_then(Arn::parse)
            .is_some_and(|arn| arn.called() == Called::Connect);
        let shape = match shape {
            Some(Shape::Rest) if connects => Some(Shape::WebSocket),
            shape => shape,
        };
        Event {
            shape,
            arn_text,
            members,
        }
    }

    /// Its ARN, where it can be used; that of a connect route belongs to WebSocket APIs alone.
    pub(crate) fn arn(&self) -> Option<Arn<'_>> {
        let shape = self.shape?;
        let arn = Arn::parse(self.arn_text.as_deref()?)?;
        let fits = (arn.called() == Called::Connect) == (shape == Shape::WebSocket);
        fits.then_some(arn)
    }

    /// By which API Gateway's own log names the request.
    pub(crate) fn request_id(&self) -> Option<Cow<'_, str>> {
        let context = self.members.as_ref()?.object("requestContext").ok()??;
        context.text("requestId").ok()?
    }

    /// The request that it is about. `prefix`: what API Gateway took away from the front of the path.
    pub(crate) fn request(&self, prefix: Option<&PathPrefix>) -> Result<Request<'_>, Fault> {
        let (Some(shape), Some(members)) = (self.shape, &self.members) else {
            return Err(Fault::NotAnEvent);
        };
        let arn = self.arn().ok_or(Fault::ArnUnusable)?;
        let fields = match shape {
            Shape::Token => match members.text("authorizationToken")? {
                Some(token) => Fields::one("authorization", token),
                None => Fields::default(),
            },
            _ => Fields::read(members, shape.case())?,
        };
        let certificate = certificate_of(members, shape)?;
        let (verb, path) = match arn.called() {
            Called::Connect => ("GET", prefix.map_or("/", PathPrefix::as_str).to_owned()),
            Called::Method(verb, path) => (verb, with_prefix(path, prefix)),
        };
        if !says(method_of(members, shape)?, |said| said == verb) {
            return Err(Fault::MethodDiffers);
        }
        if let Called::Method(_, called) = arn.called()
            && !says(path_of(members, shape)?, |said| {
                agrees(said, called, arn.stage(), prefix)
            })
        {
            return Err(Fault::PathDiffers);
        }
        if !arn.is_exact() {
            return Err(Fault::PathNotExact);
        }
        Ok(Request {
            verb,
            method: Method::parse(verb.as_bytes()),
            path: canonical(&path)?,
            fields,
            certificate,
        })
    }
}

/// Whether what is said once more is the same; what is not said contradicts nothing.
fn says(said: Option<Cow<'_, str>>, same: impl FnOnce(&str) -> bool) -> bool {
    said.is_none_or(|said| same(&said))
}

/// The path as policy sees it. What API Gateway took away leaves `/` where nothing else was there.
fn with_prefix(path: &str, prefix: Option<&PathPrefix>) -> String {
    match prefix {
        None => path.to_owned(),
        Some(prefix) if path == "/" => prefix.as_str().to_owned(),
        Some(prefix) => format!("{}{path}", prefix.as_str()),
    }
}

/// Whether an event's path is the ARN's: bare, or with what API Gateway takes away, a stage or a base path.
fn agrees(said: &str, called: &str, stage: &str, prefix: Option<&PathPrefix>) -> bool {
    let below = |rest: &str| rest == called || (rest.is_empty() && called == "/");
    said == called
        || said
            .strip_prefix('/')
            .and_then(|said| said.strip_prefix(stage))
            .is_some_and(below)
        || prefix
            .and_then(|prefix| said.strip_prefix(prefix.as_str()))
            .is_some_and(below)
}

/// A path of API Gateway goes on to the service as it is, so only its one spelling is good enough; and no route is there
/// that could ask for encoded slashes or path parameters.
fn canonical(path: &str) -> Result<CanonicalPath<'static>, Fault> {
    match CanonicalPath::parse(path.as_bytes()) {
        Ok(canonical)
            if canonical.as_str() == path
                && !canonical.has_encoded_slash()
                && !canonical.has_parameters() =>
        {
            Ok(canonical.into_owned())
        }
        _ => Err(Fault::PathNotCanonical),
    }
}

fn method_of<'a>(members: &Object<'a>, shape: Shape) -> Result<Option<Cow<'a, str>>, WrongKind> {
    match shape {
        Shape::Rest | Shape::Http1 => members.text("httpMethod"),
        Shape::Http2 => {
            let context = members.object("requestContext")?.unwrap_or_default();
            context.object("http")?.unwrap_or_default().text("method")
        }
        Shape::Token | Shape::WebSocket => Ok(None),
    }
}

fn path_of<'a>(members: &Object<'a>, shape: Shape) -> Result<Option<Cow<'a, str>>, WrongKind> {
    match shape {
        Shape::Rest | Shape::Http1 => members.text("path"),
        Shape::Http2 => members.text("rawPath"),
        Shape::Token | Shape::WebSocket => Ok(None),
    }
}

/// The certificate that API Gateway checked; one that cannot be read proves nothing.
fn certificate_of(members: &Object<'_>, shape: Shape) -> Result<Option<Certificate>, WrongKind> {
    let holder = match shape {
        Shape::Token => return Ok(None),
        Shape::Http2 => "authentication",
        _ => "identity",
    };
    let context = members.object("requestContext")?.unwrap_or_default();
    let holder = context.object(holder)?.unwrap_or_default();
    let shown = holder.object("clientCert")?.unwrap_or_default();
    let pem = shown.text("clientCertPem")?;
    Ok(pem.and_then(|pem| certificate::read(&pem)))
}
