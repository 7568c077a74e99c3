//! What a runtime does about a panic that nobody reads.

use super::{Config, Shared};
use crate::tasks::{PanicSink, UnhandledPanicInfo};
use crate::util::contain::contain;
use crate::util::report;
use sheave_facade::sync::{Arc, Mutex, OnceLock, Weak};
use std::mem;

/// What a runtime does when a task has panicked and nobody reads its
/// [`JoinHandle`](crate::task::JoinHandle), because it was dropped before or after the panic.
///
/// A panic is not unhandled while its handle lives. This holds for tasks of all kinds: spawned, local
/// ones, and closures on the blocking pool.
///
/// See [`Builder::unhandled_panic`](crate::runtime::Builder::unhandled_panic).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum UnhandledPanic {
    /// Tells the hook that was set by
    /// [`on_unhandled_panic`](crate::runtime::Builder::on_unhandled_panic), or else says on stderr
    /// which task it was.
    #[default]
    Report,
    /// Nothing, and tells nobody.
    Ignore,
    /// Reports it, and shuts the runtime down: its tasks are cancelled, and every
    /// [`block_on`](crate::runtime::Runtime::block_on) of it panics and says why.
    ShutdownRuntime,
    /// Reports it, and aborts the process.
    Abort,
}

/// Hears of panics that nobody reads.
pub(crate) type PanicHook = Arc<dyn Fn(&UnhandledPanicInfo<'_>) + Send + Sync>;

/// The policy of one runtime. Handles of tasks that panicked keep it, and not the runtime.
pub(crate) struct Unhandled {
    policy: UnhandledPanic,
    hook: Mutex<Option<PanicHook>>,
    runtime: Weak<Shared>,
    /// The panic that has shut the runtime down.
    doom: OnceLock<String>,
}

impl Unhandled {
    pub(super) fn new(config: &Config, runtime: Weak<Shared>) -> Self {
        let hook = Mutex::new(config.on_unhandled_panic.clone());
        Self { policy: config.unhandled_panic, hook, runtime, doom: OnceLock::new() }
    }

    /// Sets another hook, or none, and returns the former. May be called at any time.
    pub(crate) fn set_hook(&self, hook: Option<PanicHook>) -> Option<PanicHook> {
        mem::replace(&mut *self.hook.lock(), hook)
    }

    /// The panic that has shut the runtime down, if one has.
    pub(super) fn doom(&self) -> Option<&str> {
        self.doom.get().map(String::as_str)
    }

    /// Tells the hook, or stderr if there is none. The hook runs under no lock, and may set another.
    fn tell(&self, panic: &UnhandledPanicInfo<'_>) {
        let hook = self.hook.lock().clone();
        let Some(hook) = hook else { return panic.report() };
        let mut returned = false;
        contain(|| {
            hook(panic);
            returned = true;
        });
        // It may be the last of a hook that was replaced meanwhile, and what it holds may panic.
        contain(move || drop(hook));
        if !returned {
            report::warn(format_args!(
                "the hook for unhandled panics panicked; it was told: {panic}"
            ));
        }
    }

    fn shut_down(&self, panic: &UnhandledPanicInfo<'_>) {
        let Some(shared) = self.runtime.upgrade().filter(|_| self.doom().is_none()) else { return };
        // First, so that a doomed runtime closes: a driver that leaves because of the doom must find
        // that it has to run the tasks to their end.
        shared.close();
        // Those who block on the runtime look for the doom.
        if self.doom.set(panic.to_string()).is_ok() {
            shared.unpark_roots();
        }
    }
}

impl PanicSink for Unhandled {
    fn unread_panic(&self, panic: &UnhandledPanicInfo<'_>) {
        if self.policy == UnhandledPanic::Ignore {
            return;
        }
        self.tell(panic);
        match self.policy {
            UnhandledPanic::Report | UnhandledPanic::Ignore => {}
            UnhandledPanic::ShutdownRuntime => self.shut_down(panic),
            UnhandledPanic::Abort => {
                report::warn(format_args!("aborting, as `UnhandledPanic::Abort` asks for"));
                std::process::abort();
            }
        }
    }
}
