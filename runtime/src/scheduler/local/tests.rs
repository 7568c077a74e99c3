//! What cannot be seen from outside: under which lock code of a user runs.

use super::{LocalTasks, Seat};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Weak;
use std::task::{Context, Poll, Wake, Waker};

/// Looks, when it is dropped, whether the inbox is locked.
struct Poller {
    tasks: Weak<LocalTasks>,
    unlocked: Arc<AtomicUsize>,
}

impl Wake for Poller {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Poller {
    fn drop(&mut self) {
        let tasks = self.tasks.upgrade().expect("the test holds them");
        let is_free = tasks.inbox.try_lock().is_some();
        // ORDERING: SeqCst; one thread counts.
        self.unlocked.fetch_add(usize::from(is_free), SeqCst);
    }
}

#[test]
fn wakers_are_dropped_under_no_lock() {
    let tasks = LocalTasks::new();
    let unlocked = Arc::new(AtomicUsize::new(0));
    let poller = || {
        let (tasks, unlocked) = (Arc::downgrade(&tasks), unlocked.clone());
        Waker::from(Arc::new(Poller { tasks, unlocked }))
    };
    let rest = |seat: &Seat| {
        let polled =
            tasks.drive_with(seat, &mut Context::from_waker(&poller()), |_| Poll::<()>::Pending);
        assert!(polled.is_pending());
    };
    // ORDERING: SeqCst, here and below; see above.
    let count = || unlocked.load(SeqCst);
    let (replaced, withdrawn, left) = (Seat::new(&tasks), Seat::new(&tasks), Seat::new(&tasks));
    rest(&replaced);
    assert_eq!(count(), 0);
    rest(&replaced);
    assert_eq!(count(), 1, "the former waker of the seat");
    rest(&withdrawn);
    drop(withdrawn);
    assert_eq!(count(), 2, "the waker of a seat that is given up");
    rest(&left);
    tasks.close();
    assert_eq!(count(), 4, "the wakers of those who rest when the set ends");
}
