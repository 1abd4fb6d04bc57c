//! Rounds: every case once in turn, again and again, so that whatever the machine does to one it does to all. A round is
//! thrown away for one reason only, which has nothing to do with its result: the hypervisor ran somebody else.

use super::{Lab, Measurement, Proxy, Shot};
use anyhow::Result;

/// A round in which any run lost more than this part of a core is thrown away.
const STOLEN_MAX: f64 = 0.02;
/// Rounds that are tried beyond those wanted, to make up for thrown-away ones.
pub(crate) const EXTRA_ROUNDS: usize = 4;
/// With fewer clean rounds than this, the least disturbed of the others are taken in, and the page says so.
const CLEAN_ROUNDS_MIN: usize = 3;

/// One proxy under one load.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) proxy: &'a Proxy,
    pub(crate) shot: Shot,
}

/// What came of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// One for each round that was kept; none if `void`.
    pub(crate) runs: Vec<Measurement>,
    /// Why nothing counts: a wrong answer, or a proxy that ended.
    pub(crate) void: Option<String>,
}

impl Outcome {
    /// One number of each run.
    pub(crate) fn each(&self, number: impl Fn(&Measurement) -> f64) -> Vec<f64> {
        self.runs.iter().map(number).collect()
    }
}

/// What came of all cases.
#[derive(Debug)]
pub(crate) struct Rounds {
    pub(crate) outcomes: Vec<Outcome>,
    /// How many rounds were thrown away, and how many disturbed ones had to be taken in.
    pub(crate) thrown_away: usize,
    pub(crate) disturbed: usize,
}

impl Rounds {
    /// One sentence on how it went.
    pub(crate) fn note(&self) -> String {
        let kept = self
            .outcomes
            .iter()
            .map(|outcome| outcome.runs.len())
            .max()
            .unwrap_or(0);
        let mut note = format!(
            "{kept} interleaved rounds, {} more discarded for steal time",
            self.thrown_away
        );
        if self.disturbed > 0 {
            note.push_str(&format!(
                "; {} of those kept were disturbed too, for want of better",
                self.disturbed
            ));
        }
        note
    }

    pub(crate) fn of(&self, name: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.name == name)
    }
}

/// Runs all cases in turn until enough rounds were undisturbed.
pub(crate) fn interleave(lab: &Lab, cases: &[Case<'_>], wanted: usize) -> Result<Rounds> {
    let mut void: Vec<Option<String>> = vec![None; cases.len()];
    let mut rounds: Vec<Vec<Option<Measurement>>> = Vec::new();
    let clean = |rounds: &[Vec<Option<Measurement>>]| {
        rounds.iter().filter(|round| stolen(round) <= STOLEN_MAX).count()
    };
    let limit = if wanted > 1 { wanted + EXTRA_ROUNDS } else { wanted };
    while clean(&rounds) < wanted && rounds.len() < limit {
        // The first part of what is used once went to warming up.
        let number = rounds.len() + 1;
        let mut round = Vec::new();
        for (case, void) in cases.iter().zip(&mut void) {
            let run = match void {
                Some(_) => None,
                None => lab
                    .measure(case.proxy, &case.shot.in_round(number))
                    .map_err(|error| *void = Some(format!("{error:#}")))
                    .ok(),
            };
            round.push(run);
        }
        rounds.push(round);
        let done = rounds.len();
        anstream::eprint!(
            "\r  round {done} of {wanted}, {} disturbed ",
            done - clean(&rounds)
        );
    }
    anstream::eprintln!();
    let tried = rounds.len();
    let disturbed = keep(&mut rounds, wanted, |round| stolen(round));
    let thrown_away = tried - rounds.len();
    let mut outcomes: Vec<Outcome> = cases
        .iter()
        .zip(void)
        .map(|(case, void)| Outcome {
            name: case.proxy.name.clone(),
            runs: Vec::new(),
            void,
        })
        .collect();
    for round in rounds {
        for (outcome, run) in outcomes.iter_mut().zip(round) {
            outcome.runs.extend(run.filter(|_| outcome.void.is_none()));
        }
    }
    Ok(Rounds {
        outcomes,
        thrown_away,
        disturbed,
    })
}

fn stolen(round: &[Option<Measurement>]) -> f64 {
    round.iter().flatten().map(|run| run.stolen).fold(0.0, f64::max)
}

/// Leaves the rounds that count, of which this part was stolen; how many of them were disturbed.
pub(crate) fn keep<R>(rounds: &mut Vec<R>, wanted: usize, stolen: impl Fn(&R) -> f64) -> usize {
    rounds.sort_by(|a, b| stolen(a).total_cmp(&stolen(b)));
    let clean = rounds.iter().filter(|round| stolen(round) <= STOLEN_MAX).count();
    let kept = clean.max(CLEAN_ROUNDS_MIN.min(wanted)).min(rounds.len());
    rounds.truncate(kept);
    kept.saturating_sub(clean)
}

#[cfg(test)]
mod tests {
    //! Only steal time decides which rounds count.

    use super::*;
    use crate::measure::{CpuTime, Histogram};

    fn check(stolen: &[f64], wanted: usize, kept: &[f64], disturbed: usize) {
        let run = |stolen| Measurement {
            requests: 1,
            seconds: 1.0,
            cpu: CpuTime::default(),
            latency: Histogram::default(),
            stolen,
        };
        let mut rounds: Vec<_> = stolen
            .iter()
            .map(|stolen| vec![Some(run(0.0)), Some(run(*stolen)), None])
            .collect();
        assert_eq!(keep(&mut rounds, wanted, |round| super::stolen(round)), disturbed);
        assert_eq!(
            rounds
                .iter()
                .map(|round| super::stolen(round))
                .collect::<Vec<_>>(),
            kept
        );
    }

    #[test]
    fn disturbed_rounds_are_thrown_away_while_enough_are_left() {
        check(&[0.0, 0.5, 0.01, 0.0], 4, &[0.0, 0.0, 0.01], 0);
        check(&[0.5, 0.3, 0.0, 0.4], 4, &[0.0, 0.3, 0.4], 2);
        check(&[0.5], 1, &[0.5], 1);
    }
}
