//! [`SignalKind`]: which signal.

use signal_hook::consts;

/// A kind of signals, by its number.
///
/// ```
/// use sheave::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::interrupt().as_raw_value(), 2);
/// assert_eq!(SignalKind::from_raw(2), SignalKind::interrupt());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalKind(i32);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $number:ident;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub const fn $name() -> Self {
                Self(consts::$number)
            }
        )*
    };
}

impl SignalKind {
    /// Any signal. Whether it is one shows when it is listened for.
    #[must_use]
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// The number of the signal.
    #[must_use]
    pub const fn as_raw_value(&self) -> i32 {
        self.0
    }

    kinds! {
        /// `SIGALRM`: a timer of the process has elapsed. Ends the process by default.
        alarm => SIGALRM;
        /// `SIGCHLD`: a child process has ended or changed its state. Ignored by default.
        child => SIGCHLD;
        /// `SIGHUP`: the terminal is gone; for services, a request to read their configuration
        /// again. Ends the process by default.
        hangup => SIGHUP;
        /// `SIGINT`: Ctrl-C. Ends the process by default.
        interrupt => SIGINT;
        /// `SIGIO`: a descriptor is ready. Ends the process by default.
        io => SIGIO;
        /// `SIGPIPE`: a write to a pipe that nobody reads. Rust programs ignore it.
        pipe => SIGPIPE;
        /// `SIGQUIT`: Ctrl-\. Ends the process and dumps its core by default.
        quit => SIGQUIT;
        /// `SIGTERM`: a request to end. Ends the process by default.
        terminate => SIGTERM;
        /// `SIGUSR1`: for the user. Ends the process by default.
        user_defined1 => SIGUSR1;
        /// `SIGUSR2`: for the user. Ends the process by default.
        user_defined2 => SIGUSR2;
        /// `SIGWINCH`: the terminal has another size. Ignored by default.
        window_change => SIGWINCH;
    }
}

impl From<i32> for SignalKind {
    fn from(number: i32) -> Self {
        Self::from_raw(number)
    }
}

impl From<SignalKind> for i32 {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}
