//! A response head: skeleton.

use super::{FieldRef, Framing, HeadLimits, Progress, ResponseFault, Version};

/// A response head as offsets into the bytes it was parsed from.
#[derive(Debug, Default)]
pub struct ResponseHead {}

#[allow(unused_variables, reason = "skeleton")]
impl ResponseHead {
    /// An empty one, ready for `parse`.
    pub fn new() -> Self {
        Self {}
    }
    /// Forgets the last head (keeps its allocations).
    pub fn reset(&mut self) {}
    /// As `RequestHead::parse`. `to_head`: the request was HEAD, so there is no body whatever the fields say.
    pub fn parse(
        &mut self,
        bytes: &[u8],
        to_head: bool,
        limits: &HeadLimits,
    ) -> Result<Progress, ResponseFault> {
        todo!()
    }
    /// Length of the head in bytes.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// 100 to 599.
    pub fn status(&self) -> u16 {
        todo!()
    }
    /// 1xx other than 101: another head follows.
    pub fn is_interim(&self) -> bool {
        todo!()
    }
    /// The reason phrase; may be empty.
    pub fn reason<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        todo!()
    }
    /// The version.
    pub fn version(&self) -> Version {
        todo!()
    }
    /// How the body is delimited, with HEAD, 1xx, 204 and 304 taken into account.
    pub fn framing(&self) -> Framing {
        todo!()
    }
    /// Whether the connection may be used again once the body has ended.
    pub fn keep_alive(&self) -> bool {
        todo!()
    }
    /// As on `RequestHead`.
    pub fn has_connection_names(&self) -> bool {
        todo!()
    }
    /// As on `RequestHead`.
    pub fn connection_names(&self, bytes: &[u8], name: &[u8]) -> bool {
        todo!()
    }
    /// The field lines in order.
    pub fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = FieldRef<'a>> {
        std::iter::empty()
    }
}
