//! An example as a process: what it printed, and how long it took.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// An example that runs; killed when dropped.
pub struct Example {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    start: Instant,
}

/// An example that has ended well.
pub struct Ended {
    pub lines: Vec<String>,
    took: Duration,
}

/// Builds the examples once per test process and says where they are.
fn executable() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "sheave", "--example", "asyncio"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "the examples do not build");
        let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let path = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "asyncio")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        path.expect("cargo names the executable")
    };
    BUILT.get_or_init(build).clone()
}

impl Example {
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(executable());
        command.arg(name).args(arguments).stdout(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().expect("the example starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines, start }
    }

    /// The next line. Waits for it.
    pub fn line(&mut self) -> String {
        self.lines.next().expect("it says more").expect("it writes UTF-8")
    }

    pub fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let lines = self.lines.by_ref().map(|line| line.expect("it writes UTF-8")).collect();
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}; it said {lines:?}");
        Ended { lines, took: self.start.elapsed() }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an example to its end.
pub fn run(name: &str) -> Ended {
    Example::start(name, &[]).end()
}

impl Ended {
    /// It took so many seconds. Never less; on a machine that does nothing else, which `SHEAVE_FULL=1`
    /// says of this one, hardly more; on any other one less than `limit`: what it would take if it
    /// did one thing after the other, or twice as long if that is what it shall do.
    #[track_caller]
    pub fn took(&self, seconds: f64, limit: f64) {
        let is_full = std::env::var_os("SHEAVE_FULL").is_some();
        let limit = if is_full { seconds + 0.3 } else { limit };
        let took = self.took.as_secs_f64();
        assert!(
            (seconds..limit).contains(&took),
            "{took} s is not within {seconds} s and {limit} s"
        );
    }

    /// The lines, each without the time of day at its end.
    pub fn without_clock(&self) -> Vec<&str> {
        let strip = |line: &'_ String| line.rfind(" at ").unwrap_or(line.len());
        self.lines.iter().map(|line| &line[..strip(line)]).collect()
    }
}

/// The first number in a line.
#[track_caller]
pub fn number(line: &str) -> f64 {
    let number = line.split_whitespace().find_map(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("there is no number in {line:?}"))
}
