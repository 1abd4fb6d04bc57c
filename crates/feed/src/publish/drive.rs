//! Runs a publisher where calls may block: asks the database and the log what the automaton wants to know. Waiting is for whoever has the loop.

use super::action::{Action, Event};
use super::automaton::Publisher;
use super::source::{Log, Source};

/// What comes of an action; `None` where it is to wait.
fn answer<S: Source, L: Log>(action: Action, source: &mut S, log: &mut L) -> Option<Event> {
    let asked = match action {
        Action::Wait { .. } => return None,
        Action::Standing => source.standing().map(Event::Standing),
        Action::Mark(revision) => source.mark(revision).map(Event::Mark),
        Action::Revision(revision) => source.revision(revision).map(Event::Revision),
        Action::Open => source.open().map(Event::Opened),
        Action::Rewind => source.rewind().map(|()| Event::Rewound),
        Action::Page => source.page().map(Event::Page),
        Action::Note(epoch, revision) => source.note(epoch, revision).map(|()| Event::Noted),
        of_log => return Some(answer_of_log(of_log, log)),
    };
    Some(asked.unwrap_or_else(|error| Event::Unanswered(error.to_string())))
}

fn answer_of_log<L: Log>(action: Action, log: &mut L) -> Event {
    let done = match action {
        Action::Fence => log.fence().map(|()| Event::Fenced),
        Action::Read(mut topic) => log.read(&mut topic).map(|()| Event::Read(topic)),
        Action::Transact(records) => log.transact(&records).map(|()| Event::Committed),
        // Who cannot look has not seen it; the log itself may be well.
        Action::Look { commit, within_ms } => {
            Ok(Event::Looked(log.look(&commit, within_ms).unwrap_or(false)))
        }
        _ => return Event::Unanswered("not a question to a log".to_owned()),
    };
    done.unwrap_or_else(Event::Failed)
}

/// Does all that is to be done now: until it is to wait, and how long, in milliseconds. The time, Unix time in milliseconds, is asked before each
/// action; a wait is told by the time that it was reckoned by, which may be set meanwhile.
pub(super) fn run<S: Source, L: Log>(
    publisher: &mut Publisher,
    source: &mut S,
    log: &mut L,
    now_ms: impl Fn() -> u64,
) -> u64 {
    loop {
        let now = now_ms();
        let action = publisher.next(now);
        if let Action::Wait { until_ms } = action {
            return until_ms.saturating_sub(now);
        }
        if let Some(event) = answer(action, source, log) {
            publisher.answer(event, now_ms());
        }
    }
}
