//! E6: an event loop in sixty lines, to see what one is. It has what every loop has: a list of tasks, who
//! of them is ready, and what to do when nobody is. Neither sockets, nor threads, nor fairness.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

// ANCHOR: loop
type Task = (Arc<Ready>, Pin<Box<dyn Future<Output = ()>>>);

/// Whether a task can go on. To wake a task is to say so.
struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

thread_local! {
    /// Who is to be woken, and when. A real loop has sockets beside it.
    static TIMERS: RefCell<BTreeMap<Instant, Vec<Waker>>> = RefCell::default();
}

fn run(mut tasks: Vec<Task>) {
    // Until the list is empty: run those that are ready, remove those that are done.
    while !tasks.is_empty() {
        tasks.retain_mut(|(ready, future)| {
            if !ready.0.swap(false, Relaxed) {
                return true;
            }
            let waker = Waker::from(ready.clone());
            future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        if tasks.iter().all(|(ready, _)| !ready.0.load(Relaxed)) {
            wait_for_next_timer();
        }
    }
}

/// Nobody is ready: sleep until the first timer is due, and wake who waits for it.
fn wait_for_next_timer() {
    let next = TIMERS.with_borrow_mut(BTreeMap::pop_first);
    if let Some((deadline, wakers)) = next {
        std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
        wakers.into_iter().for_each(Waker::wake);
    }
}

async fn sleep(duration: Duration) {
    let deadline = Instant::now() + duration;
    std::future::poll_fn(|cx| {
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        TIMERS.with_borrow_mut(|timers| {
            timers.entry(deadline).or_default().push(cx.waker().clone());
        });
        Poll::Pending
    })
    .await;
}
// ANCHOR_END: loop

fn task(future: impl Future<Output = ()> + 'static) -> Task {
    (Arc::new(Ready(AtomicBool::new(true))), Box::pin(future))
}

async fn say_after(tenths: u64, what: &str) {
    println!("{what} waits");
    sleep(Duration::from_millis(100 * tenths)).await;
    println!("{what} goes on");
}

pub fn main() {
    let start = Instant::now();
    run(vec![task(say_after(3, "first")), task(say_after(1, "second"))]);
    println!("both took {:.1} s", start.elapsed().as_secs_f64());
}
