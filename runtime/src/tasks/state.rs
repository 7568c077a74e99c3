//! The task's word: who may poll, who waits, who keeps the memory.
//!
//! ```text
//!  63          36 35         9  8       7           6          5         4         3            2               1           0
//! |  wake count  |  ref count  | ENDED | CALLBACKS | PANICKED | STOPPED | CONTEXT | JOIN_WAKER | JOIN_INTEREST | CANCELLED | COMPLETE |
//! ```
//! *Wake count* > 0 on a task that is not COMPLETE means that its one [`Runnable`] exists, somewhere:
//! in a queue, in a hand, or being run. Whoever moves the count from 0 to 1 creates it; whoever
//! brings it back to 0 has given it up and must not touch the task again without a reference.
//!
//! | call                  | from                    | to                        | returns              | pairs with        |
//! |-----------------------|-------------------------|---------------------------|----------------------|-------------------|
//! | `wake_by_ref`         | wakes 0, not COMPLETE   | wakes 1                   | `Schedule`           | `begin_poll`      |
//! | `wake_by_ref`         | anything else           | wakes + 1                 | `Coalesced`          | `begin_poll`      |
//! | `wake_by_val`         | as `wake_by_ref`        | as there, and refs − 1    | as there, or `Free`  | `begin_poll`      |
//! | `begin_poll`          | not CANCELLED           | unchanged (a load)        | `Poll(seen)`         | wakes, `end_poll` |
//! | `begin_poll`          | CANCELLED               | unchanged (a load)        | `Cancel`             | `cancel`          |
//! | `end_poll(seen)`      | wakes = seen            | wakes 0                   | `Idle`               | `begin_poll`      |
//! | `end_poll(seen)`      | wakes > seen            | wakes − seen              | `Again`              | wakes             |
//! | `cancel`              | not COMPLETE            | CANCELLED                 | `Wake`               | `begin_poll`      |
//! | `cancel`              | COMPLETE or CANCELLED   | unchanged or CANCELLED    | `Nothing`            |                   |
//! | `begin_poll`          | ENDED                   | unchanged (a load)        | `Call`               | `end`             |
//! | `owe_calls`           | not COMPLETE            | CALLBACKS                 | `true`               | `complete`        |
//! | `owe_calls`           | COMPLETE                | unchanged                 | `false`              | `complete`        |
//! | `end`                 | not COMPLETE            | ENDED, and an ending      |                      | `begin_poll`      |
//! | `complete`            | not COMPLETE            | COMPLETE, and an ending   | what the joiner owes | the join calls    |
//! | `publish_join_waker`  | not COMPLETE            | JOIN_WAKER                | `Published`          | `complete`        |
//! | `withdraw_join_waker` | JOIN_WAKER, not COMPLETE| no JOIN_WAKER             | `Withdrawn`          | `complete`        |
//! | both of these         | COMPLETE                | unchanged                 | `Complete`           | `complete`        |
//! | `drop_join`           | not COMPLETE, no waker  | no interest, refs − 1     | `Detached`           | `complete`        |
//! | `drop_join`           | not COMPLETE, a waker   | no interest, no waker     | `DropWaker`          | `complete`        |
//! | `drop_join`           | COMPLETE                | unchanged                 | `DropOutput`         | `complete`        |
//! | `add_context`         | not COMPLETE            | CONTEXT                   |                      | `has_context`     |
//! | `ref_inc`, `ref_dec`  | any                     | refs ± n                  | `Last` at 0          | each other        |
//!
//! Absent: (`complete`, COMPLETE), only the owner of the Runnable completes; refs 0 without COMPLETE,
//! because the task keeps one reference to itself until it is complete; (`end_poll`, ENDED), an ended
//! task is not polled: its Runnable takes one more turn, to call the done-callbacks.
//!
//! **Why the wake count cannot wrap.** A wrap to 0 would create a second Runnable. The runner takes
//! at most [`SEEN_MAX`] wakes off at once. Whoever holds a reference and finds [`CROWDED`] wakes,
//! that is `wake_by_ref` and `ref_inc`, cuts the count to [`CUT_TO`] > `SEEN_MAX`, so a remainder
//! stays whatever the runner subtracts, and no wake is lost. A `wake_by_val` has given its reference
//! up and cannot cut, but each needs a reference cloned before: at most `REFS_MAX` of them follow
//! the first cut-worthy count, and `CROWDED + REFS_MAX` is below the field's size. On a COMPLETE task
//! the count means nothing and may wrap: it is the topmost field, so it carries into no other.
//!
//! [`Runnable`]: super::Runnable

