//! One command with its output in a log, one summary line, and the way to repeat it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many lines of a failed command's log are shown.
const TAIL: usize = 120;

/// The workspace root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// One command line, with the variables it needs.
pub(crate) struct Step {
    name: &'static str,
    program: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

/// What came of a step.
pub(crate) struct Outcome {
    pub(crate) green: bool,
    pub(crate) took: Duration,
    /// Everything the command printed.
    pub(crate) log: String,
}

impl Step {
    /// `cargo` with these arguments, separated by blanks.
    pub(crate) fn cargo(name: &'static str, arguments: &str) -> Self {
        Self {
            name,
            program: std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            variables: Vec::new(),
        }
    }

    pub(crate) fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// The line that repeats this step in a shell.
    pub(crate) fn line(&self) -> String {
        let variables = self.variables.iter().map(|(name, value)| format!("{name}='{value}'"));
        let arguments = self.arguments.iter().map(|argument| {
            if argument.contains([' ', '(', '*', '|']) {
                format!("'{argument}'")
            } else {
                argument.clone()
            }
        });
        variables.chain(["cargo".to_owned()]).chain(arguments).collect::<Vec<_>>().join(" ")
    }

    /// Runs the command with its output on the terminal.
    pub(crate) fn stream(&self) -> bool {
        println!("$ {}", self.line());
        self.command().status().is_ok_and(|status| status.success())
    }

    /// Runs the command with its output in `target/xtask/<name>.log`.
    pub(crate) fn capture(&self) -> Outcome {
        let started = Instant::now();
        let path = self.log_path();
        let ended = File::create(&path).and_then(|log| {
            let errors = log.try_clone()?;
            self.command().stdin(Stdio::null()).stdout(log).stderr(errors).status()
        });
        let mut log = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into();
        let green = match ended {
            Ok(status) => status.success(),
            Err(error) => {
                log = format!("the command did not start: {error}");
                false
            }
        };
        Outcome { green, took: started.elapsed(), log }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(n, v)| (n, v)));
        command
    }

    fn log_path(&self) -> PathBuf {
        let folder = root().join("target/xtask");
        std::fs::create_dir_all(&folder).expect("target/xtask can be made");
        folder.join(format!("{}.log", self.name.replace(' ', "-")))
    }
}

/// Runs steps one after the other, a failed one does not stop the next.
pub(crate) struct Summary {
    started: Instant,
    first_failure: Option<(&'static str, String, String)>,
    others: Vec<String>,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), first_failure: None, others: Vec::new() }
    }

    /// Runs a step and prints its line. Returns what the command said.
    pub(crate) fn run(&mut self, step: &Step) -> String {
        announce(step.name);
        let outcome = step.capture();
        self.record(step.name, step.line(), outcome)
    }

    /// Enters a check that is not a command of its own.
    pub(crate) fn check(&mut self, name: &'static str, lane: &str, check: impl FnOnce() -> Report) {
        announce(name);
        let started = Instant::now();
        let Report { green, log } = check();
        let outcome = Outcome { green, took: started.elapsed(), log };
        self.record(name, format!("cargo xtask {lane}"), outcome);
    }

    fn record(&mut self, name: &'static str, again: String, outcome: Outcome) -> String {
        let verdict = if outcome.green { "ok" } else { "FAILED" };
        println!("{:7.1} s  {verdict}", outcome.took.as_secs_f64());
        if !outcome.green {
            if self.first_failure.is_none() {
                self.first_failure = Some((name, again, outcome.log.clone()));
            } else {
                self.others.push(format!("{name}: {again}"));
            }
        }
        outcome.log
    }

    /// Prints the total and the first failure. Returns whether all was green.
    pub(crate) fn finish(self) -> bool {
        println!("{:26} {:7.1} s", "total", self.started.elapsed().as_secs_f64());
        let Some((name, again, log)) = self.first_failure else { return true };
        println!("\nfirst failure: {name}\n{}", tail(&log));
        println!("\nrepeat it with: {again}");
        for other in self.others {
            println!("also failed: {other}");
        }
        false
    }
}

/// What a built-in check found.
pub(crate) struct Report {
    pub(crate) green: bool,
    pub(crate) log: String,
}

fn announce(name: &str) {
    print!("{name:26} ");
    // Without the flush, a step that hangs would hang without a name.
    std::io::stdout().flush().expect("standard output is open");
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
