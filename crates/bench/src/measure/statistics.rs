//! Many short runs into one number that an outlier does not move: the median, with the range beside it.

/// Median and range of some runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// `None` without values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        // Of an even number the mean of the two in the middle.
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            low,
            high,
        })
    }
}

/// The ratio of the medians, with the range of the ratios round by round.
pub(crate) fn ratio(own: &[f64], other: &[f64]) -> Option<Spread> {
    let median = Spread::of(own.iter().copied())?.median / Spread::of(other.iter().copied())?.median;
    let rounds = Spread::of(own.iter().zip(other).map(|(own, other)| own / other))?;
    Some(Spread { median, ..rounds })
}

#[cfg(test)]
mod tests {
    //! Medians of odd, even and empty sets, and ratios of them.

    use super::*;

    fn check(values: &[f64], expected: Option<(f64, f64, f64)>) {
        let expected = expected.map(|(median, low, high)| Spread { median, low, high });
        assert_eq!(Spread::of(values.iter().copied()), expected, "{values:?}");
    }

    #[test]
    fn medians() {
        check(&[], None);
        check(&[3.0], Some((3.0, 3.0, 3.0)));
        check(&[9.0, 1.0, 2.0], Some((2.0, 1.0, 9.0)));
        check(&[4.0, 1.0, 2.0, 100.0], Some((3.0, 1.0, 100.0)));
    }

    #[test]
    fn a_ratio_is_of_medians_and_its_range_of_rounds() {
        let found = ratio(&[10.0, 20.0, 30.0], &[20.0, 20.0, 40.0]).unwrap();
        assert_eq!(
            found,
            Spread {
                median: 1.0,
                low: 0.5,
                high: 1.0
            }
        );
        assert_eq!(ratio(&[], &[1.0]), None);
    }
}