mod answers;
mod limits;
#[cfg(all(test, loom))]
mod loom;

pub(crate) use answers::Sight;
pub(super) use answers::{Begin, Cancel, Detach, End, Joiner, Owed, Refs, Seen, Slot, Wake};
pub(crate) use answers::{Ending, Progress};

use limits::{CROWDED, CUT_TO, REFS_MAX, SEEN_MAX, WAKE_BITS, too_many_references};
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicU64;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

const COMPLETE: u64 = 1;
const CANCELLED: u64 = 1 << 1;
const JOIN_INTEREST: u64 = 1 << 2;
const JOIN_WAKER: u64 = 1 << 3;
/// The task has a context (T10). For the owner of the Runnable.
const CONTEXT: u64 = 1 << 4;

/// The task ended without an output, and without a panic. Set with COMPLETE.
const STOPPED: u64 = 1 << 5;
/// The task ended with a panic. Set with COMPLETE.
const PANICKED: u64 = 1 << 6;

/// Done-callbacks may be registered.
const CALLBACKS: u64 = 1 << 7;
/// The task has an outcome, and calls its callbacks before it is complete.
const ENDED: u64 = 1 << 8;

const REF_ONE: u64 = 1 << 9;
const REF_MASK: u64 = WAKE_ONE - REF_ONE;
const WAKE_ONE: u64 = 1 << (64 - WAKE_BITS);
const WAKE_MASK: u64 = !(WAKE_ONE - 1);

/// References of a new task: its own, the first `TaskRef` and the `JoinHandle`.
const INITIAL: u64 = WAKE_ONE | (3 * REF_ONE) | JOIN_INTEREST;

/// See the module's table.
#[derive(Debug)]
pub(super) struct State {
    word: AtomicU64,
    /// Takes no space. Every transition reads it and freeing the task counts as a write to it, so
    /// that a model reports a transition which does not happen-before the free.
    alive: UnsafeCell<()>,
}

impl State {
    /// The state of a task that is about to be scheduled for the first time.
    pub(super) fn new(has_context: bool) -> Self {
        let context = if has_context { CONTEXT } else { 0 };
        Self { word: AtomicU64::new(INITIAL | context), alive: UnsafeCell::new(()) }
    }

    #[inline(always)]
    fn word(&self) -> &AtomicU64 {
        self.alive.with(|_| ());
        &self.word
    }

