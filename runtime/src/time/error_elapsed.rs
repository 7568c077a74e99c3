//! The error of a time-out.

use std::error::Error;
use std::fmt;
use std::io;

/// A future was not ready in time: the error of [`timeout`](super::timeout()).
///
/// Becomes an [`io::Error`] of kind [`TimedOut`](io::ErrorKind::TimedOut) by `?`.
///
/// ```
/// # use sheave::time::{Duration, timeout};
/// # #[sheave::main]
/// # async fn main() {
/// async fn read() -> std::io::Result<u8> {
///     let byte = timeout(Duration::from_millis(1), std::future::pending()).await?;
///     Ok(byte)
/// }
/// assert_eq!(read().await.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
/// # }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
