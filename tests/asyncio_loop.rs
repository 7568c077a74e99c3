//! What asyncio's tutorials say of its loop, for the loops of this runtime (rows of the reference's
//! table of behaviours that no other file has).

use sheave::asyncio::{create_future, create_task};
use sheave::io::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{TcpListener, TcpStream};
use sheave::runtime::{Builder, Runtime};
use sheave::task::{JoinHandle, yield_now};
use sheave::time::sleep;
use sheave_tests::watchdog;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// A byte goes to a server, which sends it back, one more.
async fn echo_once() -> u8 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = create_task(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        peer.read_exact(&mut byte).await.unwrap();
        peer.write_all(&[byte[0] + 1]).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[6]).await.unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).await.unwrap();
    server.await.unwrap();
    byte[0]
}

/// B2: the loop is built on multiplexing. One thread waits for two sockets, a timer and a callback at a
/// time, and what becomes ready first goes on first.
#[test]
fn one_thread_waits_for_many_things() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Arc::new(std::sync::Mutex::new(vec![]));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let noted = log.clone();
            let reader = create_task(async move {
                let (mut peer, _) = listener.accept().await.unwrap();
                let mut byte = [0];
                peer.read_exact(&mut byte).await.unwrap();
                noted.lock().unwrap().push("socket");
            });
            let noted = log.clone();
            let ready = create_task(async move { noted.lock().unwrap().push("ready") });
            let mut stream = TcpStream::connect(address).await.unwrap();
            ready.await.unwrap();
            sleep(Duration::from_millis(5)).await;
            log.lock().unwrap().push("timer");
            stream.write_all(&[1]).await.unwrap();
            reader.await.unwrap();
            assert_eq!(*log.lock().unwrap(), ["ready", "timer", "socket"]);
        });
    });
}

/// B3: there are two loops, and a program means the same on both.
#[test]
fn both_flavours_run_the_same_program() {
    watchdog(LIMIT, || {
        for runtime in [current_thread(), multi_thread()] {
            assert_eq!(runtime.block_on(echo_once()), 7);
        }
    });
}

/// B5: `run_until_complete` blocks its caller until the future is done, and no longer.
#[test]
fn block_on_blocks_until_its_future_is_done() {
    watchdog(LIMIT, || {
        for runtime in [current_thread(), multi_thread()] {
            let others = runtime.spawn(std::future::pending::<()>());
            let steps = Arc::new(AtomicU32::new(0));
            let count = steps.clone();
            let begun = Instant::now();
            let output = runtime.block_on(async move {
                count.fetch_add(1, SeqCst);
                sleep(Duration::from_millis(20)).await;
                count.fetch_add(1, SeqCst);
                "done"
            });
            assert_eq!((output, steps.load(SeqCst)), ("done", 2));
            assert!(begun.elapsed() >= Duration::from_millis(20));
            assert!(!others.is_finished());
        }
    });
}

/// B10 is half true: a task is awaited as a future is, but it completes itself. That nobody else can
/// is a matter of types: a `JoinHandle` has no `set_result`.
#[test]
fn a_task_is_awaited_as_a_future_is() {
    async fn awaited<E>(it: impl Future<Output = Result<u32, E>>) -> Option<u32> {
        it.await.ok()
    }
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let task: JoinHandle<u32> = create_task(async { 7 });
            assert_eq!(awaited(task).await, Some(7));
            let (completer, promise) = create_future::<u32, Infallible>();
            completer.set_result(7).unwrap();
            assert_eq!(awaited(promise).await, Some(7));
        });
    });
}

/// B45: who writes an application makes no futures by hand. Values, errors and the order of things
/// pass through tasks alone.
#[test]
fn an_application_needs_no_futures_made_by_hand() {
    watchdog(LIMIT, || {
        for runtime in [current_thread(), multi_thread()] {
            let sum = runtime.block_on(async {
                let parts: Vec<_> = (1..=4)
                    .map(|n: u32| {
                        create_task(async move {
                            yield_now().await;
                            if n == 3 { Err("three") } else { Ok(n) }
                        })
                    })
                    .collect();
                let mut sum = 0;
                let mut failed = vec![];
                for part in parts {
                    match part.await.unwrap() {
                        Ok(n) => sum += n,
                        Err(error) => failed.push(error),
                    }
                }
                assert_eq!(failed, ["three"]);
                sum
            });
            assert_eq!(sum, 7);
        }
    });
}
