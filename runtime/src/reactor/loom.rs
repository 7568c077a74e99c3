//! Models of the reactor: no event, no waiter and no notification is lost.
//!
//! Two or three threads; the poller is the fake, whose lock stands for the kernel's.

use super::interest::{Direction, Interest, Ready};
use super::readiness::{READY, Readiness};
use super::source::Source;
use super::sys::fake::Fake;
use super::sys::{Event, Poll as _};
use super::wakes::Wakes;
use super::{Io, Reactor};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const LOOK: Option<Duration> = Some(Duration::ZERO);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Wakes one thread; loom reports a deadlock if nobody does.
struct Bell(Mutex<bool>, Condvar);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock() = true;
        self.1.notify_one();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Bell(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(bell.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut rung = bell.0.lock();
        while !std::mem::take(&mut *rung) {
            bell.1.wait(&mut rung);
        }
    }
}

fn event(key: usize) -> Event {
    Event { key, read: READY, write: 0 }
}

/// Takes the turn as soon as the others let go of it.
fn turn(reactor: &Reactor<Fake>, timeout: Option<Duration>) {
    loop {
        if let Some(turn) = reactor.try_turn() {
            turn.wait(timeout).unwrap();
            return;
        }
        thread::yield_now();
    }
}

/// Claim (W7): a task that found nothing and clears the readiness does not erase an event for data
/// that came meanwhile. Threads 2, bound: none.
#[test]
fn clearing_never_erases_a_newer_event() {
    Model::new("clearing_never_erases_a_newer_event").unbounded().check(|| {
        let word = Arc::new(Readiness::new(READY));
        let buffer = Arc::new(Mutex::new(0));
        let kernel = thread::spawn({
            let (word, buffer) = (word.clone(), buffer.clone());
            move || {
                for _ in 0..2 {
                    *buffer.lock() += 1;
                    word.set(READY);
                }
            }
        });
        for _ in 0..2 {
            let seen = word.look();
            if seen.is_ready() && std::mem::take(&mut *buffer.lock()) == 0 {
                word.clear_blocked(seen);
            }
        }
        kernel.join().unwrap();
        assert!(*buffer.lock() == 0 || word.look().is_ready(), "data without readiness");
    });
}

#[test]
fn clearing_never_erases_a_newer_event_control() {
    must_catch(
        "reactor::loom::clearing_never_erases_a_newer_event",
        "readiness_clear_ignores_tick",
        &["data without readiness"],
    );
}

/// Claim: a task that begins to wait while the event comes is woken or sees it; through the waker
/// of the `poll_*` functions and through the list. Threads 3, bound 2.
#[test]
fn a_waiter_meets_its_event() {
    Model::new("a_waiter_meets_its_event").check(|| {
        let source = Arc::new(Source::new(7, 0, Ready::EMPTY));
        let turner = thread::spawn({
            let source = source.clone();
            move || {
                let mut wakes = Wakes::default();
                source.mark(&event(7), &mut wakes);
                wakes.wake_all();
            }
        });
        let awaiting = thread::spawn({
            let source = source.clone();
            move || block_on(source.ready(Interest::READABLE)).unwrap()
        });
        block_on(poll_fn(|cx| source.poll_ready(cx, Direction::Read))).unwrap();
        assert!(awaiting.join().unwrap().ready().is_readable());
        turner.join().unwrap();
    });
}

#[test]
fn a_waiter_meets_its_event_control() {
    must_catch("reactor::loom::a_waiter_meets_its_event", "source_no_second_look", &["deadlock"]);
}

/// Claim (T1): a notification reaches the sleeper, with what was written before it, whether it
/// comes before, during or after the sleep begins, with an event or without, and although another
/// thread polls in between. Threads 3, bound 3.
#[test]
fn a_notification_is_never_lost() {
    Model::new("a_notification_is_never_lost").bound(3).check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        let work = Arc::new(AtomicUsize::new(0));
        let notifier = thread::spawn({
            let (reactor, work) = (reactor.clone(), work.clone());
            move || {
                reactor.poll.inject(event(0));
                // ORDERING: Relaxed, so that only the notification can carry it over.
                work.store(1, Relaxed);
                reactor.notify();
            }
        });
        let thief = thread::spawn({
            let reactor = reactor.clone();
            move || {
                if let Some(turn) = reactor.try_turn() {
                    turn.wait(LOOK).unwrap();
                }
            }
        });
        // ORDERING: Relaxed, as above.
        while work.load(Relaxed) == 0 {
            turn(&reactor, None);
        }
        notifier.join().unwrap();
        thief.join().unwrap();
    });
}

#[test]
fn a_notification_is_never_lost_control() {
    let model = "reactor::loom::a_notification_is_never_lost";
    must_catch(model, "turn_ignores_flag", &["deadlock"]);
    must_catch(model, "turn_takes_the_flag_down_blindly", &["deadlock"]);
}

/// Claim: two notifiers, of which one may find the flag up and leave it at that, both reach the
/// sleeper. Threads 3, bound 3.
#[test]
fn coalesced_notifications_reach_the_sleeper() {
    Model::new("coalesced_notifications_reach_the_sleeper").bound(3).check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        let work = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let notifiers = [0, 1].map(|index| {
            let (reactor, work) = (reactor.clone(), work.clone());
            thread::spawn(move || {
                // ORDERING: Relaxed, so that only the notification can carry it over.
                work[index].store(1, Relaxed);
                reactor.notify();
            })
        });
        // ORDERING: Relaxed, as above.
        while work.iter().any(|word| word.load(Relaxed) == 0) {
            turn(&reactor, None);
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

#[test]
fn coalesced_notifications_reach_the_sleeper_control() {
    must_catch(
        "reactor::loom::coalesced_notifications_reach_the_sleeper",
        "turn_takes_the_flag_down_blindly",
        &["deadlock"],
    );
}

/// An owner that counts how often it is woken.
#[derive(Default)]
struct Owner(AtomicUsize);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        // ORDERING: Relaxed; read after the threads were joined.
        self.0.fetch_add(1, Relaxed);
    }
}

