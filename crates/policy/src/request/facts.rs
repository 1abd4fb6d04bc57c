//! What a decision is made on (contract §1).
//!
//! Facts are borrowed from wherever a request lies; nothing is copied to look at it.

use crate::method::Method;
use crate::path::{CanonicalPath, Host};
use crate::token::Token;
use std::sync::Arc;

/// All fields of a request.
pub trait Fields<'a> {
    /// Gives `take` every value of the field `name` (in any case), in order, without blanks around it.
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8]));
}

/// Pairs of name and value, in order.
impl<'a> Fields<'a> for &[(&'a [u8], &'a [u8])] {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        self.iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .for_each(|(_, value)| take(value));
    }
}

/// A client certificate whose key the client proved to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hexadecimal.
    pub spki_sha256: Box<str>,
    /// SHA-256 of the DER certificate, base64url (RFC 8705 §3.1).
    pub x5t_s256: Box<str>,
    /// Its URI and DNS names.
    pub sans: Vec<Box<str>>,
}

/// What a decision is made on.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// `None`, and no `apis`: no API fits. Not used where `apis` is given.
    pub host: Option<&'a Host<'a>>,
    /// Without query.
    pub path: &'a CanonicalPath<'a>,
    /// `None`: one that the registry does not have; fits no operation.
    pub method: Option<Method>,
    /// All fields.
    pub fields: &'a dyn Fields<'a>,
    /// Where the client proved one.
    pub certificate: Option<&'a Certificate>,
    /// Ids of the APIs that an authorizer fronts; `None` in a gateway.
    pub apis: Option<&'a [Box<str>]>,
    /// The gateway's own cell.
    pub cell: Option<&'a str>,
}

/// Tokens that were parsed before. `()` recalls none.
pub trait Recall {
    /// The token of exactly these bytes.
    fn token(&self, bytes: &[u8]) -> Option<Arc<Token>>;
}

impl Recall for () {
    fn token(&self, _: &[u8]) -> Option<Arc<Token>> {
        None
    }
}
