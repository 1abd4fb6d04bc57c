//! HTTP methods as a closed set, so that a route's methods are one machine word.
//!
//! The members are the IANA HTTP Method Registry less CONNECT and TRACE, which a gateway never forwards.

use std::fmt;

/// A registered method, as an index into the registry's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method(u8);

impl Method {
    /// `GET`.
    pub const GET: Method = Method(0);
    /// `HEAD`.
    pub const HEAD: Method = Method(1);
    /// `POST`.
    pub const POST: Method = Method(2);

    /// The method of this exact (case-sensitive) token; `None` where the registry has none, or for CONNECT and TRACE.
    pub fn parse(token: &[u8]) -> Option<Method> {
        let _ = token;
        todo!()
    }

    /// The token.
    pub fn as_str(self) -> &'static str {
        todo!()
    }

    /// RFC 9110 §9.2.2, as the registry has it.
    pub fn is_idempotent(self) -> bool {
        todo!()
    }
}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MethodSet(u64);

impl MethodSet {
    /// Every registered method but CONNECT and TRACE.
    pub const ALL: MethodSet = MethodSet(0);

    /// The set of these methods.
    pub fn of(methods: &[Method]) -> MethodSet {
        let _ = methods;
        todo!()
    }
    /// Membership, literally.
    pub fn contains(self, method: Method) -> bool {
        let _ = method;
        todo!()
    }
    /// Whether a request with `method` is served by a route with this set: GET covers HEAD.
    pub fn covers(self, method: Method) -> bool {
        let _ = method;
        todo!()
    }
    /// Whether both have a method, literally (a route for HEAD beside one for GET is fine).
    pub fn intersects(self, other: MethodSet) -> bool {
        let _ = other;
        todo!()
    }
    /// All of both.
    pub fn union(self, other: MethodSet) -> MethodSet {
        let _ = other;
        todo!()
    }
    /// The members in registry order (GET first).
    pub fn iter(self) -> impl Iterator<Item = Method> {
        std::iter::empty()
    }
}

/// As an `Allow` field: `GET, HEAD, POST`, with HEAD where GET is.
impl fmt::Display for MethodSet {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
