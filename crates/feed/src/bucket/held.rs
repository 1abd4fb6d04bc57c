//! The credentials that a bucket is asked with, from one request to the next: looked for anew now and then, and kept while they live where nobody
//! gives others.

use crate::aws::{Credentials, CredentialsError};
use std::time::{Duration, SystemTime};

/// They are looked for anew after this long, and so much before their end.
const LIFE: Duration = Duration::from_secs(900);
const MARGIN: Duration = Duration::from_secs(300);
/// Where there were no others they are looked for again after this long: a place that does not answer holds up each request that asks it.
const PAUSE: Duration = Duration::from_secs(60);

/// Credentials, and until when nobody looks for others.
#[derive(Debug, Default)]
pub(super) struct Held(Option<(Credentials, SystemTime, SystemTime)>);

impl Held {
    /// Those to sign with at `now`: what is held where that is young or `find` fails, else what it finds.
    ///
    /// # Errors
    /// Those of `find`, where nothing is held that lives.
    pub(super) fn at(
        &mut self,
        now: SystemTime,
        find: impl FnOnce() -> Result<Credentials, CredentialsError>,
    ) -> Result<Credentials, CredentialsError> {
        // A clock that was set back is no reason to keep them longer.
        let is_young = |from: SystemTime, until: SystemTime| from <= now && now < until;
        if let Some((held, _, _)) = self.0.as_ref().filter(|(_, from, until)| is_young(*from, *until)) {
            return Ok(held.clone());
        }
        match find() {
            Ok(found) => {
                let early = found.until().and_then(|until| until.checked_sub(MARGIN));
                let until = early.map_or(now + LIFE, |early| early.min(now + LIFE));
                self.0 = Some((found.clone(), now, until));
                Ok(found)
            }
            Err(error) => match &mut self.0 {
                Some((held, from, until)) if held.until().is_none_or(|end| now < end) => {
                    // What is wrong is told once they end.
                    let pause = now + PAUSE;
                    (*from, *until) = (now, held.until().map_or(pause, |end| end.min(pause)));
                    Ok(held.clone())
                }
                _ => Err(error),
            },
        }
    }

    /// The store does not take them.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    /// Those of this id, until that second.
    fn found(id: &str, until: Option<u64>) -> Result<Credentials, CredentialsError> {
        Ok(Credentials::for_tests(id, "shh", None).with_end(until.map(at)))
    }

    fn none() -> Result<Credentials, CredentialsError> {
        Err(CredentialsError::None("their endpoint is down"))
    }

    /// Whose they are at that second; `None` for nobody's.
    fn check(
        held: &mut Held,
        second: u64,
        find: impl FnOnce() -> Result<Credentials, CredentialsError>,
        expected: Option<&str>,
    ) {
        let given = held.at(at(second), find).ok();
        let given = given.as_ref().map(Credentials::id);
        assert_eq!(given, expected, "at {second}");
    }

    fn unasked() -> Result<Credentials, CredentialsError> {
        panic!("nobody had to look")
    }

    #[test]
    fn they_are_looked_for_now_and_then_and_before_their_end() {
        let mut held = Held::default();
        check(&mut held, 10_000, none, None);
        check(&mut held, 10_000, || found("A", None), Some("A"));
        check(&mut held, 10_899, unasked, Some("A"));
        check(&mut held, 10_900, || found("B", Some(11_500)), Some("B"));
        check(&mut held, 11_199, unasked, Some("B"));
        check(&mut held, 11_200, || found("C", None), Some("C"));
        held.forget();
        check(&mut held, 11_201, none, None);
    }

    #[test]
    fn those_that_live_are_kept_where_there_are_no_others() {
        let mut held = Held::default();
        check(&mut held, 10_000, || found("A", Some(10_500)), Some("A"));
        check(&mut held, 10_300, none, Some("A"));
        check(&mut held, 10_359, unasked, Some("A"));
        check(&mut held, 10_360, none, Some("A"));
        check(&mut held, 10_500, none, None);
        check(&mut held, 10_501, || found("B", None), Some("B"));
    }

    #[test]
    fn a_clock_that_was_set_back_has_them_looked_for() {
        let mut held = Held::default();
        check(&mut held, 10_000, || found("A", None), Some("A"));
        check(&mut held, 9_000, || found("B", None), Some("B"));
    }
}
