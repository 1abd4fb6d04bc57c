//! A part of a list, and where the next one begins.

use super::answer::Answer;
use super::refused::Refused;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Items of one answer, where none is said, and at most.
const LIMIT: i64 = 100;
const LIMIT_MAX: i64 = 1_000;

/// Which part.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Behind this.
    pub(crate) after: String,
    pub(crate) limit: i64,
}

impl Page {
    /// As it was asked for; `cursor` is what an answer said.
    pub(crate) fn parse(limit: Option<i64>, cursor: Option<&str>) -> Result<Page, Refused> {
        let limit = limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Refused::field(
                "limit",
                format!("write a number from 1 to {LIMIT_MAX}"),
            ));
        }
        let after = match cursor {
            None => String::new(),
            Some(cursor) => {
                let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                text.ok_or_else(|| {
                    Refused::field("cursor", "give the `next` of the answer before, as it is")
                })?
            }
        };
        Ok(Page { after, limit })
    }

    /// The same for lists that run backwards over numbers: everything below.
    pub(crate) fn before(&self) -> Result<i64, Refused> {
        match self.after.as_str() {
            "" => Ok(i64::MAX),
            text => text
                .parse()
                .map_err(|_| Refused::field("cursor", "give the `next` of the answer before, as it is")),
        }
    }

    /// What the next part begins behind, as it is told.
    pub(crate) fn cursor(key: &str) -> String {
        URL_SAFE_NO_PAD.encode(key)
    }

    /// As `answer`, of those that are shown; a part may have fewer than there are.
    pub(crate) fn answer_some(&self, items: impl Iterator<Item = (String, Option<Value>)>) -> Answer {
        let all: Vec<(String, Option<Value>)> = items.collect();
        let is_full = i64::try_from(all.len()).is_ok_and(|count| count >= self.limit);
        let next = all.last().filter(|_| is_full).map(|(key, _)| Page::cursor(key));
        let items: Vec<Value> = all.into_iter().filter_map(|(_, item)| item).collect();
        Answer::ok(json!({ "items": items, "next": next }))
    }

    /// An answer of these, each with what the next part begins behind.
    pub(crate) fn answer(&self, items: impl Iterator<Item = (String, Value)>) -> Answer {
        let (keys, items): (Vec<String>, Vec<Value>) = items.unzip();
        let is_full = i64::try_from(items.len()).is_ok_and(|count| count >= self.limit);
        let next = keys.last().filter(|_| is_full).map(|key| Page::cursor(key));
        Answer::ok(json!({ "items": items, "next": next }))
    }
}
