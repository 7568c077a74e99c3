//! Who hears of a task's outcome before its handle does: asyncio's done-callbacks.
//!
//! They lie in the task's record of extras. From the first registration on the outcome is *lent* to them:
//! a handle that finds the task complete waits until it is given back. A task that ends with callbacks
//! takes one more turn, at which its runner calls them, in the order of their registration. Those that
//! are registered so late that the runner does not see them are called by a [`LateCalls`].
//!
//! | the outcome is | call         | what happens                                                         |
//! |----------------|--------------|----------------------------------------------------------------------|
//! | not lent       | `register`   | lent, queued, and the word is told (`State::owe_calls`): the runner borrows it, or if the task was complete, the `LateCalls` that is returned |
//! | lent           | `register`   | queued: the borrower calls                                           |
//! | lent           | `keep_waker` | the handle of the complete task waits                                |
//! | lent           | `detach`     | the borrower is to drop the outcome                                  |
//! | lent, nothing queued | `give_back` | not lent; the handle is woken, or the outcome dropped           |
//! | any            | `unregister` | taken from the queue, unless it was called                           |
//!
//! **Each is called once.** Whoever takes a callback from the queue calls it or drops it. There is one
//! borrower to a loan: the runner if the one who has lent told it before it completed the task, or else
//! that one's `LateCalls`.

use super::cell::Trailer;
use super::context::Context;
use super::header::Raw;
use super::{PanicSink, TaskRef};
use crate::util::contain::contain;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::task::Waker;

/// Names a callback, to remove it again: among those of one task, or of one promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(pub(crate) u64);

/// What is called with a pointer to the outcome, a `Result<T, JoinError>`.
pub(super) type Call = Box<dyn FnOnce(NonNull<()>) + Send>;

/// One registration.
pub(super) struct Callback {
    pub(super) call: Call,
    /// What it runs in: a copy of the context of the registration.
    pub(super) context: Option<Context>,
    /// Who hears of its panic.
    pub(super) sink: Option<Arc<dyn PanicSink>>,
}

/// The callbacks of one task.
pub(super) struct Callbacks(Mutex<Book>);

struct Book {
    queue: VecDeque<(CallbackId, Callback)>,
    /// How many were registered.
    count: u64,
    loan: Option<Loan>,
}

/// The outcome of a complete task is lent.
#[derive(Default)]
struct Loan {
    /// Of the handle.
    waiter: Option<Waker>,
    /// The handle is gone.
    is_detached: bool,
}

