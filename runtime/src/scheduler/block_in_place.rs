//! A task announces that it blocks: its worker goes on without it.

use super::context::{self, Driving, Worker};
use super::dump::InPlace;
use super::observe::Event;
use super::vacancy::Offer;
use super::worker;
use crate::coop;

/// Runs `f` on this thread while the worker of this thread, if any, goes on elsewhere.
///
/// # Panics
/// On a current-thread runtime, whose tasks have nowhere else to go.
#[track_caller]
pub(crate) fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    let on_one_thread =
        context::with_worker(|worker| worker.is_some_and(|w| w.shared.is_current_thread()));
    assert!(
        !on_one_thread,
        "`block_in_place` needs the multi-thread flavour: on a current-thread runtime the other \
         tasks have nowhere else to run. Use `task::spawn_blocking`"
    );
    let offer = context::with_worker(|worker| worker.and_then(Worker::hand_on));
    let _taken_back = offer.map(TakenBack);
    let _shown = InPlace::begin();
    let _blocking = Driving::suspend();
    // What blocks in there is no poll, and may use the blocking functions of channels and locks.
    coop::without_budget(f)
}

/// Takes the worker back at the end of the blocking section, also when that panics: a worker that
/// no thread has come for would else be lost, and its tasks with it.
struct TakenBack(Offer);

impl Drop for TakenBack {
    fn drop(&mut self) {
        context::with_worker(|worker| worker.map(|worker| worker.take_back(self.0)));
    }
}

impl Worker {
    /// Offers this worker to another thread. Returns the offer if one was sent for: a nested call finds
    /// the worker gone, and the system may refuse a thread. Then the task blocks its worker, as it
    /// would have without us.
    fn hand_on(&self) -> Option<Offer> {
        // In a batch, or with the core borrowed, a waker or a hook of the user's calls us: there is
        // no poll whose worker could go on.
        if self.batch.get().is_some() {
            return None;
        }
        let core = self.core.try_borrow_mut().ok().and_then(|mut core| core.take())?;
        // What this poll has woken last is in the slot, which only the end of the poll would empty.
        // The others must be able to take it: it may be what `f` waits for.
        if let Some(task) = self.remote().slot.take() {
            core.queue.push(task);
        }
        self.end_stretch(&core);
        self.tell(|| Event::HandsOn);
        let offer = self.remote().vacancy.lay_down(core);
        let (shared, index) = (self.shared.clone(), self.index);
        let body = move || worker::run(shared, index, offer);
        // If nobody comes, this thread takes it back.
        let is_sent_for = self.shared.blocking.run_worker(body, || ());
        if !is_sent_for {
            self.take_back(offer);
        }
        self.shared.notify(self.index);
        is_sent_for.then_some(offer)
    }

    /// Whether this worker goes on elsewhere, and this thread only finishes a poll.
    pub(super) fn is_handed_on(&self) -> bool {
        self.core.try_borrow().is_ok_and(|core| core.is_none())
    }

    /// Takes the worker back if nobody has come for it on this offer. Otherwise this thread finishes its
    /// poll without it, and leaves.
    fn take_back(&self, offer: Offer) {
        if let Some(core) = self.remote().vacancy.take(offer) {
            self.begin_stretch(&core);
            self.core.replace(Some(core));
            self.tell(|| Event::TakesBack);
        }
    }
}
