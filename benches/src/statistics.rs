//! The middle of some figures, and how far they lie apart.

/// A median with its quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter of the figures are not above this.
    pub low: f64,
    /// Half of the figures are not above this.
    pub median: f64,
    /// Three quarters of the figures are not above this.
    pub high: f64,
}

impl Spread {
    /// The spread of these figures; between two of them it takes the point on the line.
    ///
    /// # Panics
    /// If there is no figure, or one is not a number.
    #[must_use]
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        assert!(!sorted.is_empty(), "a spread needs at least one figure");
        sorted.sort_by(|a, b| a.partial_cmp(b).expect("a figure is not a number"));
        let at = |quarter: f64| {
            let place = quarter * (sorted.len() - 1) as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// The figure that `percent` of these do not exceed.
    ///
    /// # Panics
    /// If there is no figure.
    #[must_use]
    pub fn percentile(figures: &mut [f64], percent: usize) -> f64 {
        assert!(!figures.is_empty(), "a percentile needs at least one figure");
        figures.sort_by(f64::total_cmp);
        figures[(figures.len() * percent / 100).min(figures.len() - 1)]
    }
}

/// The geometric mean, which is the fair one for ratios: 2 and ½ make 1. Of nothing it is 1.
#[must_use]
pub fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> f64 {
    let logs: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
    (logs.iter().sum::<f64>() / logs.len().max(1) as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_on_figures_or_between_them() {
        let odd = Spread::of([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(odd, Spread { low: 2.0, median: 3.0, high: 4.0 });
        assert_eq!(Spread::of([1.0, 2.0]).median, 1.5);
        assert_eq!(Spread::of([7.0]), Spread { low: 7.0, median: 7.0, high: 7.0 });
    }

    #[test]
    fn percentiles_name_a_figure() {
        let mut figures: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(Spread::percentile(&mut figures, 99), 99.0);
        assert_eq!(Spread::percentile(&mut figures, 50), 50.0);
        assert_eq!(Spread::percentile(&mut [4.0], 99), 4.0);
    }

    #[test]
    fn ratios_cancel_out() {
        assert!((geometric_mean([4.0, 0.25]) - 1.0).abs() < 1e-12);
        assert!((geometric_mean([2.0, 8.0]) - 4.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), 1.0);
    }
}
