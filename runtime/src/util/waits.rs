//! What a task waits for, as its last poll left it: one word, for dumps.
//!
//! A future that is about to answer `Pending` calls [`note`]; who polls the task begins with
//! [`begin`] and, if the poll ends in `Pending`, stores what [`latest`] says beside the task. The note
//! is passed through a thread-local, so a future needs to know nothing of tasks, and a future that is
//! polled elsewhere notes in vain.
//!
//! ```text
//!  63                            8       7       6      0
//! | payload, see `Wait`           | more than one | kind |
//! ```
//! The last note counts: what was noted before it may have been dropped since.

use std::cell::Cell;
use std::task::Poll;

const PAYLOAD_SHIFT: u32 = 8;
const MORE: u64 = 1 << 7;
const KIND_MASK: u64 = MORE - 1;

/// Deadlines are stored in units of 2^8 ns, so that all of them fit.
const DEADLINE_SHIFT: u32 = 8;

const TIMER: u64 = 1;
const JOIN: u64 = 2;
/// And the two bits of the directions.
const SOURCE: u64 = 4;
const READ: u64 = 1;
const WRITE: u64 = 2;
/// And the kind.
const SYNC: u64 = 8;

/// What one future waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// A moment, in nanoseconds since the origin of the clock.
    Timer { nanos: u64 },
    /// A descriptor.
    Source { fd: i32, read: bool, write: bool },
    /// The end of the task with this number.
    Join { task: u64 },
    /// A lock, a channel and the like, at this address.
    Sync { kind: SyncKind, address: usize },
}

macro_rules! sync_kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal,)*) => {
        /// What a task waits for that is neither a timer nor a descriptor nor a task.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum SyncKind {
            $($(#[$doc])* $kind,)*
        }

        impl SyncKind {
            const ALL: &[Self] = &[$(Self::$kind),*];
        }

        impl std::fmt::Display for SyncKind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$kind => $text,)* })
            }
        }
    };
}

sync_kinds! {
    /// A [`Mutex`](crate::sync::Mutex).
    Mutex = "a mutex",
    /// A [`Lock`](crate::sync::Lock).
    Lock = "a lock",
    /// A [`RwLock`](crate::sync::RwLock), to read or to write.
    RwLock = "a read-write lock",
    /// Permits of a [`Semaphore`](crate::sync::Semaphore), or the one of a
    /// [`BoundedSemaphore`](crate::sync::BoundedSemaphore).
    Semaphore = "a semaphore",
    /// A [`Notify`](crate::sync::Notify).
    Notify = "a notification",
    /// An [`Event`](crate::sync::Event).
    Event = "an event",
    /// A [`Condition`](crate::sync::Condition).
    Condition = "a condition",
    /// A message, at the receiving end of an [`mpsc`](crate::sync::mpsc) channel.
    MpscReceiver = "a message of an mpsc channel",
    /// Room, at the sending end of an [`mpsc`](crate::sync::mpsc) channel, or its end.
    MpscSender = "room in an mpsc channel",
    /// The value of a [`oneshot`](crate::sync::oneshot) channel.
    OneshotReceiver = "the value of a oneshot channel",
    /// The end of the receiver of a [`oneshot`](crate::sync::oneshot) channel.
    OneshotSender = "the end of a oneshot receiver",
    /// A new value of a [`watch`](crate::sync::watch) channel.
    WatchReceiver = "a new value of a watch channel",
    /// The end of all receivers of a [`watch`](crate::sync::watch) channel.
    WatchSender = "the end of the watch receivers",
    /// A new value of a [`broadcast`](crate::sync::broadcast) channel.
    BroadcastReceiver = "a message of a broadcast channel",
    /// The end of all receivers of a [`broadcast`](crate::sync::broadcast) channel.
    BroadcastSender = "the end of the broadcast receivers",
    /// An item of a [`Queue`](crate::sync::Queue).
    QueueGetter = "an item of a queue",
    /// Room in a [`Queue`](crate::sync::Queue).
    QueuePutter = "room in a queue",
    /// The end of the work that was put in a [`Queue`](crate::sync::Queue).
    QueueJoiner = "the work of a queue",
    /// The others at a [`Barrier`](crate::sync::Barrier).
    Barrier = "a barrier",
    /// Who initialises a [`OnceCell`](crate::sync::OnceCell).
    OnceCell = "a once cell",
    /// The value of a [`SetOnce`](crate::sync::SetOnce).
    SetOnce = "the value of a set once",
    /// A token of a [`CapacityLimiter`](crate::sync::CapacityLimiter).
    CapacityLimiter = "a capacity limiter",
    /// The cancellation of a [`CancellationToken`](crate::cancel::CancellationToken).
    CancellationToken = "a cancellation",
    /// The outcome of a [`Promise`](crate::asyncio::Promise).
    Promise = "a promise",
    /// The result of a closure on an [`Executor`](crate::concurrent::Executor), as in
    /// [`to_thread`](crate::to_thread()).
    ConcurrentFuture = "a concurrent future",
    /// The tasks of a [`TaskGroup`](crate::asyncio::TaskGroup).
    TaskGroup = "a task group",
    /// The next task of a [`JoinSet`](crate::task::JoinSet).
    JoinSet = "a task of a join set",
}

/// A [`Wait`] in one word, or none. See the [module documentation](self).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Note(u64);

impl Note {
    /// Nothing was noted.
    pub(crate) const NONE: Self = Self(0);

    #[inline]
    pub(crate) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    pub(crate) const fn word(self) -> u64 {
        self.0
    }

