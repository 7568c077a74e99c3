//! The threads of a runtime: how they start, and how they are joined.

use super::lifecycle::Present;
use super::vacancy::Offer;
use super::{Shared, monitor, worker};
use crate::reactor::Reactor;
use sheave_facade::sync::Arc;
use sheave_facade::thread;
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
                    threads.give_up(shared);
                    return Err(error);
                }
            }
        }
        match start_monitor(shared.clone()) {
            Ok(thread) => threads.0.push(thread),
            Err(error) => {
                threads.give_up(shared);
                return Err(error);
            }
        }
        Ok(threads)
    }

    /// Stops the threads of a runtime that could not be started.
    fn give_up(self, shared: &Arc<Shared>) {
        shared.close();
        shared.lifecycle.wait(None, |present| present == Present::default());
        self.join();
    }

    /// Waits for the end of the threads themselves, which have run the last code of the user.
    pub(super) fn join(self) {
        for thread in self.0 {
            let _ = thread.join();
        }
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
    shared.lifecycle.thread_enters();
    let runtime = shared.clone();
    let thread = builder.spawn(move || {
        <Reactor>::be_punctual(runtime.clock.tick());
        runtime.config.hooks.start();
        worker::run(runtime.clone(), index, Offer::FIRST);
        runtime.config.hooks.stop();
        // After the hook, which may block: nobody joins this thread before.
        runtime.lifecycle.thread_leaves();
    });
    if thread.is_err() {
        shared.worker_leaves();
        shared.lifecycle.thread_leaves();
    }
    thread
}

/// Starts the thread that serves stuck workers. It counts as one that must leave, so that whoever
/// waits for the workers waits for it as well.
fn start_monitor(shared: Arc<Shared>) -> io::Result<thread::JoinHandle<()>> {
    shared.lifecycle.worker_enters();
    shared.lifecycle.thread_enters();
    let runtime = shared.clone();
    let thread = thread::Builder::new().name("sheave-monitor".to_string()).spawn(move || {
        monitor::run(&runtime);
        runtime.worker_leaves();
        runtime.lifecycle.thread_leaves();
    });
    if thread.is_err() {
        shared.worker_leaves();
        shared.lifecycle.thread_leaves();
    }
    thread
}
