//! loom's locks without poisoning, and a condition variable whose timed waits do time out.

use loom::sync as raw;
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

pub use std::sync::{Arc, Weak};

/// An `Arc` that tells loom what `std`'s counts promise: whatever an owner did happens before the drop
/// of the value.
#[derive(Debug)]
pub struct TrackedArc<T>(Arc<Tracked<T>>);

#[derive(Debug)]
struct Tracked<T> {
    value: T,
    /// Owners that have left: added to with Release by each, read with Acquire by the last.
    left: raw::atomic::AtomicUsize,
}

impl<T> TrackedArc<T> {
    /// The first owner.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Tracked { value, left: raw::atomic::AtomicUsize::new(0) }))
    }
}

impl<T> Clone for TrackedArc<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for TrackedArc<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Drop for TrackedArc<T> {
    #[track_caller]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.left.fetch_add(1, raw::atomic::Ordering::Release);
        }
    }
}

impl<T> Drop for Tracked<T> {
    #[track_caller]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.left.fetch_add(0, raw::atomic::Ordering::Acquire);
        }
    }
}

/// Atomics and fences.
pub mod atomic {
    pub use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
        fence,
    };
}

/// A lock in parking_lot's shape.
#[derive(Debug, Default)]
pub struct Mutex<T>(raw::Mutex<T>);

/// How one waits is nothing that a model could see.
pub type BriefMutex<T> = Mutex<T>;

/// Proof of holding a [`Mutex`].
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Empty only while a condition variable waits.
    guard: Option<raw::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// An open lock around `value`.
    pub fn new(value: T) -> Self {
        Self(raw::Mutex::new(value))
    }

    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let guard = Some(self.0.lock().unwrap_or_else(PoisonError::into_inner));
        MutexGuard { mutex: self, guard }
    }

    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = Some(self.0.try_lock().ok()?);
        Some(MutexGuard { mutex: self, guard })
    }

    /// The value, by exclusive ownership of the lock.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> MutexGuard<'_, T> {
    #[track_caller]
    fn release(&mut self) {
        drop(self.guard.take());
    }

    #[track_caller]
    fn reacquire(&mut self) {
        self.guard = Some(self.mutex.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.guard.as_ref().expect("held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("held")
    }
}

/// A readers-writer lock in parking_lot's shape.
#[derive(Debug, Default)]
pub struct RwLock<T>(raw::RwLock<T>);

/// Proof of holding a [`RwLock`] for reading.
pub type RwLockReadGuard<'a, T> = raw::RwLockReadGuard<'a, T>;

/// Proof of holding a [`RwLock`] for writing.
pub type RwLockWriteGuard<'a, T> = raw::RwLockWriteGuard<'a, T>;

impl<T> RwLock<T> {
    /// An open lock around `value`.
    pub fn new(value: T) -> Self {
        Self(raw::RwLock::new(value))
    }

    /// Waits until the lock can be read.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the lock can be written.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std::sync::OnceLock` without its waits: a value that is set once, by whoever comes first.
#[derive(Debug)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    /// What loom sees of the publication: set with Release, read with Acquire, as in `std`.
    is_set: raw::atomic::AtomicBool,
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceLock<T> {
    /// An empty cell.
    #[must_use]
    pub fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), is_set: raw::atomic::AtomicBool::new(false) }
    }

    /// The value, if it has been set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let is_set = self.is_set.load(raw::atomic::Ordering::Acquire);
        is_set.then(|| self.value.get().expect("set before the flag"))
    }

    /// Sets the value, or hands it back if there is one.
    ///
    /// # Errors
    /// If the cell was set before.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.is_set.store(true, raw::atomic::Ordering::Release);
        Ok(())
    }

    /// Takes the value out, by exclusive ownership of the cell.
    pub fn take(&mut self) -> Option<T> {
        self.is_set = raw::atomic::AtomicBool::new(false);
        self.value.take()
    }
}

