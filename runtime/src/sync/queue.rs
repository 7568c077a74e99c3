//! Queues as asyncio has them: bounded or not, in three orders, and with a way to wait until all is
//! done.
//!
//! Free places and items are permits, as those of a semaphore, so who waits for either is served in the order of
//! arrival, and who gives up passes on what it was granted. An item itself is taken when its getter
//! runs, so a getter that gives up never had it.
//!
//! | state     | call                  | state     | and                                                  |
//! |-----------|-----------------------|-----------|------------------------------------------------------|
//! | open      | `put`                 | open      | takes a place, adds an item, one more is unfinished  |
//! | open      | `get`                 | open      | takes an item, frees a place                         |
//! | any       | `task_done`           | the same  | one fewer is unfinished; the last one wakes `join`   |
//! | open      | `shutdown`            | shut down | those who wait are refused, or take what is left     |
//! | any       | `shutdown(immediate)` | shut down | what is left comes back, and is finished             |
//! | shut down | `put`                 | shut down | the item comes back                                  |
//! | shut down | `get`                 | shut down | takes an item that is left                           |
//!
//! A `put` that has a place looks once more under the lock whether the queue is shut down, and a getter
//! that is refused looks there for an item: so each item comes back to one of them.

mod error;
mod heap;
mod join;
mod store;
mod stream;

pub use error::{GetNowaitError, PutNowaitError, QueueShutDown};
pub use heap::ByPriority;
pub use store::{Fifo, Lifo, Store};
pub use stream::QueueStream;

use super::permits::{Permits, Refusal};
use super::wait_list::{WaitList, wake};
use crate::util::waits::SyncKind;
use sheave_facade::seeded;
use sheave_facade::sync::{BriefMutex, MutexGuard};
use std::fmt;

/// A queue that gives its items first in, first out.
pub type Queue<T> = BaseQueue<Fifo<T>>;

/// A [queue](BaseQueue) that gives the item first that was put last.
///
/// # Examples
/// ```
/// use sheave::sync::LifoQueue;
///
/// # futures_lite::future::block_on(async {
/// let queue = LifoQueue::new(0);
/// queue.put("below").await?;
/// queue.put("above").await?;
/// assert_eq!(queue.get().await.unwrap(), "above");
/// # Ok::<(), sheave::sync::QueueShutDown<&str>>(())
/// # }).unwrap();
/// ```
pub type LifoQueue<T> = BaseQueue<Lifo<T>>;

/// A [queue](BaseQueue) that gives the smallest item first, and of equal ones the one that was put
/// first. (asyncio gives equal ones in any order.)
///
/// Both `put` and `get` compare items while the queue is locked. A comparison that panics changes
/// nothing: the item of a `put` is dropped, a `get` leaves all items in place, and the panic goes on to
/// the caller. A comparison that uses a `PriorityQueue` panics.
///
/// # Examples
/// ```
/// use sheave::sync::PriorityQueue;
///
/// # futures_lite::future::block_on(async {
/// let queue = PriorityQueue::new(0);
/// queue.put((2, "later")).await?;
/// queue.put((1, "now")).await?;
/// assert_eq!(queue.get().await.unwrap(), (1, "now"));
/// # Ok::<(), sheave::sync::QueueShutDown<(i32, &str)>>(())
/// # }).unwrap();
/// ```
pub type PriorityQueue<T> = BaseQueue<ByPriority<T>>;

/// What [`Queue`], [`LifoQueue`] and [`PriorityQueue`] have in common: any number of tasks put items,
/// any number get them, and [`join`](Self::join) waits until all are done.
///
/// Each item goes to one getter. Putters are served first come first served, and so are getters. To
/// share a queue, put it in an `Arc`. A channel whose ends notice that the other is gone is
/// [`mpsc`](super::mpsc); for items that all receivers get there is [`broadcast`](super::broadcast).
///
/// # Differences from asyncio
/// It works on any thread and in any executor, and belongs to no loop. An item that could not be put
/// comes back with the error. `put_nowait` and `get_nowait` overtake nobody who waits.
/// [`task_done`](BaseQueue::task_done) too often is a panic, and [`shutdown`](Self::shutdown) returns the
/// items it gives up. A queue can be read as a [stream](Self::stream).
///
/// # Examples
/// ```
/// use sheave::sync::Queue;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let queue = Arc::new(Queue::new(10));
/// let workers: sheave::task::JoinSet<u32> = (0..3)
///     .map(|_| {
///         let queue = queue.clone();
///         async move {
///             let mut sum = 0;
///             while let Ok(n) = queue.get().await {
///                 sum += n;
///                 queue.task_done();
///             }
///             sum
///         }
///     })
///     .collect();
/// for n in 1..=100 {
///     queue.put(n).await.expect("nobody has shut it down");
/// }
/// queue.join().await;
/// queue.shutdown(false);
/// assert_eq!(workers.join_all().await.iter().sum::<u32>(), 5050);
/// # }
/// ```
pub struct BaseQueue<S: Store> {
    /// 0 if there is no limit.
    maxsize: usize,
    /// Free places that nobody has taken.
    places: Permits,
    /// Items that nobody has been promised.
    items: Permits,
    state: BriefMutex<State<S>>,
}

