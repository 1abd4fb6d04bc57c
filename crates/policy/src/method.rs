//! HTTP methods as a closed set, so that a route's methods are one machine word.
//!
//! The members are the IANA HTTP Method Registry (RFC 9110 §16.1.1) less CONNECT and TRACE, which a gateway never
//! forwards, and less PRI and `*`, which the registry only reserves: neither is ever the method of a request.

use std::fmt;

/// A registered method, as an index into the registry's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method(u8);

/// Token, and the registry's word on whether it is idempotent; the index is the `Method`. What requests mostly
/// are comes first, because `parse` looks from the front.
const REGISTRY: [(&str, bool); 37] = [
    ("GET", true),
    ("HEAD", true),
    ("POST", false),
    ("PUT", true),
    ("DELETE", true),
    ("PATCH", false),
    ("OPTIONS", true),
    ("QUERY", true),
    ("ACL", true),
    ("BASELINE-CONTROL", true),
    ("BIND", true),
    ("CHECKIN", true),
    ("CHECKOUT", true),
    ("COPY", true),
    ("LABEL", true),
    ("LINK", true),
    ("LOCK", false),
    ("MERGE", true),
    ("MKACTIVITY", true),
    ("MKCALENDAR", true),
    ("MKCOL", true),
    ("MKREDIRECTREF", true),
    ("MKWORKSPACE", true),
    ("MOVE", true),
    ("ORDERPATCH", true),
    ("PROPFIND", true),
    ("PROPPATCH", true),
    ("REBIND", true),
    ("REPORT", true),
    ("SEARCH", true),
    ("UNBIND", true),
    ("UNCHECKOUT", true),
    ("UNLINK", true),
    ("UNLOCK", true),
    ("UPDATE", true),
    ("UPDATEREDIRECTREF", true),
    ("VERSION-CONTROL", true),
];

impl Method {
    /// `GET`.
    pub const GET: Method = Method(0);
    /// `HEAD`.
    pub const HEAD: Method = Method(1);
    /// `POST`.
    pub const POST: Method = Method(2);
    /// `PUT`.
    pub const PUT: Method = Method(3);
    /// `DELETE`.
    pub const DELETE: Method = Method(4);
    /// `PATCH`.
    pub const PATCH: Method = Method(5);
    /// `OPTIONS`.
    pub const OPTIONS: Method = Method(6);

    /// The method of this exact (case-sensitive) token; `None` where the registry has none, or for CONNECT and TRACE.
    pub fn parse(token: &[u8]) -> Option<Method> {
        Method::all().find(|method| method.as_str().as_bytes() == token)
    }

    /// Every method, in registry order (GET first).
    pub fn all() -> impl Iterator<Item = Method> {
        (0u8..).take(REGISTRY.len()).map(Method)
    }

    /// The token.
    pub fn as_str(self) -> &'static str {
        REGISTRY[usize::from(self.0)].0
    }

    /// RFC 9110 §9.2.2, as the registry has it.
    pub fn is_idempotent(self) -> bool {
        REGISTRY[usize::from(self.0)].1
    }

    fn bit(self) -> u64 {
        1 << self.0
    }
}

/// The token.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MethodSet(u64);

impl MethodSet {
    /// No method.
    pub const EMPTY: MethodSet = MethodSet(0);
    /// Every registered method but CONNECT and TRACE.
    pub const ALL: MethodSet = MethodSet((1 << REGISTRY.len()) - 1);

    /// The set of these methods.
    pub fn of(methods: &[Method]) -> MethodSet {
        methods.iter().copied().collect()
    }

    /// Whether no method is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Membership, literally.
    pub fn contains(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    /// Whether a request with `method` is served by a route with this set: GET covers HEAD.
    pub fn covers(self, method: Method) -> bool {
        self.with_head().contains(method)
    }

    /// Whether both have a method, literally (a route for HEAD beside one for GET is fine).
    pub fn intersects(self, other: MethodSet) -> bool {
        self.0 & other.0 != 0
    }

    /// All of both.
    pub fn union(self, other: MethodSet) -> MethodSet {
        MethodSet(self.0 | other.0)
    }

    /// The members in registry order (GET first).
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::all().filter(move |method| self.contains(*method))
    }

    fn with_head(self) -> MethodSet {
        if self.contains(Method::GET) {
            MethodSet(self.0 | Method::HEAD.bit())
        } else {
            self
        }
    }
}

impl FromIterator<Method> for MethodSet {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> MethodSet {
        MethodSet(methods.into_iter().fold(0, |bits, method| bits | method.bit()))
    }
}

/// As an `Allow` field: `GET, HEAD, POST`, with HEAD where GET is.
impl fmt::Display for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.with_head().iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(method.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
