//! The reactor with real descriptors, on every poller that this platform can run.

use super::interest::{Direction, Interest, Ready};
use super::sys::{self, Poll as Poller};
use super::{Io, Reactor};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use sheave_facade::{thread, time};
use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const LOOK: Option<Duration> = Some(Duration::ZERO);

std::thread_local! {
    static HOME: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
}

fn home() -> io::Result<Arc<Reactor>> {
    HOME.with_borrow(Clone::clone).ok_or_else(|| io::Error::other("no reactor here"))
}

/// Makes a reactor and the calling thread's home.
fn at_home() -> Arc<Reactor> {
    let reactor = Arc::new(Reactor::new().unwrap());
    HOME.set(Some(reactor.clone()));
    reactor
}

/// A waker that counts.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

fn io_pair() -> (Io<UnixStream>, UnixStream) {
    let (a, b) = pair();
    (Io::new(a, home), b)
}

fn poll_read(io: &Io<UnixStream>, buf: &mut [u8], waker: &Waker) -> Poll<io::Result<usize>> {
    let cx = &mut Context::from_waker(waker);
    io.poll_transfer(cx, Direction::Read, buf.len(), |mut s| s.read(buf))
}

#[track_caller]
fn turn(reactor: &Reactor, timeout: Option<Duration>) -> usize {
    reactor.try_turn().expect("nobody else turns").wait(timeout).unwrap()
}

#[test]
fn a_read_that_would_block_registers_and_is_woken() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    let (count, waker) = counting();
    let mut buf = [0; 8];
    assert!(poll_read(&io, &mut buf, &waker).is_pending());
    assert_eq!(reactor.sources(), 1);
    // The socket is writable, which is nobody's news.
    assert_eq!(turn(&reactor, LOOK), 0);
    peer.write_all(b"hello").unwrap();
    assert_eq!(turn(&reactor, None), 1);
    assert_eq!(count.0.load(SeqCst), 1);
    assert!(matches!(poll_read(&io, &mut buf, &waker), Poll::Ready(Ok(5))));
    // The short read is known to have emptied the socket: the next one is not even tried.
    let tried = io.try_io(Direction::Read, |_| -> io::Result<()> { panic!("tried") });
    assert_eq!(tried.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(io);
    assert_eq!(reactor.sources(), 0);
}

#[test]
fn a_socket_that_never_blocks_is_never_registered() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    peer.write_all(b"hello").unwrap();
    let (_, waker) = counting();
    assert!(matches!(poll_read(&io, &mut [0; 8], &waker), Poll::Ready(Ok(5))));
    assert_eq!(reactor.sources(), 0);
}

/// The last bytes and the end of the stream arrive as one event. The short read that takes the
/// bytes must not forget the end.
#[test]
fn the_end_that_comes_with_the_last_bytes_is_not_lost() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    let (_, waker) = counting();
    let mut buf = [0; 8];
    assert!(poll_read(&io, &mut buf, &waker).is_pending());
    peer.write_all(b"bye").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(turn(&reactor, None), 1);
    assert!(matches!(poll_read(&io, &mut buf, &waker), Poll::Ready(Ok(3))));
    assert!(matches!(poll_read(&io, &mut buf, &waker), Poll::Ready(Ok(0))));
}

#[test]
fn a_read_that_filled_its_buffer_goes_on_without_an_event() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    let (_, waker) = counting();
    let mut buf = [0; 4];
    assert!(poll_read(&io, &mut buf, &waker).is_pending());
    peer.write_all(b"12345678").unwrap();
    assert_eq!(turn(&reactor, None), 1);
    assert!(matches!(poll_read(&io, &mut buf, &waker), Poll::Ready(Ok(4))));
    assert!(matches!(poll_read(&io, &mut buf, &waker), Poll::Ready(Ok(4))));
    assert_eq!(&buf, b"5678");
    assert!(poll_read(&io, &mut buf, &waker).is_pending());
}

#[test]
fn both_directions_wait_apart() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    let (reads, reader) = counting();
    let (writes, writer) = counting();
    let (mut buf, block) = ([0; 8], [7; 1 << 16]);
    let mut filled = 0;
    let write = || {
        let cx = &mut Context::from_waker(&writer);
        io.poll_transfer(cx, Direction::Write, block.len(), |mut s| s.write(&block))
    };
    while let Poll::Ready(moved) = write() {
        filled += moved.unwrap();
    }
    assert!(poll_read(&io, &mut buf, &reader).is_pending());
    turn(&reactor, LOOK);
    peer.write_all(b"x").unwrap();
    assert_eq!(turn(&reactor, None), 1);
    assert_eq!((reads.0.load(SeqCst), writes.0.load(SeqCst)), (1, 0));
    let mut sink = vec![0; filled];
    peer.set_nonblocking(false).unwrap();
    peer.read_exact(&mut sink).unwrap();
    assert_eq!(turn(&reactor, None), 1);
    assert_eq!((reads.0.load(SeqCst), writes.0.load(SeqCst)), (1, 1));
    assert!(write().is_ready());
}