struct State<S> {
    store: S,
    is_shut_down: bool,
    /// Items that were put, and are not done.
    unfinished: usize,
    joiners: WaitList<(), ()>,
}

/// A permit that was taken, and is given back unless [`used`](Self::used).
struct Taken<'a>(&'a Permits);

impl Taken<'_> {
    fn used(self) {
        std::mem::forget(self);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.release(1);
    }
}

impl<S: Store> BaseQueue<S> {
    /// A queue with room for `maxsize` items, or without a limit if `maxsize` is 0.
    #[must_use]
    pub fn new(maxsize: usize) -> Self {
        let places = if maxsize == 0 { Permits::MAX } else { maxsize.min(Permits::MAX) };
        let joiners = WaitList::new();
        let state = State { store: S::EMPTY, is_shut_down: false, unfinished: 0, joiners };
        Self {
            maxsize,
            places: Permits::to_wait_for(places),
            items: Permits::to_wait_for(0),
            state: BriefMutex::new(state),
        }
    }

    /// Puts an item, and waits for room if there is none.
    ///
    /// # Errors
    /// [`QueueShutDown`] with the item, if the queue was shut down, also while this waits.
    ///
    /// # Cancel safety
    /// Consumes: a future that is dropped before it is ready drops the item, which was not put. Room
    /// that it was granted goes to the next one.
    ///
    /// # Panics
    /// If a comparison of items does (in a [`PriorityQueue`]).
    pub async fn put(&self, item: S::Item) -> Result<(), QueueShutDown<S::Item>> {
        match self.places.acquire(SyncKind::QueuePutter, 1).await {
            Ok(()) => self.add(item),
            Err(_closed) => Err(QueueShutDown(item)),
        }
    }

    /// Puts an item, if there is room and nobody waits for it.
    ///
    /// # Errors
    /// [`PutNowaitError`] with the item, otherwise.
    ///
    /// # Panics
    /// As [`put`](Self::put).
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::queue::{PutNowaitError, Queue};
    ///
    /// let queue = Queue::new(1);
    /// queue.put_nowait("a").unwrap();
    /// assert_eq!(queue.put_nowait("b"), Err(PutNowaitError::QueueFull("b")));
    /// ```
    pub fn put_nowait(&self, item: S::Item) -> Result<(), PutNowaitError<S::Item>> {
        match self.places.try_acquire(1) {
            Ok(()) => Ok(self.add(item)?),
            Err(Refusal::NoPermits) => Err(PutNowaitError::QueueFull(item)),
            Err(Refusal::Closed) => Err(PutNowaitError::QueueShutDown(item)),
        }
    }

    /// Takes the next item, and waits for one if there is none.
    ///
    /// # Errors
    /// [`QueueShutDown`] if the queue was shut down, also while this waits, and nothing is left.
    ///
    /// # Cancel safety
    /// Strict: an item that a dropped future was promised stays in the queue, for the next one. The
    /// place in the line is lost.
    ///
    /// # Panics
    /// If a comparison of items does (in a [`PriorityQueue`]).
    pub async fn get(&self) -> Result<S::Item, QueueShutDown> {
        match self.items.acquire(SyncKind::QueueGetter, 1).await {
            Ok(()) => self.take_promised(),
            Err(_closed) => self.take_left(),
        }
    }

