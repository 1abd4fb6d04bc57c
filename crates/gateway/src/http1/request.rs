//! A request head: skeleton.

use super::{FieldRef, Framing, HeadLimits, Progress, RequestFault, Version};
use policy::method::Method;

/// A request head as offsets into the bytes it was parsed from: reused from request to request, it allocates nothing.
#[derive(Debug, Default)]
pub struct RequestHead {}

/// RFC 9112 §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetForm {
    /// `/path?query`.
    Origin,
    /// `http://host/path?query`, with an authority equal to Host.
    Absolute,
    /// `*`, with OPTIONS alone.
    Asterisk,
}

/// What `Expect` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Nothing,
    /// `100-continue`.
    Continue,
}

#[allow(unused_variables, reason = "skeleton")]
impl RequestHead {
    /// An empty one, ready for `parse`.
    pub fn new() -> Self {
        Self {}
    }
    /// Forgets the last head (keeps its allocations); call before the first `parse` of the next message.
    pub fn reset(&mut self) {}
    /// `bytes`: everything received since the end of the last message; on a further call, the same and more.
    /// Work over all calls is linear in the bytes. All other methods are meaningful only after `Complete`, and take the same bytes.
    pub fn parse(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<Progress, RequestFault> {
        todo!()
    }
    /// Length of the head in bytes.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// `None`: a token that the registry does not have.
    pub fn method(&self) -> Option<Method> {
        todo!()
    }
    /// The method's token.
    pub fn method_bytes<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        todo!()
    }
    /// RFC 9112 §3.2.
    pub fn form(&self) -> TargetForm {
        todo!()
    }
    /// The raw path: begins with `/`; for absolute-form without a path, `/`; for asterisk-form, `*`.
    pub fn path<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        todo!()
    }
    /// What stands behind the first `?`, byte for byte; `None` where there is no `?`.
    pub fn query<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        todo!()
    }
    /// The one Host field's value, which `policy::path::Host::parse` accepts; `None` only in HTTP/1.0 without Host, which is refused.
    pub fn host<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        todo!()
    }
    /// The version.
    pub fn version(&self) -> Version {
        todo!()
    }
    /// How the body is delimited.
    pub fn framing(&self) -> Framing {
        todo!()
    }
    /// Whether the connection may carry another request after this one (RFC 9112 §9.3).
    pub fn keep_alive(&self) -> bool {
        todo!()
    }
    /// What `Expect` asks for.
    pub fn expect(&self) -> Expect {
        todo!()
    }
    /// Whether `Connection` names anything but `close` and `keep-alive`, so that fields must be compared with `connection_names`.
    pub fn has_connection_names(&self) -> bool {
        todo!()
    }
    /// Whether `Connection` names this field.
    pub fn connection_names(&self, bytes: &[u8], name: &[u8]) -> bool {
        todo!()
    }
    /// The field lines in order.
    pub fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = FieldRef<'a>> {
        std::iter::empty()
    }
}
