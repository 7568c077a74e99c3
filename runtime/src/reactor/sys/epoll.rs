//! Linux: one system call to sleep, one to wake.
//!
//! The epoll instance belongs to a `polling::Poller`, but is waited for directly: `Poller::wait`
//! spends five system calls where `epoll_wait` is one, and a second caller eats the first one's
//! notification. Two more things differ from `Poller`'s way.
//!
//! Sources are added with `EPOLLRDHUP`, which `polling` cannot ask for. Without it the end of a
//! stream that arrives together with its last bytes is not told apart from them, and every short
//! read would have to be followed by one more that returns `EAGAIN`.
//!
//! The wake-up is an eventfd that is registered edge-triggered and never read: each write is an
//! event of its own, so there is nothing to reset.

use super::{Event, NOTIFY_KEY, Poll};
use crate::reactor::Interest;
use crate::reactor::readiness::{CLOSED, ERROR, READY};
use polling::{PollMode, Poller};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Events fetched by one wait at most. What does not fit stays in the kernel for the next.
const CAPACITY: usize = 1024;

/// An epoll instance and the eventfd that interrupts its wait.
pub(crate) struct Epoll {
    poller: Poller,
    alarm: OwnedFd,
    /// Set once the kernel has refused `epoll_pwait2`. Stored and loaded by whoever waits.
    whole_milliseconds: AtomicBool,
}

/// The kernel's event array, and how many of it the last wait filled.
pub(crate) struct Events {
    buffer: Box<[epoll::Event]>,
    len: usize,
}

// SAFETY: rustix's event is not `Send` because its data may be a pointer. Ours are numbers: zero from
// `Poll::events`, and whatever `Poll::add` gave the kernel, which are keys.
unsafe impl Send for Events {}

impl Poll for Epoll {
    type Events = Events;

    const REPORTS_CLOSE: bool = true;

    fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        let alarm = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let event = polling::Event::readable(NOTIFY_KEY);
        // SAFETY: `add_with_mode` wants the source removed before it is closed. Both descriptors
        // are fields of the same value and close together, and nobody waits by then.
        unsafe { poller.add_with_mode(&alarm, event, PollMode::Edge) }?;
        Ok(Self { poller, alarm, whole_milliseconds: AtomicBool::new(false) })
    }

    /// Linux takes 50 us by default.
    fn be_punctual(slack: Duration) {
        let nanos = u64::try_from(slack.as_nanos()).ok().and_then(NonZeroU64::new);
        let _ = rustix::thread::set_current_timer_slack(nanos);
    }

    fn events() -> Events {
        let empty = epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        Events { buffer: vec![empty; CAPACITY].into_boxed_slice(), len: 0 }
    }

    fn add(&self, fd: BorrowedFd<'_>, key: usize, interest: Interest) -> io::Result<()> {
        let mut flags = EventFlags::ET;
        flags.set(EventFlags::IN | EventFlags::RDHUP, interest.is_readable());
        flags.set(EventFlags::OUT, interest.is_writable());
        epoll::add(&self.poller, fd, EventData::new_u64(key as u64), flags)?;
        Ok(())
    }

    fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.delete(fd)
    }

    fn wait(&self, events: &mut Events, limit: usize, timeout: Option<Duration>) -> io::Result<()> {
        events.len = 0;
        let room = &mut events.buffer[..limit.clamp(1, CAPACITY)];
        let fetched = match timeout {
            None => epoll::wait(&self.poller, room, None),
            Some(Duration::ZERO) => {
                epoll::wait(&self.poller, room, Some(&timespec(Duration::ZERO)))
            }
            Some(timeout) => self.wait_at_most(room, timeout),
        };
        match fetched {
            Ok(len) => events.len = len,
            // A signal handler ran. The caller looks around and comes back.
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn fetched(events: &Events) -> impl Iterator<Item = Event> {
        let own = NOTIFY_KEY as u64;
        events.buffer[..events.len].iter().filter(move |e| e.data.u64() != own).map(translate)
    }

    fn notify(&self) {
        // Fails only if the counter, which starts at 0, would pass 2^64 - 2.
        let _ = rustix::io::write(&self.alarm, &1_u64.to_ne_bytes());
    }
}

impl Epoll {
    /// Waits with the precision of the clock, or with that of a millisecond, rounded up, where the
    /// kernel (before 5.11) or its system call filter does not know how.
    fn wait_at_most(&self, room: &mut [epoll::Event], timeout: Duration) -> Result<usize, Errno> {
        // ORDERING: Relaxed. A cached answer of the kernel; asking twice is harmless.
        if !self.whole_milliseconds.load(Relaxed) {
            match epoll_pwait2(self.poller.as_fd(), room, timeout) {
                // EPERM is what old container filters answer to calls they have not heard of.
                Err(Errno::NOSYS | Errno::PERM) => self.whole_milliseconds.store(true, Relaxed),
                fetched => return fetched,
            }
        }
        // What `epoll_wait` can express at most; the caller copes with an early return.
        let timeout = timeout.min(Duration::from_millis(i32::MAX as u64));
        epoll::wait(&self.poller, room, Some(&timespec(timeout)))
    }
}

/// `epoll_pwait2`, which rustix only offers without the fall-back for old kernels.
fn epoll_pwait2(
    epoll: BorrowedFd<'_>,
    room: &mut [epoll::Event],
    timeout: Duration,
) -> Result<usize, Errno> {
    let timeout = timespec(timeout);
    let no_mask = std::ptr::null::<libc::sigset_t>();
    // SAFETY: `epoll` is open for the duration of the call. `room` is writable for `room.len()`
    // events in the kernel's layout, which is rustix's. `timeout` is the kernel's 64-bit timespec
    // on every architecture. With a null mask the mask's size is not looked at.
    let fetched = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            room.as_mut_ptr(),
            libc::c_int::try_from(room.len()).unwrap_or(libc::c_int::MAX),
            &raw const timeout,
            no_mask,
            0_usize,
        )
    };
    usize::try_from(fetched)
        .map_err(|_| Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL))
}

/// `timeout` for the kernel, capped at what it takes for a valid time (68 years will do).
fn timespec(timeout: Duration) -> Timespec {
    let tv_sec = timeout.as_secs().min(i32::MAX as u64) as i64;
    Timespec { tv_sec, tv_nsec: timeout.subsec_nanos().into() }
}

fn translate(event: &epoll::Event) -> Event {
    let flags = event.flags;
    let (mut read, mut write) = (0, 0);
    if flags.contains(EventFlags::IN) {
        read |= READY;
    }
    if flags.contains(EventFlags::OUT) {
        write |= READY;
    }
    if flags.contains(EventFlags::RDHUP) {
        read |= READY | CLOSED;
    }
    // A hang-up and an error concern both directions, whatever was waited for (T22).
    if flags.contains(EventFlags::HUP) {
        read |= READY | CLOSED;
        write |= READY | CLOSED;
    }
    if flags.contains(EventFlags::ERR) {
        read |= READY | ERROR;
        write |= READY | ERROR;
    }
    Event { key: event.data.u64() as usize, read, write }
}
