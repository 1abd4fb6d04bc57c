//! Beside publishing: once a minute the topic is read as a reader would; and after a refusal, whether somebody decided.

use super::automaton::{CHECK_MS, LOOK_AGAIN_MS, Publisher, Step};
use super::source::{Fault, Standing};
use super::topic::{Asked, Topic};

impl Publisher {
    /// What the topic is to be read into, where a check is due: from its start to the end that is captured after this was called. It may take its
    /// time, and be on another thread; meanwhile the publisher goes on. [`Publisher::end_check`] gives it back.
    pub fn begin_check(&mut self, now_ms: u64) -> Option<Topic> {
        #[cfg(test)]
        if self.loosened == Some(super::Loosened::Check) {
            return None;
        }
        // Before a reader saw anything of ours there is nothing to miss.
        if self.position.is_none()
            || self.whole_wanted
            || self.is_checking
            || now_ms < self.check_ms
            || !self.status.is_visible
        {
            return None;
        }
        self.is_checking = true;
        self.check_ms = now_ms + CHECK_MS;
        let mut topic = Topic::new(self.signer.roots().clone());
        topic.asked = Asked {
            start: self.start,
            is_check: true,
            seen: self.seen,
        };
        Some(topic)
    }

    /// The check is done, or failed, which says nothing about the topic.
    pub fn end_check(&mut self, read: Result<Topic, Fault>) {
        match read {
            Ok(topic) if topic.asked.start == self.start => self.checked = Some(topic),
            Ok(_) => {}
            Err(_) => self.is_checking = false,
        }
    }

    /// A check that is under way is of a time before: what comes of it says nothing any more.
    pub(super) fn drop_check(&mut self) {
        self.start += 1;
        self.is_checking = false;
        self.checked = None;
    }

    /// It was refused: only what a person does changes that, or a topic that others put right.
    pub(super) fn ask_again(&mut self, before: Option<&Standing>, standing: &Standing, now_ms: u64) {
        if !standing.holds_lease {
            return self.stand_by(now_ms);
        }
        let decided =
            |standing: &Standing| (standing.mark.epoch, standing.published, standing.keyring.clone());
        let is_decided = before.is_none_or(|before| decided(before) != decided(standing));
        self.step = match is_decided || now_ms >= self.refused_ms + CHECK_MS {
            true => Step::Fencing,
            false => Step::Refused {
                until_ms: now_ms + LOOK_AGAIN_MS,
            },
        };
    }
}
