//! To whom a gateway reports: a portal of its own, or the one whose stream it follows.

use super::Checker;
use crate::configuration::access::{Carrier, Fleet, PolicySource};
use crate::configuration::wire;

impl Checker<'_> {
    /// `policy`: what came of that section.
    pub(super) fn fleet(&mut self, gateway: &wire::Gateway, policy: &PolicySource) -> Option<Fleet> {
        let of_feed = match policy {
            PolicySource::Feed(feed) => match &feed.carrier {
                Carrier::Portal(portal) => Some(portal.clone()),
                Carrier::Bundle(_) => None,
                #[cfg(feature = "kafka")]
                Carrier::Kafka(_) => None,
            },
            _ => None,
        };
        let Some(at) = gateway.fleet.get() else {
            // Also where the key is there and no map.
            return of_feed.map(|portal| Fleet {
                name: None,
                portal,
                is_of_feed: true,
            });
        };
        let fleet = &at.value;
        if let Some(name) = fleet.name.get() {
            self.id(name, "a gateway");
        }
        let has_feed = gateway
            .policy
            .get()
            .is_some_and(|at| at.value.feed.key().is_some());
        if !has_feed {
            self.problems
                .error(at.key, "`fleet` has no effect without `policy: { feed: … }`")
                .help("leave it out: revisions of a feed are what is reported");
        }
        let (portal, token) = (fleet.portal.key(), fleet.token.key());
        match (portal, token) {
            (Some(key), None) => {
                self.problems
                    .error(key, "`portal` without `token`: it takes no report of a stranger")
                    .help("add `token`, or leave `portal` out for the one of `policy.feed`");
            }
            (None, Some(key)) => {
                self.problems
                    .error(key, "`token` has no effect without `portal`")
                    .help("add `portal`, or leave `token` out for the one of `policy.feed`");
            }
            (None, None) if has_feed && gateway.policy.get().is_some_and(|at| !names_portal(&at.value)) => {
                self.problems
                    .error(at.key, "`fleet` without `portal`: nobody is reported to")
                    .help("add `portal` and `token`: the feed does not come from a portal");
            }
            _ => {}
        }
        if let Some(portal) = fleet.portal.get() {
            self.portal(portal);
        }
        if let Some(token) = fleet.token.get() {
            self.token(token);
        }
        let own = match (fleet.portal.get(), fleet.token.get()) {
            (Some(portal), Some(token)) => self.shown_to(portal, token),
            _ => None,
        };
        Some(Fleet {
            name: fleet.name.get().map(|at| (*at.value).into()),
            is_of_feed: own.is_none(),
            portal: own.or(of_feed)?,
        })
    }
}

fn names_portal(policy: &wire::Policy) -> bool {
    policy
        .feed
        .get()
        .is_some_and(|at| at.value.portal.key().is_some())
}
