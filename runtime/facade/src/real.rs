//! The production arm: re-exports, and an `UnsafeCell` in loom's shape.

/// Locks, condition variables and atomics.
pub mod sync {
    pub use parking_lot::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult,
    };
    pub use std::sync::{Arc, OnceLock, Weak};

    /// An `Arc` for values whose drop races with an owner's last access unless the counts order the
    /// two: loom does not see those of a plain [`Arc`].
    pub use std::sync::Arc as TrackedArc;

    /// A mutex for sections that are over sooner than a cache line goes from core to core and back.
    ///
    /// Who finds it taken stays away for about a microsecond before he looks again. Meanwhile the other one
    /// does several sections on lines that it has, instead of giving them up after each. Who has looked in
    /// vain a few times waits as at any [`Mutex`].
    #[derive(Debug, Default)]
    pub struct BriefMutex<T>(Mutex<T>);

    impl<T> BriefMutex<T> {
        /// How often one looks before one waits.
        const LOOKS: usize = 3;
        /// How many [`spin_loop`](std::hint::spin_loop)s one stays away before each look.
        const AWAY: usize = 100;

        /// An open lock around `value`.
        pub const fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        /// Waits for the lock.
        #[inline]
        pub fn lock(&self) -> MutexGuard<'_, T> {
            if self.0.is_locked() {
                self.stay_away();
            }
            self.0.lock()
        }

        #[cold]
        fn stay_away(&self) {
            let is_open = || (!self.0.is_locked()).then_some(());
            crate::hint::look_later(Self::LOOKS, Self::AWAY, is_open);
        }
    }

    // A section that panics opens the lock, and it cannot leave its state half changed: no code of users
    // runs in there, only the runtime's own, whose panics are bugs.
    impl<T> std::panic::UnwindSafe for BriefMutex<T> {}
    impl<T> std::panic::RefUnwindSafe for BriefMutex<T> {}

    /// A condition variable with timed waits; [`Condvar`] is the one without.
    #[derive(Debug, Default)]
    pub struct TimedCondvar(parking_lot::Condvar);

    impl TimedCondvar {
        /// A condition variable with no waiters.
        #[must_use]
        pub const fn new() -> Self {
            Self(parking_lot::Condvar::new())
        }

        /// Waits until notified.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            self.0.wait(guard);
        }

        /// Waits until notified or until `timeout` has passed. In a model the time-out may fire at
        /// any moment and may also never fire: for waits whose time-out nobody relies on, such as
        /// a keep-alive.
        pub fn wait_for<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            timeout: std::time::Duration,
        ) -> WaitTimeoutResult {
            self.0.wait_for(guard, timeout)
        }

        /// Waits until notified or until `timeout` has passed. In a model the time-out is certain
        /// to fire once the others had their turn: for waits whose time-out is relied upon, such
        /// as a sleep.
        pub fn wait_at_most<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            timeout: std::time::Duration,
        ) -> WaitTimeoutResult {
            self.0.wait_for(guard, timeout)
        }

        /// Wakes one waiter.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all waiters.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// Atomics and fences.
    pub mod atomic {
        pub use std::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
            Ordering, fence,
        };
    }
}

/// Interior mutability with closures, so that loom can watch each access.
pub mod cell {
    /// `std::cell::UnsafeCell` in loom's shape.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell holding `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// The value, by ownership of the cell.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Passes a pointer for shared access.
        #[inline(always)]
        pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
            access(self.0.get())
        }

        /// Passes a pointer for exclusive access.
        #[inline(always)]
        pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
            access(self.0.get())
        }
    }
}

/// Raw allocation whose leaks and double frees a model can see.
pub mod alloc {
    use std::ptr::NonNull;

    /// Moves `value` to the heap and gives up its ownership.
    #[inline]
    pub fn into_raw<T>(value: T) -> NonNull<T> {
        // A box is never null; `NonNull::from(Box::leak(..))` says so without unsafe code.
        NonNull::from(Box::leak(Box::new(value)))
    }

    /// Drops the value and frees its memory.
    ///
    /// # Safety
    /// `ptr` came from [`into_raw`] with the same `T`, was not freed before, and nothing refers to it any more.
    #[inline]
    pub unsafe fn free<T>(ptr: NonNull<T>) {
        // SAFETY: the caller hands back the box that `into_raw` leaked.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

/// Threads.
pub mod thread {
    pub use crate::thread_id::ThreadId;
    pub use std::thread::{Builder, JoinHandle, spawn, yield_now};
}

/// Hints to the processor.
pub mod hint {
    pub use std::hint::spin_loop;

    /// Looks up to so many times, each after having stayed away for that many [`spin_loop`]s, until there
    /// is something to be found. A `spin_loop` takes 10 to 50 ns on today's x86, less elsewhere.
    pub fn look_later<T>(looks: usize, away: usize, look: impl Fn() -> Option<T>) -> Option<T> {
        (0..looks).find_map(|_| {
            (0..away).for_each(|_| spin_loop());
            look()
        })
    }
}

/// Work-stealing deques.
pub mod deque {
    pub use crossbeam_deque::{Injector, Steal, Stealer, Worker};
}

/// The monotonic clock.
pub mod time {
    pub use std::time::Instant;

    /// The present moment.
    #[inline]
    #[must_use]
    pub fn now() -> Instant {
        Instant::now()
    }

    /// A moment that is the same for the whole process, and not after any other whoever asks has seen.
    #[must_use]
    pub fn origin() -> Instant {
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *ORIGIN.get_or_init(now)
    }
}
