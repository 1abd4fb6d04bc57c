//! What becomes of what is waited for where this machine's clock is set back: heartbeats go on, or readers would call their policy stale until the
//! clock has come as far again.

use super::automaton::{Publisher, Step};

impl Publisher {
    /// It is this time. Where that is before the time it was, all that is waited for is so much sooner: no wait gets longer by more than itself.
    pub(super) fn hear_time(&mut self, now_ms: u64) {
        let back_ms = self.now_ms.saturating_sub(now_ms);
        self.now_ms = now_ms;
        if back_ms == 0 {
            return;
        }
        let rests = match &mut self.step {
            Step::Resting { until_ms } | Step::Refused { until_ms } => Some(until_ms),
            _ => None,
        };
        let times = [
            &mut self.poll_ms,
            &mut self.heartbeat_ms,
            &mut self.check_ms,
            &mut self.refused_ms,
        ];
        for time in times.into_iter().chain(rests) {
            *time = time.saturating_sub(back_ms);
        }
    }
}
