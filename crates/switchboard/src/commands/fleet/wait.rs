//! Waiting until every live gateway has a revision: asks the portal again and again, counts on stderr, and says who has not.

use super::answer::FleetAnswer;
use super::judge::Verdict;
use crate::commands::portal_client::{Call, EnvironmentOptions, Failure, Portal, Position, escaped};
use crate::commands::screen::{Progress, span};
use clap::Args;
use std::time::{Duration, Instant};

/// Pause between two looks: short while a person watches, longer when it takes long anyway.
const PAUSE: Duration = Duration::from_millis(200);
const LATER_PAUSE: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(10);
/// Instances that one answer lists.
const PAGE: u32 = 1_000;
/// Instances of an environment that are read.
const PAGES_MAX: usize = 100;

/// The options of commands that may wait.
#[derive(Debug, Args)]
pub(crate) struct WaitOptions {
    /// Wait until every live gateway has it, and say who has not; exit code 1 where some have not
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span, requires = "wait")]
    pub(crate) within: Duration,
}

/// What came of waiting.
#[derive(Debug)]
pub(crate) enum Waited {
    /// Every live gateway has it.
    Everywhere(Verdict),
    /// Time is up.
    NotYet(Verdict),
}

impl Waited {
    pub(crate) fn verdict(&self) -> &Verdict {
        match self {
            Waited::Everywhere(verdict) | Waited::NotYet(verdict) => verdict,
        }
    }

    pub(crate) fn is_everywhere(&self) -> bool {
        matches!(self, Waited::Everywhere(_))
    }
}

/// Waits so long at most.
///
/// # Errors
/// Where the portal is not reached, or refuses.
pub(crate) fn wait(
    portal: &Portal,
    options: &EnvironmentOptions,
    position: Position,
    within: Duration,
) -> Result<Waited, Failure> {
    let begun = Instant::now();
    let mut progress = Progress::new();
    loop {
        let verdict = Verdict::of(&fleet(portal, options, Some(position))?, position);
        if verdict.holds() {
            return Ok(Waited::Everywhere(verdict));
        }
        let passed = begun.elapsed();
        if passed >= within {
            return Ok(Waited::NotYet(verdict));
        }
        progress.say(&format!(
            "{} gateways have {position} after {} s",
            verdict.counted(),
            passed.as_secs()
        ));
        let pause = if passed < LATER { PAUSE } else { LATER_PAUSE };
        portal.pause(pause.min(within.saturating_sub(passed)));
    }
}

/// The whole fleet of the environment, and how each stands to a revision.
pub(super) fn fleet(
    portal: &Portal,
    options: &EnvironmentOptions,
    position: Option<Position>,
) -> Result<FleetAnswer, Failure> {
    let mut whole: Option<FleetAnswer> = None;
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let path = format!(
            "/v1/fleet?environment={}&limit={PAGE}",
            escaped(&options.environment)
        );
        let call = Call::get(path).query(&[
            ("revision", position.map(|position| position.to_string())),
            ("cursor", cursor.take()),
        ]);
        let page: FleetAnswer = portal.ask(call)?.read()?;
        cursor = page.next_cursor.clone();
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => whole.instances.extend(page.instances),
        }
        if cursor.is_none() {
            break;
        }
    }
    whole.ok_or_else(|| Failure::Usage("the portal lists no fleet".to_owned()))
}

/// The epoch of what is published.
pub(crate) fn epoch(portal: &Portal, options: &EnvironmentOptions) -> Result<u64, Failure> {
    let answer = fleet(portal, options, None)?;
    let published = answer.published.ok_or_else(|| {
        Failure::Usage(format!(
            "nothing is published in {} yet: there is no revision to wait for",
            options.environment
        ))
    })?;
    Ok(published.epoch)
}
