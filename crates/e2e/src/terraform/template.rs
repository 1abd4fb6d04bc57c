//! Renders a mapping template: the small part of Velocity (VTL) that the module writes, as API Gateway's documentation has
//! it. No emulator renders these.
//!
//! What it does not know, and a variable that has no value, is an error: a template that names something that is not there
//! would pass unseen otherwise.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How deep calls and blocks may nest.
const DEPTH_MAX: usize = 16;

/// What comes of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What was set of `$context.responseOverride`: `status`, `header.NAME`.
    pub overrides: BTreeMap<String, String>,
}

/// Renders with `{"context": …, "body": …, "header": …}`: `$context`, what `$input` reads, and the fields of the request.
pub fn render(template: &str, given: &Value) -> Result<Rendered, String> {
    let mut renderer = Renderer {
        rest: template,
        given,
        variables: BTreeMap::new(),
        overrides: BTreeMap::new(),
    };
    let text = renderer.block(true, 0)?;
    match renderer.rest {
        "" => Ok(Rendered {
            text,
            overrides: renderer.overrides,
        }),
        rest => Err(format!("there is no block to end at {rest:?}")),
    }
}

struct Renderer<'a> {
    rest: &'a str,
    given: &'a Value,
    variables: BTreeMap<String, Value>,
    overrides: BTreeMap<String, String>,
}

impl<'a> Renderer<'a> {
    /// Text up to `#else`, `#end` or the end. What is not `live` is read without effect.
    fn block(&mut self, live: bool, depth: usize) -> Result<String, String> {
        let mut text = String::new();
        while !self.rest.is_empty() && !self.rest.starts_with("#else") && !self.rest.starts_with("#end") {
            if self.eat("#[[") {
                let (raw, rest) = self.rest.split_once("]]#").ok_or("#[[ without ]]#")?;
                text.push_str(raw);
                self.rest = rest;
            } else if self.eat("#set(") {
                self.set(live)?;
            } else if self.eat("#if(") {
                text.push_str(&self.choice(live, deeper(depth)?)?);
            } else if self.rest.starts_with('#') {
                return Err(format!("a directive is not known here: {:?}", self.rest));
            } else if self.rest.starts_with('$') {
                let value = self.reference(live, depth)?;
                text.push_str(&shown(&value, live)?);
            } else {
                text.extend(self.next());
            }
        }
        Ok(if live { text } else { String::new() })
    }

    fn choice(&mut self, live: bool, depth: usize) -> Result<String, String> {
        let holds = truth(&self.either(live, depth)?);
        self.need(")")?;
        let first = self.block(live && holds, depth)?;
        let second = if self.eat("#else") {
            self.block(live && !holds, depth)?
        } else {
            String::new()
        };
        self.need("#end")?;
        Ok(first + &second)
    }

    /// Behind `#set(`.
    fn set(&mut self, live: bool) -> Result<(), String> {
        self.need("$")?;
        let name = self.name(true);
        self.blanks();
        self.need("=")?;
        let value = self.either(live, 0)?;
        self.need(")")?;
        if !live {
            return Ok(());
        }
        match name.strip_prefix("context.responseOverride.") {
            Some(what) => {
                self.overrides.insert(what.to_owned(), shown(&value, live)?);
            }
            None if name.contains('.') => return Err(format!("${name} cannot be set")),
            None => {
                self.variables.insert(name, value);
            }
        }
        Ok(())
    }

    fn either(&mut self, live: bool, depth: usize) -> Result<Value, String> {
        let mut value = self.comparison(live, deeper(depth)?)?;
        while self.eat("||") {
            let other = self.comparison(live, depth)?;
            value = json!(truth(&value) || truth(&other));
        }
        Ok(value)
    }

    fn comparison(&mut self, live: bool, depth: usize) -> Result<Value, String> {
        let value = self.operand(live, depth)?;
        if !self.eat("==") {
            return Ok(value);
        }
        let other = self.operand(live, depth)?;
        Ok(json!(value == other))
    }

