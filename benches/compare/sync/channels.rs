//! Channels for many messages.

use super::{TIMES, bare, row, tasks};
use crate::contest::Contest;
use crate::rt::Sheave;
use futures_lite::future::{yield_now, zip};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Room in the bounded channels.
const ROOM: usize = 16;
const SENDERS: usize = 8;
/// Receivers of a broadcast.
const LISTENERS: usize = 4;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sends without waiting, under one name.
trait SendNow<T> {
    fn send_now(&self, message: T);
}

impl<T> SendNow<T> for tokio::sync::mpsc::UnboundedSender<T> {
    fn send_now(&self, message: T) {
        assert!(self.send(message).is_ok());
    }
}

impl<T> SendNow<T> for async_channel::Sender<T> {
    fn send_now(&self, message: T) {
        assert!(self.try_send(message).is_ok());
    }
}

impl<T> SendNow<T> for sheave::sync::mpsc::UnboundedSender<T> {
    fn send_now(&self, message: T) {
        assert!(self.send(message).is_ok());
    }
}

/// Each message is received before the next one is sent.
macro_rules! alone {
    ($name:literal, $channel:expr, $got:ident) => {{
        #[allow(unused_mut)]
        let (sender, mut receiver) = $channel;
        bare($name, async move || {
            for number in 0..TIMES {
                assert!(sender.send(number).await.is_ok());
                assert!(receiver.recv().await.$got());
            }
        })
    }};
}

/// As `alone`, without waiting for room.
macro_rules! alone_unbounded {
    ($name:literal, $channel:expr, $got:ident) => {{
        #[allow(unused_mut)]
        let (sender, mut receiver) = $channel;
        bare($name, async move || {
            for number in 0..TIMES {
                sender.send_now(number);
                assert!(receiver.recv().await.$got());
            }
        })
    }};
}

/// A sender and a receiver on one thread: one waits for room, the other for messages.
macro_rules! in_turn {
    ($name:literal, $channel:expr, $got:ident) => {{
        #[allow(unused_mut)]
        let (sender, mut receiver) = $channel;
        bare($name, async move || {
            let send = async {
                for number in 0..TIMES {
                    assert!(sender.send(number).await.is_ok());
                }
            };
            let receive = async {
                for _ in 0..TIMES {
                    assert!(receiver.recv().await.$got());
                }
            };
            zip(send, receive).await;
        })
    }};
}

/// So many tasks send to one that receives.
macro_rules! two_workers {
    ($name:literal, $rt:expr, $senders:expr, $channel:expr, $got:ident) => {
        tasks($name, $rt, || {
            #[allow(unused_mut)]
            let (sender, mut receiver) = $channel;
            let receive = async move {
                for _ in 0..TIMES {
                    assert!(receiver.recv().await.$got());
                }
            };
            let send = |_| {
                let sender = sender.clone();
                let send = async move {
                    for number in 0..TIMES / $senders {
                        assert!(sender.send(number).await.is_ok());
                    }
                };
                Box::pin(send) as Task
            };
            (0..$senders).map(send).chain([Box::pin(receive) as Task]).collect()
        })
    };
}

/// As `two_workers`, without waiting for room.
macro_rules! two_workers_unbounded {
    ($name:literal, $rt:expr, $senders:expr, $channel:expr, $got:ident) => {
        tasks($name, $rt, || {
            #[allow(unused_mut)]
            let (sender, mut receiver) = $channel;
            let receive = async move {
                for _ in 0..TIMES {
                    assert!(receiver.recv().await.$got());
                }
            };
            let send = |_| {
                let sender = sender.clone();
                let send = async move {
                    for number in 0..TIMES / $senders {
                        sender.send_now(number);
                        if number % 32 == 31 {
                            yield_now().await;
                        }
                    }
                };
                Box::pin(send) as Task
            };
            (0..$senders).map(send).chain([Box::pin(receive) as Task]).collect()
        })
    };
}

/// Each message is received by all before the next one is sent.
macro_rules! broadcast_alone {
    ($name:literal, $pair:expr, $subscribe:ident, $send:ident) => {{
        let (sender, first) = $pair;
        let mut receivers: Vec<_> = (1..LISTENERS).map(|_| sender.$subscribe()).collect();
        receivers.push(first);
        bare($name, async move || {
            for number in 0..TIMES {
                assert!(sender.$send(number).is_ok());
                for receiver in &mut receivers {
                    assert!(receiver.recv().await.is_ok());
                }
            }
        })
    }};
}

/// One future sends, and gives way before the room runs out; the others receive.
macro_rules! broadcast_in_turn {
    ($name:literal, $pair:expr, $subscribe:ident, $send:ident) => {{
        let (sender, first) = $pair;
        let mut receivers: Vec<_> = (1..LISTENERS).map(|_| sender.$subscribe()).collect();
        receivers.push(first);
        bare($name, async move || {
            let send = async {
                for number in 0..TIMES {
                    assert!(sender.$send(number).is_ok());
                    if number % (ROOM / 2) == 0 {
                        yield_now().await;
                    }
                }
            };
            let mut all: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(send)];
            for receiver in &mut receivers {
                all.push(Box::pin(async {
                    for _ in 0..TIMES {
                        assert!(receiver.recv().await.is_ok());
                    }
                }));
            }
            join_all(all).await;
        })
    }};
}