/// A condition variable without timed waits: loom's own.
#[derive(Debug, Default)]
pub struct Condvar(raw::Condvar);

impl Condvar {
    /// A condition variable with no waiters.
    #[must_use]
    pub fn new() -> Self {
        Self(raw::Condvar::new())
    }

    /// Waits until notified.
    #[track_caller]
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let inner = guard.guard.take().expect("held");
        guard.guard = Some(self.0.wait(inner).unwrap_or_else(PoisonError::into_inner));
    }

    /// Wakes one waiter.
    #[track_caller]
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Whether a timed wait ended by its time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait timed out.
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// One timed waiter. `chosen` changes under the list's lock only: who gets that lock first decides
/// between "notified" and "timed out".
struct Waiter {
    chosen: std::sync::atomic::AtomicBool,
    signal: Option<raw::Notify>,
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

/// A condition variable with timed waits. A timed waiter is notified before an untimed one.
#[derive(Debug)]
pub struct TimedCondvar {
    timed: raw::Mutex<VecDeque<Arc<Waiter>>>,
    untimed: raw::Condvar,
}

impl Default for TimedCondvar {
    fn default() -> Self {
        Self::new()
    }
}

impl TimedCondvar {
    /// A condition variable with no waiters.
    #[must_use]
    pub fn new() -> Self {
        Self { timed: raw::Mutex::new(VecDeque::new()), untimed: raw::Condvar::new() }
    }

    /// Waits until notified.
    #[track_caller]
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let inner = guard.guard.take().expect("held");
        guard.guard = Some(self.untimed.wait(inner).unwrap_or_else(PoisonError::into_inner));
    }

    /// May time out at any moment, and may never: a wake-up lost behind a keep-alive is still a
    /// deadlock.
    #[track_caller]
    pub fn wait_for<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        _timeout: Duration,
    ) -> WaitTimeoutResult {
        let waiter = self.enlist(Some(raw::Notify::new()));
        guard.release();
        // A `Notify` may return early once, which loom explores: that is the time-out.
        waiter.signal.as_ref().expect("set above").wait();
        self.settle(&waiter, guard)
    }

    /// Times out once the others had their turn; never waits for ever.
    #[track_caller]
    pub fn wait_at_most<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        _timeout: Duration,
    ) -> WaitTimeoutResult {
        let waiter = self.enlist(None);
        guard.release();
        loom::thread::yield_now();
        self.settle(&waiter, guard)
    }

    /// Wakes one waiter.
    #[track_caller]
    pub fn notify_one(&self) {
        let chosen = self.choose(1);
        if chosen.is_empty() {
            self.untimed.notify_one();
        }
        Self::signal(&chosen);
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        let chosen = self.choose(usize::MAX);
        Self::signal(&chosen);
        self.untimed.notify_all();
    }

    fn enlist(&self, signal: Option<raw::Notify>) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter { chosen: false.into(), signal });
        self.timed.lock().expect("loom locks do not poison").push_back(waiter.clone());
        waiter
    }

    fn settle<T>(&self, waiter: &Arc<Waiter>, guard: &mut MutexGuard<'_, T>) -> WaitTimeoutResult {
        let mut timed = self.timed.lock().expect("loom locks do not poison");
        let timed_out = !waiter.chosen.load(std::sync::atomic::Ordering::SeqCst);
        timed.retain(|other| !Arc::ptr_eq(other, waiter));
        drop(timed);
        guard.reacquire();
        WaitTimeoutResult(timed_out)
    }

    fn choose(&self, at_most: usize) -> Vec<Arc<Waiter>> {
        let mut timed = self.timed.lock().expect("loom locks do not poison");
        let count = at_most.min(timed.len());
        timed
            .drain(..count)
            .inspect(|w| w.chosen.store(true, std::sync::atomic::Ordering::SeqCst))
            .collect()
    }

    fn signal(chosen: &[Arc<Waiter>]) {
        for signal in chosen.iter().filter_map(|w| w.signal.as_ref()) {
            signal.notify();
        }
    }
}