    /// Takes the next item, if there is one and nobody waits for it.
    ///
    /// # Errors
    /// [`GetNowaitError`] otherwise.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::queue::{GetNowaitError, Queue};
    ///
    /// let queue = Queue::<u32>::new(0);
    /// assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueEmpty));
    /// ```
    pub fn get_nowait(&self) -> Result<S::Item, GetNowaitError> {
        match self.items.try_acquire(1) {
            Ok(()) => Ok(self.take_promised()?),
            Err(Refusal::NoPermits) => Err(GetNowaitError::QueueEmpty),
            Err(Refusal::Closed) => Ok(self.take_left()?),
        }
    }

    /// A stream of the items. It ends when the queue is shut down and nothing is left.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = sheave::sync::Queue::new(0);
    /// (1..=3).for_each(|n| queue.put_nowait(n).expect("there is no limit"));
    /// queue.shutdown(false);
    /// let mut sum = 0;
    /// sheave::for_await!(n in queue.stream() {
    ///     sum += n;
    /// });
    /// assert_eq!(sum, 6);
    /// # });
    /// ```
    pub fn stream(&self) -> QueueStream<'_, S> {
        QueueStream::of(self)
    }

    /// Lets nobody put an item any more. Those who wait for room get theirs back.
    ///
    /// What is in the queue can be got, and those who get more are told of the shutdown; who was
    /// first in line before may come last now. With `immediate` nothing can be got: what is in the
    /// queue is returned, in no particular order, and counts as [done](Self::task_done). Without it,
    /// nothing is returned.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = sheave::sync::Queue::new(0);
    /// queue.put(1).await.unwrap();
    /// queue.put(2).await.unwrap();
    /// queue.shutdown(false);
    /// assert!(queue.put(3).await.is_err());
    /// assert_eq!(queue.get().await, Ok(1));
    /// assert_eq!(queue.shutdown(true), [2]);
    /// assert!(queue.get().await.is_err());
    /// # });
    /// ```
    pub fn shutdown(&self, immediate: bool) -> Vec<S::Item> {
        let mut state = self.lock();
        state.is_shut_down = true;
        let (given_up, joined) = if immediate {
            let store = std::mem::replace(&mut state.store, S::EMPTY);
            let left = state.unfinished.saturating_sub(store.count());
            (store, state.finish(left))
        } else {
            (S::EMPTY, Vec::new())
        };
        drop(state);
        self.places.close();
        if !seeded::on("queue_shutdown_leaves_getters") {
            self.items.close();
        }
        wake(joined);
        given_up.into_items()
    }

    /// How many items are in the queue.
    #[must_use]
    pub fn qsize(&self) -> usize {
        self.lock().store.count()
    }

    /// Whether no item is in the queue.
    #[must_use]
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there are as many items as there is room for. Never, without a limit.
    #[must_use]
    pub fn full(&self) -> bool {
        self.maxsize > 0 && self.qsize() >= self.maxsize
    }

    /// How many items there is room for, or 0 if there is no limit.
    #[must_use]
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }
}

/// The steps, which others see as one each.
impl<S: Store> BaseQueue<S> {
    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        S::assert_not_comparing();
        self.state.lock()
    }

    /// Adds an item, with a place for it.
    fn add(&self, item: S::Item) -> Result<(), QueueShutDown<S::Item>> {
        let place = Taken(&self.places);
        let mut state = self.lock();
        if state.is_shut_down && !seeded::on("queue_put_after_shutdown") {
            drop(state);
            return Err(QueueShutDown(item));
        }
        let at = state.store.place(&item);
        state.store.insert(at, item);
        state.unfinished += 1;
        drop(state);
        place.used();
        self.items.release(1);
        Ok(())
    }

    /// Takes the item that was promised. After a shutdown, others may have been faster.
    fn take_promised(&self) -> Result<S::Item, QueueShutDown> {
        let promise = Taken(&self.items);
        let item = self.take_left()?;
        promise.used();
        Ok(item)
    }

    /// Takes an item, if there is one.
    fn take_left(&self) -> Result<S::Item, QueueShutDown> {
        let item = self.lock().store.take().ok_or(QueueShutDown(()))?;
        self.places.release(1);
        Ok(item)
    }
}

impl<S: Store> fmt::Debug for BaseQueue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (qsize, unfinished, is_shut_down) =
            (state.store.count(), state.unfinished, state.is_shut_down);
        drop(state);
        f.debug_struct("Queue")
            .field("qsize", &qsize)
            .field("maxsize", &self.maxsize)
            .field("unfinished", &unfinished)
            .field("is_shut_down", &is_shut_down)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
