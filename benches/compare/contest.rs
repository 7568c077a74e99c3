//! One run: rounds of every contestant for every row that was asked for.

use crate::rt::{Rt, Sheave, Smol, Tokio};
use sheave_benches::{Contestant, Row, Sample, Target, print_header, print_row, print_summary};
use std::path::PathBuf;

/// Workers of every contestant.
pub(crate) const WORKERS: usize = 2;

/// What every row asks of us against smol, where it does not say otherwise.
const AGAINST_SMOL: Target = Target { peer: "smol", ratio: 1.3 };

/// What is measured, and what the design asks for.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) beside: &'static str,
    /// Against tokio.
    pub(crate) target: f64,
    pub(crate) against_smol: Target,
    /// Against somebody who takes part in this row only.
    pub(crate) against_yardstick: Option<Target>,
}

impl Spec {
    /// Wall time in ns, with CPU time beside it.
    pub(crate) const fn wall(name: &'static str, target: f64) -> Self {
        Self {
            name,
            unit: "ns",
            beside: "cpu",
            target,
            against_smol: AGAINST_SMOL,
            against_yardstick: None,
        }
    }

    /// CPU time in ns, with wall time beside it.
    pub(crate) const fn cpu(name: &'static str, target: f64) -> Self {
        Self {
            name,
            unit: "ns",
            beside: "wall",
            target,
            against_smol: AGAINST_SMOL,
            against_yardstick: None,
        }
    }

    /// A figure with nothing beside it.
    pub(crate) const fn alone(name: &'static str, unit: &'static str, target: f64) -> Self {
        Self { name, unit, beside: "", target, against_smol: AGAINST_SMOL, against_yardstick: None }
    }
}

/// A piece of work that is the same for every runtime.
pub(crate) trait Work {
    const SPEC: Spec;

    fn measure<R: Rt>(rt: &'static R) -> Sample;
}

/// One contestant of a row: its name and how to measure one round of it.
pub(crate) type Entrant<'a> = (&'static str, Box<dyn FnMut() -> Sample + 'a>);

/// The contestants, the options, and the rows so far.
pub(crate) struct Contest {
    tokio: &'static Tokio,
    smol: &'static Smol,
    sheave: &'static Sheave,
    rounds: usize,
    words: Vec<String>,
    json: Option<PathBuf>,
    rows: Vec<Row>,
}

impl Contest {
    /// # Panics
    /// If an argument makes no sense.
    pub(crate) fn new(arguments: &[String]) -> Self {
        let mut contest = Self {
            tokio: leak(),
            smol: leak(),
            sheave: leak(),
            rounds: 11,
            words: Vec::new(),
            json: None,
            rows: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
            match argument.as_str() {
                // What cargo passes to every bench.
                "--bench" => {}
                "--quick" => contest.rounds = 3,
                "--rounds" => contest.rounds = value().parse().expect("--rounds takes a number"),
                "--json" => contest.json = Some(value().into()),
                word if !word.starts_with('-') => contest.words.push(word.into()),
                unknown => panic!("unknown option {unknown}: see the top of compare.rs"),
            }
        }
        assert!(contest.rounds > 0, "--rounds must be at least 1");
        println!("{WORKERS} workers each, {} rounds after one to warm up", contest.rounds);
        print_header();
        contest
    }

    /// Whether a row was asked for: one of the words is part of its name, or there are none.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }

    /// The runtime for rows that compare something other than runtimes.
    pub(crate) fn sheave(&self) -> &'static Sheave {
        self.sheave
    }

    /// Measures a row in this process.
    pub(crate) fn row<W: Work>(&mut self) {
        let (tokio, smol, sheave) = (self.tokio, self.smol, self.sheave);
        if self.wants(W::SPEC.name) {
            self.compete(
                W::SPEC,
                &mut [
                    (Tokio::NAME, Box::new(|| W::measure(tokio))),
                    (Smol::NAME, Box::new(|| W::measure(smol))),
                    (Sheave::NAME, Box::new(|| W::measure(sheave))),
                ],
            );
        }
    }

    /// Measures a row of these entrants.
    pub(crate) fn compete(&mut self, spec: Spec, entrants: &mut [Entrant<'_>]) {
        let mut contestants: Vec<Contestant> = entrants
            .iter()
            .map(|(name, _)| Contestant { name, samples: Vec::with_capacity(self.rounds) })
            .collect();
        for (_, measure) in entrants.iter_mut() {
            measure();
        }
        for round in 0..self.rounds {
            for place in 0..entrants.len() {
                let turn = (round + place) % entrants.len();
                contestants[turn].samples.push(entrants[turn].1());
            }
        }
        let Spec { name, unit, beside, target, against_smol, against_yardstick } = spec;
        let against_tokio = Target { peer: Tokio::NAME, ratio: target };
        let targets = [against_tokio, against_smol].into_iter().chain(against_yardstick).collect();
        let row = Row { name, unit, beside, targets, contestants };
        print_row(&row);
        self.rows.push(row);
    }

    /// Prints the verdict and writes the file that was asked for.
    pub(crate) fn finish(self) {
        print_summary(&self.rows);
        if let Some(path) = self.json {
            std::fs::write(&path, sheave_benches::to_json(&self.rows))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

/// Contestants live as long as the process, so that tasks can borrow them.
fn leak<R: Rt>() -> &'static R {
    Box::leak(Box::new(R::start(WORKERS)))
}