    fn operand(&mut self, live: bool, depth: usize) -> Result<Value, String> {
        self.blanks();
        let value = if self.eat("!") {
            json!(!truth(&self.operand(live, deeper(depth)?)?))
        } else if self.rest.starts_with('$') {
            self.reference(live, deeper(depth)?)?
        } else if let Some(quote) = self
            .rest
            .chars()
            .next()
            .filter(|first| *first == '\'' || *first == '"')
        {
            // In neither kind of quotation marks a backslash means anything; a variable in double ones would, and is not written.
            let (text, rest) = self.rest[1..].split_once(quote).ok_or("a text without end")?;
            self.rest = rest;
            json!(text)
        } else {
            let digits: String = std::iter::from_fn(|| self.next_if(|c| c.is_ascii_digit())).collect();
            json!(
                digits
                    .parse::<u64>()
                    .map_err(|_| format!("an expression is not known here: {:?}", self.rest))?
            )
        };
        self.blanks();
        Ok(value)
    }

    /// A variable with its members and calls.
    fn reference(&mut self, live: bool, depth: usize) -> Result<Value, String> {
        self.need("$")?;
        let root = self.name(false);
        let mut at = root.clone();
        let mut value = match root.as_str() {
            "context" => self.given["context"].clone(),
            "input" | "util" => json!(root),
            variable if live => self
                .variables
                .get(variable)
                .cloned()
                .ok_or_else(|| format!("${variable} was never set"))?,
            _ => Value::Null,
        };
        while self
            .rest
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            self.next();
            let name = self.name(false);
            at = format!("{at}.{name}");
            value = if self.eat("(") {
                let arguments = self.arguments(live, deeper(depth)?)?;
                if live {
                    self.call(&at, value, &name, &arguments)?
                } else {
                    Value::Null
                }
            } else {
                value[&name].clone()
            };
        }
        match live && value.is_null() && at.starts_with("context.") {
            true => Err(format!("${at} has no value")),
            false => Ok(value),
        }
    }

    fn arguments(&mut self, live: bool, depth: usize) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        while !self.eat(")") {
            all.push(self.either(live, depth)?);
            self.eat(",");
        }
        Ok(all)
    }

    fn call(&self, at: &str, of: Value, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let texts: Option<Vec<&str>> = arguments.iter().map(Value::as_str).collect();
        match (at, of, name, texts.as_deref()) {
            ("input.json", _, _, Some([path])) => {
                Ok(json!(json_path(&self.given["body"], path)?.to_string()))
            }
            ("input.path", _, _, Some([path])) => json_path(&self.given["body"], path),
            ("input.params", _, _, Some([])) => Ok(json!({ "header": self.given["header"] })),
            ("util.escapeJavaScript", _, _, Some([text])) => Ok(json!(escape_java_script(text))),
            (_, Value::Object(members), "get", Some([name])) => {
                Ok(members.get(*name).cloned().unwrap_or_default())
            }
            (_, Value::String(text), "replaceAll", Some([pattern, with])) => {
                Ok(json!(text.replace(&literal(pattern)?, with)))
            }
            _ => Err(format!("the call ${at}({arguments:?}) is not known here")),
        }
    }

    /// A name; `dotted`: with its members.
    fn name(&mut self, dotted: bool) -> String {
        std::iter::from_fn(|| {
            self.next_if(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || (dotted && c == '.'))
        })
        .collect()
    }

    fn next(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        self.rest.starts_with(wanted).then(|| self.next())?
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn eat(&mut self, what: &str) -> bool {
        let behind: Option<&'a str> = self.rest.strip_prefix(what);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn need(&mut self, what: &str) -> Result<(), String> {
        match self.eat(what) {
            true => Ok(()),
            false => Err(format!("{what} is missing before {:?}", self.rest)),
        }
    }
}

fn deeper(depth: usize) -> Result<usize, String> {
    match depth < DEPTH_MAX {
        true => Ok(depth + 1),
        false => Err(format!("nested deeper than {DEPTH_MAX}")),
    }
}

fn shown(value: &Value, live: bool) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ if !live => Ok(String::new()),
        other => Err(format!("{other} cannot be written into a text")),
    }
}

/// What is absent, false or empty does not hold (Velocity 2; in 1.7 an empty text would).
fn truth(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != ""
}

