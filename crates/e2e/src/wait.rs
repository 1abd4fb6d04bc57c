//! Bounded waits on a condition: the one place of the harness that looks at the clock twice.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long any single wait may take. Far more than anything needs on a loaded machine; a test that reaches it fails.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How long a condition that does not hold yet is left alone. Short against everything that is waited for.
const PAUSE: Duration = Duration::from_millis(2);

/// Asks again and again until there is an answer; panics with `what` where there is none within [`LIMIT`].
pub fn wait_for<T>(what: &str, answer: impl FnMut() -> Option<T>) -> T {
    wait_within(LIMIT, what, answer)
}

/// As `wait_for`, with a limit of its own: for programs that take their time.
pub fn wait_within<T>(limit: Duration, what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = answer() {
            return found;
        }
        assert!(Instant::now() < until, "waited {limit:?} in vain for {what}");
        std::thread::park_timeout(PAUSE);
    }
}

/// A gate between two threads of a scenario: one waits until the other opens it, once and for all.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed one.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Lets everybody through.
    pub fn open(&self) {
        *self.0.0.lock().expect("nobody panics with it") = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open; panics where that takes longer than [`LIMIT`].
    pub fn wait(&self) {
        let open = self.0.0.lock().expect("nobody panics with it");
        let (open, _) = self
            .0
            .1
            .wait_timeout_while(open, LIMIT, |open| !*open)
            .expect("nobody panics with it");
        assert!(*open, "waited {LIMIT:?} in vain for a gate to open");
    }
}
