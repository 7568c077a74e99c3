//! The threads of a runtime: how they start and how they end.
//!
//! Shutdown goes in this order (T15): the gate closes (a spawn from here on yields a cancelled
//! task), every task is cancelled and dropped by a worker, the workers leave, the blocking pool
//! cancels what is queued and waits for what runs, bounded. See `docs/src/shutdown.md`.

use super::vacancy::Offer;
use super::{Driving, Shared, monitor, worker};
use crate::reactor::Reactor;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use sheave_facade::time::now;
use std::io;
use std::time::Duration;

/// The worker threads of one runtime.
pub(crate) struct Threads(Vec<thread::JoinHandle<()>>);

impl Threads {
    /// Starts the workers of a multi-thread runtime.
    ///
    /// # Errors
    /// If the system refuses a thread. Those that were started are stopped again.
    pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let mut threads = Self(Vec::new());
        if shared.is_current_thread() {
            // It only reports. A runtime that needs no thread does not fail for want of this one.
            let watches = shared.config.stuck_threshold != Duration::MAX;
            threads.0.extend(watches.then(|| start_monitor(shared.clone())).and_then(Result::ok));
            return Ok(threads);
        }
        // The naming function is user code: if it panics, then before the first thread runs.
        let names = (0..shared.config.workers).map(|_| thread_name(shared));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        for (index, name) in names.into_iter().enumerate() {
            match start_worker(shared.clone(), index, name) {
                Ok(thread) => threads.0.push(thread),
                Err(error) => {
                    threads.stop(shared, None);
                    return Err(error);
                }
            }
        }
        match start_monitor(shared.clone()) {
            Ok(thread) => threads.0.push(thread),
            Err(error) => {
                threads.stop(shared, None);
                return Err(error);
            }
        }
        Ok(threads)
    }

    /// Closes the runtime and waits until it has ended, at most for `timeout` (`None`: for ever).
    /// Waits for nothing if this thread drives futures itself.
    pub(crate) fn stop(self, shared: &Arc<Shared>, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|timeout| now().checked_add(timeout));
        shared.close();
        if shared.is_current_thread() {
            shared.drive_to_the_end();
        }
        let time_left = || deadline.map(|deadline| deadline.saturating_duration_since(now()));
        if Driving::is_on() {
            shared.blocking.shutdown(|| Some(Duration::ZERO));
            return;
        }
        if shared.lifecycle.wait_for_workers(time_left()) == 0 {
            // They have left; what remains is the end of the thread itself.
            for thread in self.0 {
                let _ = thread.join();
            }
        }
        shared.blocking.shutdown(time_left);
    }
}

/// A name that the system takes.
fn thread_name(shared: &Shared) -> io::Result<String> {
    let name = (shared.config.thread_name)();
    if name.contains('\0') {
        let message = format!("a thread name must not contain a NUL character, as {name:?} does");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(name)
}

fn start_worker(
    shared: Arc<Shared>,
    index: usize,
    name: String,
) -> io::Result<thread::JoinHandle<()>> {
    let mut builder = thread::Builder::new().name(name);
    if let Some(bytes) = shared.config.stack_size {
        builder = builder.stack_size(bytes);
    }
    shared.lifecycle.worker_enters();
    let runtime = shared.clone();
    let thread = builder.spawn(move || {
        let hooks = runtime.config.hooks.clone();
        <Reactor>::be_punctual(runtime.clock.tick());
        hooks.start();
        worker::run(runtime, index, Offer::FIRST);
        hooks.stop();
    });
    if thread.is_err() {
        shared.worker_leaves();
    }
    thread
}

/// Starts the thread that serves stuck workers. It counts as one that must leave, so that whoever
/// waits for the workers waits for it as well.
fn start_monitor(shared: Arc<Shared>) -> io::Result<thread::JoinHandle<()>> {
    shared.lifecycle.worker_enters();
    let runtime = shared.clone();
    let thread = thread::Builder::new().name("sheave-monitor".to_string()).spawn(move || {
        monitor::run(&runtime);
        runtime.worker_leaves();
    });
    if thread.is_err() {
        shared.worker_leaves();
    }
    thread
}

impl Shared {
    /// Closes the gate and tells every worker.
    pub(super) fn close(&self) {
        self.registry.close();
        self.lifecycle.close();
        self.unpark_all();
        if !seeded::on("close_leaves_the_monitor") {
            self.watch.call();
        }
    }
}
