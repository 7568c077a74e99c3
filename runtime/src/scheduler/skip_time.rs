//! When a stopped clock may jump: only if nothing else can happen meanwhile.

use super::context::Worker;
use std::time::Duration;

impl Worker {
    /// Called before sleep, while the clock is stopped. Jumps to the next timer if time is all that
    /// this runtime waits for. Returns how long to sleep: not at all, or until something happens.
    pub(super) fn skip_time(&self) -> Option<Duration> {
        let left = self.remote().timers.time_to_first()?;
        if !self.waits_for_time_only() {
            return None;
        }
        // Events that are there already come before those that time brings.
        if self.take_events() > 0 || !self.waits_for_time_only() {
            return Some(Duration::ZERO);
        }
        self.shared.clock.advance(left).then_some(Duration::ZERO)
    }

    /// Nobody has woken this worker, and no blocking job will.
    fn waits_for_time_only(&self) -> bool {
        self.shared.is_current_thread()
            && self.shared.blocking.is_idle()
            && !self.remote().parker.is_notified()
    }

    /// Wakes whoever waits for events that have happened. Returns how many.
    fn take_events(&self) -> usize {
        let reactor = &self.remote().reactor;
        let turn = (reactor.sources() > 0).then(|| reactor.try_turn()).flatten();
        // An error here repeats in the sleep that follows.
        turn.map_or(0, |turn| turn.wait(Some(Duration::ZERO)).unwrap_or(0))
    }
}
