//! From a parsed head to a request that has one meaning: host, canonical path, method, and who sent it.

use crate::http1::RequestHead;
use crate::response::Reject;
use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use std::net::IpAddr;

/// A request whose host and path are canonical. Every later step sees these same values.
#[derive(Debug)]
pub(crate) struct Received<'a> {
    pub(crate) head: &'a RequestHead,
    /// The bytes that `head` speaks of.
    pub(crate) bytes: &'a [u8],
    pub(crate) host: Host<'a>,
    pub(crate) path: CanonicalPath<'a>,
    /// `None`: a token that the registry does not have.
    pub(crate) method: Option<Method>,
    pub(crate) peer: IpAddr,
    /// Whether the peer is a trusted edge.
    pub(crate) trusted: bool,
}

/// Makes a request of a head that the codec accepted.
pub(crate) fn receive<'a>(
    head: &'a RequestHead,
    bytes: &'a [u8],
    peer: IpAddr,
    trusted: bool,
) -> Result<Received<'a>, Reject> {
    let host = Host::parse(head.host(bytes))
        .map_err(|_| Reject::RequestMalformed("the Host field is not a host"))?;
    let path =
        CanonicalPath::parse(head.path(bytes)).map_err(|error| Reject::PathNotCanonical(error.message()))?;
    Ok(Received {
        head,
        bytes,
        host,
        path,
        method: head.method(),
        peer,
        trusted,
    })
}

impl From<crate::http1::RequestFault> for Reject {
    fn from(fault: crate::http1::RequestFault) -> Self {
        use crate::http1::RequestFault;
        match fault {
            RequestFault::Malformed(rule) => Reject::RequestMalformed(rule),
            RequestFault::TargetTooLong => Reject::TargetTooLong,
            RequestFault::HeadTooLarge(which) => Reject::HeadTooLarge(which),
            RequestFault::MethodTooLong | RequestFault::MethodRefused => Reject::MethodNotImplemented,
            RequestFault::VersionUnsupported => Reject::VersionNotSupported,
            RequestFault::ExpectationUnknown => Reject::ExpectationFailed,
        }
    }
}
