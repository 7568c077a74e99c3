//! Which socket addresses a value stands for.
//!
//! What is numeric is parsed on the spot. Names are looked up by `getaddrinfo` in the blocking pool,
//! on a lane of its own, so that slow lookups do not keep other blocking work waiting.

use crate::scheduler::{LaneName, context, with_runtime};
use crate::tasks::{JoinHandle, Spec};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

/// What can be turned into socket addresses: addresses, pairs of an address or a name and a port,
/// and strings like `"127.0.0.1:80"`, `"[::1]:80"` or `"localhost:80"`. Only this crate implements
/// it.
pub trait ToSocketAddrs: Sealed {}

/// Finds the addresses of a host.
///
/// # Cancel safety
/// Restarts. A lookup that still waits for a thread is cancelled; one that runs ends unheard.
///
/// # Errors
/// If the name is malformed or unknown, or if a lookup is needed and there is no runtime on this
/// thread.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// for address in sheave::net::lookup_host("localhost:80").await? {
///     assert!(address.ip().is_loopback());
/// }
/// # Ok(())
/// # }
/// ```
pub async fn lookup_host<A: ToSocketAddrs>(
    host: A,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    host.resolve().await
}

/// Keeps other crates from implementing [`ToSocketAddrs`].
pub trait Sealed {
    #[doc(hidden)]
    fn resolve(&self) -> Resolving;
}

/// The addresses, in the order in which they should be tried.
#[derive(Debug)]
pub enum Addresses {
    One(Option<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(address) => address.take(),
            Self::Many(addresses) => addresses.next(),
        }
    }
}

/// A resolution under way.
#[derive(Debug)]
pub enum Resolving {
    Known(Option<io::Result<Addresses>>),
    Lookup(JoinHandle<io::Result<vec::IntoIter<SocketAddr>>>),
}

impl Resolving {
    fn one(address: SocketAddr) -> Self {
        Self::Known(Some(Ok(Addresses::One(Some(address)))))
    }

    fn many(addresses: Vec<SocketAddr>) -> Self {
        Self::Known(Some(Ok(Addresses::Many(addresses.into_iter()))))
    }

    #[track_caller]
    fn lookup(host: &str, port: u16) -> Self {
        let host: Box<str> = host.into();
        let location = Location::caller();
        let lookup = move || std::net::ToSocketAddrs::to_socket_addrs(&(&*host, port));
        let handle = with_runtime(|shared| {
            let spec = Spec { name: Some("lookup_host".into()), ..Spec::at(location) };
            Some(shared?.spawn_blocking(LaneName::Dns, lookup, spec))
        });
        match handle {
            Some(handle) => Self::Lookup(handle),
            None => Self::Known(Some(Err(io::Error::other(context::NO_RUNTIME)))),
        }
    }
}

impl Future for Resolving {
    type Output = io::Result<Addresses>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Known(known) => {
                Poll::Ready(known.take().expect("a resolution is not polled after completion"))
            }
            Self::Lookup(handle) => {
                Pin::new(handle).poll(cx).map(|found| Ok(Addresses::Many(found??)))
            }
        }
    }
}

impl Drop for Resolving {
    fn drop(&mut self) {
        if let Self::Lookup(handle) = self {
            handle.abort();
        }
    }
}

fn malformed(text: &str) -> io::Error {
    let message = format!("`{text}` is no socket address: give `host:port` or `[ipv6]:port`");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl Sealed for str {
    fn resolve(&self) -> Resolving {
        if let Ok(address) = self.parse() {
            return Resolving::one(address);
        }
        let parts = self.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parts {
            Some((host, port)) => Resolving::lookup(host, port),
            None => Resolving::Known(Some(Err(malformed(self)))),
        }
    }
}

impl Sealed for (&str, u16) {
    fn resolve(&self) -> Resolving {
        match self.0.parse() {
            Ok(ip) => Resolving::one(SocketAddr::new(ip, self.1)),
            Err(_) => Resolving::lookup(self.0, self.1),
        }
    }
}

impl Sealed for String {
    fn resolve(&self) -> Resolving {
        self.as_str().resolve()
    }
}

impl Sealed for (String, u16) {
    fn resolve(&self) -> Resolving {
        (self.0.as_str(), self.1).resolve()
    }
}

impl Sealed for SocketAddr {
    fn resolve(&self) -> Resolving {
        Resolving::one(*self)
    }
}

impl Sealed for SocketAddrV4 {
    fn resolve(&self) -> Resolving {
        Resolving::one((*self).into())
    }
}

impl Sealed for SocketAddrV6 {
    fn resolve(&self) -> Resolving {
        Resolving::one((*self).into())
    }
}

impl Sealed for (IpAddr, u16) {
    fn resolve(&self) -> Resolving {
        Resolving::one((*self).into())
    }
}

impl Sealed for (Ipv4Addr, u16) {
    fn resolve(&self) -> Resolving {
        Resolving::one((*self).into())
    }
}

impl Sealed for (Ipv6Addr, u16) {
    fn resolve(&self) -> Resolving {
        Resolving::one((*self).into())
    }
}

impl Sealed for [SocketAddr] {
    fn resolve(&self) -> Resolving {
        Resolving::many(self.to_vec())
    }
}

impl Sealed for Vec<SocketAddr> {
    fn resolve(&self) -> Resolving {
        Resolving::many(self.to_vec())
    }
}

impl<const N: usize> Sealed for [SocketAddr; N] {
    fn resolve(&self) -> Resolving {
        Resolving::many(self.to_vec())
    }
}

impl<T: Sealed + ?Sized> Sealed for &T {
    fn resolve(&self) -> Resolving {
        (**self).resolve()
    }
}

impl<T: Sealed + ?Sized> ToSocketAddrs for T {}

/// Tries `attempt` on each address until one succeeds; otherwise the last error.
pub(super) async fn first_success<A, T, F>(
    addresses: A,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    A: ToSocketAddrs,
    F: Future<Output = io::Result<T>>,
{
    let mut last_error = None;
    for address in addresses.resolve().await? {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "there was no socket address to use")
    }))
}
