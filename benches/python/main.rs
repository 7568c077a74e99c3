//! The same programs in CPython's asyncio, in asyncio on uvloop, and on sheave; prints the table of
//! `docs/src/from-python.md`.
//!
//! ```text
//! cargo xtask python [ROUNDS]
//! ```
//!
//! A figure is the median of the rounds (5, if nothing is said). Loops that are not installed are left
//! out.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod programs;

use programs::PROGRAMS;
use sheave::runtime::{Builder, Runtime};
use sheave_benches::Spread;
use std::process::Command;

/// One column of the table: its head, and the seconds of each program in each round.
struct Column {
    head: String,
    seconds: Vec<Vec<f64>>,
}

impl Column {
    fn median(&self, program: usize) -> f64 {
        Spread::of(self.seconds[program].iter().copied()).median
    }
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(5, |n| n.parse().expect("a number of rounds"));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let multi = Builder::new_multi_thread().worker_threads(workers).build();
    let current = Builder::new_current_thread().build();
    let mut columns: Vec<Column> =
        ["asyncio", "uvloop"].iter().filter_map(|kind| python(kind, rounds)).collect();
    columns.push(sheave("sheave, 1 thread", &current.expect("a runtime can be made"), rounds));
    let head = format!("sheave, {workers} workers");
    columns.push(sheave(&head, &multi.expect("a runtime can be made"), rounds));
    print_table(&columns, rounds, workers);
}

fn sheave(head: &str, runtime: &Runtime, rounds: usize) -> Column {
    let run = |program: &programs::Program| {
        (0..rounds).map(|_| (program.seconds)(runtime)).collect::<Vec<f64>>()
    };
    Column { head: head.to_owned(), seconds: PROGRAMS.iter().map(run).collect() }
}

/// What `programs.py` prints, or nothing if it cannot run here.
fn python(kind: &str, rounds: usize) -> Option<Column> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/programs.py");
    let output = Command::new("python3").args([script, kind, &rounds.to_string()]).output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            eprintln!("{kind} is left out: {}", said.trim().lines().last().unwrap_or_default());
            return None;
        }
        Err(error) => {
            eprintln!("{kind} is left out: python3: {error}");
            return None;
        }
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let of = |name: &str| -> Vec<f64> {
        let lines = printed.lines().filter_map(|line| line.split_once('\t'));
        let mine = lines.filter(|(program, _)| *program == name);
        mine.map(|(_, seconds)| seconds.parse().expect("a number of seconds")).collect()
    };
    let seconds = PROGRAMS.iter().map(|program| of(program.name)).collect();
    Some(Column { head: format!("{kind} ({})", version(kind)), seconds })
}

fn version(kind: &str) -> String {
    let ask = match kind {
        "uvloop" => "import uvloop; print(uvloop.__version__)",
        _ => "import platform; print('CPython', platform.python_version())",
    };
    let output = Command::new("python3").args(["-c", ask]).output();
    output.map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

fn print_table(columns: &[Column], rounds: usize, cores: usize) {
    let heads: Vec<&str> = columns.iter().map(|column| column.head.as_str()).collect();
    println!("| milliseconds | {} |", heads.join(" | "));
    println!("|---|{}", "---:|".repeat(columns.len()));
    for (place, program) in PROGRAMS.iter().enumerate() {
        let cells = columns.iter().map(|column| format!("{:.1}", column.median(place) * 1e3));
        println!("| {} | {} |", program.does, cells.collect::<Vec<_>>().join(" | "));
    }
    println!("\nMedians of {rounds} rounds on a machine with {cores} cores.");
}
