//! Panics of polls, drops and wakers: carried to the joiner, or contained.

use super::*;

/// Panics when dropped, after its member has been given back.
struct Bomb(Option<Arc<()>>, &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        drop(self.0.take());
        if !self.1.is_empty() {
            panic_any(self.1);
        }
    }
}

fn payload<T>(outcome: Result<T, JoinError>) -> &'static str {
    let error = outcome.err().expect("the task panicked");
    assert!(error.is_panic() && !error.is_cancelled());
    *error.into_panic().downcast::<&'static str>().expect("the tests panic with literals")
}

#[test]
fn a_panic_of_poll_reaches_the_joiner_and_drops_the_future() {
    let (queue, census) = (Queue::new(), Census::default());
    let member = census.member();
    let join = queue.spawn(async move {
        let _member = member;
        panic_any("poll");
    });
    queue.run_all();
    assert_eq!(census.alive(), 0);
    let outcome: Result<(), _> = finished(join);
    assert_eq!(payload(outcome), "poll");
}

#[test]
fn panics_of_drops_are_carried_or_contained() {
    let (queue, census) = (Queue::new(), Census::default());
    // The future's drop panics after the output is there: the panic is the outcome.
    let mut bomb = Some(Bomb(Some(census.member()), "future"));
    let join = queue.spawn(poll_fn(move |_| {
        let _ = bomb.as_mut();
        Poll::Ready(5)
    }));
    // The future's drop panics after its poll did: the first panic is the outcome.
    let second = Bomb(Some(census.member()), "second");
    let twice = queue.spawn(poll_fn(move |_| -> Poll<()> {
        let _ = &second;
        panic_any("first")
    }));
    // The cancelled future's drop panics.
    let bomb = Bomb(Some(census.member()), "cancelled");
    let cancelled = queue.spawn(async move {
        let _bomb = bomb;
        pending::<()>().await;
    });
    cancelled.abort();
    // Outputs whose drop panics, of a detached task and of a handle dropped later.
    drop(queue.spawn(ready(Bomb(Some(census.member()), "detached"))));
    let unread = queue.spawn(ready(Bomb(Some(census.member()), "unread")));
    // A payload whose drop panics, of a detached task.
    let explosive = Bomb(Some(census.member()), "payload");
    drop(queue.spawn(async move { panic_any(explosive) }));
    queue.run_all();
    assert_eq!(payload(finished(join)), "future");
    assert_eq!(payload(finished(twice)), "first");
    assert_eq!(payload(finished(cancelled)), "cancelled");
    assert_eq!(census.alive(), 1);
    drop(unread);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_panicking_join_waker_is_contained() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic_any("waker");
        }
    }
    let queue = Queue::new();
    let mut join = queue.spawn(ready(5));
    let waker = Waker::from(Arc::new(Panics));
    assert!(Pin::new(&mut join).poll(&mut Context::from_waker(&waker)).is_pending());
    queue.run_all();
    assert_eq!(finished(join).unwrap(), 5);
}

#[test]
fn join_errors_say_what_happened() {
    let queue = Queue::new();
    let panicked = queue.spawn(async { panic!("number {}", 5) });
    let cancelled = queue.spawn(pending::<()>());
    cancelled.abort();
    queue.run_all();
    let outcome: Result<(), _> = finished(panicked);
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "task 1 panicked with message \"number 5\"");
    assert_eq!(format!("{error:?}"), "JoinError::Panic(1, \"number 5\", ...)");
    let error = finished(cancelled).unwrap_err();
    assert_eq!(error.to_string(), "task 1 was cancelled");
    let error = error.try_into_panic().unwrap_err();
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::Other);
}
