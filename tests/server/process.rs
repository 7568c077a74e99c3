//! The server as a process.

use super::client::get;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, killed when dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// Builds the example once per test process and says where it is.
fn executable() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let output = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--release", "--package", "sheave"])
                .args(["--example", "server", "--message-format", "json-render-diagnostics"])
                .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
                .stderr(Stdio::inherit())
                .output()
                .expect("cargo runs");
            assert!(output.status.success(), "the example does not build");
            let messages = String::from_utf8(output.stdout).unwrap();
            let executable = messages
                .lines()
                .filter(|line| line.contains(r#""kind":["example"]"#))
                .filter_map(|line| line.split(r#""executable":""#).nth(1))
                .find_map(|rest| rest.split('"').next())
                .expect("cargo names the executable");
            PathBuf::from(executable)
        })
        .clone()
}

/// Runs the server with options that it should refuse. Returns its exit code and what it said.
pub fn refused(options: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(executable()).args(options).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

impl Server {
    /// Starts the server on a free port.
    pub fn start(options: &[&str]) -> Self {
        Self::run(Command::new(executable()).args(options))
    }

    /// Starts the server on a free port, with this directory for what is temporary.
    pub fn start_with_temporary(directory: &Path) -> Self {
        let variables = ["TMPDIR", "SQLITE_TMPDIR"].map(|name| (name, directory));
        Self::run(Command::new(executable()).envs(variables))
    }

    fn run(command: &mut Command) -> Self {
        let command = command.args(["--port", "0"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("the server said {line:?}"));
        Self { address: address.parse().unwrap(), child, stdout }
    }

    /// Calls `client` in `count` threads that start together. Returns how long all took.
    pub fn concurrently(&self, count: usize, client: impl Fn(SocketAddr) + Sync) -> Duration {
        let barrier = Barrier::new(count + 1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        client(self.address);
                    })
                })
                .collect();
            barrier.wait();
            let start = Instant::now();
            for thread in threads {
                thread.join().unwrap();
            }
            start.elapsed()
        })
    }

    /// Waits until the server handles `count` requests, beside the one that asks.
    pub fn wait_until_in_flight(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while sum_of(&get(self.address, "/stats").body, "in_flight") <= count {
            assert!(Instant::now() < deadline, "the server does not take up the requests");
        }
    }

    /// Ends the server by a signal that it cannot handle.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end. Returns the exit code and what was printed.
    pub fn wait(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    /// Resident memory, in KiB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds up the numbers that follow `"name":` in a JSON text.
pub fn sum_of(json: &str, name: &str) -> usize {
    let key = format!("\"{name}\":");
    json.split(&key)
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap())
        .map(|digits| digits.parse::<usize>().expect("a number"))
        .sum()
}

/// How many connections this process may open, `wanted` if the limit allows.
pub fn descriptors_for(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    let usable = soft.saturating_sub(200).min(wanted);
    if usable < wanted {
        eprintln!("only {usable} connections: the limit of open files is {soft}");
    }
    usable
}
