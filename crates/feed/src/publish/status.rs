//! What is known of a publisher, for `/ready`, metrics and whoever is called at night.

use super::decide::Refusal;
use super::source::Mark;

/// What it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Doing {
    /// Another portal publishes.
    Standby,
    /// It fences, reads, or tries again.
    #[default]
    Starting,
    /// It publishes.
    Leading,
    /// It waits for somebody to decide.
    Refused(Refusal),
}

/// What is known of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it does.
    pub doing: Doing,
    /// What was published last, or stood in the topic at its start.
    pub published: Option<Mark>,
    /// Whether a reader saw the last commit. Where it did not, somebody else's open transaction may hide it.
    pub is_visible: bool,
    /// Gateways report this place, which is ahead of the database: it was restored from a backup, or somebody else publishes.
    pub fleet_ahead: Option<(u64, u64)>,
    /// The last commit says to be made so many seconds from now: a clock was wrong. Beyond a minute readers renew no age by it, until the next
    /// revision.
    pub ahead_s: u64,
    /// Why it failed last; gone with the next commit.
    pub error: Option<String>,
}

impl Default for Status {
    fn default() -> Status {
        Status {
            doing: Doing::default(),
            published: None,
            is_visible: true,
            fleet_ahead: None,
            ahead_s: 0,
            error: None,
        }
    }
}

impl Status {
    /// A word for `/ready` and metrics: `standby`, `starting`, `leading`, `not_visible`, or why it is refused.
    pub fn word(&self) -> &'static str {
        match &self.doing {
            Doing::Standby => "standby",
            Doing::Starting | Doing::Leading if !self.is_visible => "not_visible",
            Doing::Starting => "starting",
            Doing::Leading => "leading",
            Doing::Refused(refusal) => refusal.word(),
        }
    }

    pub(super) fn heard(&mut self, own: Mark, fleet: Option<(u64, u64)>) {
        self.fleet_ahead = fleet.filter(|place| *place > (own.epoch, own.revision));
    }

    pub(super) fn starts(&mut self) {
        self.doing = Doing::Starting;
    }

    pub(super) fn stands_by(&mut self) {
        self.doing = Doing::Standby;
        self.error = None;
    }

    pub(super) fn leads(&mut self, mark: Mark) {
        self.doing = Doing::Leading;
        self.published = Some(mark);
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.doing = Doing::Refused(refusal);
    }

    pub(super) fn sent(&mut self, mark: Mark, at: u64, now_ms: u64) {
        self.leads(mark);
        self.ahead_s = at.saturating_sub(now_ms / 1_000);
        self.error = None;
    }
}
