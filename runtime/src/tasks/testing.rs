//! A scheduler for tests and models of this module: one queue, a registry, and the real task.

use super::{
    Id, JoinHandle, PanicSink, Registry, Removal, Runnable, Schedule, Spec, TaskRef,
    UnhandledPanicInfo, Wakeup, new_task,
};
use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};

/// What all tasks of a test share.
pub(crate) struct Bench {
    queue: Mutex<VecDeque<(Runnable, Wakeup)>>,
    pushed: Condvar,
    pub(crate) registry: Registry,
    /// Panics that nobody has read.
    pub(crate) unread_panics: AtomicUsize,
}

#[derive(Clone)]
pub(crate) struct Queue(pub(crate) Arc<Bench>);

impl Queue {
    pub(crate) fn new() -> Self {
        Self::with_registry(Registry::new(0, 1).0)
    }

    pub(crate) fn with_registry(registry: Registry) -> Self {
        let queue = Mutex::new(VecDeque::new());
        let unread_panics = AtomicUsize::new(0);
        Self(Arc::new(Bench { queue, pushed: Condvar::new(), registry, unread_panics }))
    }

    /// Creates a task, binds it and puts it in the queue.
    #[track_caller]
    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let (task, runnable, join) = new_task(future, self.clone(), id(1), spec());
        self.0.registry.bind_outside(0, task).expect("the registry is open");
        self.schedule(runnable, Wakeup::Woken);
        join
    }

    /// Takes a Runnable, or `None` if there is none.
    pub(crate) fn try_pop(&self) -> Option<(Runnable, Wakeup)> {
        self.0.queue.lock().pop_front()
    }

    /// Waits for a Runnable.
    pub(crate) fn pop(&self) -> Runnable {
        let mut queue = self.0.queue.lock();
        loop {
            if let Some((runnable, _)) = queue.pop_front() {
                return runnable;
            }
            self.0.pushed.wait(&mut queue);
        }
    }

    /// How many Runnables wait.
    pub(crate) fn len(&self) -> usize {
        self.0.queue.lock().len()
    }

    /// Runs what is queued until nothing is left.
    pub(crate) fn run_all(&self) {
        while let Some((runnable, _)) = self.try_pop() {
            runnable.run();
        }
    }

    /// Runs Runnables, waiting for them, until `done`. A model in which nobody wakes the task again
    /// ends here, as a deadlock.
    pub(crate) fn run_until(&self, done: impl Fn() -> bool) {
        while !done() {
            self.pop().run();
        }
    }
}

#[track_caller]
pub(crate) fn spec() -> Spec {
    Spec { location: Location::caller(), parent: None, name: None, context: None }
}

pub(crate) fn id(number: u64) -> Id {
    Id::from_u64(number)
}

/// A future that is ready when all `flags` are set, and that sends out a waker at its first poll.
pub(crate) fn watching(
    flags: Vec<Arc<AtomicBool>>,
) -> (impl Future<Output = ()> + Send, mpsc::Receiver<Waker>) {
    let (sender, receiver) = mpsc::channel();
    let mut sender = Some(sender);
    let future = poll_fn(move |cx| {
        if let Some(sender) = sender.take() {
            sender.send(cx.waker().clone()).expect("the test receives it");
        }
        // ORDERING: Relaxed, so that nothing but the wake can publish the flags (W1).
        let set = flags.iter().all(|flag| flag.load(Relaxed));
        if set { Poll::Ready(()) } else { Poll::Pending }
    });
    (future, receiver)
}

/// The output of a future that is ready.
#[track_caller]
pub(crate) fn now<F: Future + Unpin>(future: &mut F) -> F::Output {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}

/// Waits for a future. In a model, one that is not woken is a deadlock.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    #[derive(Default)]
    struct Bell(Mutex<bool>, Condvar);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.0.lock() = true;
            self.1.notify_one();
        }
    }

    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut rung = bell.0.lock();
        while !*rung {
            bell.1.wait(&mut rung);
        }
        *rung = false;
    }
}

/// After a failure the queue may hold Runnables of tasks that are gone. To end those would fail again,
/// in the middle of the unwinding and without an end.
impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::mem::forget(std::mem::take(&mut *self.queue.lock()));
        }
    }
}

impl PanicSink for Bench {
    fn unread_panic(&self, _: &UnhandledPanicInfo<'_>) {
        // ORDERING: Relaxed; looked at after the threads were joined.
        self.unread_panics.fetch_add(1, Relaxed);
    }
}

impl Schedule for Queue {
    fn schedule(&self, task: Runnable, why: Wakeup) {
        // The popper may free the task, and `self` with it, as soon as the lock is open (T8).
        let bench = self.0.clone();
        bench.queue.lock().push_back((task, why));
        bench.pushed.notify_one();
    }

    fn release(&self, task: &TaskRef) -> Option<TaskRef> {
        match self.0.registry.remove(task) {
            Removal::NotBound => None,
            Removal::Left(owned) | Removal::LastLeft(owned) => Some(owned),
        }
    }

    fn panic_sink(&self) -> Option<Arc<dyn PanicSink>> {
        Some(self.0.clone())
    }
}
