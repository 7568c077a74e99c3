//! Entering and leaving a scope: a trade between what a scope keeps and the thread's cell.
//!
//! The only code that changes the cell. No user code runs while it is borrowed for that.

use super::LocalKey;

/// Proof that a scope is entered: `outside` and the cell have traded what they hold, and trade back
/// when this is dropped.
pub(super) struct Entered<'a, T: 'static> {
    key: &'static LocalKey<T>,
    outside: &'a mut Option<T>,
}

/// Why a scope cannot be entered.
pub(super) enum Refusal {
    /// `with` is running further up and lends the value out.
    Borrowed,
    /// The thread is being torn down.
    Gone,
}

impl<'a, T: 'static> Entered<'a, T> {
    pub(super) fn enter(
        key: &'static LocalKey<T>,
        outside: &'a mut Option<T>,
    ) -> Result<Self, Refusal> {
        trade(key, outside)?;
        Ok(Self { key, outside })
    }
}

impl<T: 'static> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        // It cannot be refused: every `with` that began in the scope has returned, and a thread
        // is not torn down below code that runs on it.
        let _ = trade(self.key, self.outside);
    }
}

fn trade<T>(key: &'static LocalKey<T>, outside: &mut Option<T>) -> Result<(), Refusal> {
    key.cell
        .try_with(|cell| {
            let mut inside = cell.try_borrow_mut().map_err(|_| Refusal::Borrowed)?;
            std::mem::swap(&mut *inside, outside);
            Ok(())
        })
        .map_err(|_| Refusal::Gone)?
}

impl Refusal {
    #[track_caller]
    pub(super) fn panic(self) -> ! {
        match self {
            Self::Borrowed => panic!(
                "a task-local scope cannot begin inside `with` of the same key; \
                 let `with` return first, for example with a clone of the value"
            ),
            Self::Gone => panic!(
                "a task-local scope cannot begin while its thread is being torn down; \
                 do not poll futures in the destructor of a thread-local"
            ),
        }
    }
}
