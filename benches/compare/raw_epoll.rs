//! The yardstick: an echo server that is one thread, one epoll and no runtime.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

/// The listener's token; connections have their index.
const LISTENER: u64 = u64::MAX;

/// Serves for ever.
pub(crate) fn serve(listener: TcpListener) {
    listener.set_nonblocking(true).expect("a listener");
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll");
    let readable = epoll::EventFlags::IN;
    let watched = epoll::EventData::new_u64(LISTENER);
    epoll::add(&poller, &listener, watched, readable).expect("the listener is watched");
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Vec::with_capacity(1024);
    loop {
        epoll::wait(&poller, spare_capacity(&mut events), None).expect("epoll waits");
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true).expect("a connection");
                    let token = epoll::EventData::new_u64(streams.len() as u64);
                    epoll::add(&poller, &stream, token, readable).expect("it is watched");
                    streams.push(Some(stream));
                }
            } else {
                echo(&mut streams[event.data.u64() as usize]);
            }
        }
    }
}

/// One message. A connection that has ended is closed.
fn echo(slot: &mut Option<TcpStream>) {
    let Some(stream) = slot else { return };
    let mut buffer = [0; 1024];
    match stream.read(&mut buffer) {
        Ok(0) => *slot = None,
        Ok(n) => stream.write_all(&buffer[..n]).expect("the client reads"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(_) => *slot = None,
    }
}
