//! Many sources, many turns, several threads.

use super::*;

/// Closed and opened again, a descriptor has the number of its predecessor, and a new key.
#[test]
fn reused_numbers_get_their_own_events_only() {
    let reactor = at_home();
    let (count, waker) = counting();
    for round in 0..2_000 {
        let (io, mut peer) = io_pair();
        assert!(poll_read(&io, &mut [0; 8], &waker).is_pending());
        if round % 2 == 0 {
            // An event that nobody fetches before the source is gone.
            peer.write_all(b"stale").unwrap();
        } else {
            assert_eq!(turn(&reactor, LOOK), 0, "round {round}: only stale events");
        }
    }
    assert_eq!(count.0.load(SeqCst), 0);
    assert_eq!(reactor.sources(), 0);
}

/// An event that was fetched before its source went does not reach the successor in the same slot.
#[test]
fn a_stale_event_does_not_reach_the_next_source() {
    let reactor = Arc::new(Reactor::<sys::fake::Fake>::new().unwrap());
    let (a, b) = pair();
    let first = reactor.register(a.as_fd(), BOTH, Ready::EMPTY).unwrap();
    let stale = sys::Event { key: first.source.key(), read: 1, write: 1 };
    first.deregister(a.as_fd());
    let second = reactor.register(b.as_fd(), BOTH, Ready::EMPTY).unwrap();
    reactor.poll.inject(stale);
    reactor.try_turn().unwrap().wait(LOOK).unwrap();
    assert_eq!(second.source.look(Direction::Read).unwrap(), None);
    second.deregister(b.as_fd());
}

#[test]
fn thousands_of_sources_come_and_go() {
    let reactor = at_home();
    let (a, mut peer) = pair();
    let (count, waker) = counting();
    // As many as the descriptor limit allows, up to 10 000.
    let ios: Vec<_> = (0..10_000)
        .map_while(|_| a.try_clone().ok())
        .map(|duplicate| Io::new(duplicate, home))
        .collect();
    // Room for the other tests of this process, which open descriptors meanwhile.
    let ios = &ios[..ios.len() - ios.len() / 4];
    let mut waits: Vec<_> = ios.iter().map(|io| Box::pin(io.ready(Interest::READABLE))).collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_pending());
    }
    assert_eq!(reactor.sources(), ios.len());
    peer.write_all(b"x").unwrap();
    let mut woken = 0;
    while woken < ios.len() {
        woken += reactor.try_turn().unwrap().limit(100).wait(None).unwrap();
    }
    assert_eq!(count.0.load(SeqCst), ios.len());
}

#[test]
fn a_busy_look_fetches_no_more_than_its_limit() {
    let reactor = at_home();
    let ios: Vec<_> = (0..10).map(|_| io_pair()).collect();
    let (_, waker) = counting();
    for (io, _) in &ios {
        assert!(poll_read(io, &mut [0; 8], &waker).is_pending());
        turn(&reactor, LOOK);
        assert!(poll_read(io, &mut [0; 8], &waker).is_pending());
    }
    for (_, peer) in &ios {
        (&*peer).write_all(b"x").unwrap();
    }
    assert_eq!(reactor.try_turn().unwrap().limit(3).wait(LOOK).unwrap(), 3);
    assert_eq!(reactor.try_turn().unwrap().wait(LOOK).unwrap(), 7);
}

