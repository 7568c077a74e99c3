//! Whether it pays to look again, for some microseconds, before one queues.
//!
//! Two tasks on two workers that take the same lock again and again, for a few instructions each, would
//! queue and be woken for every section. Whoever stays awake instead leaves the lock to the other one for
//! several sections, and then finds it free. That overtakes nobody, for nobody is queued. It is in vain
//! where the holder does not run meanwhile, because it awaits with the lock held, or was stopped by the
//! system, or has its turn on this very thread. So one looks for long only where that has paid off, and
//! not at all for a while where it has not. Measured in `docs/src/adr/0005-look-again-before-queueing.md`.
//!
//! | state      | looks  | permits found | state after that                      |
//! |------------|--------|---------------|---------------------------------------|
//! | new        | a few  | yes           | trusting                              |
//! | trusting   | many   | yes           | trusting                              |
//! | both       |        | no            | weary of `WEARY`                      |
//! | weary of n | none   | –             | weary of n - 1, which at 0 is new     |
//! | never      | none   | –             | never                                 |
//!
//! The state is a hint: where two change it at once, one of the changes may be lost.

use sheave_facade::hint;
use sheave_facade::sync::atomic::AtomicU16;
use sheave_facade::sync::atomic::Ordering::Relaxed;

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct Patience(AtomicU16);

const NEW: u16 = 0;
const TRUSTING: u16 = u16::MAX;
const NEVER: u16 = u16::MAX - 1;
/// How many go without, each of whom saves what would be in vain about once in so many.
const WEARY: u16 = 1 << 12;

/// How many [`spin_loop`](hint::spin_loop)s pass before each look: time enough for the other one to do
/// some sections, rather than fetch the line of the lock back after each.
const AWAY: usize = 32;
/// 2 to 10 microseconds, which is what some brief sections take.
const A_FEW: usize = 6;
/// 50 to 250 microseconds, which outlasts an interrupt of the holder's processor. Who queued then would be
/// woken on that processor, where the two would go on in turn, neither of them ever alone.
const MANY: usize = 160;

impl Patience {
    sheave_facade::const_fn! {
        pub(super) fn new() -> Self {
            Self(AtomicU16::new(NEW))
        }
    }

    sheave_facade::const_fn! {
        /// For what is not held for a few instructions by others but comes when it comes. Made anew for each
        /// piece of work, it would have no time to learn that.
        pub(super) fn none() -> Self {
            Self(AtomicU16::new(NEVER))
        }
    }

    /// What `look` finds, if it pays to look.
    pub(super) fn look_later<T>(&self, look: impl Fn() -> Option<T>) -> Option<T> {
        // ORDERING: Relaxed; a hint that publishes nothing.
        let looks = match self.0.load(Relaxed) {
            NEW => A_FEW,
            TRUSTING => MANY,
            NEVER => return None,
            weary => {
                self.0.store(weary - 1, Relaxed);
                return None;
            }
        };
        let found = hint::look_later(looks, AWAY, look);
        // ORDERING: Relaxed, as above.
        self.0.store(if found.is_some() { TRUSTING } else { WEARY }, Relaxed);
        found
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{A_FEW, MANY, Patience, WEARY};
    use std::cell::Cell;

    /// How often one looks who finds nothing before look number `find_at`.
    fn looks(patience: &Patience, find_at: usize) -> usize {
        let looks = Cell::new(0);
        let found = patience.look_later(|| {
            looks.set(looks.get() + 1);
            (looks.get() == find_at).then_some(())
        });
        assert_eq!(found.is_some(), looks.get() == find_at);
        looks.get()
    }

    #[test]
    fn looks_for_long_only_where_that_pays_off() {
        let patience = Patience::new();
        assert_eq!(looks(&patience, A_FEW), A_FEW);
        assert_eq!(looks(&patience, MANY), MANY, "it has paid off");
        assert_eq!(looks(&patience, usize::MAX), MANY, "in vain");
        for _ in 0..WEARY {
            assert_eq!(looks(&patience, 1), 0);
        }
        assert_eq!(looks(&patience, usize::MAX), A_FEW, "as new, and in vain again");
        assert_eq!(looks(&patience, 1), 0);
    }

    #[test]
    fn does_not_look_where_it_is_told_so() {
        let patience = Patience::none();
        for _ in 0..=WEARY {
            assert_eq!(looks(&patience, 1), 0);
        }
        assert_eq!(looks(&patience, usize::MAX), 0, "and never learns otherwise");
    }
}
