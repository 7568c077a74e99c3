//! An event for tests: knows no runtime, so that what is tested is the runtime alone.

use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Down until [`set`](Self::set), then up for ever. Clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Flag(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    waiting: Vec<Waker>,
}

impl Flag {
    /// A flag that is down.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.0.lock())
    }

    /// Raises the flag and wakes who waits, in the order of their coming.
    pub fn set(&self) {
        let waiting = self.with(|state| {
            state.is_set = true;
            std::mem::take(&mut state.waiting)
        });
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.with(|state| state.is_set)
    }

    /// How many polls have found the flag down and wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.with(|state| state.waiting.len())
    }

    /// Waits for the flag to be up.
    #[must_use = "futures do nothing unless awaited"]
    pub fn wait(&self) -> FlagWait {
        FlagWait(self.clone())
    }
}

/// The future of [`Flag::wait`].
#[derive(Debug)]
pub struct FlagWait(Flag);

impl Future for FlagWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.with(|state| {
            if state.is_set {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
    }
}
