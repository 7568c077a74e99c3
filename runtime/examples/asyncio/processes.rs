//! What the examples share: a pool of processes, which is a pool of threads with a process each.
//!
//! Code cannot be sent to a process, but text can. The processes are this very program, started once more
//! and told to serve: they read a job from each line of stdin, and write its result to a line of stdout. A
//! process ends when its stdin does: with the thread that has the other end, or with this program, even
//! if that is killed.

use sheave::concurrent::ThreadPool;
use std::cell::RefCell;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Python: `ProcessPoolExecutor(max_workers)`. Its jobs may use [`call`].
pub fn pool(max_workers: usize) -> ThreadPool {
    ThreadPool::builder().max_workers(max_workers).thread_name_prefix("process").build()
}

/// Has the process of this thread do a job, and waits for the result.
pub fn call(job: &str) -> io::Result<String> {
    // The first job of a thread starts its process. If a job fails, the next one starts another.
    let mut process = PROCESS.take().map_or_else(Process::start, Ok)?;
    let result = process.call(job)?;
    PROCESS.set(Some(process));
    Ok(result)
}

/// Whether this program is a process of the pool. Python: `__name__ == "__mp_main__"`.
pub fn is_worker() -> bool {
    env::args().nth(2).as_deref() == Some("worker")
}

/// What a process of the pool does. `function` must leave stdout alone.
pub fn serve(function: fn(&str) -> String) {
    for job in io::stdin().lines() {
        let Ok(job) = job else { return };
        if writeln!(io::stdout(), "{}", function(&job)).is_err() {
            return;
        }
    }
}

thread_local! {
    static PROCESS: RefCell<Option<Process>> = const { RefCell::new(None) };
}

struct Process {
    child: Child,
    /// `None` when it shall end.
    jobs: Option<ChildStdin>,
    results: BufReader<ChildStdout>,
}

impl Process {
    fn start() -> io::Result<Self> {
        let example = env::args_os().nth(1).expect("this program is told which example it is");
        let mut child = Command::new(env::current_exe()?)
            .arg(example)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let jobs = child.stdin.take();
        let results = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, jobs, results })
    }

    fn call(&mut self, job: &str) -> io::Result<String> {
        writeln!(self.jobs.as_mut().expect("it shall not end yet"), "{job}")?;
        let mut result = String::new();
        if self.results.read_line(&mut result)? == 0 {
            return Err(io::Error::other("the process has ended before its job"));
        }
        Ok(result.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // It has no job, so it ends. Until somebody has waited for it, it has its entry in the system.
        let _ = self.child.wait();
    }
}
