//! A program with processes of its own: its jobs really run in these, and none of them is left behind.

use crate::five_run_and_five_wait;
use crate::process::{Example, MINUTE, run_unread};
use sheave_tests::watchdog;
use std::collections::BTreeSet;
use std::io::Read;
use std::process::ChildStderr;

/// Waits until all processes have ended, and returns what they said on stderr.
fn family_ends(mut stderr: ChildStderr) -> String {
    let mut said = String::new();
    watchdog(MINUTE, || stderr.read_to_string(&mut said).expect("they write UTF-8"));
    said
}

#[test]
fn e19_ten_jobs_for_five_processes() {
    let (example, stderr) = Example::start_family("process_pool");
    let own = example.id().to_string();
    assert_eq!(family_ends(stderr), "");
    let ended = example.end();
    five_run_and_five_wait(&ended.lines[..10]);

    let results = ended.lines[10..].iter().map(|line| line.split_once(" from process "));
    let (values, processes): (Vec<_>, BTreeSet<_>) = results.map(Option::unwrap).unzip();
    assert_eq!(values, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(processes.len(), 5, "{processes:?}");
    assert!(!processes.contains(own.as_str()), "{own} did a job itself");
    ended.took(2.0, 10.0);
}

#[test]
fn e19_no_process_outlives_a_program_that_is_killed() {
    let (mut example, stderr) = Example::start_family("process_pool");
    let printed: Vec<String> = (0..11).map(|_| example.line()).collect();
    assert!(printed[10].starts_with("0 from process "), "{printed:?}");
    // Kills it.
    drop(example);
    assert_eq!(family_ends(stderr), "");
}

#[test]
fn e19_no_process_outlives_a_program_that_panics() {
    let said = run_unread("process_pool");
    assert!(said.contains("failed printing to stdout"), "{said}");
}