/// Claim: the owners hear of the first source, also if it is registered beside one that the system
/// refuses. Threads 2, bound: none.
#[test]
fn a_refused_source_hides_no_other() {
    Model::new("a_refused_source_hides_no_other").unbounded().check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        let owner = Arc::new(Owner::default());
        reactor.add_owner(Waker::from(owner.clone()));
        reactor.poll.refuse_once();
        let register = {
            let reactor = reactor.clone();
            move || reactor.register(io::stdin().as_fd(), BOTH, Ready::EMPTY).ok()
        };
        let other = thread::spawn(register.clone());
        let registered = [register(), other.join().unwrap()];
        assert_eq!(registered.iter().flatten().count(), 1, "one was refused");
        // ORDERING: Relaxed; the other thread was joined.
        assert_ne!(owner.0.load(Relaxed), 0, "the owners sleep elsewhere");
        for registration in registered.into_iter().flatten() {
            registration.deregister(io::stdin().as_fd());
        }
    });
}

#[test]
fn a_refused_source_hides_no_other_control() {
    must_catch(
        "reactor::loom::a_refused_source_hides_no_other",
        "reactor_refusal_wakes_nobody",
        &["the owners sleep elsewhere"],
    );
}

/// Claim (T21): an event that was under way when its source was removed does not reach the source
/// that takes its place. Threads 2, bound: none.
#[test]
fn a_stale_event_reaches_nobody() {
    Model::new("a_stale_event_reaches_nobody").unbounded().check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        let stdin = io::stdin();
        let first = reactor.register(stdin.as_fd(), BOTH, Ready::EMPTY).unwrap();
        reactor.poll.inject(event(first.source.key()));
        let turner = thread::spawn({
            let reactor = reactor.clone();
            move || turn(&reactor, None)
        });
        first.deregister(stdin.as_fd());
        let second = reactor.register(stdin.as_fd(), BOTH, Ready::EMPTY).unwrap();
        turner.join().unwrap();
        let seen = second.source.look(Direction::Read).unwrap();
        assert_eq!(seen, None, "somebody else's event");
        second.deregister(stdin.as_fd());
        assert_eq!(reactor.sources(), 0);
    });
}

#[test]
fn a_stale_event_reaches_nobody_control() {
    must_catch(
        "reactor::loom::a_stale_event_reaches_nobody",
        "registry_ignores_generation",
        &["somebody else's event"],
    );
}

/// Claim: a wait that races with the end of the runtime ends with its error, and so does a
/// registration, or the wait after it. Threads 2, bound: none.
#[test]
fn shutdown_leaves_no_waiter() {
    Model::new("shutdown_leaves_no_waiter").unbounded().check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        let closer = thread::spawn({
            let reactor = reactor.clone();
            move || reactor.shutdown()
        });
        let stdin = io::stdin();
        let error = match reactor.register(stdin.as_fd(), BOTH, Ready::EMPTY) {
            Err(error) => error,
            Ok(registration) => {
                let waited = block_on(registration.source.ready(Interest::WRITABLE));
                registration.deregister(stdin.as_fd());
                waited.unwrap_err()
            }
        };
        assert_eq!(error.to_string(), "the runtime was shut down");
        closer.join().unwrap();
    });
}

#[test]
fn shutdown_leaves_no_waiter_control() {
    must_catch("reactor::loom::shutdown_leaves_no_waiter", "source_no_second_look", &["deadlock"]);
}

std::thread_local! {
    // loom runs every modelled thread on one OS thread: one home per execution.
    static HOME: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
}

/// Claim: a reader that has no reactor yet gets all that is written, piece by piece, while another
/// thread turns the reactor. Threads 3, bound 3.
#[test]
fn a_reader_gets_all_that_is_written() {
    Model::new("a_reader_gets_all_that_is_written").bound(3).check(|| {
        let reactor = Arc::new(Reactor::<Fake>::new().unwrap());
        HOME.set(Some(reactor.clone()));
        let (stream, done) = (Arc::new(Mutex::new(0_usize)), Arc::new(Mutex::new(false)));
        let io = Io::new(io::stdin(), || Ok(HOME.with_borrow(Clone::clone).unwrap()));
        let kernel = thread::spawn({
            let (stream, reactor) = (stream.clone(), reactor.clone());
            move || {
                for _ in 0..2 {
                    *stream.lock() += 1;
                    reactor.poll.arrive();
                }
            }
        });
        let turner = thread::spawn({
            let (reactor, done) = (reactor.clone(), done.clone());
            move || {
                while !*done.lock() {
                    turn(&reactor, None);
                }
            }
        });
        let read = |_: &_| match std::mem::take(&mut *stream.lock()) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            moved => Ok(moved),
        };
        let mut got = 0;
        while got < 2 {
            got += block_on(poll_fn(|cx| io.poll_transfer(cx, Direction::Read, 8, read))).unwrap();
        }
        *done.lock() = true;
        reactor.notify();
        kernel.join().unwrap();
        turner.join().unwrap();
        HOME.set(None);
    });
}

#[test]
fn a_reader_gets_all_that_is_written_control() {
    let model = "reactor::loom::a_reader_gets_all_that_is_written";
    must_catch(model, "source_no_second_look", &["deadlock"]);
    must_catch(model, "readiness_clear_ignores_tick", &["deadlock"]);
}