impl Callbacks {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Book { queue: VecDeque::new(), count: 0, loan: None }))
    }

    /// The next callback: call it.
    pub(super) fn next(&self) -> Option<Callback> {
        self.0.lock().queue.pop_front().map(|(_, callback)| callback)
    }

    /// Who hears of panics of callbacks that were registered outside of a runtime.
    pub(super) fn set_default_sink(&self, sink: Option<Arc<dyn PanicSink>>) {
        for (_, callback) in &mut self.0.lock().queue {
            if callback.sink.is_none() {
                callback.sink.clone_from(&sink);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().queue.is_empty()
    }

    /// Removes a callback that was not called.
    pub(super) fn unregister(&self, id: CallbackId) -> Option<Callback> {
        let mut book = self.0.lock();
        let index = book.queue.iter().position(|(queued, _)| *queued == id)?;
        book.queue.remove(index).map(|(_, callback)| callback)
    }

    /// Whether the outcome is lent. If it is, `waker` hears when it is given back; without one, whoever
    /// was promised that keeps the promise.
    pub(super) fn keep_waker(&self, waker: Option<Waker>) -> bool {
        if seeded::on("task_outcome_not_lent") {
            return false;
        }
        let mut book = self.0.lock();
        let Some(loan) = &mut book.loan else { return false };
        let former = waker.and_then(|waker| loan.waiter.replace(waker));
        drop(book);
        drop(former);
        true
    }

    /// The handle goes. Returns whether the outcome is lent, and then the borrower's to drop.
    pub(super) fn detach(&self) -> bool {
        if seeded::on("task_lent_outcome_dropped") {
            return false;
        }
        let mut book = self.0.lock();
        let Some(loan) = &mut book.loan else { return false };
        loan.is_detached = true;
        let waiter = loan.waiter.take();
        drop(book);
        drop(waiter);
        true
    }

    /// Ends the loan, if no callback is left.
    fn give_back(&self) -> Option<Loan> {
        let mut book = self.0.lock();
        if book.queue.is_empty() { book.loan.take() } else { None }
    }
}

/// Registers a callback with a task; `LateCalls` if there is no runner any more that would call it.
///
/// # Panics
/// If the handle has returned the output.
///
/// # Safety
/// The caller has the `JoinHandle` of the task, and nobody uses it exclusively meanwhile.
#[track_caller]
pub(super) unsafe fn register(task: Raw, callback: Callback) -> (CallbackId, Option<LateCalls>) {
    let mut book = extras(task).callbacks.0.lock();
    // SAFETY: the task is complete and not lent, so the stage is the handle's (T3). It is only looked at,
    // and by one at a time, for the book is locked.
    let has_output = || unsafe { (task.vtable().has_output)(task.as_ptr()) };
    if book.loan.is_none() && task.state().is_complete() && !has_output() {
        drop(book);
        drop(callback);
        panic!(
            "a done-callback was added to a `JoinHandle` that has returned its output: add it \
             before, or share the task by `JoinHandle::shared`"
        )
    }
    let lends = book.loan.is_none();
    book.loan.get_or_insert_default();
    book.count += 1;
    let id = CallbackId(book.count);
    book.queue.push_back((id, callback));
    drop(book);
    // Who adds to a loan need not tell: it ends only when nothing is queued.
    if !lends || seeded::on("task_calls_unowed") || task.state().owe_calls() {
        return (id, None);
    }
    // The runner was not told before it was through.
    (id, Some(LateCalls(Some(TaskRef::of(task)))))
}

/// The outcome, for the runner that completes the task.
///
/// # Safety
/// The caller has completed the task, and was told that callbacks are owed.
pub(super) unsafe fn borrow(task: Raw) -> LateCalls {
    LateCalls(Some(TaskRef::of(task)))
}

fn extras<'a>(task: Raw) -> &'a super::extras::Extras {
    let trailer: &Trailer = task.trailer();
    trailer.extras.get_or_make()
}

/// The outcome of a complete task, lent to whoever calls its callbacks. Dropped, it drops those that are
/// left without a call.
#[must_use]
pub(crate) struct LateCalls(Option<TaskRef>);

impl LateCalls {
    /// Calls all callbacks that are registered by the end. Never unwinds.
    pub(crate) fn call(mut self) {
        while let Some(task) = &self.0 {
            let raw = task.raw();
            // SAFETY: the stage of a complete task whose outcome is lent is the borrower's (T3).
            unsafe { (raw.vtable().call_back)(raw.as_ptr()) };
            self.give_back();
        }
    }

    /// Unless a callback is left.
    fn give_back(&mut self) {
        let Some(task) = &self.0 else { return };
        let raw = task.raw();
        let Some(loan) = extras(raw).callbacks.give_back() else { return };
        if loan.is_detached {
            // SAFETY: the handle is gone, so the stage is still the borrower's (T3).
            contain(|| unsafe { (raw.vtable().drop_output)(raw.as_ptr()) });
        }
        if let Some(waiter) = loan.waiter {
            contain(|| waiter.wake());
        }
        self.0 = None;
    }
}

impl Drop for LateCalls {
    fn drop(&mut self) {
        while let Some(task) = &self.0 {
            while let Some(callback) = extras(task.raw()).callbacks.next() {
                contain(|| drop(callback));
            }
            self.give_back();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