    /// The note of one wait. What does not fit in the payload, no address, task or deadline on any
    /// machine we know, loses its upper bits.
    #[inline]
    fn of(wait: Wait) -> Self {
        let (kind, payload) = match wait {
            Wait::Timer { nanos } => (TIMER, nanos >> DEADLINE_SHIFT),
            Wait::Join { task } => (JOIN, task),
            Wait::Source { fd, read, write } => {
                let directions = (u64::from(read) * READ) | (u64::from(write) * WRITE);
                (SOURCE | directions, u64::from(fd as u32))
            }
            Wait::Sync { kind, address } => (SYNC + kind as u64, address as u64),
        };
        Self(kind | (payload << PAYLOAD_SHIFT))
    }

    /// What was noted last.
    pub(crate) fn wait(self) -> Option<Wait> {
        let payload = self.0 >> PAYLOAD_SHIFT;
        Some(match self.0 & KIND_MASK {
            TIMER => Wait::Timer { nanos: payload << DEADLINE_SHIFT },
            JOIN => Wait::Join { task: payload },
            kind @ SOURCE..SYNC => Wait::Source {
                fd: payload as u32 as i32,
                read: kind & READ != 0,
                write: kind & WRITE != 0,
            },
            kind => {
                let kind = *SyncKind::ALL.get(kind.checked_sub(SYNC)? as usize)?;
                Wait::Sync { kind, address: payload as usize }
            }
        })
    }

    /// Whether other futures noted something before it in the same poll.
    pub(crate) fn has_more(self) -> bool {
        self.0 & MORE != 0
    }
}

sheave_facade::thread_local! {
    /// What the present poll of this thread has noted.
    static LATEST: Cell<u64> = Cell::new(0);
}

/// A poll begins: nothing is noted.
#[inline]
pub(crate) fn begin() {
    set(Note::NONE);
}

/// What was noted since the poll began.
#[inline]
pub(crate) fn latest() -> Note {
    // A thread that is ending polls nothing.
    Note(LATEST.try_with(Cell::get).unwrap_or(0))
}

#[inline]
fn set(note: Note) {
    let _ = LATEST.try_with(|latest| latest.set(note.0));
}

/// The calling future is about to answer `Pending`, and waits for this.
#[inline]
pub(crate) fn note(wait: Wait) {
    let more = if latest() == Note::NONE { 0 } else { MORE };
    set(Note(Note::of(wait).0 | more));
}

/// Hands on what a poll at `place` has answered; if that is `Pending`, the calling future waits for it.
#[inline]
pub(crate) fn noting<T, P>(kind: SyncKind, place: &P, polled: Poll<T>) -> Poll<T> {
    if polled.is_pending() {
        note(Wait::Sync { kind, address: std::ptr::from_ref(place).addr() });
    }
    polled
}

/// Runs `poll`, whose notes come second to what was noted before: a time-out beside what it is for.
#[inline]
pub(crate) fn secondary<R>(poll: impl FnOnce() -> R) -> R {
    let former = latest();
    let polled = poll();
    if former != Note::NONE {
        set(Note(former.0 | MORE));
    }
    polled
}

/// Runs `poll`, whose notes do not count, also if it panics: whoever catches that may wait for something else.
#[inline]
pub(crate) fn unnoted<R>(poll: impl FnOnce() -> R) -> R {
    struct Former(Note);
    impl Drop for Former {
        fn drop(&mut self) {
            set(self.0);
        }
    }
    let _former = Former(latest());
    poll()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::util::contain::catch;

    #[test]
    fn a_note_says_what_went_in() {
        let sources = [(true, false), (false, true), (true, true)];
        let sources = sources.map(|(read, write)| Wait::Source { fd: i32::MAX, read, write });
        let syncs =
            SyncKind::ALL.iter().map(|&kind| Wait::Sync { kind, address: 0x7fff_dead_beef });
        let others = [Wait::Timer { nanos: 0x1234_5678_9abc_de00 }, Wait::Join { task: 1 << 55 }];
        for wait in sources.into_iter().chain(syncs).chain(others) {
            assert_eq!(Note::of(wait).wait(), Some(wait));
        }
        assert_eq!(Note::NONE.wait(), None);
        assert!(SyncKind::ALL.len() as u64 <= KIND_MASK - SYNC);
    }

    #[test]
    fn the_last_note_counts_and_knows_that_there_were_others() {
        begin();
        note(Wait::Join { task: 1 });
        assert!(!latest().has_more());
        note(Wait::Join { task: 2 });
        assert_eq!((latest().wait(), latest().has_more()), (Some(Wait::Join { task: 2 }), true));
        secondary(|| note(Wait::Timer { nanos: 256 }));
        assert_eq!((latest().wait(), latest().has_more()), (Some(Wait::Join { task: 2 }), true));
        begin();
        secondary(|| note(Wait::Timer { nanos: 256 }));
        assert_eq!(
            (latest().wait(), latest().has_more()),
            (Some(Wait::Timer { nanos: 256 }), false)
        );
        begin();
        assert_eq!(latest(), Note::NONE);
    }

    #[test]
    fn what_is_unnoted_leaves_no_note() {
        begin();
        note(Wait::Join { task: 1 });
        let before = latest();
        unnoted(|| note(Wait::Join { task: 2 }));
        assert_eq!(latest(), before);
        let panicked = catch(|| {
            unnoted(|| {
                note(Wait::Join { task: 2 });
                panic!("after a note");
            })
        });
        assert!(panicked.is_err());
        assert_eq!(latest(), before);
    }
}
