//! Callbacks of a promise.
//!
//! | stage           | call                        | stage   | and                                       |
//! |-----------------|-----------------------------|---------|-------------------------------------------|
//! | pending         | `add_done_callback`         | pending | queued                                    |
//! | pending         | `complete`, callbacks queued | calling | the outcome goes to a task, which calls  |
//! | settled         | `add_done_callback`         | calling | likewise                                  |
//! | calling         | `add_done_callback`         | calling | queued; that task calls                   |
//! | calling         | nothing queued              | settled | all who wait are woken                    |
//! | any             | `remove_done_callback`      | unchanged | taken from the queue, unless it was called |

use super::{Outcome, Promise, Stage, State};
use crate::front::spawn::{id, with_current};
use crate::scheduler;
use crate::sync::wait_list::wake;
use crate::tasks::{CallbackId, Context, Id, Spec, in_context, inherited_context, tell_callback};
use crate::util::contain::{Payload, catch, contain};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::mem;
use std::panic::Location;

type Call<T, E> = Box<dyn FnOnce(&Outcome<T, E>) + Send>;

/// Who calls callbacks: a runtime. What it takes is known from the first registration on.
trait Caller<T, E>: Send + Sync {
    /// Has a task call them.
    fn begin(self: Arc<Self>, calls: Calls<T, E>, location: &'static Location<'static>);

    /// One has panicked, which the task `by` has called. To be called in the context of the callback.
    fn tell(&self, payload: Payload, by: Id, location: &'static Location<'static>);
}

impl<T, E> Caller<T, E> for scheduler::Shared
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn begin(self: Arc<Self>, calls: Calls<T, E>, location: &'static Location<'static>) {
        drop(self.spawn(async move { calls.call(id()) }, Spec::at(location)));
    }

    fn tell(&self, payload: Payload, by: Id, location: &'static Location<'static>) {
        tell_callback(payload, Some(self.unhandled.clone()), by, None, location);
    }
}

/// Where callbacks are called, and where one was registered.
pub(super) struct Place<T, E> {
    caller: Arc<dyn Caller<T, E>>,
    location: &'static Location<'static>,
}

impl<T, E> Place<T, E> {
    /// Schedules the calls. Not under the lock.
    pub(super) fn begin(self, calls: Calls<T, E>) {
        self.caller.begin(calls, self.location);
    }
}

/// One registration.
pub(super) struct Callback<T, E> {
    id: CallbackId,
    call: Call<T, E>,
    context: Option<Context>,
    place: Place<T, E>,
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Promise<T, E> {
    /// Calls `f` with the outcome once there is one, before anyone who awaits it gets it: asyncio's
    /// `Future.add_done_callback`.
    ///
    /// It is called by the current runtime, in a copy of the context of whoever calls this; never by this
    /// function, nor by the one that completes the future. The callbacks of one future are called in the
    /// order of their registration, each once, also if all promises are dropped. A panic in one goes to
    /// [`on_unhandled_panic`](crate::runtime::Builder::on_unhandled_panic), and the others are called.
    /// Those that are left when the runtime shuts down are dropped. Until then whoever awaits the outcome
    /// on another runtime waits for this one to be driven.
    ///
    /// # Panics
    /// If the thread is in no runtime, or if this promise has returned its outcome.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::create_future;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let (completer, promise) = create_future::<u32, ()>();
    /// let (called, call) = create_future::<u32, ()>();
    /// promise.add_done_callback(move |outcome| {
    ///     let _ = called.set_result(outcome.as_ref().unwrap() + 1);
    /// });
    /// completer.set_result(6).unwrap();
    /// assert_eq!(call.await, Ok(7));
    /// # }
    /// ```
    #[track_caller]
    pub fn add_done_callback<F>(&self, f: F) -> CallbackId
    where
        F: FnOnce(&Result<T, super::PromiseError<E>>) + Send + 'static,
    {
        assert!(!self.is_done, "a callback was added to a `Promise` that has returned its outcome");
        let caller: Arc<scheduler::Shared> = with_current(Arc::clone);
        self.register(Box::new(f), Place { caller, location: Location::caller() })
    }
}

impl<T, E> Promise<T, E> {
    fn register(&self, call: Call<T, E>, place: Place<T, E>) -> CallbackId {
        let context = inherited_context();
        let mut state = self.shared.lock();
        state.registered += 1;
        let id = CallbackId(state.registered);
        state.callbacks.push_back(Callback { id, call, context, place });
        if matches!(state.outcome, Stage::Settled(_)) && !seeded::on("promise_late_callback_waits")
        {
            let settled = mem::replace(&mut state.outcome, Stage::Calling);
            let Stage::Settled(outcome) = settled else { unreachable!("looked at just now") };
            let first = state.first_callback().expect("pushed above");
            drop(state);
            first.begin(Calls { shared: self.shared.clone(), outcome: Some(outcome) });
        }
        id
    }

    /// Removes a callback. Returns `false` if it was called or removed before.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let mut state = self.shared.lock();
        let index = state.callbacks.iter().position(|callback| callback.id == id);
        let removed = index.and_then(|index| state.callbacks.remove(index));
        drop(state);
        removed.is_some()
    }
}

impl<T, E> State<T, E> {
    /// Where the callbacks are to be called, if there are any.
    pub(super) fn first_callback(&self) -> Option<Place<T, E>> {
        let Place { caller, location } = &self.callbacks.front()?.place;
        Some(Place { caller: caller.clone(), location })
    }
}

/// The outcome of a promise, in the hands of who calls the callbacks. Dropped, it drops those that are
/// left without a call.
pub(super) struct Calls<T, E> {
    pub(super) shared: Arc<Mutex<State<T, E>>>,
    /// Empty once it was given back.
    pub(super) outcome: Option<Arc<Outcome<T, E>>>,
}

impl<T, E> Calls<T, E> {
    fn next(&self) -> Option<Callback<T, E>> {
        self.shared.lock().callbacks.pop_front()
    }

    /// Calls all callbacks that are registered by the end, in the task `by`. Never unwinds.
    fn call(mut self, by: Id) {
        while let Some(outcome) = &self.outcome {
            while let Some(Callback { call, context, place, .. }) = self.next() {
                let call = || {
                    if let Err(payload) = catch(|| call(outcome)) {
                        place.caller.tell(payload, by, place.location);
                    }
                };
                // The last one to hold the context drops values of users.
                contain(|| in_context(context, call));
            }
            self.give_back();
        }
    }

    /// Unless a callback is left.
    fn give_back(&mut self) {
        let mut state = self.shared.lock();
        if !state.callbacks.is_empty() && !seeded::on("promise_forgets_late_callback") {
            return;
        }
        let Some(outcome) = self.outcome.take() else { return };
        let unwanted = if state.promises == 0 {
            state.outcome = Stage::Taken;
            Some(outcome)
        } else {
            state.outcome = Stage::Settled(outcome);
            None
        };
        let waiters = state.waiters.answer_all(());
        drop(state);
        contain(|| drop(unwanted));
        wake(waiters);
    }
}

impl<T, E> Drop for Calls<T, E> {
    fn drop(&mut self) {
        while self.outcome.is_some() && !seeded::on("promise_calls_keep_outcome") {
            while let Some(callback) = self.next() {
                contain(|| drop(callback));
            }
            self.give_back();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
