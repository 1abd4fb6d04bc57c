//! Where a claim is found, and which scopes it holds.
//!
//! An issuer names its claims; a token holds them. Nothing here decides: a claim that is missing or of another type is
//! told as such.

use super::json::{Object, Value};

/// Which claim holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimPath {
    /// A member of the claims.
    Name(Box<str>),
    /// A JSON Pointer (RFC 6901), its tokens unescaped; at least one.
    Pointer(Box<[Box<str>]>),
}

impl ClaimPath {
    /// From a text that `rules::is_claim` takes.
    pub(crate) fn new(text: &str) -> ClaimPath {
        match text.strip_prefix('/') {
            None => ClaimPath::Name(text.into()),
            Some(rest) => ClaimPath::Pointer(
                rest.split('/')
                    .map(|token| token.replace("~1", "/").replace("~0", "~").into())
                    .collect(),
            ),
        }
    }

    /// The value, null too.
    pub(crate) fn find<'v>(&self, claims: &'v Object) -> Option<&'v Value> {
        let tokens = match self {
            ClaimPath::Name(name) => return claims.get(name),
            ClaimPath::Pointer(tokens) => tokens,
        };
        let (first, rest) = tokens.split_first()?;
        rest.iter()
            .try_fold(claims.get(first)?, |value, token| match value {
                Value::Object(object) => object.get(token),
                Value::Array(items) => items.get(index(token)?),
                _ => None,
            })
    }
}

/// `0`, or digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| token.parse().ok())?
}

/// The scopes of a claim: a string split at blanks, or an array of strings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scopes<'v> {
    /// No usable claim.
    None,
    /// Between blanks.
    Words(&'v str),
    /// Strings all.
    List(&'v [Value]),
}

impl<'v> Scopes<'v> {
    pub(crate) fn of(value: Option<&'v Value>) -> Scopes<'v> {
        match value {
            Some(Value::String(text)) => Scopes::Words(text),
            Some(Value::Array(items)) if items.iter().all(|item| item.as_str().is_some()) => {
                Scopes::List(items)
            }
            _ => Scopes::None,
        }
    }

    pub(crate) fn contains(self, scope: &str) -> bool {
        self.iter().any(|held| held == scope)
    }

    /// In the claim's order, repetitions too.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'v str> {
        let (words, items): (&str, &[Value]) = match self {
            Scopes::None => ("", &[]),
            Scopes::Words(text) => (text, &[]),
            Scopes::List(items) => ("", items),
        };
        let words = words.split(' ').filter(|word| !word.is_empty());
        words.chain(items.iter().filter_map(Value::as_str))
    }
}

#[cfg(test)]
mod tests {
    //! Names, pointers, and what counts as scopes.

    use super::*;

    fn claims() -> Object {
        let text = br#"{"sub":"u","a/b":1,"m~n":2,"realm":{"roles":["x",{"y":"z"}]},"":{"":3},"/p":4,
            "s":" a  b a ","l":["a","","b c"],"bad":["a",1],"none":null}"#;
        Object::parse(text).expect("JSON")
    }

    fn check(path: &str, expected: Option<&Value>) {
        assert_eq!(ClaimPath::new(path).find(&claims()), expected, "{path}");
    }

    #[test]
    fn names_and_pointers() {
        let text = |text: &str| Value::String(text.into());
        check("sub", Some(&text("u")));
        check("/sub", Some(&text("u")));
        check("a/b", Some(&Value::Number(1.0)));
        check("/a~1b", Some(&Value::Number(1.0)));
        check("/m~0n", Some(&Value::Number(2.0)));
        check("m~n", Some(&Value::Number(2.0)));
        check("/realm/roles/0", Some(&text("x")));
        check("/realm/roles/1/y", Some(&text("z")));
        check("//", Some(&Value::Number(3.0)));
        check("/~1p", Some(&Value::Number(4.0)));
        check("/none", Some(&Value::Null));
        for missing in [
            "/realm/roles/00",
            "/realm/roles/01",
            "/realm/roles/-",
            "/realm/roles/2",
            "/realm/roles/+1",
            "/realm/roles/",
            "/sub/x",
            "/p",
            "nothing",
            "/realm/roles/18446744073709551616",
        ] {
            check(missing, None);
        }
    }

    #[test]
    fn scopes_of_strings_and_lists() {
        let claims = claims();
        let scopes = |name: &str| Scopes::of(claims.get(name)).iter().collect::<Vec<_>>();
        assert_eq!(scopes("s"), ["a", "b", "a"]);
        assert_eq!(scopes("l"), ["a", "", "b c"]);
        assert!(scopes("bad").is_empty() && scopes("none").is_empty() && scopes("nothing").is_empty());
        assert!(Scopes::of(claims.get("s")).contains("b"));
        assert!(!Scopes::of(claims.get("s")).contains(""));
    }
}
