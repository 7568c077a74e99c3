//! What a task waits for ([`Interest`], [`Direction`]) and what a source is ready for ([`Ready`]).

use std::fmt;
use std::ops::{BitOr, BitOrAssign, Sub};

/// One of the two independent halves of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

const READABLE: u8 = 0b0_0001;
const WRITABLE: u8 = 0b0_0010;
const READ_CLOSED: u8 = 0b0_0100;
const WRITE_CLOSED: u8 = 0b0_1000;
const ERROR: u8 = 0b1_0000;

/// The readiness a task waits for: reading, writing, or either.
///
/// ```
/// # use sheave::io::Interest;
/// let either = Interest::READABLE | Interest::WRITABLE;
/// assert!(either.is_readable() && either.is_writable());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Interest in data to read, in new connections, and in the end of the stream.
    pub const READABLE: Self = Self(READABLE);

    /// Interest in room to write.
    pub const WRITABLE: Self = Self(WRITABLE);

    /// Whether reading is part of the interest.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    /// Whether writing is part of the interest.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// Both interests together.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // tokio's name for `|` in const contexts.
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This interest without `other`, or nothing if nothing is left.
    #[must_use]
    pub const fn remove(self, other: Self) -> Option<Self> {
        match self.0 & !other.0 {
            0 => None,
            rest => Some(Self(rest)),
        }
    }

    /// Whether the interest covers `direction`.
    pub(super) const fn covers(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.is_readable(),
            Direction::Write => self.is_writable(),
        }
    }
}

impl From<Direction> for Interest {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Read => Self::READABLE,
            Direction::Write => Self::WRITABLE,
        }
    }
}

impl BitOr for Interest {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(f, self.0, &[(READABLE, "READABLE"), (WRITABLE, "WRITABLE")])
    }
}

/// What a source is ready for. A snapshot: try the operation, and be prepared for `WouldBlock`.
///
/// ```
/// # use sheave::io::Ready;
/// let hung_up = Ready::READ_CLOSED;
/// assert!(hung_up.is_readable(), "a read returns at once, with the end of the stream");
/// assert!(!hung_up.is_writable());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ready(u8);

impl Ready {
    /// Ready for nothing.
    pub const EMPTY: Self = Self(0);
    /// A read would not block.
    pub const READABLE: Self = Self(READABLE);
    /// A write would not block.
    pub const WRITABLE: Self = Self(WRITABLE);
    /// The peer will send no more.
    pub const READ_CLOSED: Self = Self(READ_CLOSED);
    /// The peer will take no more.
    pub const WRITE_CLOSED: Self = Self(WRITE_CLOSED);
    /// The source has an error to report. The next read or write returns it.
    pub const ERROR: Self = Self(ERROR);
    /// All of the above.
    pub const ALL: Self = Self(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED | ERROR);

    /// Whether nothing is ready.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read would not block, be it because of data or because of the end of the stream.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & (READABLE | READ_CLOSED) != 0
    }

    /// Whether a write would not block, be it because of room or because the peer is gone.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & (WRITABLE | WRITE_CLOSED) != 0
    }

    /// Whether the peer will send no more.
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.0 & READ_CLOSED != 0
    }

    /// Whether the peer will take no more.
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.0 & WRITE_CLOSED != 0
    }

    /// Whether the source has an error to report.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Whether everything in `other` is ready.
    #[must_use]
    pub fn contains(self, other: impl Into<Self>) -> bool {
        let other = other.into();
        self.0 & other.0 == other.0
    }
}

impl From<Interest> for Ready {
    fn from(interest: Interest) -> Self {
        Self(interest.0)
    }
}

impl From<Direction> for Ready {
    fn from(direction: Direction) -> Self {
        Interest::from(direction).into()
    }
}

impl BitOr for Ready {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Sub for Ready {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (READABLE, "READABLE"),
            (WRITABLE, "WRITABLE"),
            (READ_CLOSED, "READ_CLOSED"),
            (WRITE_CLOSED, "WRITE_CLOSED"),
            (ERROR, "ERROR"),
        ];
        write_names(f, self.0, &names)
    }
}

fn write_names(f: &mut fmt::Formatter<'_>, bits: u8, names: &[(u8, &str)]) -> fmt::Result {
    let mut set = names.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name);
    f.write_str(set.next().unwrap_or("EMPTY"))?;
    set.try_for_each(|name| write!(f, " | {name}"))
}
