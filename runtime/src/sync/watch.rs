//! A channel for the latest value: who receives sees the newest one, not each one.
//!
//! Each change has a number. A receiver remembers which it has seen, and waits for another.
//!
//! | receiver   | call                         | receiver   | and                                     |
//! |------------|------------------------------|------------|-----------------------------------------|
//! | up to date | `changed` polled             | waits      | –                                       |
//! | waits      | a sender changes the value   | told       | –                                       |
//! | waits      | the last sender is dropped   | told       | –                                       |
//! | behind     | `changed` polled             | up to date | also after the last sender was dropped  |
//! | behind     | `borrow_and_update`          | up to date | –                                       |
//! | up to date | `mark_changed`               | behind     | –                                       |
//! | told       | polled, there is a change    | up to date | with the newest one                     |
//! | told       | polled, there is none        | –          | the end                                 |
//! | told       | dropped                      | behind     | the next wait is ready at once          |

mod borrow;
pub mod error;
mod receiver;
mod sender;

pub use borrow::Ref;
pub use receiver::Receiver;
pub use sender::Sender;

use super::wait_list::{WaitList, wake};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, BriefMutex, RwLock};

/// A channel for the latest value, which begins with `initial`.
///
/// # Examples
/// ```
/// use sheave::sync::watch;
///
/// # #[sheave::main]
/// # async fn main() {
/// let (sender, mut receiver) = watch::channel("starting");
/// let watcher = sheave::spawn(async move {
///     let mut seen = vec![*receiver.borrow()];
///     while receiver.changed().await.is_ok() {
///         seen.push(*receiver.borrow_and_update());
///     }
///     seen
/// });
/// sender.send("serving").expect("a receiver lives");
/// drop(sender);
/// // Perhaps it came too late to see the first value, but it has seen the last one.
/// assert_eq!(watcher.await.unwrap().last(), Some(&"serving"));
/// # }
/// ```
pub fn channel<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(initial, 1));
    (Sender::first(shared.clone()), Receiver::first(shared, 0))
}

/// What senders and receivers share. Lock order: the value, then the state.
struct Shared<T> {
    /// A lock that the user holds, by a [`Ref`] or in a closure that changes the value.
    value: RwLock<T>,
    state: BriefMutex<State>,
}

struct State {
    /// The number of the latest change.
    version: u64,
    senders: usize,
    receivers: usize,
    /// Receivers that wait for a change or the end.
    waiters: WaitList<(), ()>,
    /// Senders that wait for the last receiver to be dropped.
    watchers: WaitList<(), ()>,
}

impl<T> Shared<T> {
    fn new(initial: T, receivers: usize) -> Self {
        let state = State {
            version: 0,
            senders: 1,
            receivers,
            waiters: WaitList::new(),
            watchers: WaitList::new(),
        };
        Self { value: RwLock::new(initial), state: BriefMutex::new(state) }
    }

    /// Runs `change` on the value, and tells the receivers if it says so.
    fn change<R>(&self, change: impl FnOnce(&mut T) -> (Told, R)) -> R {
        let mut value = self.value.write();
        let (told, result) = change(&mut value);
        if told == Told::Nobody {
            return result;
        }
        // With the value still locked: who sees the number sees the value that belongs to it.
        let mut state = self.state.lock();
        state.version += 1;
        let waiting = state.waiters.answer_all(());
        drop(state);
        drop(value);
        if !seeded::on("watch_change_wakes_nobody") {
            wake(waiting);
        }
        result
    }
}

/// Who hears of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nobody,
    Everybody,
}

#[cfg(all(test, loom))]
mod loom;
