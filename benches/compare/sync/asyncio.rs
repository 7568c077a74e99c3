//! What asyncio has: events, conditions and queues.
//!
//! tokio and smol have no types of these names. Their side is what their users write instead, out of
//! their own parts, and does the same.

use super::channels::join_all;
use super::{TIMES, bare, row};
use crate::contest::Contest;
use event_listener::Event as Listeners;
use futures_lite::future::{yield_now, zip};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

/// Those who wait for an event.
const WAITERS: usize = 4;
/// Room in the queues.
const ROOM: usize = 16;

/// Several futures wait for an event, and one more sets it again and again.
macro_rules! set_in_turn {
    ($name:literal, $event:expr, $wait:ident, $set:expr) => {{
        let event = $event;
        bare($name, async move || {
            let set = async {
                yield_now().await;
                for _ in 0..TIMES {
                    $set(&event);
                    yield_now().await;
                }
            };
            let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>> =
                vec![Box::pin(set)];
            for _ in 0..WAITERS {
                all.push(Box::pin(async {
                    for _ in 0..TIMES {
                        event.$wait().await;
                    }
                }));
            }
            join_all(all).await;
        })
    }};
}

/// An event that is set before somebody waits for it.
macro_rules! set_before {
    ($name:literal, $event:expr, $once:expr) => {{
        let mut event = $event;
        bare($name, async move || {
            for _ in 0..TIMES {
                $once(&mut event).await;
            }
        })
    }};
}

/// A lock whose holders wait for each other's news.
trait Condition {
    type Guard<'a>
    where
        Self: 'a;

    async fn acquire(&self) -> Self::Guard<'_>;
    async fn wait<'a>(&'a self, guard: Self::Guard<'a>) -> Self::Guard<'a>;
    fn notify(&self, guard: &Self::Guard<'_>);
}

impl Condition for sheave::sync::Condition {
    type Guard<'a> = sheave::sync::ConditionGuard<'a>;

    async fn acquire(&self) -> Self::Guard<'_> {
        self.acquire().await
    }

    async fn wait<'a>(&'a self, guard: Self::Guard<'a>) -> Self::Guard<'a> {
        guard.wait().await
    }

    fn notify(&self, guard: &Self::Guard<'_>) {
        guard.notify(1);
    }
}

#[derive(Default)]
struct TokioCondition {
    lock: tokio::sync::Mutex<()>,
    news: tokio::sync::Notify,
}

impl Condition for TokioCondition {
    type Guard<'a> = tokio::sync::MutexGuard<'a, ()>;

    async fn acquire(&self) -> Self::Guard<'_> {
        self.lock.lock().await
    }

    async fn wait<'a>(&'a self, guard: Self::Guard<'a>) -> Self::Guard<'a> {
        let mut heard = pin!(self.news.notified());
        heard.as_mut().enable();
        drop(guard);
        heard.await;
        self.lock.lock().await
    }

    fn notify(&self, _: &Self::Guard<'_>) {
        self.news.notify_one();
    }
}

#[derive(Default)]
struct SmolCondition {
    lock: async_lock::Mutex<()>,
    news: Listeners,
}

impl Condition for SmolCondition {
    type Guard<'a> = async_lock::MutexGuard<'a, ()>;

    async fn acquire(&self) -> Self::Guard<'_> {
        self.lock.lock().await
    }

    async fn wait<'a>(&'a self, guard: Self::Guard<'a>) -> Self::Guard<'a> {
        let heard = self.news.listen();
        drop(guard);
        heard.await;
        self.lock.lock().await
    }

    fn notify(&self, _: &Self::Guard<'_>) {
        self.news.notify_additional(1);
    }
}

/// Two futures that hand a turn to each other, and wait for theirs.
async fn take_turns(condition: &impl Condition) {
    let turn = Cell::new(0);
    let half = async |own: usize| {
        let mut guard = condition.acquire().await;
        for _ in 0..TIMES / 2 {
            while turn.get() != own {
                guard = condition.wait(guard).await;
            }
            turn.set(1 - own);
            condition.notify(&guard);
        }
    };
    zip(half(0), half(1)).await;
}

/// Items for any number of getters, and a way to wait until all are done.
trait Queue {
    async fn put(&self, item: usize);
    async fn get(&self) -> usize;
    fn task_done(&self);
    async fn join(&self);
}

impl Queue for sheave::sync::Queue<usize> {
    async fn put(&self, item: usize) {
        self.put(item).await.expect("it is open");
    }

    async fn get(&self) -> usize {
        self.get().await.expect("it is open")
    }

    fn task_done(&self) {
        self.task_done();
    }

    async fn join(&self) {
        self.join().await;
    }
}

struct TokioQueue {
    sender: tokio::sync::mpsc::Sender<usize>,
    receiver: tokio::sync::Mutex<tokio::sync::mpsc::Receiver<usize>>,
    unfinished: AtomicUsize,
    all_done: tokio::sync::Notify,
}

impl TokioQueue {
    fn new() -> Self {
        let (sender, receiver) = tokio::sync::mpsc::channel(ROOM);
        let receiver = tokio::sync::Mutex::new(receiver);
        Self { sender, receiver, unfinished: AtomicUsize::new(0), all_done: Default::default() }
    }
}

