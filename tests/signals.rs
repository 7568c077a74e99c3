//! Signals on real runtimes. The tests share the process and its signals: each has its own kind.

use futures_lite::future;
use sheave::runtime::{Builder, Runtime};
use sheave::signal::unix::{Signal, SignalKind, signal};
use signal_hook::low_level::raise;

fn send(kind: SignalKind) {
    raise(kind.as_raw_value()).unwrap();
}

async fn is_silent(signals: &mut Signal) -> bool {
    future::poll_once(signals.recv()).await.is_none()
}

#[test]
fn signals_before_the_first_wait_are_merged_and_kept() {
    Runtime::new().unwrap().block_on(async {
        let mut signals = signal(SignalKind::user_defined1()).unwrap();
        assert!(is_silent(&mut signals).await);
        for _ in 0..200 {
            send(SignalKind::user_defined1());
        }
        assert_eq!(signals.recv().await, Some(()));
        assert!(is_silent(&mut signals).await);
        send(SignalKind::user_defined1());
        assert_eq!(signals.recv().await, Some(()));
    });
}

#[test]
fn every_listener_of_every_runtime_hears_it_also_after_one_is_gone() {
    let first = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let second = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let listen = |runtime: &Runtime| {
        let mut signals = runtime.block_on(async { signal(SignalKind::user_defined2()).unwrap() });
        runtime.spawn(async move { (signals.recv().await, signals) })
    };
    let (one, two, three) = (listen(&first), listen(&first), listen(&second));
    send(SignalKind::user_defined2());
    let (heard, mut orphan) = first.block_on(one).unwrap();
    assert_eq!(heard, Some(()));
    assert_eq!(first.block_on(two).unwrap().0, Some(()));
    assert_eq!(second.block_on(three).unwrap().0, Some(()));

    drop(first);
    assert_eq!(future::block_on(orphan.recv()), None, "its runtime is gone");
    let four = listen(&second);
    send(SignalKind::user_defined2());
    assert_eq!(second.block_on(four).unwrap().0, Some(()));
}

#[test]
fn a_childs_signals_do_not_reach_its_parent() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let mut signals = signal(SignalKind::alarm()).unwrap();
        // SAFETY: of this process of several threads the child has one. Until it ends it calls
        // `raise` and `_exit` only, which may be called there, and the handler under test.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let raised = raise(SignalKind::alarm().as_raw_value());
            signal_hook::low_level::exit(i32::from(raised.is_err()));
        }
        let mut status = -1;
        // SAFETY: `status` is valid for writing.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((waited, status), (child, 0));
        // Had the child written to the pipe, it would be readable by now.
        assert!(is_silent(&mut signals).await);
        send(SignalKind::alarm());
        assert_eq!(signals.recv().await, Some(()));
    });
}

#[test]
fn what_cannot_be_caught_is_refused() {
    Runtime::new().unwrap().block_on(async {
        for number in [9, 19, 11, -1, 4711] {
            assert!(signal(SignalKind::from_raw(number)).is_err(), "signal {number}");
        }
    });
    assert!(signal(SignalKind::hangup()).unwrap_err().to_string().contains("runtime"));
}

#[test]
fn ctrl_c_is_an_interrupt() {
    Runtime::new().unwrap().block_on(async {
        // Listens before the first poll of `ctrl_c`, so that the signal is caught in any case.
        let mut interrupts = signal(SignalKind::interrupt()).unwrap();
        let mut wait = Box::pin(sheave::signal::ctrl_c());
        assert!(future::poll_once(&mut wait).await.is_none());
        send(SignalKind::interrupt());
        wait.await.unwrap();
        assert_eq!(interrupts.recv().await, Some(()));
    });
}
