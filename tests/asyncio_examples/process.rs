//! An example as a process: what it printed, and how long it took.

use sheave_tests::watchdog;
use std::io::{BufRead, BufReader, Lines};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Far longer than any of them takes.
pub const MINUTE: Duration = Duration::from_secs(60);

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
        Self::spawn(name, arguments, Stdio::inherit())
    }

    /// Starts one that has processes of its own. They inherit its stderr: that is at its end when none
    /// of them all is left.
    pub fn start_family(name: &str) -> (Self, ChildStderr) {
        let mut example = Self::spawn(name, &[], Stdio::piped());
        let stderr = example.child.stderr.take().expect("it is piped");
        (example, stderr)
    }

    fn spawn(name: &str, arguments: &[&str], stderr: Stdio) -> Self {
        let mut command = Command::new(executable());
        command.arg(name).args(arguments).stdout(Stdio::piped()).stderr(stderr);
        let start = Instant::now();
        let mut child = command.spawn().expect("the example starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines, start }
    }

    /// The next line. Waits for it.
    pub fn line(&mut self) -> String {
        self.lines.next().expect("it says more").expect("it writes UTF-8")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
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

/// Runs one whose stdout is closed, so that it panics when it prints. Returns what it said on stderr, when
/// neither it nor a process of its own is left to say more.
pub fn run_unread(name: &str) -> String {
    let (reader, writer) = UnixStream::pair().expect("there are two more descriptors");
    drop(reader);
    let mut command = Command::new(executable());
    command.arg(name).stdout(OwnedFd::from(writer));
    let output = watchdog(MINUTE, || command.output()).expect("the example starts");
    String::from_utf8(output.stderr).expect("it writes UTF-8")
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
