//! The federated form: `environment`, `policy` and `services`.

use super::Checker;
use super::url;
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::source::Span;
use crate::configuration::wire;

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
        if let Some(directory) = gateway.state_dir.get() {
            self.not_empty(directory, "the directory");
        }
        let keys = [
            ("state_dir", gateway.state_dir.key()),
            ("environment", gateway.environment.key()),
            ("policy", gateway.policy.key()),
            ("services", gateway.services.key()),
            ("failed_credentials", gateway.failed_credentials.key()),
        ];
        for (name, key) in keys.into_iter().filter_map(|(name, key)| Some((name, key?))) {
            self.problems.not_in_this_version(key, name);
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