impl Queue for TokioQueue {
    async fn put(&self, item: usize) {
        let room = self.sender.reserve().await.expect("it is open");
        self.unfinished.fetch_add(1, AcqRel);
        room.send(item);
    }

    async fn get(&self) -> usize {
        self.receiver.lock().await.recv().await.expect("it is open")
    }

    fn task_done(&self) {
        if self.unfinished.fetch_sub(1, AcqRel) == 1 {
            self.all_done.notify_waiters();
        }
    }

    async fn join(&self) {
        let all_done = self.all_done.notified();
        if self.unfinished.load(Acquire) > 0 {
            all_done.await;
        }
    }
}

struct SmolQueue {
    sender: async_channel::Sender<usize>,
    receiver: async_channel::Receiver<usize>,
    unfinished: AtomicUsize,
    all_done: Listeners,
}

impl SmolQueue {
    fn new() -> Self {
        let (sender, receiver) = async_channel::bounded(ROOM);
        Self { sender, receiver, unfinished: AtomicUsize::new(0), all_done: Listeners::new() }
    }
}

impl Queue for SmolQueue {
    async fn put(&self, item: usize) {
        // It has no permits: one who gives up would have to take it back.
        self.unfinished.fetch_add(1, AcqRel);
        self.sender.send(item).await.expect("it is open");
    }

    async fn get(&self) -> usize {
        self.receiver.recv().await.expect("it is open")
    }

    fn task_done(&self) {
        if self.unfinished.fetch_sub(1, AcqRel) == 1 {
            self.all_done.notify(usize::MAX);
        }
    }

    async fn join(&self) {
        if self.unfinished.load(Acquire) == 0 {
            return;
        }
        let all_done = self.all_done.listen();
        if self.unfinished.load(Acquire) > 0 {
            all_done.await;
        }
    }
}

/// Each item is got, and done, before the next one is put.
async fn one_by_one(queue: &impl Queue) {
    for number in 0..TIMES {
        queue.put(number).await;
        assert_eq!(queue.get().await, number);
        queue.task_done();
    }
}

/// One future puts, and waits for room; the other gets, and waits for items.
async fn put_and_get(queue: &impl Queue) {
    let put = async {
        for number in 0..TIMES {
            queue.put(number).await;
        }
    };
    let get = async {
        for number in 0..TIMES {
            assert_eq!(queue.get().await, number);
            queue.task_done();
        }
    };
    zip(put, get).await;
}

/// One future puts some items and waits until the other has done them.
async fn put_and_join(queue: &impl Queue) {
    let put = async {
        for number in 0..TIMES {
            queue.put(number).await;
            if number % 4 == 3 {
                queue.join().await;
            }
        }
    };
    let get = async {
        for number in 0..TIMES {
            assert_eq!(queue.get().await, number);
            queue.task_done();
        }
    };
    zip(put, get).await;
}

macro_rules! each_queue {
    ($contest:expr, $row:literal, $work:ident) => {{
        let (tokio, smol) = (TokioQueue::new(), SmolQueue::new());
        let sheave = sheave::sync::Queue::new(ROOM);
        let entrants = vec![
            bare("tokio", async move || $work(&tokio).await),
            bare("smol", async move || $work(&smol).await),
            bare("sheave", async move || $work(&sheave).await),
        ];
        row($contest, $row, entrants);
    }};
}

pub(super) fn run(contest: &mut Contest) {
    event(contest);
    condition(contest);
    each_queue!(contest, "sync: queue, alone", one_by_one);
    each_queue!(contest, "sync: queue, 2 in turn", put_and_get);
    each_queue!(contest, "sync: queue join, 2 in turn", put_and_join);
}

fn event(contest: &mut Contest) {
    let entrants = vec![
        set_before!("tokio", tokio::sync::watch::channel(false), async |(flag, seen): &mut (
            tokio::sync::watch::Sender<bool>,
            tokio::sync::watch::Receiver<bool>
        )| {
            flag.send_replace(true);
            seen.wait_for(|is_set| *is_set).await.expect("the sender lives");
            flag.send_replace(false);
        }),
        set_before!(
            "sheave",
            sheave::sync::Event::new(),
            async |event: &mut sheave::sync::Event| {
                event.set();
                event.wait().await;
                event.clear();
            }
        ),
    ];
    row(contest, "sync: event, alone", entrants);
    let entrants = vec![
        set_in_turn!(
            "tokio",
            tokio::sync::Notify::new(),
            notified,
            |event: &tokio::sync::Notify| { event.notify_waiters() }
        ),
        set_in_turn!("smol", Listeners::new(), listen, |event: &Listeners| {
            event.notify(usize::MAX)
        }),
        set_in_turn!("sheave", sheave::sync::Event::new(), wait, |event: &sheave::sync::Event| {
            event.set();
            event.clear();
        }),
    ];
    row(contest, "sync: event 1 -> 4, 5 in turn", entrants);
}

fn condition(contest: &mut Contest) {
    let (tokio, smol) = (TokioCondition::default(), SmolCondition::default());
    let sheave = sheave::sync::Condition::new();
    let entrants = vec![
        bare("tokio", async move || take_turns(&tokio).await),
        bare("smol", async move || take_turns(&smol).await),
        bare("sheave", async move || take_turns(&sheave).await),
    ];
    row(contest, "sync: condition, 2 in turn", entrants);
}
