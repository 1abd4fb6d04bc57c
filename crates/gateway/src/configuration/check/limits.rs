//! `rate_limiting`: a default, and limits of single paths.

use super::Checker;
use super::headers::is_token;
use super::reach::Reach;
use crate::configuration::decode::{At, Required, Slot, Text, nearest};
use crate::configuration::source::Span;
use crate::configuration::wire;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn rate_limiting(&mut self, gateway: &wire::Gateway, reach: Option<&Reach<'_>>) {
        let Some(key) = gateway.rate_limiting.key() else {
            return;
        };
        if let Some(section) = gateway.rate_limiting.get().map(|at| &at.value) {
            if section.default.key().is_none() && section.overrides.key().is_none() {
                self.problems
                    .error(key, "no limit in it")
                    .help("add `default`, `overrides`, or both");
            }
            if let Some(At {
                value: limit, key, ..
            }) = section.default.get()
            {
                let periods = [
                    ("requests_per_second", limit.requests_per_second.key()),
                    ("requests_per_minute", limit.requests_per_minute.key()),
                    ("requests_per_hour", limit.requests_per_hour.key()),
                ];
                self.limit(periods, &limit.key, *key);
            }
            self.overrides(&section.overrides, reach);
        }
        self.problems.not_in_this_version(key, "rate_limiting");
    }

    fn overrides(&mut self, slot: &Slot<Vec<At<wire::OverriddenLimit>>>, reach: Option<&Reach<'_>>) {
        let mut shapes = HashMap::new();
        for At {
            value: limit, key, ..
        } in slot.get().map_or(&[][..], |at| &at.value)
        {
            let periods = [
                ("requests_per_second", limit.requests_per_second.key()),
                ("requests_per_minute", limit.requests_per_minute.key()),
                ("requests_per_hour", limit.requests_per_hour.key()),
            ];
            self.limit(periods, &limit.key, *key);
            let Some(path) = limit.path.get() else { continue };
            if let Some(pattern) = self.pattern(path) {
                self.once(&mut shapes, path, &pattern);
                self.warn_unmet(reach, path, &pattern, "the limit");
            }
        }
    }

    /// Exactly one period, and a key that names something.
    fn limit(&mut self, periods: [(&str, Option<Span>); 3], key: &Required<Text>, owner: Span) {
        let given: Vec<(&str, Span)> = periods
            .into_iter()
            .filter_map(|(name, key)| Some((name, key?)))
            .collect();
        match given.as_slice() {
            [_] => {}
            [] => {
                let help = "add `requests_per_second`, `requests_per_minute` or `requests_per_hour`";
                self.problems.error(owner, "a limit without a number").help(help);
            }
            [(first, first_key), (second, key), ..] => {
                let message = format!("`{second}` beside `{first}`: a limit has exactly one period");
                self.problems
                    .error(*key, message)
                    .help("keep one of them")
                    .related(*first_key, "the other one");
            }
        }
        if let Some(key) = key.get() {
            self.limit_key(key);
        }
    }

    fn limit_key(&mut self, key: &At<Text>) {
        const WORDS: [&str; 2] = ["client_ip", "global"];
        let text = &*key.value;
        if WORDS.contains(&text) || text.strip_prefix("header:").is_some_and(is_token) {
            return;
        }
        let message = format!("{} is nothing to count by", key.value.shown());
        let help = match nearest(text, &WORDS) {
            Some(near) => format!("write `{near}`?"),
            None => "write `client_ip`, `global`, or `header:NAME`".to_owned(),
        };
        self.problems.error(key.span, message).help(help);
    }
}
