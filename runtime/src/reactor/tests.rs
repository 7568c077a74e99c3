//! The reactor with real descriptors, on every poller that this platform can run.

mod turns;

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
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

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

/// What a forked child would do: the reactor remembers another process.
#[test]
fn a_forked_child_leaves_its_parents_sources_alone() {
    let mut parents = Reactor::<sys::Poller>::new().unwrap();
    let (a, mut peer) = pair();
    let key = 3;
    parents.poll.add(a.as_fd(), key, BOTH).unwrap();
    parents.process = 0;
    let childs = Arc::new(parents);
    let (other, _) = pair();
    let Err(error) = childs.register(other.as_fd(), BOTH, Ready::EMPTY) else {
        panic!("registered with the parent's epoll instance")
    };
    assert!(error.to_string().contains("fork"), "{error}");
    let inherited = super::source::Source::new(key, 0, Ready::EMPTY);
    super::Registration { source: Arc::new(inherited), reactor: childs.clone() }
        .deregister(a.as_fd());
    peer.write_all(b"x").unwrap();
    let mut events = <sys::Poller as Poller>::events();
    childs.poll.wait(&mut events, 10, LOOK).unwrap();
    assert_eq!(<sys::Poller as Poller>::fetched(&events).count(), 1, "still registered");
}

#[test]
fn a_wait_without_interest_is_refused() {
    let _reactor = at_home();
    let (a, _b) = pair();
    let io = Io::with_interest(a, Interest::READABLE, home);
    let (_, waker) = counting();
    let Poll::Ready(Err(error)) = poll(pin!(io.ready(Interest::WRITABLE)), &waker) else {
        panic!("waits for what cannot come")
    };
    assert!(error.to_string().contains("without WRITABLE"), "{error}");
}
