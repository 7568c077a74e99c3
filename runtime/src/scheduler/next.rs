//! Which task is next: the local queue, the injector, and then the queues of others.

use super::context::Worker;
use super::core::Core;
use super::observe::Event;
use crate::tasks::Runnable;
use sheave_facade::deque::Steal;
use sheave_facade::seeded;

/// Every so many polls the injector comes first, so that local work cannot starve it (T17).
const INJECTOR_INTERVAL: u32 = 61;
/// At most this many tasks are moved out of the injector at a time.
const INJECTOR_BATCH: usize = 64;
/// At most this many line up behind the queue of a current-thread runtime at a time: about as long as a
/// few polls take.
const INJECTOR_LINE: usize = 4096;
/// Rounds over the victims when steals lose races; then the worker re-checks from its sleep.
const STEAL_ROUNDS: usize = 4;

impl Worker {
    /// The next task that needs no search.
    pub(super) fn next_task(&self, core: &Core) -> Option<Runnable> {
        let tick = core.tick.get().wrapping_add(1);
        core.tick.set(tick);
        if tick % INJECTOR_INTERVAL == 0 {
            if self.shared.is_current_thread() {
                self.line_up_injected(core);
            } else if let Some(task) = self.pop_injector(core) {
                return Some(task);
            }
        }
        core.queue.pop().or_else(|| self.pop_injector(core))
    }

    /// Moves tasks from the injector behind those of the queue: on the current-thread flavour none
    /// of them overtakes another one.
    fn line_up_injected(&self, core: &Core) {
        for _ in 0..self.shared.injector.len().min(INJECTOR_LINE) {
            match self.shared.injector.steal() {
                Steal::Success(task) => core.queue.push(task),
                Steal::Empty | Steal::Retry => break,
            }
        }
    }

    /// This worker's share of the injector.
    fn pop_injector(&self, core: &Core) -> Option<Runnable> {
        let injector = &self.shared.injector;
        if injector.is_empty() {
            return None;
        }
        let share = (injector.len() / self.shared.in_use().len() + 1).min(INJECTOR_BATCH);
        for _ in 0..STEAL_ROUNDS {
            match injector.steal_batch_with_limit_and_pop(&core.queue, share) {
                Steal::Success(task) => {
                    self.view.refresh(&self.shared);
                    if self.shared.is_current_thread() {
                        self.line_up_injected(core);
                    }
                    return Some(task);
                }
                Steal::Empty => break,
                Steal::Retry => {}
            }
        }
        None
    }

    /// Looks for a task in the queues of the others, as one of a limited number of searchers.
    pub(super) fn search(&self, core: &Core) -> Option<Runnable> {
        if !core.searching.get() {
            if !self.shared.idle.start_searching(self.index) {
                return None;
            }
            core.searching.set(true);
        }
        let found = self.steal(core).or_else(|| self.pop_injector(core))?;
        self.end_search(core);
        Some(found)
    }

    /// Gives up the searcher's place after work was found. If pushers left more to the last
    /// searcher, it sends another one; without that look, one task would wake two workers.
    pub(super) fn end_search(&self, core: &Core) {
        if core.searching.take()
            && self.shared.idle.stop_searching(self.index)
            && !seeded::on("end_search_no_recheck")
            && self.shared.has_work()
        {
            self.shared.notify(self.index);
        }
    }

    fn steal(&self, core: &Core) -> Option<Runnable> {
        let remotes = self.shared.in_use();
        let start = core.rng.below(remotes.len());
        for _ in 0..STEAL_ROUNDS {
            let mut lost_a_race = false;
            for offset in 0..remotes.len() {
                let victim = (start + offset) % remotes.len();
                if victim == self.index {
                    continue;
                }
                match remotes[victim].stealer.steal_batch_and_pop(&core.queue) {
                    Steal::Success(task) => {
                        self.remote().metrics.steals.add(1);
                        self.view.refresh(&self.shared);
                        self.tell(|| Event::Steals { from: victim });
                        return Some(task);
                    }
                    Steal::Empty => {}
                    Steal::Retry => lost_a_race = true,
                }
            }
            if !lost_a_race {
                break;
            }
        }
        None
    }
}
