//! Async iterators, loops over them, and async generators.

use futures_lite::future::{block_on, poll_once};
use sheave::for_await;
use sheave::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use sheave::signal::unix::{SignalKind, signal};
use sheave::stream::wrappers::{
    IntervalStream, ReceiverStream, SignalStream, TcpListenerStream, UnboundedReceiverStream,
    UnixListenerStream, WatchStream,
};
use sheave::stream::{self, ConcurrentExt, FusedStream, Stream, StreamExt, generator};
use sheave::sync::{mpsc, watch};
use sheave::task::yield_now;
use sheave::time::{Duration, Instant, interval, sleep};
use std::cell::Cell;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

const SECOND: Duration = Duration::from_secs(1);

/// The notes' `Reader`: an object with a counter that is its own async iterator.
struct Reader {
    count: u32,
}

impl Stream for Reader {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        self.count += 1;
        Poll::Ready((self.count < 100).then_some(self.count))
    }
}

/// B28 and example E26: an async iterator is looped over until it stops, from 1 to 99.
#[test]
fn b28_an_async_iterator_gives_items_until_it_stops() {
    let read = block_on(async {
        let mut read = Vec::new();
        for_await!(item in (Reader { count: 0 }).fuse() {
            read.push(item);
        });
        read
    });
    assert_eq!(read, (1..=99).collect::<Vec<_>>());
}

#[test]
fn a_loop_breaks_continues_and_returns_as_a_for_loop_does() {
    async fn first_even(stream: impl Stream<Item = Result<u32, String>>) -> Result<u32, String> {
        for_await!(item in stream {
            let n = item?;
            if n % 2 == 1 {
                continue;
            }
            return Ok(n);
        });
        Err("none".into())
    }
    let ok = |numbers: &[u32]| stream::iter(numbers.iter().map(|n| Ok(*n)).collect::<Vec<_>>());
    assert_eq!(block_on(first_even(ok(&[1, 3, 4, 5]))), Ok(4));
    assert_eq!(block_on(first_even(ok(&[1]))), Err("none".into()));
    let failing = stream::iter([Ok(1), Err("bad".to_owned()), Ok(2)]);
    assert_eq!(block_on(first_even(failing)), Err("bad".into()));

    let mut outer = Vec::new();
    block_on(async {
        'all: for row in 0..3 {
            for_await!((column, _) in stream::iter(0..3).enumerate() {
                if column == 2 {
                    continue 'all;
                }
                if row == 2 {
                    break;
                }
                outer.push((row, column));
            });
        }
    });
    assert_eq!(outer, [(0, 0), (0, 1), (1, 0), (1, 1)]);
}

#[test]
fn a_borrowed_stream_goes_on_after_the_loop() {
    block_on(async {
        let mut numbers = stream::iter(1..=4);
        for_await!(n in &mut numbers {
            if n == 2 {
                break;
            }
        });
        assert_eq!(numbers.collect::<Vec<_>>().await, [3, 4]);
    });
}

/// Item 55: an async generator waits between its items, and its consumer with it.
#[sheave::test(start_paused = true)]
async fn an_async_generator_awaits_between_its_items() {
    let start = Instant::now();
    let seconds = generator(|mut co| async move {
        for n in 1..=3 {
            sleep(SECOND).await;
            co.yield_(n).await;
        }
    });
    let mut seen = Vec::new();
    for_await!(n in seconds {
        seen.push((n, start.elapsed()));
    });
    assert_eq!(seen, [(1, SECOND), (2, 2 * SECOND), (3, 3 * SECOND)]);
}

#[sheave::test(start_paused = true)]
async fn an_async_generator_runs_in_a_task_and_between_workers() {
    let task = sheave::spawn(async {
        let numbers = generator(|mut co| async move {
            for n in 0..100 {
                yield_now().await;
                co.yield_(n).await;
            }
        });
        numbers.map(|n| n * 2).filter(|n| n % 3 == 0).fold(0, |sum, n| sum + n).await
    });
    assert_eq!(task.await.unwrap(), (0..100).map(|n| n * 2).filter(|n| n % 3 == 0).sum::<i32>());
}

#[test]
fn an_async_generator_loses_nothing_when_a_wait_for_it_is_dropped() {
    block_on(async {
        let mut slow = pin!(generator(|mut co| async move {
            for n in 0..3 {
                yield_now().await;
                co.yield_(n).await;
            }
        }));
        let mut seen = Vec::new();
        for _ in 0..6 {
            // Dropped after one poll, whether or not it was ready.
            if let Some(Some(n)) = poll_once(slow.next()).await {
                seen.push(n);
            }
        }
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(slow.next().await, None);
        assert_eq!(slow.next().await, None, "it stays at its end");
        assert!(slow.is_terminated());
    });
}

/// A `yield_` in a `select!` that loses: the value is out, and the block goes on with the next one.
#[test]
fn an_async_generator_whose_yield_is_dropped_goes_on() {
    block_on(async {
        let numbers = generator(|mut co| async move {
            for n in 0..3 {
                futures_lite::future::or(co.yield_(n), async {
                    yield_now().await;
                })
                .await;
            }
        });
        assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2]);
    });
}

