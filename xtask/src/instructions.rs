//! `cargo xtask instructions`: what an operation costs in instructions, which a loaded machine cannot
//! blur. The work is `xtask/examples/instructions.rs`.

use crate::step::{Step, root};
use std::process::Command;

/// What is counted, and how it is called in the table.
const WORKS: [(&str, &str); 9] = [
    ("yields", "one poll, current thread"),
    ("yields measured", "the same with the poll-time histogram"),
    ("yields worker", "one poll, one worker"),
    ("yields worker unwatched", "the same, the monitor looks once in 30 min"),
    ("spawns", "spawn, run and join a task, current thread"),
    ("spawns worker", "spawn, run and join a task, one worker"),
    ("spawns worker unwatched", "the same, the monitor looks once in 30 min"),
    ("roots", "a task answers the root, current thread"),
    ("roots worker", "a task answers the root, one worker"),
];

/// Operations in the shorter of two runs. The longer one has twice as many; the difference is free of
/// what it costs to begin and to end.
const OPERATIONS: u64 = 100_000;

/// Prints the table. Returns whether everything could be counted.
pub(crate) fn run() -> bool {
    let build = Step::cargo("instructions", "build --release -p xtask --example instructions");
    if !build.stream() {
        return false;
    }
    println!("{:46} instructions", "operation");
    WORKS.iter().all(|(work, title)| match per_operation(work) {
        Ok(count) => {
            println!("{title:46} {count:12.1}");
            true
        }
        Err(why) => {
            eprintln!("{title}: {why}");
            false
        }
    })
}

fn per_operation(work: &str) -> Result<f64, String> {
    let (short, long) = (count(work, OPERATIONS)?, count(work, 2 * OPERATIONS)?);
    Ok((long as f64 - short as f64) / OPERATIONS as f64)
}

/// The instructions of one run.
fn count(work: &str, operations: u64) -> Result<u64, String> {
    let program = root().join("target/release/examples/instructions");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=yes"])
        .arg(program)
        .args([work, &operations.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not start ({error}); is it installed?"))?;
    let log = String::from_utf8_lossy(&run.stderr);
    let collected = log.lines().find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|count| count.trim().parse().ok());
    collected.filter(|_| run.status.success()).ok_or_else(|| format!("it failed:\n{log}"))
}
