//! The federated form: where policy and services come from. Services are not in this version, but read and checked.

use super::Kafka;
use crate::configuration::decode::{Int, Required, Slot, Text, choice, map};

map! {
    /// Where policy comes from: exactly one of `floor` and `file`, and how it is followed.
    Policy {
        /// A compiled policy.
        "floor" floor: Slot<Text>,
        /// A policy as a person writes it.
        "file" file: Slot<Text>,
        /// Where changes come from. Needs a `floor` with roots, which say whose signatures count.
        "feed" feed: Slot<Feed>,
        /// How long a gateway with an older copy waits for its feed before it serves.
        #[schemars(extend("default" = 500))]
        "feed_wait_ms" feed_wait_ms: Slot<Int<0, 3_600_000>>,
        /// How old what the feed said may get.
        #[schemars(extend("default" = 3_600))]
        "max_staleness_s" max_staleness_s: Slot<Int<1, 31_536_000>>,
        /// What happens when it is older.
        #[schemars(extend("default" = "serve"))]
        "on_stale" on_stale: Slot<OnStale>,
        /// How old a floor may get as long as no feed was heard; needed by `on_stale: deny`.
        "floor_max_age_s" floor_max_age_s: Slot<Int<1, 31_536_000>>,
    }
}

map! {
    /// Where changes come from: exactly one of `portal`, `kafka` and `bundle`.
    Feed {
        /// The `https` URL of a portal, whose stream is followed. `http` only on this machine, or where `allow_targets` names it.
        #[schemars(extend("examples" = ["https://portal.example.com"]))]
        "portal" portal: Slot<Text>,
        /// What this gateway shows to the portal.
        #[schemars(extend("examples" = ["${file:/run/secrets/gateway}"]))]
        "token" token: Slot<Text>,
        /// Kafka's brokers and topic; only in a build with the feature `kafka`.
        "kafka" kafka: Slot<Kafka>,
        /// A whole policy as one signed file: its path, or its `http` or `https` URL. Looked at every second.
        #[schemars(extend("examples" = ["https://relay.example.com/prod.bundle"]))]
        "bundle" bundle: Slot<Text>,
    }
}

choice! {
    /// What happens when the policy is too old.
    OnStale {
        /// Requests are decided by it.
        "serve" Serve,
        /// Requests are refused.
        "deny" Deny,
    }
}

map! {
    /// To whom this gateway reports which revision it decides by.
    Fleet {
        /// Which gateway this is; the machine's host name where absent.
        #[schemars(extend("examples" = ["api-eu-3"]))]
        "name" name: Slot<Text>,
        /// The portal's URL; that of `policy.feed` where absent.
        "portal" portal: Slot<Text>,
        /// What this gateway shows to the portal; that of `policy.feed` where absent.
        "token" token: Slot<Text>,
    }
}

map! {
    /// Where services come from.
    Services {
        /// A directory of service files.
        "directory" directory: Required<Text>,
    }
}
