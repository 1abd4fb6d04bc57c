//! Where policy comes from and what it needs to hold, and the rest of the federated form.

use super::Checker;
use crate::configuration::access::{Auth, FAILED_CREDENTIALS_PER_MINUTE, PolicySource};
use crate::configuration::decode::{At, Slot};
use crate::configuration::source::Span;
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
            self.policy(policy, gateway.state_dir.key());
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
            (None, Some(floor), _) => {
                let floor = self.locate(&floor.value);
                match policy.and_then(|policy| self.followed(policy, &floor)) {
                    Some(feed) => PolicySource::Feed(Arc::new(feed)),
                    None => PolicySource::Floor(floor),
                }
            }
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

    fn policy(&mut self, at: &At<wire::Policy>, state_dir: Option<Span>) {
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
                .help("add `floor` or `file`");
        }
        for path in [&policy.floor, &policy.file].into_iter().filter_map(Slot::get) {
            self.not_empty(path, "the path");
        }
        self.following(policy, state_dir);
    }
}
