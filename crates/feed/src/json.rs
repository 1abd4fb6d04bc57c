//! The members of a line's object, after all of the line was held to the written rule of contract/README.md §5.
//!
//! Both languages have to call the same bytes JSON. So no member may stand twice at any depth, whoever would win;
//! depth, surrogates and numbers are bounded. A million lines pass here, so nothing is copied that has no escapes.

use std::borrow::Cow;
use std::collections::HashSet;

/// Depth of the innermost value; the line's own object is 1.
const DEPTH_MAX: usize = 16;
/// Above so many members of one object they are hashed, so that no line costs the square of its length.
const LISTED_MAX: usize = 32;

/// A member: its name, and its value as it is written.
pub(crate) type Member<'a> = (Cow<'a, str>, &'a str);

/// The members of the one object that `text` is; `None` where it is anything else.
pub(crate) fn members<'a>(text: &'a str, members: &mut Vec<Member<'a>>) -> Option<()> {
    members.clear();
    let mut reader = Reader {
        text,
        at: 0,
        names: Vec::with_capacity(LISTED_MAX),
    };
    reader.blanks();
    if reader.peek() != Some(b'{') {
        return None;
    }
    reader.object(1, Some(members))?;
    reader.blanks();
    (reader.at == text.len()).then_some(())
}

/// A string value.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        return serde_json::from_str(value).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inside))
}

/// A whole number from 0 to 2^53 − 1; `5.0` is one too.
pub(crate) fn whole(value: &str) -> Option<u64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    if !value.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let number = value.parse::<f64>().ok()?;
    let fits = number.fract() == 0.0 && (0.0..LIMIT).contains(&number);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "integral and within 0 to 2^53"
    )]
    fits.then_some(number as u64)
}

/// A list of strings.
pub(crate) fn strings(value: &str) -> Option<Vec<Box<str>>> {
    serde_json::from_str(value).ok()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Of the objects that are open, outer before inner.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes this byte if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth, None),
            b'[' => self.array(depth),
            b'"' => self.text().map(|_| ()),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(())
    }

    fn object(&mut self, depth: usize, mut members: Option<&mut Vec<Member<'a>>>) -> Option<()> {
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Some(());
        }
        let mut names = Names::behind(&self.names);
        loop {
            self.blanks();
            let name = self.text()?;
            self.blanks();
            if !self.take(b':') {
                return None;
            }
            self.blanks();
            let start = self.at;
            self.value(depth + 1)?;
            let value = self.text.get(start..self.at)?;
            if let Some(members) = &mut members {
                members.push((name.clone(), value));
            }
            names.add(name, &mut self.names)?;
            self.blanks();
            if self.take(b'}') {
                self.names.truncate(names.from);
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.blanks();
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.blanks();
            self.value(depth + 1)?;
            self.blanks();
            if self.take(b']') {
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// A string, without its quotes and escapes.
    fn text(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let stop = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))?;
            self.at += stop + 1;
            match rest.get(stop)? {
                b'"' => break,
                b'\\' => {
                    // What is escaped is judged below; here it only may not end the string.
                    escaped = true;
                    self.at += 1;
                }
                _ => return None,
            }
        }
        let whole = self.text.get(start..self.at)?;
        if escaped {
            // serde_json refuses unknown escapes and lone surrogates.
            return serde_json::from_str(whole).ok().map(Cow::Owned);
        }
        whole.get(1..whole.len() - 1).map(Cow::Borrowed)
    }

    /// RFC 8259 §6, and finite as a double.
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let number = self.text.get(start..self.at)?;
        number.parse::<f64>().ok()?.is_finite().then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// The names of one object's members so far: on top of those of the objects around it.
struct Names<'a> {
    /// Where they begin.
    from: usize,
    hashed: HashSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// Of an object that lies in those whose names are listed.
    fn behind(listed: &[Cow<'a, str>]) -> Names<'a> {
        Names {
            from: listed.len(),
            hashed: HashSet::new(),
        }
    }

    /// `None` where it stands there already.
    fn add(&mut self, name: Cow<'a, str>, listed: &mut Vec<Cow<'a, str>>) -> Option<()> {
        let own = listed.get(self.from..).unwrap_or_default();
        if own.len() < LISTED_MAX {
            if own.contains(&name) {
                return None;
            }
            listed.push(name);
            return Some(());
        }
        if self.hashed.is_empty() {
            self.hashed.extend(own.iter().cloned());
        }
        self.hashed.insert(name).then_some(())
    }
}

#[cfg(test)]
mod tests {
    //! What is one object by the written rule, and what is not.

    use super::*;

    fn check(text: &str, expected: Option<&[(&str, &str)]>) {
        let mut found = Vec::new();
        let is_object = members(text, &mut found).is_some();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (&**name, *value)).collect();
        assert_eq!(is_object.then_some(&*found), expected, "{text}");
    }

    #[test]
    fn objects() {
        check("{}", Some(&[]));
        check(" {\t} \r", Some(&[]));
        check(
            r#"{"a":1,"b":{"a":[true,null,"x"]}}"#,
            Some(&[("a", "1"), ("b", r#"{"a":[true,null,"x"]}"#)]),
        );
        check(
            r#"{"\u0061" : "\ud83d\ude00"}"#,
            Some(&[("a", r#""\ud83d\ude00""#)]),
        );
        check(r#"{"a":-0.5e+3,"":1E9}"#, Some(&[("a", "-0.5e+3"), ("", "1E9")]));
        check("{\"a\":\"ü\u{7f}\"}", Some(&[("a", "\"ü\u{7f}\"")]));
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "{a:1}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":+1}"#,
            r#"{"a":1e}"#,
            r#"{"a":1e400}"#,
            r#"{"a":NaN}"#,
            r#"{"a":tru}"#,
            r#"{"a":trues}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":"\x"}"#,
            r#"{"a":"\ud83d"}"#,
            r#"{"a":"\ude00"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":"\"}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":[{"b":1,"b":1}]}"#,
        ] {
            check(text, None);
        }
    }

    #[test]
    fn depth() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(is_object(&nested(16)));
        assert!(!is_object(&nested(17)));
        assert!(!is_object(&"{\"a\":".repeat(100_000)));
    }

    fn is_object(text: &str) -> bool {
        members(text, &mut Vec::new()).is_some()
    }

    #[test]
    fn very_many_members() {
        let line = |count: usize, last: &str| {
            let members: Vec<String> = (0..count).map(|number| format!("\"{number}\":0")).collect();
            format!("{{{},\"{last}\":0}}", members.join(","))
        };
        assert!(is_object(&line(30_000, "x")));
        assert!(!is_object(&line(30_000, "29999")));
        assert!(!is_object(&line(30_000, "0")));
        assert!(!is_object(&line(32, "31")));
    }

    #[test]
    fn whole_numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5.0", Some(5)),
            ("1e3", Some(1_000)),
            ("-0", Some(0)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("-1", None),
            ("1.5", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
