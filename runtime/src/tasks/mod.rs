//! A task: one allocation that holds a future, then its output, and everything to run and join it.
//!
//! **Who keeps a task alive.** A [`TaskRef`], a [`JoinHandle`], an [`AbortHandle`] and each waker hold
//! one counted reference. The task holds one to itself from its creation to its completion, so an
//! incomplete task is never freed and dropping a waker never drops a future. A [`Runnable`] is not
//! counted: it is *implied* by a wake count above zero (see `state`) and exists at most once (W2).
//!
//! **Who may touch which field.** `SAFETY:` comments cite these rules by number.
//!
//! - **T1** The state word: whoever holds a reference or the Runnable, by the transitions of `state`.
//! - **T2** Vtable, id, location, scheduler, parent and name are determined before the task is shared and
//!   never change (the parent may move, see `extras`); whoever may touch the state may read them.
//! - **T3** The stage (future, then output) belongs to the Runnable's owner until `State::complete`.
//!   Then it belongs to the `JoinHandle` if `complete` answered `Present` or `Waiting`, and to the
//!   runner that completed it if the answer was `None`. While the outcome of a complete task is lent
//!   (see `callbacks`), the stage is the borrower's, and after it the handle's again.
//! - **T4** The join waker's slot is nobody's to share; its owner follows from two bits:
//!   JOIN_WAKER clear: the `JoinHandle`. JOIN_WAKER set, not COMPLETE: nobody; the `JoinHandle` takes
//!   it back by clearing the bit, which fails once COMPLETE is set. Both set: the runner that set
//!   COMPLETE, for ever. Outside an owner's hands the slot is full exactly if JOIN_WAKER is set.
//! - **T5** The pointer to the registry's seat is written by `Registry::bind`, before the task is shared,
//!   and never again. The seat outlives the task: it lives as long as the registry.
//! - **T6** The task is freed by whoever is told `Last` or `Free`, once. By then the stage is consumed
//!   and the slot empty, so freeing runs no code of a user.
//! - **T7** A future is never moved once its task exists. It is dropped in place by the Runnable's
//!   owner, when it completes, panics or is cancelled; never by a waker or a handle.
//! - **T8** After giving the Runnable away (`End::Idle`, or handing it to a scheduler) without holding
//!   a reference, do not touch the task: another thread may have completed and freed it.
//! - **T9** User code is called with nothing of the task borrowed but what that code owns, and a panic
//!   of a poll, of a drop or of a join waker never leaves `Runnable::run`, `Runnable::shutdown` or the
//!   drop of a handle.
//! - **T10** The context in the record of extras belongs to the Runnable's owner, and to the code that it
//!   runs. Who completes the task empties the place before the last reference is given up.

mod abort;
mod callbacks;
mod cell;
mod context;
mod current;
mod error;
mod extras;
mod header;
mod id;
mod join;
mod registry;
mod run;
mod seat;
mod state;
mod task_ref;
mod trace;
mod unread;
mod waker;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(all(test, not(loom)))]
mod tests;

pub use abort::AbortHandle;
pub use callbacks::CallbackId;
pub use context::Context;
pub use error::{JoinError, TryResultError};
pub use id::Id;
pub use join::JoinHandle;
pub use unread::UnhandledPanicInfo;

pub(crate) use cell::{Spec, new_local_task, new_task};
pub(crate) use context::{Key, Value};
pub(crate) use current::{
    as_current, current_id, current_task, in_context, inherited_context, is_current,
    try_with_context,
};
pub(crate) use error::Stopped;
pub(crate) use header::{Header, Schedule, Wakeup};
pub(crate) use registry::{Registry, Remaining, Removal, Usher};
pub(crate) use run::Runnable;
pub(crate) use state::{Ending, Progress};
pub(crate) use task_ref::TaskRef;
pub(crate) use trace::Trace;
pub(crate) use unread::{PanicSink, tell_callback};
