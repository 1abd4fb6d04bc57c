//! How a policy is followed: which carrier, how long it is waited for, and what happens when it gets too old.

use super::Checker;
use crate::configuration::access::{Bundle, FEED_WAIT, Feed, STALENESS_S_MAX};
use crate::configuration::decode::{At, Text};
use crate::configuration::source::Span;
use crate::configuration::url;
use crate::configuration::wire;
use std::path::Path;
use std::time::Duration;

impl Checker<'_> {
    /// What is wrong with how a policy is followed. `state_dir`: its key, where there is one.
    pub(super) fn following(&mut self, policy: &wire::Policy, state_dir: Option<Span>) {
        let Some(key) = policy.feed.key() else {
            self.nothing_to_follow(policy);
            return;
        };
        if policy.floor.key().is_none() {
            let message = "`feed` without `floor`: nothing says whose signatures count";
            self.problems
                .error(key, message)
                .help("add `floor`, a signed one: its roots pin the feed");
        }
        if state_dir.is_none() {
            let message = "`feed` without `state_dir`: a restart goes back to the floor";
            self.problems
                .warning(key, message)
                .help("name a directory that outlives a restart, for one gateway alone");
        }
        if let Some(feed) = policy.feed.get() {
            self.feed(feed);
        }
        let denies = denies(policy);
        let floor_age = policy.floor_max_age_s.key();
        if let (true, None, Some(key)) = (denies, floor_age, policy.on_stale.key()) {
            let message = "`on_stale: deny` without `floor_max_age_s`";
            self.problems
                .error(key, message)
                .help("say how old a floor may get as long as no feed was heard");
        }
        if let (false, Some(key)) = (denies, floor_age) {
            let message = "`floor_max_age_s` has no effect without `on_stale: deny`";
            self.problems.warning(key, message).help("leave it out");
        }
    }

    fn nothing_to_follow(&mut self, policy: &wire::Policy) {
        let of_a_feed = [
            ("feed_wait_ms", policy.feed_wait_ms.key()),
            ("max_staleness_s", policy.max_staleness_s.key()),
            ("on_stale", policy.on_stale.key()),
            ("floor_max_age_s", policy.floor_max_age_s.key()),
        ];
        for (name, key) in of_a_feed {
            if let Some(key) = key {
                let message = format!("`{name}` has no effect without `feed`");
                self.problems
                    .error(key, message)
                    .help("leave it out, or add `feed`");
            }
        }
    }

    /// Carriers are settings of the operator: no target rule holds for them.
    fn feed(&mut self, at: &At<wire::Feed>) {
        let feed = &at.value;
        let carriers = [
            ("portal", feed.portal.key()),
            ("kafka", feed.kafka.key()),
            ("bundle", feed.bundle.key()),
        ];
        let given: Vec<(&str, Span)> = carriers
            .into_iter()
            .filter_map(|(name, key)| Some((name, key?)))
            .collect();
        match given.as_slice() {
            [_] => {}
            [] => {
                self.problems
                    .error(at.key, "a feed from nowhere")
                    .help("add `bundle`");
            }
            [(first, first_key), (second, key), ..] => {
                let message = format!("`{second}` beside `{first}`: a feed has exactly one carrier");
                self.problems
                    .error(*key, message)
                    .help("keep one of them")
                    .related(*first_key, "the other one");
            }
        }
        for (name, key) in given.iter().filter(|(name, _)| *name != "bundle") {
            self.problems.not_in_this_version(*key, name);
        }
        if let (Some(token), None) = (feed.token.key(), feed.portal.key()) {
            self.problems
                .error(token, "`token` has no effect without `portal`")
                .help("leave it out");
        }
        if let Some(portal) = feed.portal.get() {
            self.carrier(portal);
        }
        if let Some(bundle) = feed.bundle.get() {
            match is_url(&bundle.value) {
                true => self.carrier(bundle),
                false => self.not_empty(bundle, "the path"),
            }
        }
    }

    fn carrier(&mut self, link: &At<Text>) {
        if let Err(refusal) = url::parse(&link.value) {
            let message = format!("{}: {}", link.value.shown(), refusal.message);
            self.problems.error(link.span, message).help(refusal.help);
        }
    }

    /// The feed of a good file; what is wrong with it is told by `following`.
    pub(super) fn followed(&mut self, policy: &wire::Policy, floor: &Path) -> Option<Feed> {
        let bundle = &policy.feed.get()?.value.bundle.get()?.value;
        let bundle = match is_url(bundle) {
            true => Bundle::Url((**bundle).into()),
            false => Bundle::File(self.locate(bundle)),
        };
        let wait_ms = policy.feed_wait_ms.get().map(|at| at.value.0);
        let floor_s_max = policy.floor_max_age_s.get().map(|at| at.value.0);
        Some(Feed {
            floor: floor.into(),
            bundle,
            wait: wait_ms.map_or(FEED_WAIT, Duration::from_millis),
            staleness_s_max: policy
                .max_staleness_s
                .get()
                .map_or(STALENESS_S_MAX, |at| at.value.0),
            deny_floor_s_max: floor_s_max.filter(|_| denies(policy)),
        })
    }
}

fn denies(policy: &wire::Policy) -> bool {
    policy
        .on_stale
        .get()
        .is_some_and(|at| at.value == wire::OnStale::Deny)
}

/// A path may have a colon, but no two slashes that mean something behind it.
fn is_url(bundle: &str) -> bool {
    bundle.contains("://")
}
