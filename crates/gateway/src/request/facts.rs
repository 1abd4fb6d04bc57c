//! What policy is told of a request: the very host, path and method that it was routed by, and its fields.

use crate::downstream::Received;
use policy::{Facts, Fields};

/// A request's fields, in order, under any case of their name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadFields<'a>(&'a Received<'a>);

impl<'a> HeadFields<'a> {
    pub(crate) fn of(received: &'a Received<'a>) -> HeadFields<'a> {
        HeadFields(received)
    }

    /// The facts of this request. `cell`: the gateway's own.
    pub(crate) fn facts(&'a self, cell: Option<&'a str>) -> Facts<'a> {
        let received = self.0;
        Facts {
            host: Some(&received.host),
            path: &received.path,
            method: received.method,
            fields: self,
            certificate: None,
            apis: None,
            cell,
        }
    }
}

impl<'a> Fields<'a> for HeadFields<'a> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        let received = self.0;
        for field in received.head.fields(received.bytes) {
            if field.name.eq_ignore_ascii_case(name.as_bytes()) {
                take(field.value);
            }
        }
    }
}