    /// Wakes. The caller keeps its reference.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Wake {
        // ORDERING: Release also when coalesced: what the waker wrote before must be visible to the
        // poll that this wake causes or joins (W1); the partner is the load in `begin_poll`. Breaks
        // if Relaxed: model `coalesced_wake_publishes`. No Acquire: the Runnable is created without
        // looking at anything that a poll wrote; its runner acquires that in `begin_poll`.
        let order = if seeded::on("task_wake_relaxed") { Relaxed } else { Release };
        let old = self.word().fetch_add(WAKE_ONE, order);
        if old >= CROWDED * WAKE_ONE {
            self.cut_wakes();
        }
        if old & (WAKE_MASK | COMPLETE) == 0 { Wake::Schedule } else { Wake::Coalesced }
    }

    /// Wakes and gives up the caller's reference, in one step.
    #[inline]
    pub(super) fn wake_by_val(&self) -> Wake {
        // ORDERING: Release as in `wake_by_ref`, and for the reference as in `ref_dec`. Acquire for
        // the case that this was the last reference: whoever frees must see all uses by others.
        let old = self.word().fetch_add(WAKE_ONE.wrapping_sub(REF_ONE), AcqRel);
        debug_assert!(old & REF_MASK != 0, "a waker without a reference");
        if old & (WAKE_MASK | COMPLETE) == 0 {
            Wake::Schedule
        } else if old & REF_MASK == REF_ONE {
            debug_assert!(old & COMPLETE != 0, "a live task keeps a reference to itself");
            Wake::Free
        } else {
            Wake::Coalesced
        }
    }

    /// Cuts a crowd of wakes down to a number that still outlives one `end_poll`.
    #[cold]
    fn cut_wakes(&self) {
        if seeded::on("task_wakes_uncut") {
            return;
        }
        // ORDERING: Relaxed. The cut publishes nothing of its own, and being an RMW it continues
        // the release sequences of the wakes that it replaces.
        let _ = self.word().fetch_update(Relaxed, Relaxed, |old| {
            let crowded = old & COMPLETE == 0 && old >= CUT_TO * WAKE_ONE;
            crowded.then_some((old & !WAKE_MASK) | (CUT_TO * WAKE_ONE))
        });
    }

    /// Looks at the task before a poll. Only the owner of the Runnable may call this.
    #[inline]
    pub(super) fn begin_poll(&self) -> Begin {
        // ORDERING: Acquire. Sees everything before the wakes counted in `seen` (W1), and the
        // future as the previous runner left it: the partners are the Releases of the wakes and of
        // `end_poll`. A load suffices because the queue that carried the Runnable orders it after
        // the wake that created the Runnable; a later wake that it misses stays in the remainder.
        let word = self.word().load(Acquire);
        debug_assert!(word & COMPLETE == 0, "a complete task has no Runnable");
        debug_assert!(word & WAKE_MASK != 0, "a Runnable without a wake");
        let owed = Owed(word & CALLBACKS != 0);
        if word & (CANCELLED | ENDED) != 0 {
            return if word & ENDED == 0 { Begin::Cancel(owed) } else { Begin::Call };
        }
        Begin::Poll(Seen((word / WAKE_ONE).min(SEEN_MAX)), owed)
    }

    /// Ends a poll that returned `Pending`.
    #[inline]
    pub(super) fn end_poll(&self, seen: Seen) -> End {
        let answered = if seeded::on("task_end_poll_forgets") {
            // ORDERING: Relaxed, it is the bug that counts.
            self.word().load(Relaxed) & WAKE_MASK
        } else {
            seen.0 * WAKE_ONE
        };
        // ORDERING: Release. Publishes the future to its next runner, whose `begin_poll` reads from
        // this RMW's release sequence. Breaks if Relaxed: model `wake_races_poll`.
        let order = if seeded::on("task_end_poll_relaxed") { Relaxed } else { Release };
        let old = self.word().fetch_sub(answered, order);
        debug_assert!(old >= answered, "somebody else took wakes that this poll answered");
        if (old - answered) & WAKE_MASK == 0 { End::Idle } else { End::Again }
    }

    /// Marks the task as cancelled. Completion wins if it came first.
    pub(super) fn cancel(&self) -> Cancel {
        // ORDERING: Relaxed. The wake that follows publishes on the same word.
        let old = self.word().fetch_or(CANCELLED, Relaxed);
        if old & (COMPLETE | ENDED | CANCELLED) == 0 { Cancel::Wake } else { Cancel::Nothing }
    }

    /// Whether the task has a context. For the owner of the Runnable.
    #[inline]
    pub(super) fn has_context(&self) -> bool {
        // ORDERING: Relaxed. Set before the task was shared, or by an owner of the Runnable, which
        // came here by a queue that orders this after it.
        self.word().load(Relaxed) & CONTEXT != 0
    }

    /// Notes that the task has a context from now on. For the owner of the Runnable.
    pub(super) fn add_context(&self) {
        // ORDERING: Relaxed, as in `has_context`.
        self.word().fetch_or(CONTEXT, Relaxed);
    }

    /// Ends the task. The output is stored, and only the owner of the Runnable may call this.
    pub(super) fn complete(&self, ending: Ending) -> (Joiner, Owed) {
        // ORDERING: Release publishes the output to the `JoinHandle`, which acquires COMPLETE.
        // Acquire sees the waker that `publish_join_waker` released. Breaks if Relaxed: model
        // `join_poll_races_complete`.
        let order = if seeded::on("task_complete_relaxed") { Relaxed } else { AcqRel };
        let old = self.word().fetch_or(COMPLETE | ending.bits(), order);
        debug_assert!(old & COMPLETE == 0, "a task completes once");
        let joiner = match old & (JOIN_INTEREST | JOIN_WAKER) {
            0 => Joiner::None,
            JOIN_INTEREST => Joiner::Present,
            _ => Joiner::Waiting,
        };
        (joiner, Owed(old & CALLBACKS != 0))
    }

    /// Says that a callback was registered. Returns `false` if the task is complete.
    pub(super) fn owe_calls(&self) -> bool {
        // ORDERING: Release publishes the callback to `complete`. Acquire on failure: the outcome that
        // `complete` has published is lent to who calls now.
        let owed = self
            .word()
            .fetch_update(Release, Acquire, |old| (old & COMPLETE == 0).then_some(old | CALLBACKS));
        owed.is_ok()
    }

    /// The outcome is stored, and callbacks are called at the next turn. For the owner of the Runnable.
    pub(super) fn end(&self, ending: Ending) {
        // ORDERING: Release publishes the outcome to the next runner, as `end_poll` does the future.
        self.word().fetch_or(ENDED | ending.bits(), Release);
    }

    /// Whether the outcome is there, or was: also before the task is complete.
    pub(super) fn has_ended(&self) -> bool {
        // ORDERING: Acquire, as in `is_complete`.
        self.word().load(Acquire) & (COMPLETE | ENDED) != 0
    }

    /// Whether the output is there, or was.
    #[inline]
    pub(super) fn is_complete(&self) -> bool {
        // ORDERING: Acquire, for the output: partner `complete`.
        self.word().load(Acquire) & COMPLETE != 0
    }

    /// How far the task is.
    pub(super) fn progress(&self) -> Progress {
        // ORDERING: Acquire, as in `is_complete`.
        let word = self.word().load(Acquire);
        if word & (COMPLETE | ENDED) == 0 {
            return if word & CANCELLED == 0 { Progress::Going } else { Progress::Cancelling };
        }
        Progress::Ended(match word & (STOPPED | PANICKED) {
            0 => Ending::Output,
            STOPPED => Ending::Stopped,
            _ => Ending::Panic,
        })
    }

    /// A look for a dump.
    pub(super) fn sight(&self) -> Sight {
        // ORDERING: Acquire pairs with `end_poll`: who sees that the task waits sees what for.
        let word = self.word().load(Acquire);
        Sight {
            is_complete: word & COMPLETE != 0,
            is_cancelled: word & CANCELLED != 0,
            is_due: word & WAKE_MASK != 0,
        }
    }

    /// Whether the `JoinHandle` has a waker in the slot.
    pub(super) fn has_join_waker(&self) -> bool {
        // ORDERING: Relaxed. Only the `JoinHandle` itself sets and clears the bit, and it asks.
        self.word().load(Relaxed) & JOIN_WAKER != 0
    }

    /// Offers the waker in the slot to the runner.
    pub(super) fn publish_join_waker(&self) -> Slot {
        if seeded::on("task_join_waker_blind") {
            // ORDERING: Release, as below.
            self.word().fetch_or(JOIN_WAKER, Release);
            return Slot::Changed;
        }
        // ORDERING: Release publishes the slot to `complete`. On failure Acquire, because the answer
        // `Complete` gives access to the output. Breaks if Relaxed: `join_poll_races_complete`.
        let order = if seeded::on("task_join_waker_relaxed") { Relaxed } else { Release };
        let changed = self
            .word()
            .fetch_update(order, Acquire, |old| (old & COMPLETE == 0).then_some(old | JOIN_WAKER));
        if changed.is_ok() { Slot::Changed } else { Slot::Complete }
    }

    /// Takes the slot back from the runner, to store another waker.
    pub(super) fn withdraw_join_waker(&self) -> Slot {
        if seeded::on("task_join_slot_shared") {
            return Slot::Changed;
        }
        // ORDERING: Relaxed. What is in the slot was stored by the caller's own handle, and nobody
        // looked at it since. On failure Acquire, as in `publish_join_waker`.
        let changed = self.word().fetch_update(Relaxed, Acquire, |old| {
            (old & COMPLETE == 0).then_some(old & !JOIN_WAKER)
        });
        if changed.is_ok() { Slot::Changed } else { Slot::Complete }
    }

    /// Ends the interest of the `JoinHandle`.
    #[inline]
    pub(super) fn drop_join(&self) -> Detach {
        // ORDERING: Release, for the reference as in `ref_dec`. Relaxed on failure: looked at again.
        let detached = (INITIAL - REF_ONE) & !JOIN_INTEREST;
        match self.word().compare_exchange(INITIAL, detached, Release, Relaxed) {
            Ok(_) => Detach::Detached,
            Err(_) => self.drop_join_later(),
        }
    }

    /// `drop_join` after the task was first polled, woken or cloned.
    fn drop_join_later(&self) -> Detach {
        // ORDERING: Release, for the reference as in `ref_dec` and for what `complete` does to the
        // slot. On failure Acquire, because the answer `DropOutput` gives access to the output.
        let dropped = self.word().fetch_update(Release, Acquire, |old| {
            if old & COMPLETE != 0 {
                return None;
            }
            let uninterested = old & !(JOIN_INTEREST | JOIN_WAKER);
            Some(if old & JOIN_WAKER == 0 { uninterested - REF_ONE } else { uninterested })
        });
        match dropped {
            Err(_) => Detach::DropOutput,
            Ok(old) if old & JOIN_WAKER != 0 => Detach::DropWaker,
            Ok(_) => Detach::Detached,
        }
    }

    /// Counts one more reference.
    #[inline]
    pub(super) fn ref_inc(&self) {
        // ORDERING: Relaxed. A reference is made from another one, which keeps the task alive until
        // this one has reached its new owner by some synchronised way.
        let old = self.word().fetch_add(REF_ONE, Relaxed);
        if old >= CROWDED * WAKE_ONE {
            self.cut_wakes();
        }
        if old & REF_MASK >= REFS_MAX * REF_ONE {
            too_many_references();
        }
    }

    /// Gives up `count` references.
    #[inline]
    pub(super) fn ref_dec(&self, count: u64) -> Refs {
        // ORDERING: Release, so that all uses through these references come before the free;
        // Acquire, so that whoever frees sees those of the others. Breaks if Relaxed: model
        // `last_reference_frees`.
        let order = if seeded::on("task_ref_dec_relaxed") { Relaxed } else { AcqRel };
        let old = self.word().fetch_sub(count * REF_ONE, order);
        debug_assert!(old & REF_MASK >= count * REF_ONE, "a reference given up twice");
        if old & REF_MASK != count * REF_ONE {
            return Refs::Remain;
        }
        debug_assert!(old & COMPLETE != 0, "a live task keeps a reference to itself");
        Refs::Last
    }
}