/// Polls all of them in order, whoever was woken.
pub(super) async fn join_all(mut all: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if all.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn broadcast(contest: &mut Contest) {
    let entrants = vec![
        broadcast_alone!("tokio", tokio::sync::broadcast::channel(ROOM), subscribe, send),
        broadcast_alone!("smol", async_broadcast::broadcast(ROOM), new_receiver, try_broadcast),
        broadcast_alone!("sheave", sheave::sync::broadcast::channel(ROOM), subscribe, send),
    ];
    row(contest, "sync: broadcast 1 -> 4, alone", entrants);
    let entrants = vec![
        broadcast_in_turn!("tokio", tokio::sync::broadcast::channel(ROOM), subscribe, send),
        broadcast_in_turn!("smol", async_broadcast::broadcast(ROOM), new_receiver, try_broadcast),
        broadcast_in_turn!("sheave", sheave::sync::broadcast::channel(ROOM), subscribe, send),
    ];
    row(contest, "sync: broadcast 1 -> 4, 5 in turn", entrants);
}

pub(super) fn run(contest: &mut Contest) {
    broadcast(contest);
    on_one_thread(contest);
    let rt = contest.sheave();
    bounded(contest, rt);
    unbounded(contest, rt);
}

fn on_one_thread(contest: &mut Contest) {
    let entrants = vec![
        alone!("tokio", tokio::sync::mpsc::channel(ROOM), is_some),
        alone!("smol", async_channel::bounded(ROOM), is_ok),
        alone!("sheave", sheave::sync::mpsc::channel(ROOM), is_some),
    ];
    row(contest, "sync: mpsc, alone", entrants);
    let entrants = vec![
        alone_unbounded!("tokio", tokio::sync::mpsc::unbounded_channel(), is_some),
        alone_unbounded!("smol", async_channel::unbounded(), is_ok),
        alone_unbounded!("sheave", sheave::sync::mpsc::unbounded_channel(), is_some),
    ];
    row(contest, "sync: unbounded mpsc, alone", entrants);
    let entrants = vec![
        in_turn!("tokio", tokio::sync::mpsc::channel(ROOM), is_some),
        in_turn!("smol", async_channel::bounded(ROOM), is_ok),
        in_turn!("sheave", sheave::sync::mpsc::channel(ROOM), is_some),
    ];
    row(contest, "sync: mpsc, 2 in turn", entrants);
    let entrants = vec![
        in_turn!("tokio", tokio::sync::mpsc::channel(1), is_some),
        in_turn!("smol", async_channel::bounded(1), is_ok),
        in_turn!("sheave", sheave::sync::mpsc::channel(1), is_some),
    ];
    row(contest, "sync: mpsc with room for 1, 2 in turn", entrants);
}

fn bounded(contest: &mut Contest, rt: &'static Sheave) {
    let entrants = vec![
        two_workers!("tokio", rt, 1, tokio::sync::mpsc::channel(ROOM), is_some),
        two_workers!("smol", rt, 1, async_channel::bounded(ROOM), is_ok),
        two_workers!("sheave", rt, 1, sheave::sync::mpsc::channel(ROOM), is_some),
    ];
    row(contest, "sync: mpsc 1 -> 1, 2 workers", entrants);
    let entrants = vec![
        two_workers!("tokio", rt, SENDERS, tokio::sync::mpsc::channel(ROOM), is_some),
        two_workers!("smol", rt, SENDERS, async_channel::bounded(ROOM), is_ok),
        two_workers!("sheave", rt, SENDERS, sheave::sync::mpsc::channel(ROOM), is_some),
    ];
    row(contest, "sync: mpsc 8 -> 1, 2 workers", entrants);
}

fn unbounded(contest: &mut Contest, rt: &'static Sheave) {
    use sheave::sync::mpsc::unbounded_channel as ours;
    use tokio::sync::mpsc::unbounded_channel as tokios;
    let entrants = vec![
        two_workers_unbounded!("tokio", rt, 1, tokios(), is_some),
        two_workers_unbounded!("smol", rt, 1, async_channel::unbounded(), is_ok),
        two_workers_unbounded!("sheave", rt, 1, ours(), is_some),
    ];
    row(contest, "sync: unbounded mpsc 1 -> 1, 2 workers", entrants);
    let entrants = vec![
        two_workers_unbounded!("tokio", rt, SENDERS, tokios(), is_some),
        two_workers_unbounded!("smol", rt, SENDERS, async_channel::unbounded(), is_ok),
        two_workers_unbounded!("sheave", rt, SENDERS, ours(), is_some),
    ];
    row(contest, "sync: unbounded mpsc 8 -> 1, 2 workers", entrants);
}
