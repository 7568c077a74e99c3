//! The loom lane: builds the modelled crates with `--cfg loom`, runs every model and tabulates
//! what each one explored.
//!
//! The flag travels in `RUSTFLAGS`: `cargo --config build.rustflags=… nextest` would not reach the
//! build and would run the ordinary tests without a word.

use crate::step::{Step, Summary};
use crate::suite::has_nextest;

/// The crates that contain models. Their `--lib` tests only: integration tests are no models.
const MODELLED: [&str; 3] = ["sheave-facade", "sheave-blocking-pool", "sheave"];

/// A line that the model runner printed.
#[derive(Debug, PartialEq)]
struct Model {
    name: String,
    bound: String,
    executions: u64,
    seconds: f64,
    verdict: String,
}

/// Runs the models whose path contains `filter`. Returns whether all were green.
pub(crate) fn run(filter: Option<&str>) -> bool {
    let mut summary = Summary::new();
    let said = summary.run(&step(filter));
    print!("{}", table(&models(&said)));
    summary.finish()
}

/// Runs all models as one step of a longer list.
pub(crate) fn run_in(summary: &mut Summary) {
    let said = summary.run(&step(None));
    let models = models(&said);
    let executions: u64 = models.iter().map(|m| m.executions).sum();
    println!("{:26} {} models, {executions} executions", "", models.len());
}

/// Looks for primitives that do not come from the facade. In a normal build clippy cannot tell,
/// because the facade re-exports them; in a model build the facade's names are loom's, so that
/// whatever clippy still finds came from elsewhere.
pub(crate) fn banned_types() -> Step {
    Step::cargo(
        "banned types",
        "clippy --no-deps --target-dir target/loom --lib -p sheave-blocking-pool -p sheave -- \
         -D clippy::disallowed_types -D clippy::disallowed_methods",
    )
    .variable("RUSTFLAGS", "--cfg loom")
}

fn step(filter: Option<&str>) -> Step {
    let nextest = has_nextest();
    let runner = if nextest {
        "nextest run --profile loom --cargo-profile loom"
    } else {
        "test --profile loom"
    };
    let step = Step::cargo("loom models", runner)
        .variable("RUSTFLAGS", "--cfg loom")
        .argument("--target-dir")
        .argument("target/loom")
        .argument("--lib");
    let step = MODELLED.iter().fold(step, |step, name| step.argument("-p").argument(*name));
    let step = filter.into_iter().fold(step, Step::argument);
    if nextest {
        // A name that matches nothing is a mistake; a tree without models is not.
        step.argument(if filter.is_some() { "--no-tests=fail" } else { "--no-tests=pass" })
    } else {
        // The table is made of what the tests print, and two models fit on two cores.
        step.argument("--").argument("--nocapture").argument("--test-threads=2")
    }
}

fn models(said: &str) -> Vec<Model> {
    said.lines().filter_map(parse).collect()
}

/// Reads `MODEL name bound 2 123 executions 0.45 s ok`. Colours and indents of the test runner
/// may surround it.
fn parse(line: &str) -> Option<Model> {
    let mut words = line[line.find("MODEL ")?..].split_whitespace().skip(1);
    let name = words.next()?.to_owned();
    let bound = words.by_ref().skip_while(|word| *word != "bound").nth(1)?.to_owned();
    let executions = words.next()?.parse().ok()?;
    let seconds = words.nth(1)?.parse().ok()?;
    let verdict = words.nth(1)?.to_owned();
    Some(Model { name, bound, executions, seconds, verdict })
}

fn table(models: &[Model]) -> String {
    let mut text =
        format!("\n{:44} {:>5} {:>12} {:>9}\n", "model", "bound", "executions", "seconds");
    let mut row = |name: &str, bound: &str, executions: u64, seconds: f64, verdict: &str| {
        let line = format!("{name:44} {bound:>5} {executions:>12} {seconds:>9.2}  {verdict}");
        text.push_str(line.trim_end());
        text.push('\n');
    };
    for model in models {
        row(&model.name, &model.bound, model.executions, model.seconds, &model.verdict);
    }
    let executions = models.iter().map(|m| m.executions).sum();
    // The sum of no floats would be minus zero.
    let seconds = models.iter().fold(0.0, |sum, m| sum + m.seconds);
    row(&format!("total: {} models", models.len()), "", executions, seconds, "");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_runner_is_read_whatever_stands_around_it() {
        let line = "    MODEL park::two_unparkers   bound 2       406 executions   0.12 s ok";
        let model = parse(line).unwrap();
        assert_eq!((model.name.as_str(), model.bound.as_str()), ("park::two_unparkers", "2"));
        assert_eq!((model.executions, model.seconds, model.verdict.as_str()), (406, 0.12, "ok"));
    }

    #[test]
    fn other_lines_are_no_models() {
        assert_eq!(models("running 3 tests\nMODEL of a car\n\ntest a ... ok").len(), 0);
    }

    #[test]
    fn the_table_ends_with_the_totals() {
        let said = "MODEL a bound none 10 executions 1.50 s ok\nMODEL b bound 3 5 executions 0.25 s FAILED";
        let table = table(&models(said));
        let last = table.trim_end().lines().last().unwrap();
        assert!(
            last.starts_with("total: 2 models") && last.contains("15") && last.ends_with("1.75")
        );
        assert!(table.contains("FAILED"));
    }
}
