//! Who leads: each revision as one transaction, a heartbeat where none was due, and a look whether a reader sees it.
//!
//! Before anything is sent the database was asked where it stands, and what it says is held against what was sent last.

use super::automaton::{BACKOFF_MS, CHECK_MS, HEARTBEAT_MS, POLL_MS, Publisher, Step};
use super::send::Sending;
use super::source::{Mark, Revision, Sent, Standing};

impl Publisher {
    pub(super) fn lead(&mut self, now_ms: u64) {
        self.step = Step::Leading;
        self.poll_ms = now_ms;
        self.is_checking = false;
    }

    /// Did the database change, or is a heartbeat due?
    pub(super) fn poll(&mut self, standing: &Standing, now_ms: u64) {
        self.status.heard(standing.mark, self.fleet);
        let Some(position) = self.position.filter(|_| standing.holds_lease) else {
            return self.stand_by(now_ms);
        };
        let own = standing.mark;
        if own.epoch != position.mark.epoch
            || own.revision < position.mark.revision
            || (own.revision == position.mark.revision && own != position.mark)
        {
            // Another epoch, or a database that was put back while this ran: nothing that this process remembers may speak for it.
            self.forget();
            return self.read();
        }
        if let Err(refusal) = self.signer.follow(standing) {
            return self.refuse(refusal, now_ms);
        }
        let version = match self.signer.version(self.keyring) {
            Ok(version) => version,
            Err(refusal) => return self.refuse(refusal, now_ms),
        };
        if own.revision > position.mark.revision {
            self.step = Step::Fetching;
        } else if Some(version) != position.keyring || self.is_heartbeat_due(now_ms) {
            self.send(position.mark, Vec::new(), now_ms);
        } else {
            self.step = Step::Leading;
            self.poll_ms = now_ms + POLL_MS;
        }
    }

    fn is_heartbeat_due(&self, now_ms: u64) -> bool {
        #[cfg(test)]
        if self.loosened == Some(super::Loosened::Heartbeat) {
            return false;
        }
        now_ms >= self.heartbeat_ms
    }

    pub(super) fn take_revision(&mut self, revision: Option<Revision>, now_ms: u64) {
        let Some(position) = self.position else {
            return self.stand_by(now_ms);
        };
        let Some(revision) = revision else {
            // A check that is under way is of the time before.
            self.drop_check();
            self.whole_wanted = true;
            return self.read();
        };
        match super::send::judged(&revision, &position, self.signer.roots().feed()) {
            Ok(records) => self.send(revision.after, records, now_ms),
            Err(refusal) => self.refuse(refusal, now_ms),
        }
    }

    /// One transaction: these records, the keyring where the topic has another one, and the commit.
    pub(super) fn send(&mut self, mark: Mark, records: Vec<Sent>, now_ms: u64) {
        let sending = super::send::signed(&self.signer, self.position, mark, records, now_ms);
        #[cfg(test)]
        let sending = match (self.loosened, sending) {
            (Some(super::Loosened::Back), Ok(sending)) => sending.made(&self.signer, now_ms / 1_000),
            (_, sending) => sending,
        };
        match sending {
            Ok(sending) => self.step = Step::Sending(sending),
            Err(refusal) => self.refuse(refusal, now_ms),
        }
    }

    pub(super) fn committed(&mut self, sending: Sending, now_ms: u64) {
        self.position = Some(sending.position());
        self.keyring = self.keyring.max(Some(sending.keyring));
        self.remember(sending.mark);
        self.heartbeat_ms = now_ms + HEARTBEAT_MS;
        self.backoff_ms = BACKOFF_MS;
        if std::mem::take(&mut self.whole_wanted) {
            self.check_ms = now_ms + CHECK_MS;
        }
        self.status.sent(sending.mark, sending.at, now_ms);
        self.step = match self.noted == Some((sending.mark.epoch, sending.mark.revision)) {
            true => Step::Looking(sending),
            false => Step::Noting(sending),
        };
    }

    pub(super) fn looked(&mut self, sending: &Sending, is_seen: bool, now_ms: u64) {
        self.status.is_visible = is_seen;
        if is_seen {
            self.seen = Some((sending.mark, sending.at));
        }
        self.step = Step::Leading;
        self.poll_ms = now_ms;
    }
}
