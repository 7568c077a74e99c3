//! Making sockets non-blocking from the start: in one system call where the platform can.

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
mod flags;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
mod portable;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) use flags::{accept, socket};
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) use portable::{accept, socket};
