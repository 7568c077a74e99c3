//! Locks, semaphores, signals and channels: order, cancellation, drops, and storms of threads.
//!
//! Everything runs under a bare `block_on` here, unless a test needs tasks.

#[path = "sync/auto_traits.rs"]
mod auto_traits;
#[path = "sync/barrier.rs"]
mod barrier;
#[path = "sync/bounded_semaphore.rs"]
mod bounded_semaphore;
#[path = "sync/broadcast.rs"]
mod broadcast;
#[path = "sync/budget.rs"]
mod budget;
#[path = "sync/condition.rs"]
mod condition;
#[path = "sync/event.rs"]
mod event;
#[path = "sync/lock.rs"]
mod lock;
#[path = "sync/mpsc.rs"]
mod mpsc;
#[path = "sync/mutex.rs"]
mod mutex;
#[path = "sync/notify.rs"]
mod notify;
#[path = "sync/once_cell.rs"]
mod once_cell;
#[path = "sync/oneshot.rs"]
mod oneshot;
#[path = "sync/priority_queue.rs"]
mod priority_queue;
#[path = "sync/queue.rs"]
mod queue;
#[path = "sync/rwlock.rs"]
mod rwlock;
#[path = "sync/semaphore.rs"]
mod semaphore;
#[path = "sync/set_once.rs"]
mod set_once;
#[path = "sync/watch.rs"]
mod watch;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A future that is polled by hand.
struct Driven<F: Future> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl<F: Future> Driven<F> {
    fn new(future: F) -> Self {
        let wakes = Arc::new(Wakes::default());
        Self { future: Box::pin(future), waker: wakes.clone().into(), wakes }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }

    #[track_caller]
    fn assert_pending(&mut self) {
        assert!(self.poll().is_pending(), "expected to wait");
    }

    #[track_caller]
    fn assert_ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("expected to be ready"),
        }
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(SeqCst)
    }
}

/// A waker that panics when it is woken.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the test");
    }
}