/// `$` or `$.NAME`.
fn json_path(body: &Value, path: &str) -> Result<Value, String> {
    match path.strip_prefix("$.") {
        Some(name) if !name.contains(['.', '[']) => Ok(body[name].clone()),
        None if path == "$" => Ok(body.clone()),
        _ => Err(format!("the path {path} is not known here")),
    }
}

/// A regular expression that only stands for characters.
fn literal(pattern: &str) -> Result<String, String> {
    let plain = pattern.replace("\\\\", "\u{0}");
    match plain.contains(|c: char| r"\^$.|?*+()[]{}".contains(c)) {
        true => Err(format!("the regular expression {pattern} is not known here")),
        false => Ok(plain.replace('\u{0}', "\\")),
    }
}

/// Of Apache Commons Lang 2, which API Gateway's documentation describes: quotation marks of both kinds, backslashes,
/// slashes, control characters, and whatever is not ASCII.
fn escape_java_script(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(c @ ('\'' | '"' | '\\' | '/')) => escaped.extend(['\\', c]),
            Ok('\n') => escaped.push_str("\\n"),
            Ok('\r') => escaped.push_str("\\r"),
            Ok('\t') => escaped.push_str("\\t"),
            Ok(c) if c.is_ascii() && !c.is_ascii_control() => escaped.push(c),
            _ => escaped.push_str(&format!("\\u{unit:04X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    //! What is written is rendered, and what is not known is refused.

    use super::*;

    fn check(template: &str, expected: Result<&str, &str>) {
        let given = json!({
            "context": { "requestId": "r-1", "authorizer": { "code": "scope_missing" } },
            "body": { "status": "SUCCEEDED", "output": "{\"a\":1}", "it's": "\"/\\" },
            "header": { "Origin": "https://a.example" },
        });
        match (render(template, &given), expected) {
            (Ok(rendered), Ok(text)) => assert_eq!(rendered.text, text, "{template}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{template}: {error}"),
            (found, expected) => panic!("{template}: {found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn texts_variables_and_choices() {
        check("{\"a\":\"$context.requestId\"}", Ok("{\"a\":\"r-1\"}"));
        check("$context.requestId.", Ok("r-1."));
        check("#[[ $context.x #if( ]]#", Ok(" $context.x #if( "));
        check(
            "#if($input.path('$.status') == 'SUCCEEDED')$input.path('$.output')#{else}x#end",
            Err("directive"),
        );
        check(
            "#if($input.path('$.status') == 'FAILED')$context.nothing#else$input.path('$.output')#end",
            Ok("{\"a\":1}"),
        );
        check(
            "#set($o = $input.params().header.get('origin'))#if(!$o || $o == 'x')none#end",
            Ok("none"),
        );
        check(
            "$util.escapeJavaScript($input.json('$.it's'))",
            Err("not known here"),
        );
        check("$util.escapeJavaScript('a)", Err("without end"));
        check(
            "$util.escapeJavaScript(\"it's\").replaceAll(\"\\\\'\", \"'\")",
            Ok("it's"),
        );
    }

    #[test]
    fn what_is_not_there_or_not_known_is_an_error() {
        check("$context.requestid", Err("no value"));
        check("$nothing", Err("never set"));
        check("#foreach($a in $b)#end", Err("directive"));
        check("$util.urlEncode('a')", Err("not known here"));
        check("$input.json('$.a.b')", Err("not known here"));
        check(
            "$util.escapeJavaScript('a').replaceAll('a+', 'b')",
            Err("not known here"),
        );
        check("#if('a' == 'a')x", Err("#end is missing"));
        check("x#end", Err("no block to end"));
    }

    #[test]
    fn an_override_is_told() {
        let template = "#if('a' == 'a')#set($context.responseOverride.status = 502)#set($context.responseOverride.header.A-B = 'c')#end";
        let rendered = render(template, &json!({})).unwrap();
        let expected =
            [("header.A-B", "c"), ("status", "502")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(rendered.overrides, BTreeMap::from(expected));
    }

    #[test]
    fn scripts_are_escaped_as_commons_lang_does() {
        assert_eq!(
            escape_java_script("a'\"\\/\n\u{1}ü😀"),
            "a\\'\\\"\\\\\\/\\n\\u0001\\u00FC\\uD83D\\uDE00"
        );
    }
}