/// Sources are closed by one thread while another one turns their reactor.
#[test]
fn sources_may_close_while_they_are_polled() {
    let reactor = at_home();
    let stop = Arc::new(AtomicBool::new(false));
    let turner = thread::spawn({
        let (reactor, stop) = (reactor.clone(), stop.clone());
        move || {
            while !stop.load(SeqCst) {
                turn(&reactor, None);
            }
        }
    });
    let (count, waker) = counting();
    for _ in 0..2_000 {
        let (io, mut peer) = io_pair();
        assert!(poll_read(&io, &mut [0; 8], &waker).is_pending());
        peer.write_all(b"x").unwrap();
        drop(io);
    }
    // The reactor still serves: the waker is woken for the last source.
    let (io, mut peer) = io_pair();
    let before = count.0.load(SeqCst);
    assert!(poll_read(&io, &mut [0; 8], &waker).is_pending());
    peer.write_all(b"x").unwrap();
    while count.0.load(SeqCst) == before {
        thread::yield_now();
    }
    stop.store(true, SeqCst);
    reactor.notify();
    turner.join().unwrap();
}

#[test]
fn a_panicking_waker_costs_neither_the_others_nor_the_turn() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("from a waker");
        }
    }
    let reactor = at_home();
    let (count, waker) = counting();
    let (first, mut first_peer) = io_pair();
    let (second, mut second_peer) = io_pair();
    assert!(poll_read(&first, &mut [0; 8], &Waker::from(Arc::new(Panics))).is_pending());
    assert!(poll_read(&second, &mut [0; 8], &waker).is_pending());
    first_peer.write_all(b"x").unwrap();
    second_peer.write_all(b"x").unwrap();
    turn(&reactor, None);
    assert_eq!(count.0.load(SeqCst), 1);
    assert!(reactor.try_turn().is_some(), "the turn was given back");
}

/// The same for every poller: what the sleeper of a turn relies on.
fn notifications<P: Poller>() {
    let reactor = Arc::new(Reactor::<P>::new().unwrap());
    // Before the wait, and eaten neither by a look nor by a second notification.
    reactor.notify();
    reactor.notify();
    reactor.try_turn().unwrap().wait(LOOK).unwrap();
    reactor.try_turn().unwrap().wait(None).unwrap();
    // During the wait; a thousand times, at whatever moment.
    let rounds = Arc::new(AtomicUsize::new(0));
    let sleeper = thread::spawn({
        let (reactor, rounds) = (reactor.clone(), rounds.clone());
        move || {
            while rounds.load(SeqCst) < 1_000 {
                reactor.try_turn().unwrap().wait(None).unwrap();
                rounds.fetch_add(1, SeqCst);
            }
        }
    });
    for round in 0..1_000 {
        while rounds.load(SeqCst) < round {
            thread::yield_now();
        }
        reactor.notify();
    }
    reactor.notify();
    sleeper.join().unwrap();
}

#[test]
fn no_notification_is_lost_on_this_platform() {
    notifications::<sys::Poller>();
}

#[test]
fn no_notification_is_lost_by_polling() {
    notifications::<sys::polling::Portable>();
}

/// Data and timeouts, for every poller.
fn waits<P: Poller>() {
    let reactor = Arc::new(Reactor::<P>::new().unwrap());
    let (a, mut peer) = pair();
    let registration = reactor.register(a.as_fd(), BOTH, Ready::EMPTY).unwrap();
    reactor.try_turn().unwrap().wait(LOOK).unwrap();
    assert!(registration.source.look(Direction::Write).unwrap().is_some());
    let mut wait = pin!(registration.source.ready(Interest::READABLE));
    let (_, waker) = counting();
    assert!(poll(wait.as_mut(), &waker).is_pending());
    let pause = Duration::from_micros(2_300);
    let start = time::now();
    assert_eq!(reactor.try_turn().unwrap().wait(Some(pause)).unwrap(), 0);
    assert!(start.elapsed() >= pause, "never early: {:?}", start.elapsed());
    peer.write_all(b"x").unwrap();
    assert_eq!(reactor.try_turn().unwrap().wait(Some(Duration::MAX)).unwrap(), 1);
    assert!(poll(wait.as_mut(), &waker).is_ready());
    registration.deregister(a.as_fd());
}

#[test]
fn this_platform_waits() {
    waits::<sys::Poller>();
}

#[test]
fn polling_waits() {
    waits::<sys::polling::Portable>();
}