#[test]
fn dropping_an_async_generator_runs_its_destructors_at_once() {
    struct Flag<'a>(&'a Cell<bool>);
    impl Drop for Flag<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let is_dropped = Cell::new(false);
    let flag = Flag(&is_dropped);
    let mut endless = Box::pin(generator(|mut co| async move {
        let _flag = flag;
        loop {
            co.yield_(()).await;
        }
    }));
    assert_eq!(block_on(endless.next()), Some(()));
    drop(endless);
    assert!(is_dropped.get());
}

#[sheave::test(start_paused = true)]
async fn channels_and_intervals_are_streams() {
    let (bounded, receive) = mpsc::channel(1);
    let _sender = sheave::spawn(async move {
        for n in 0..5 {
            bounded.send(n).await.unwrap();
        }
    });
    assert_eq!(ReceiverStream::new(receive).collect::<Vec<_>>().await, [0, 1, 2, 3, 4]);

    let (unbounded, receive) = mpsc::unbounded_channel();
    (0..3).for_each(|n| unbounded.send(n).unwrap());
    let mut stream = UnboundedReceiverStream::new(receive);
    assert_eq!(stream.next().await, Some(0));
    stream.as_mut().close();
    let mut receiver = stream.into_inner();
    assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), Some(2)));
    assert_eq!(receiver.recv().await, None);

    let start = Instant::now();
    let ticks = IntervalStream::new(interval(SECOND)).take(3);
    let ticks = ticks.map(|tick| tick - start).collect::<Vec<_>>().await;
    assert_eq!(ticks, [Duration::ZERO, SECOND, 2 * SECOND]);
}

#[sheave::test(start_paused = true)]
async fn a_watch_stream_gives_the_latest_value_of_each_change() {
    let (send, receive) = watch::channel(0);
    let mut all = WatchStream::new(receive.clone());
    let mut changes = WatchStream::from_changes(receive);
    assert_eq!(all.next().await, Some(0));
    assert_eq!(poll_once(changes.next()).await, None);
    send.send(1).unwrap();
    assert_eq!((all.next().await, changes.next().await), (Some(1), Some(1)));
    send.send(2).unwrap();
    send.send(3).unwrap();
    drop(send);
    assert_eq!(all.collect::<Vec<_>>().await, [3]);
    assert_eq!(changes.collect::<Vec<_>>().await, [3]);
}

#[sheave::test]
async fn listeners_and_signals_are_streams() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut connections = TcpListenerStream::new(listener);
    for _ in 0..3 {
        let client = TcpStream::connect(address).await.unwrap();
        let server = connections.next().await.unwrap().unwrap();
        assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
    }
    assert_eq!(connections.as_ref().local_addr().unwrap(), address);

    let path = std::env::temp_dir().join(format!("sheave-protocols-{}", std::process::id()));
    let mut connections = UnixListenerStream::new(UnixListener::bind(&path).unwrap());
    let _client = UnixStream::connect(&path).await.unwrap();
    assert!(connections.next().await.unwrap().is_ok());
    std::fs::remove_file(&path).unwrap();

    let mut arrivals = SignalStream::new(signal(SignalKind::user_defined1()).unwrap());
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::USR1).unwrap();
    assert_eq!(arrivals.next().await, Some(()));
}

/// C19: at most so many at a time, in the order of their ends, and the input is asked for as needed.
#[sheave::test(start_paused = true)]
async fn a_stream_of_futures_runs_so_many_at_a_time() {
    let (start, running, most, asked) = (Instant::now(), Cell::new(0), Cell::new(0), Cell::new(0));
    let (running, most, asked) = (&running, &most, &asked);
    let jobs = stream::iter([3, 1, 1, 4, 1]).map(|seconds| {
        asked.set(asked.get() + 1);
        async move {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            sleep(seconds * SECOND).await;
            running.set(running.get() - 1);
            seconds
        }
    });
    let mut outputs = jobs.buffer_unordered(2);
    assert_eq!(outputs.next().await, Some(1));
    assert_eq!(asked.get(), 2, "the third is asked for when there is room");
    assert_eq!(outputs.collect::<Vec<_>>().await, [1, 3, 1, 4]);
    assert_eq!((most.get(), start.elapsed()), (2, 6 * SECOND));
}

#[sheave::test]
async fn futures_that_wake_themselves_do_not_keep_the_thread() {
    let done = Cell::new(false);
    let done = &done;
    let busy = stream::iter(0..10).for_each_concurrent(None, |_| async move {
        while !done.get() {
            futures_lite::future::yield_now().await;
        }
    });
    futures_lite::future::zip(busy, async { done.set(true) }).await;
}

/// Ten times the futures take ten times the polls, not a hundred times.
#[test]
fn a_completion_polls_no_other_future() {
    let polls = |count: u32| {
        let polls = Cell::new(0);
        let counted = &polls;
        let jobs = stream::iter(0..count).map(|_| async move {
            let mut inner = pin!(yield_now());
            std::future::poll_fn(|cx| {
                counted.set(counted.get() + 1);
                std::future::Future::poll(inner.as_mut(), cx)
            })
            .await;
        });
        assert_eq!(block_on(jobs.buffer_unordered(1_000).count()), count as usize);
        polls.get()
    };
    assert_eq!((polls(1_000), polls(10_000)), (2_000, 20_000));
}

#[test]
fn a_limit_of_zero_is_refused() {
    let text = std::panic::catch_unwind(|| {
        drop(stream::iter([async {}]).buffer_unordered(0));
    });
    let text = *text.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("allow one at least"), "{text}");
}
