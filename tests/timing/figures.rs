//! What many measured times come to.

use std::fmt;
use std::time::Duration;

/// Times, the shortest first.
#[derive(Debug)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        assert!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Self(times)
    }

    /// The time that this share of all times does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let count = self.0.len();
        let place = (share * count as f64).ceil() as usize;
        self.0[place.clamp(1, count) - 1]
    }

    pub(crate) fn shortest(&self) -> Duration {
        self.0[0]
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.quantile(1.0)
    }

    /// Between which times the middle half of all lies: what one and the same thing differs by from time to time.
    pub(crate) fn spread(&self) -> Duration {
        self.quantile(0.75) - self.quantile(0.25)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {}, p99 {}, max {}", ms(self.median()), ms(self.p99()), ms(self.longest()))
    }
}

/// `12.34 ms`.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

#[test]
fn the_figures_of_a_hundred_times_are_those_at_their_places() {
    let figures = Figures::of((1..=100).rev().map(Duration::from_millis));
    let places = [figures.shortest(), figures.median(), figures.p99(), figures.longest(), figures.spread()];
    assert_eq!(places, [1, 50, 99, 100, 50].map(Duration::from_millis));
}
