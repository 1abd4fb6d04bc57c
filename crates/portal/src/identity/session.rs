//! How long a session lasts: while it is used, and never beyond a day's work. Pure; times in Unix seconds.

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// Without any request.
    pub(crate) idle_s: u64,
    /// In all.
    pub(crate) absolute_s: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Lifetimes {
            idle_s: 2 * 3_600,
            absolute_s: 12 * 3_600,
        }
    }
}

/// A session of the sealed account, whatever is set: long enough for one repair.
pub(crate) const SEALED: Lifetimes = Lifetimes {
    idle_s: 900,
    absolute_s: 3_600,
};

/// How often its last use is written down: not with each request.
const TOUCH_S: u64 = 60;

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds.
    Good,
    /// It holds, and its last use is to be written down.
    Touch,
    /// It has ended.
    Ended,
}

impl Lifetimes {
    /// How a session stands that began and was last used then.
    pub(crate) fn standing(self, began: u64, used: u64, now: u64) -> Standing {
        if now >= began.saturating_add(self.absolute_s) || now >= used.saturating_add(self.idle_s) {
            Standing::Ended
        } else if now >= used.saturating_add(TOUCH_S.min(self.idle_s / 2)) {
            Standing::Touch
        } else {
            Standing::Good
        }
    }
}

#[cfg(test)]
mod tests {
    //! Both ends, to the second.

    use super::*;

    #[test]
    fn idle_and_absolute() {
        let lifetimes = Lifetimes {
            idle_s: 600,
            absolute_s: 3_600,
        };
        for (used, now, expected) in [
            (1_000, 1_000, Standing::Good),
            (1_000, 1_059, Standing::Good),
            (1_000, 1_060, Standing::Touch),
            (1_000, 1_599, Standing::Touch),
            (1_000, 1_600, Standing::Ended),
            (4_590, 4_599, Standing::Good),
            (4_590, 4_600, Standing::Ended),
            // A clock that went back ends nothing.
            (1_000, 900, Standing::Good),
        ] {
            assert_eq!(lifetimes.standing(1_000, used, now), expected, "{used} {now}");
        }
    }
}
