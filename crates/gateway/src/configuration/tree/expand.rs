//! `${env:NAME}` and `${file:PATH}` in string values.
//!
//! What was filled in is remembered under its result, so that the admin port can show a value as it was written
//! instead of what it became. `$${` stands for a plain `${`. Nothing is filled in twice, and keys are left alone.

use super::node::{Value, named};
use crate::configuration::environment::Environment;
use crate::configuration::problem::Problems;
use crate::configuration::source::Span;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Values that came, in part at least, out of the environment or a file → as they were written.
pub(in crate::configuration) type Written = HashMap<Box<str>, Box<str>>;

/// Fills references in, and remembers which.
pub(in crate::configuration) struct Expansion<'e> {
    pub(in crate::configuration) environment: &'e dyn Environment,
    /// Whether a reference is an error, as in a file that means the same wherever it is read.
    refused: bool,
    pub(in crate::configuration) written: Written,
}

/// Where nothing is to be looked up.
struct Nothing;

impl Environment for Nothing {
    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn locate(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// Why a reference can't be filled in: message and help.
type Refusal = (String, String);

impl<'e> Expansion<'e> {
    pub(in crate::configuration) fn new(environment: &'e dyn Environment) -> Expansion<'e> {
        Expansion {
            environment,
            refused: false,
            written: Written::new(),
        }
    }

    /// Fills nothing in: a reference is an error.
    pub(in crate::configuration) fn refusing() -> Expansion<'static> {
        Expansion {
            environment: &Nothing,
            refused: true,
            written: Written::new(),
        }
    }

    /// A string value with its references filled in.
    pub(super) fn fill<'t>(&mut self, text: Cow<'t, str>, span: Span, problems: &mut Problems) -> Value<'t> {
        if !text.contains("${") {
            return Value::Text {
                text,
                filled_in: false,
            };
        }
        if self.refused {
            problems
                .error(span, "`${…}` is not filled in here")
                .help("write the value itself: this file is the same for everyone who reads it");
            return Value::Broken;
        }
        match self.expand(&text) {
            Ok((filled, filled_in)) => {
                if filled_in {
                    self.written.insert(filled.as_str().into(), text.into());
                }
                Value::Text {
                    text: Cow::Owned(filled),
                    filled_in,
                }
            }
            Err((message, help)) => {
                problems.error(span, message).help(help);
                Value::Broken
            }
        }
    }

    /// The text with every reference replaced, and whether there was one.
    fn expand(&self, text: &str) -> Result<(String, bool), Refusal> {
        let mut filled = String::with_capacity(text.len());
        let mut filled_in = false;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str("${");
                rest = after;
                continue;
            }
            filled.push_str(before);
            let Some((reference, behind)) = after.split_once('}') else {
                let message = "a `${` without its `}`".to_owned();
                return Err((message, "close it, or write `$${` for a plain `${`".to_owned()));
            };
            filled.push_str(&self.value_of(reference)?);
            filled_in = true;
            rest = behind;
        }
        filled.push_str(rest);
        Ok((filled, filled_in))
    }

    fn value_of(&self, reference: &str) -> Result<String, Refusal> {
        match reference.split_once(':') {
            Some(("env", name)) => self.variable(name),
            Some(("file", path)) => self.file(path),
            _ => {
                let reference = named(&format!("${{{reference}}}"));
                let message = format!("{reference} names neither a variable nor a file");
                let help = "write `${env:NAME}` or `${file:PATH}`, or `$${` for a plain `${`";
                Err((message, help.to_owned()))
            }
        }
    }

    fn variable(&self, name: &str) -> Result<String, Refusal> {
        let is_name = |name: &str| {
            !name.starts_with(|first: char| first.is_ascii_digit())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if name.is_empty() || !is_name(name) {
            let message = format!("{} is not the name of an environment variable", named(name));
            return Err((message, "letters, digits and `_`, and no digit first".to_owned()));
        }
        let Some(value) = self.environment.variable(name) else {
            let message = format!("the environment variable `{name}` is not set");
            return Err((message, format!("set `{name}` where the gateway is started")));
        };
        value.into_string().map_err(|_| {
            let message = format!("the environment variable `{name}` is not UTF-8");
            (message, format!("set `{name}` to text"))
        })
    }

    /// A file's content without the newline at its end, which editors and `echo` put there.
    fn file(&self, path: &str) -> Result<String, Refusal> {
        let located = self.environment.locate(Path::new(path));
        let refuse = |why: String| {
            let message = format!("the file `{}` cannot be read: {why}", located.display());
            (
                message,
                "name a readable text file; a relative path starts at this file's directory".to_owned(),
            )
        };
        let content = self
            .environment
            .read(&located)
            .map_err(|error| refuse(error.to_string()))?;
        let mut text = String::from_utf8(content).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }
}
