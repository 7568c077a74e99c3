//! The loom arm: loom's types in the shapes of the production arm, and stand-ins for what loom lacks.

pub mod alloc;
pub mod cell;
pub mod deque;
pub mod sync;

/// Threads.
pub mod thread {
    pub use crate::thread_id::ThreadId;
    pub use loom::thread::{JoinHandle, spawn, yield_now};

    /// `std::thread::Builder` in name; loom threads have neither name nor stack size.
    #[derive(Debug, Default)]
    pub struct Builder(());

    impl Builder {
        /// A builder with no settings.
        #[must_use]
        pub fn new() -> Self {
            Self(())
        }

        /// Accepted and ignored.
        #[must_use]
        pub fn name(self, _name: String) -> Self {
            self
        }

        /// Accepted and ignored.
        #[must_use]
        pub fn stack_size(self, _bytes: usize) -> Self {
            self
        }

        /// Starts a modelled thread.
        ///
        /// # Errors
        /// Never, under loom.
        pub fn spawn<T: 'static>(
            self,
            body: impl FnOnce() -> T + Send + 'static,
        ) -> std::io::Result<JoinHandle<T>> {
            Ok(spawn(body))
        }
    }
}

/// Hints to the processor; in a model, a chance for the others.
pub mod hint {
    pub use loom::thread::yield_now as spin_loop;

    /// Looks once more: how much later that is, and how often one looks, is up to the model anyway.
    pub fn look_later<T>(_looks: usize, _away: usize, look: impl Fn() -> Option<T>) -> Option<T> {
        look()
    }
}

/// A virtual clock that only the model moves.
pub mod time {
    use std::cell::Cell;
    use std::time::Duration;

    pub use std::time::Instant;

    std::thread_local! {
        static CLOCK: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
    }

    /// The present moment.
    #[must_use]
    pub fn now() -> Instant {
        let (origin, passed) = CLOCK.get().unwrap_or_else(|| (Instant::now(), Duration::ZERO));
        CLOCK.set(Some((origin, passed)));
        origin + passed
    }

    /// The moment at which each execution starts.
    #[must_use]
    pub fn origin() -> Instant {
        let _ = now();
        CLOCK.get().expect("`now` has set the clock").0
    }

    /// Moves the clock of this model forward.
    pub fn advance(by: Duration) {
        let at = now();
        let (origin, _) = CLOCK.get().expect("`now` has set the clock");
        CLOCK.set(Some((origin, at - origin + by)));
    }

    /// Puts the clock back to its origin: each execution starts alike.
    pub(crate) fn restart() {
        let _ = now();
        CLOCK.set(CLOCK.get().map(|(origin, _)| (origin, Duration::ZERO)));
    }
}
