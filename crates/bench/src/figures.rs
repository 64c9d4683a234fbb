//! What many measurements come to.

use std::fmt;
use std::time::Duration;

/// Measured values, the smallest first.
#[derive(Debug)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    /// In milliseconds.
    pub(crate) fn of_times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(times.into_iter().map(|time| time.as_secs_f64() * 1_000.0))
    }

    /// The value that this share of all does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let count = self.0.len();
        let place = (share * count as f64).ceil() as usize;
        self.0[place.clamp(1, count) - 1]
    }

    pub(crate) fn min(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// Between which values the middle half of all lies: what one and the same thing differs by from time to time.
    pub(crate) fn spread(&self) -> f64 {
        self.quantile(0.75) - self.quantile(0.25)
    }
}

/// `0.83  (0.80 to 0.86)`: the median, and the smallest and largest.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5.2}  ({:.2} to {:.2})", self.median(), self.min(), self.max())
    }
}

#[test]
fn the_figures_of_a_hundred_values_are_those_at_their_places() {
    let figures = Figures::of((1..=100).rev().map(f64::from));
    assert_eq!(
        [figures.min(), figures.median(), figures.p99(), figures.max(), figures.spread()],
        [1.0, 50.0, 99.0, 100.0, 50.0]
    );
    assert_eq!(figures.to_string(), "50.00  (1.00 to 100.00)");
    assert_eq!(Figures::of_times([Duration::from_millis(7)]).median(), 7.0);
}
