//! Waits for a future of this module on a thread that polls no tasks.

use crate::coop;
use sheave_blocking_pool::compensate;
use sheave_facade::sync::{Arc, Condvar, Mutex};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

/// What the waiting thread sleeps on.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.rung.lock() = true;
        self.ring.notify_one();
    }
}

/// Blocks this thread until `future` is ready.
///
/// # Panics
/// Within the poll of a task, which would block its worker.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    assert!(
        !coop::is_limited(),
        "a `blocking_*` function of `sheave::sync` was called in a task, whose worker it would block: \
         use the async function, or call it in `sheave::to_thread` or `task::block_in_place`"
    );
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        // On a thread of a pool, what this waits for may be a job behind this one.
        compensate(|| {
            let mut rung = bell.rung.lock();
            while !*rung {
                bell.ring.wait(&mut rung);
            }
            *rung = false;
        });
    }
}
