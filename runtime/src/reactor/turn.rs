//! The right to poll a reactor, and the one wait it is good for.
//!
//! Taking a turn is a `try_lock`: at most one thread polls, the others go and do something else.
//! A thread that is about to sleep takes its turn first, *then* lies down in it (`Parker::park_in`), so
//! that an unpark from here on is a notification of this reactor, and then waits. Nobody else can
//! poll meanwhile, so nobody can eat the notification that is meant for it (T1).
//!
//! A look (`Some(Duration::ZERO)`) by a helper may still eat the kernel's half of a notification
//! that was sent before the sleeper came. So the notification has a second half, the flag
//! `Reactor::notified`, which only a sleeping wait takes down:
//!
//! | flag  | call             | flag  | and                                                    |
//! |-------|------------------|-------|--------------------------------------------------------|
//! | down  | `notify`         | up    | interrupts the poller                                  |
//! | up    | `notify`         | up    | nothing: the coming end of the wait answers both       |
//! | down  | a sleep begins   | down  | sleeps; a `notify` from here on interrupts the poller  |
//! | up    | a sleep begins   | up    | only looks                                             |
//! | any   | a sleep ends     | down  | the caller sees what the notifier wrote before         |
//! | any   | a look           | same  |                                                        |

use super::Reactor;
use super::sys::{self, Poll};
use super::wakes::Wakes;
use sheave_facade::seeded;
use sheave_facade::sync::MutexGuard;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::io;
use std::time::Duration;

/// What a turn works with; the memory is kept from turn to turn.
pub(super) struct Workbench<P: Poll> {
    events: P::Events,
    wakes: Wakes,
}

impl<P: Poll> Workbench<P> {
    pub(super) fn new() -> Self {
        Self { events: P::events(), wakes: Wakes::default() }
    }
}

/// The right to poll.
#[must_use = "a turn that is not used keeps the others from theirs until it is dropped"]
pub(crate) struct Turn<'a, P: Poll = sys::Poller> {
    reactor: &'a Reactor<P>,
    bench: MutexGuard<'a, Workbench<P>>,
    limit: usize,
}

impl<P: Poll> Reactor<P> {
    /// The right to poll, unless another thread has it. Uncontended this is one exchange.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_, P>> {
        let bench = self.bench.try_lock()?;
        Some(Turn { reactor: self, bench, limit: usize::MAX })
    }

    /// Makes the thread that sleeps in [`Turn::wait`], or else the next one that is about to,
    /// return. What the caller wrote before is seen by that thread after its wait.
    pub(crate) fn notify(&self) {
        // ORDERING: AcqRel even if the flag is up. Release: the caller's earlier writes must reach
        // the sleeper although another notifier came first; pairs with the swap in `end_sleep`.
        // Acquire: keeps the release sequence meaningful for the next notifier's reader.
        if !self.notified.swap(true, AcqRel) {
            self.poll.notify();
        }
    }

    /// How long a sleep may last: not at all if a notification is already there.
    fn begin_sleep(&self, timeout: Option<Duration>) -> Option<Duration> {
        if seeded::on("turn_ignores_flag") {
            return timeout;
        }
        // ORDERING: Acquire only for symmetry: `end_sleep` synchronises in any case. A `notify`
        // that this load misses has yet to interrupt the poller, which remembers it.
        if self.notified.load(Acquire) { Some(Duration::ZERO) } else { timeout }
    }

    fn end_sleep(&self) {
        if seeded::on("turn_takes_the_flag_down_blindly") {
            self.notified.store(false, Relaxed);
            return;
        }
        // ORDERING: AcqRel, as a read-modify-write of the same word as `notify`. Either this swap
        // comes after a notifier's and sees what it wrote (Acquire), or before it, and then that
        // notifier finds the flag down and interrupts the next sleep. Breaks as a store: that could
        // erase a notification that came while we returned for an event, and leave us ignorant of
        // what it announced; model `a_notification_is_never_lost`.
        self.notified.swap(false, AcqRel);
    }
}

impl<P: Poll> Turn<'_, P> {
    /// Fetches at most `max_events` events (where the platform can be told): a busy worker wants a
    /// bounded pause. The others stay in the kernel.
    pub(crate) fn limit(mut self, max_events: usize) -> Self {
        self.limit = max_events;
        self
    }

    /// Waits for events, a [`notify`](Reactor::notify) or the timeout (`None`: for ever, zero: only
    /// looks, and leaves a notification to the next sleeper). Then marks the sources ready, gives
    /// the turn back and wakes their tasks, outside every lock. Returns how many it woke.
    ///
    /// May return early, with 0.
    ///
    /// # Errors
    /// If the operating system refuses to wait. A signal is no error.
    pub(crate) fn wait(self, timeout: Option<Duration>) -> io::Result<usize> {
        let Self { reactor, mut bench, limit } = self;
        let bench_mut = &mut *bench;
        if timeout == Some(Duration::ZERO) {
            reactor.poll.wait(&mut bench_mut.events, limit, timeout)?;
        } else {
            let timeout = reactor.begin_sleep(timeout);
            let waited = reactor.poll.wait(&mut bench_mut.events, limit, timeout);
            reactor.end_sleep();
            waited?;
        }
        reactor.registry.mark(P::fetched(&bench_mut.events), &mut bench_mut.wakes);
        let mut wakes = std::mem::take(&mut bench_mut.wakes);
        drop(bench);
        let count = wakes.wake_all();
        reactor.keep(wakes);
        Ok(count)
    }
}

impl<P: Poll> Reactor<P> {
    /// Keeps the memory of `wakes` for the next turn, unless that has already begun.
    fn keep(&self, wakes: Wakes) {
        if let Some(mut bench) = self.bench.try_lock() {
            bench.wakes = wakes;
        }
    }
}
