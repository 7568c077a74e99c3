//! What only Unix has.

use super::wrapper;
use crate::net::{UnixListener, UnixStream};
use crate::signal::unix::Signal;
use std::io;

wrapper! {
    /// The connections that a listener accepts, or why it could not. Never ends.
    UnixListenerStream(UnixListener) -> io::Result<UnixStream>, |listener, cx| {
        listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}

wrapper! {
    /// The arrivals of a signal.
    SignalStream(Signal) -> (), |signal, cx| signal.poll_recv(cx)
}
