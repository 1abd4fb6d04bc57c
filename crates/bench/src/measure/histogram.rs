//! Latencies, counted in buckets whose width grows with the value, so that any quantile is within 1 % of the truth and a
//! long run takes no more memory than a short one.

use serde_json::{Value, json};
use std::time::Duration;

/// Buckets per doubling: a bucket is at most 1/128 of its value wide.
const STEPS: u64 = 128;
const STEPS_LOG2: u32 = STEPS.ilog2();

/// Counts of nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Counts one value.
    pub(crate) fn record(&mut self, value: Duration) {
        let nanoseconds = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        self.add(bucket(nanoseconds), 1);
    }

    /// How many values were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The value that this part of all values (0 to 1) does not exceed; `None` without values.
    pub(crate) fn quantile(&self, part: f64) -> Option<Duration> {
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if *count > 0 && seen as f64 >= part * self.total as f64 {
                return Some(Duration::from_nanos(upper_end(index as u64)));
            }
        }
        None
    }

    /// Adds all values of another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (index, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.add(index, *count);
        }
    }

    /// As `[[bucket, count], …]`.
    pub(crate) fn to_json(&self) -> Value {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(index, count)| json!([index, count])).collect()
    }

    /// The inverse of `to_json`; `None` if it is anything else.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let mut histogram = Self::default();
        for pair in value.as_array()? {
            let index = usize::try_from(pair.get(0)?.as_u64()?).ok()?;
            if index > bucket(u64::MAX) {
                return None;
            }
            histogram.add(index, pair.get(1)?.as_u64()?);
        }
        Some(histogram)
    }

    fn add(&mut self, index: usize, count: u64) {
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(bucket) = self.counts.get_mut(index) {
            *bucket += count;
        }
        self.total += count;
    }
}

/// Values below `STEPS` have a bucket each; above, each doubling has `STEPS` buckets.
fn bucket(value: u64) -> usize {
    let doubling = (value | 1).ilog2().saturating_sub(STEPS_LOG2);
    let index = u64::from(doubling) * STEPS + (value >> doubling);
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn upper_end(index: u64) -> u64 {
    let doubling = (index / STEPS).saturating_sub(1);
    let step = index - doubling * STEPS;
    let next = u128::from(step + 1) << doubling;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    //! Quantiles are close, at every magnitude, and survive the way through JSON.

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values
            .into_iter()
            .for_each(|value| histogram.record(Duration::from_nanos(value)));
        histogram
    }

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        for value in (0..1_000).chain((0..57).flat_map(|shift| [(1 << shift) - 1, 1 << shift, 3 << shift])) {
            let end = upper_end(bucket(value) as u64);
            assert!(end >= value && end - value <= value / 100 + 1, "{value}: {end}");
        }
        assert_eq!(upper_end(bucket(u64::MAX) as u64), u64::MAX);
    }

    #[test]
    fn quantiles_of_a_ramp() {
        let ramp = of(1..=100_000);
        for part in [0.01, 0.5, 0.99, 1.0] {
            let expected = part * 100_000.0;
            let found = ramp.quantile(part).unwrap().as_nanos() as f64;
            assert!((found / expected - 1.0).abs() < 0.01, "{part}: {found}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn merging_and_json_keep_every_count() {
        let mut both = of([1, 5_000, 5_000]);
        both.merge(&of([7_000_000]));
        assert_eq!(both, of([1, 5_000, 5_000, 7_000_000]));
        assert_eq!(Histogram::from_json(&both.to_json()), Some(both));
        assert_eq!(Histogram::from_json(&json!([[1]])), None);
        assert_eq!(Histogram::from_json(&json!([[u64::MAX, 1]])), None);
    }
}