#[test]
fn a_hang_up_wakes_both_directions() {
    let reactor = at_home();
    let (io, peer) = io_pair();
    let mut read = pin!(io.ready(Interest::READABLE));
    let (count, waker) = counting();
    assert!(poll(read.as_mut(), &waker).is_pending());
    drop(peer);
    assert_eq!(turn(&reactor, None), 1);
    let Poll::Ready(Ok(event)) = poll(read.as_mut(), &waker) else { panic!("ready") };
    assert!(event.ready().is_read_closed() && !event.ready().is_writable());
    let mut write = pin!(io.ready(Interest::WRITABLE));
    let Poll::Ready(Ok(event)) = poll(write.as_mut(), &waker) else { panic!("ready") };
    assert!(event.ready().is_write_closed());
    assert_eq!(count.0.load(SeqCst), 1);
}

#[test]
fn many_tasks_may_wait_for_one_source() {
    let reactor = at_home();
    let (io, mut peer) = io_pair();
    let (count, waker) = counting();
    let mut waits: Vec<_> = (0..40).map(|_| Box::pin(io.ready(Interest::READABLE))).collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_pending());
    }
    waits.truncate(35);
    peer.write_all(b"x").unwrap();
    assert_eq!(turn(&reactor, None), 35);
    assert_eq!(count.0.load(SeqCst), 35);
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_ready());
    }
}

#[test]
fn shutdown_ends_every_wait_with_an_error() {
    let reactor = at_home();
    let (io, _peer) = io_pair();
    let (other, _other_peer) = io_pair();
    let (count, waker) = counting();
    let mut wait = pin!(io.ready(Interest::READABLE));
    assert!(poll(wait.as_mut(), &waker).is_pending());
    assert!(poll_read(&io, &mut [0; 8], &waker).is_pending());
    reactor.shutdown();
    assert_eq!(count.0.load(SeqCst), 2);
    let Poll::Ready(Err(error)) = poll(wait.as_mut(), &waker) else { panic!("an error") };
    assert_eq!(error.to_string(), "the runtime was shut down");
    let Poll::Ready(Err(error)) = poll_read(&io, &mut [0; 8], &waker) else { panic!("an error") };
    assert_eq!(error.to_string(), "the runtime was shut down");
    let Poll::Ready(Err(error)) = poll_read(&other, &mut [0; 8], &waker) else { panic!("error") };
    assert_eq!(error.to_string(), "the runtime was shut down");
}

#[test]
fn a_regular_file_is_refused_with_the_remedy() {
    let reactor = at_home();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let error = Io::new(file, home).register().unwrap_err();
    assert!(error.to_string().contains("spawn_blocking"), "{error}");
    assert_eq!(reactor.sources(), 0);
}

#[test]
fn a_descriptor_can_be_registered_once() {
    let _reactor = at_home();
    let (a, _b) = pair();
    let (first, second) = (Io::new(&a, home), Io::new(&a, home));
    first.register().unwrap();
    assert_eq!(second.register().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    drop(second);
    first.into_inner();
    Io::new(&a, home).register().unwrap();
}

/// A duplicate of the descriptor keeps the kernel's registration alive after a mere close.
#[test]
fn a_duplicate_does_not_keep_a_dropped_source_alive() {
    let reactor = at_home();
    let (a, mut peer) = pair();
    let duplicate = a.try_clone().unwrap();
    let io = Io::new(a, home);
    io.register().unwrap();
    turn(&reactor, LOOK);
    drop(io);
    peer.write_all(b"x").unwrap();
    let mut events = <sys::Poller as Poller>::events();
    reactor.poll.wait(&mut events, 10, LOOK).unwrap();
    assert_eq!(<sys::Poller as Poller>::fetched(&events).count(), 0);
    drop(duplicate);
}

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
    let first = reactor.register(a.as_fd(), Ready::EMPTY).unwrap();
    let stale = sys::Event { key: first.source.key(), read: 1, write: 1 };
    first.deregister(a.as_fd());
    let second = reactor.register(b.as_fd(), Ready::EMPTY).unwrap();
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
fn a_panicking_waker_loses_no_other_edge() {
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
    let turned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| turn(&reactor, None)));
    assert!(turned.is_err());
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
    let registration = reactor.register(a.as_fd(), Ready::EMPTY).unwrap();
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
