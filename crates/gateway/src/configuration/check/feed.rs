//! How a policy is followed: which carrier, how long it is waited for, and what happens when it gets too old.

use super::Checker;
use crate::configuration::access::{Bundle, Carrier, FEED_WAIT, Feed, Portal, STALENESS_S_MAX, Token};
use crate::configuration::decode::{At, Text};
use crate::configuration::source::Span;
use crate::configuration::url::{self, HostName};
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
                    .help("add `portal`, `kafka` or `bundle`");
            }
            [(first, first_key), (second, key), ..] => {
                let message = format!("`{second}` beside `{first}`: a feed has exactly one carrier");
                self.problems
                    .error(*key, message)
                    .help("keep one of them")
                    .related(*first_key, "the other one");
            }
        }
        match (feed.portal.key(), feed.token.key()) {
            (None, Some(token)) => {
                self.problems
                    .error(token, "`token` has no effect without `portal`")
                    .help("leave it out");
            }
            (Some(portal), None) => {
                self.problems
                    .error(portal, "`portal` without `token`: it tells nobody what is published")
                    .help("add `token: \"${file:PATH}\"`, with what `switchboard portal gateways create` printed");
            }
            _ => {}
        }
        if let Some(portal) = feed.portal.get() {
            self.portal(portal);
        }
        if let Some(token) = feed.token.get() {
            self.token(token);
        }
        if let Some(kafka) = feed.kafka.get() {
            self.kafka(kafka);
        }
        if let Some(bundle) = feed.bundle.get() {
            match is_url(&bundle.value) {
                true => self.carrier(bundle),
                false => self.not_empty(bundle, "the path"),
            }
        }
    }

    /// Where a token is shown: over plain HTTP only to whom the operator named.
    pub(super) fn portal(&mut self, link: &At<Text>) {
        self.carrier(link);
        let Ok(url) = url::parse(&link.value) else { return };
        if !url.query.is_empty() {
            self.problems
                .error(
                    link.span,
                    format!("{}: a query in a portal's URL", link.value.shown()),
                )
                .help("leave it out: paths of the portal's API are added to the URL");
        }
        if url.https {
            return;
        }
        // A name is judged when it is dialled.
        let is_named = match &url.host {
            HostName::Ip(ip) => ip.is_loopback() || self.targets.allowed.iter().any(|net| net.contains(ip)),
            HostName::Name(name) => name == "localhost" || !self.targets.allowed.is_empty(),
        };
        if !is_named {
            let message = format!(
                "{}: a token would be shown over plain HTTP, to whoever is on the way",
                link.value.shown()
            );
            self.problems
                .error(link.span, message)
                .help("write `https://…`, or name the portal's addresses in `allow_targets`");
        }
    }

    pub(super) fn token(&mut self, token: &At<Text>) {
        if let Err(refusal) = Token::new(&token.value) {
            self.problems
                .error(token.span, refusal.to_string())
                .help("take what `switchboard portal gateways create` printed, as it stands");
        }
    }

    fn carrier(&mut self, link: &At<Text>) {
        if let Err(refusal) = url::parse(&link.value) {
            let message = format!("{}: {}", link.value.shown(), refusal.message);
            self.problems.error(link.span, message).help(refusal.help);
        }
    }

    fn followed_by(&mut self, feed: &wire::Feed) -> Option<Carrier> {
        if let Some(portal) = feed.portal.get() {
            return Some(Carrier::Portal(self.shown_to(portal, feed.token.get()?)?));
        }
        #[cfg(feature = "kafka")]
        if let Some(kafka) = feed.kafka.get() {
            // What is wrong is told by `feed`, once.
            let told = std::mem::take(self.problems);
            let made = self.kafka(kafka);
            *self.problems = told;
            return made.map(Box::new).map(Carrier::Kafka);
        }
        let bundle = &feed.bundle.get()?.value;
        Some(Carrier::Bundle(match is_url(bundle) {
            true => Bundle::Url((**bundle).into()),
            false => Bundle::File(self.locate(bundle)),
        }))
    }

    /// A portal of a good file.
    pub(super) fn shown_to(&self, portal: &At<Text>, token: &At<Text>) -> Option<Portal> {
        Some(Portal {
            url: (*portal.value).into(),
            token: Token::new(&token.value).ok()?,
            // Otherwise nothing of it is asked, and it may change without a restart.
            plain: match url::parse(&portal.value).is_ok_and(|url| url.https) {
                true => Vec::new(),
                false => self.targets.allowed.clone(),
            },
        })
    }

    /// The feed of a good file; what is wrong with it is told by `following`.
    pub(super) fn followed(&mut self, policy: &wire::Policy, floor: &Path) -> Option<Feed> {
        let carrier = self.followed_by(&policy.feed.get()?.value)?;
        let wait_ms = policy.feed_wait_ms.get().map(|at| at.value.0);
        let floor_s_max = policy.floor_max_age_s.get().map(|at| at.value.0);
        Some(Feed {
            floor: floor.into(),
            carrier,
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
