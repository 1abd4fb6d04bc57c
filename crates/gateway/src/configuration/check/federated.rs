//! Where policy comes from and what it needs to hold, and the rest of the federated form.

use super::Checker;
use crate::configuration::access::{Auth, FAILED_CREDENTIALS_PER_MINUTE, PolicySource};
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::source::Span;
use crate::configuration::url;
use crate::configuration::wire;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn federated(&mut self, gateway: &wire::Gateway) {
        if let Some(environment) = gateway.environment.get() {
            self.id(environment, "an environment");
        }
        if let Some(policy) = gateway.policy.get() {
            self.policy(policy);
        }
        if let Some(directory) = gateway.services.get().and_then(|at| at.value.directory.get()) {
            self.not_empty(directory, "the directory");
        }
        if let Some(key) = gateway.services.key() {
            self.problems.not_in_this_version(key, "services");
        }
        // Only a floor says whose it is.
        let has_floor = gateway
            .policy
            .get()
            .is_some_and(|at| at.value.floor.key().is_some());
        if let (Some(key), false) = (gateway.environment.key(), has_floor) {
            self.problems
                .error(key, "`environment` has no effect without `policy: { floor: … }`")
                .help("leave it out: a file and `auth` belong to no environment");
        }
    }

    /// Exactly one source. `auth`: what came of that section.
    pub(super) fn policy_source(&mut self, gateway: &wire::Gateway, auth: Option<Auth>) -> PolicySource {
        let policy = gateway.policy.get().map(|at| &at.value);
        let floor = policy.and_then(|policy| policy.floor.get());
        let file = policy.and_then(|policy| policy.file.get());
        match (auth, floor, file) {
            (Some(auth), ..) => PolicySource::Auth(Arc::new(auth)),
            (None, Some(floor), _) => PolicySource::Floor(self.locate(&floor.value)),
            (None, None, Some(file)) => PolicySource::File(self.locate(&file.value)),
            (None, None, None) => PolicySource::None,
        }
    }

    /// The budget; its default where there is somebody to fail.
    pub(super) fn failed_credentials(&mut self, gateway: &wire::Gateway) -> Option<NonZeroU32> {
        self.needs_policy(gateway, gateway.failed_credentials.key(), "failed_credentials");
        let Some(given) = gateway.failed_credentials.get() else {
            return Some(FAILED_CREDENTIALS_PER_MINUTE);
        };
        let per_minute = given.value.0.as_ref()?.per_minute.get()?.value.0;
        u32::try_from(per_minute).ok().and_then(NonZeroU32::new)
    }

    pub(super) fn state_directory(&mut self, gateway: &wire::Gateway) -> Option<PathBuf> {
        let directory = gateway.state_dir.get()?;
        self.not_empty(directory, "the directory");
        self.needs_policy(gateway, gateway.state_dir.key(), "state_dir");
        Some(self.locate(&directory.value))
    }

    fn needs_policy(&mut self, gateway: &wire::Gateway, key: Option<Span>, name: &str) {
        let has_policy = gateway.auth.key().or(gateway.policy.key()).is_some();
        if let (Some(key), false) = (key, has_policy) {
            let message = format!("`{name}` has no effect: there is neither `auth` nor `policy`");
            self.problems.warning(key, message).help("leave it out");
        }
    }

    fn policy(&mut self, at: &At<wire::Policy>) {
        let policy = &at.value;
        let (floor, file) = (policy.floor.key(), policy.file.key());
        if let (Some(floor), Some(file)) = (floor, file) {
            let message = "`file` beside `floor`: a policy comes from one of them";
            self.problems
                .error(file, message)
                .help("keep one of them")
                .related(floor, "the other one");
        }
        if floor.or(file).or(policy.feed.key()).is_none() {
            self.problems
                .error(at.key, "a policy from nowhere")
                .help("add `floor`, `file` or `feed`");
        }
        for path in [&policy.floor, &policy.file].into_iter().filter_map(Slot::get) {
            self.not_empty(path, "the path");
        }
        let later = [
            ("feed", policy.feed.key()),
            ("feed_wait_ms", policy.feed_wait_ms.key()),
            ("max_staleness_s", policy.max_staleness_s.key()),
            ("on_stale", policy.on_stale.key()),
            ("floor_max_age_s", policy.floor_max_age_s.key()),
        ];
        for (name, key) in later.into_iter().filter_map(|(name, key)| Some((name, key?))) {
            self.problems.not_in_this_version(key, name);
        }
        if let Some(feed) = policy.feed.get() {
            self.feed(feed);
        }
        let denies = policy
            .on_stale
            .get()
            .is_some_and(|at| at.value == wire::OnStale::Deny);
        if let (true, None, Some(key)) = (denies, policy.floor_max_age_s.key(), policy.on_stale.key()) {
            let message = "`on_stale: deny` without `floor_max_age_s`";
            self.problems
                .error(key, message)
                .help("say how old a floor may be when the gateway starts");
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
        if let (Some(token), None) = (feed.token.key(), feed.portal.key()) {
            self.problems
                .error(token, "`token` has no effect without `portal`")
                .help("leave it out");
        }
        for link in [&feed.portal, &feed.bundle].into_iter().filter_map(Slot::get) {
            self.carrier(link);
        }
    }

    fn carrier(&mut self, link: &At<Text>) {
        if let Err(refusal) = url::parse(&link.value) {
            let message = format!("{}: {}", link.value.shown(), refusal.message);
            self.problems.error(link.span, message).help(refusal.help);
        }
    }
}
