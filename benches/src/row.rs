//! One row: what was measured, of whom, round by round.

use crate::statistics::Spread;

/// What one round of one contestant cost. Less is better, always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The figure that is compared.
    pub cost: f64,
    /// The other one of wall and CPU time, where both make sense.
    pub beside: Option<f64>,
}

/// One runtime's samples, in the order of the rounds.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// `tokio`, `smol`, `sheave` or another yardstick.
    pub name: &'static str,
    /// One for each round.
    pub samples: Vec<Sample>,
}

/// What the design asks of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Of whom we must be better.
    pub peer: &'static str,
    /// By what factor: the peer's cost by ours.
    pub ratio: f64,
}

/// A finished row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The work.
    pub name: &'static str,
    /// The unit of `cost`, for one operation.
    pub unit: &'static str,
    /// The unit of `beside`, or nothing.
    pub beside: &'static str,
    /// What the design asks for.
    pub targets: Vec<Target>,
    /// All who took part.
    pub contestants: Vec<Contestant>,
}

impl Row {
    /// The runtime that the others are compared with.
    pub const OURS: &'static str = "sheave";

    /// The samples of a contestant, if it took part.
    #[must_use]
    pub fn samples(&self, name: &str) -> Option<&[Sample]> {
        self.contestants.iter().find(|one| one.name == name).map(|one| &one.samples[..])
    }

    /// What a contestant's operation cost.
    #[must_use]
    pub fn cost(&self, name: &str) -> Option<Spread> {
        Some(Spread::of(self.samples(name)?.iter().map(|sample| sample.cost)))
    }

    /// The peer's cost by ours, both of the same round.
    #[must_use]
    pub fn ratio(&self, peer: &str) -> Option<Spread> {
        self.pairs(peer, |sample| Some(sample.cost))
    }

    /// As [`ratio`](Self::ratio), of the figure beside.
    #[must_use]
    pub fn ratio_beside(&self, peer: &str) -> Option<Spread> {
        self.pairs(peer, |sample| sample.beside)
    }

    fn pairs(&self, peer: &str, figure: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
        let pairs = self.samples(peer)?.iter().zip(self.samples(Self::OURS)?);
        let ratios: Option<Vec<f64>> =
            pairs.map(|(theirs, ours)| Some(figure(theirs)? / figure(ours)?)).collect();
        ratios.filter(|ratios| !ratios.is_empty()).map(Spread::of)
    }

    /// The targets that were missed, each with the ratio that was reached.
    pub fn missed(&self) -> impl Iterator<Item = (Target, f64)> + '_ {
        self.targets.iter().filter_map(|target| {
            let reached = self.ratio(target.peer)?.median;
            (reached < target.ratio).then_some((*target, reached))
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(tokio: &[f64], sheave: &[f64]) -> Row {
        let contestant = |name, costs: &[f64]| Contestant {
            name,
            samples: costs.iter().map(|cost| Sample { cost: *cost, beside: None }).collect(),
        };
        Row {
            name: "lift",
            unit: "ns",
            beside: "",
            targets: vec![Target { peer: "tokio", ratio: 2.0 }],
            contestants: vec![contestant("tokio", tokio), contestant("sheave", sheave)],
        }
    }

    #[test]
    fn ratios_are_of_pairs() {
        // A machine that was ten times slower in one round changes no ratio.
        let row = row(&[3.0, 30.0, 3.0], &[1.0, 10.0, 1.0]);
        assert_eq!(row.ratio("tokio"), Some(Spread { low: 3.0, median: 3.0, high: 3.0 }));
        assert_eq!(row.missed().count(), 0);
    }

    #[test]
    fn a_missed_target_is_told() {
        let row = row(&[3.0], &[2.0]);
        assert_eq!(row.missed().next(), Some((Target { peer: "tokio", ratio: 2.0 }, 1.5)));
    }

    #[test]
    fn who_did_not_take_part_has_no_ratio() {
        let row = row(&[3.0], &[2.0]);
        assert_eq!(row.ratio("smol"), None);
        assert_eq!(row.ratio_beside("tokio"), None);
    }
}
