//! Unix domain sockets, through the public interface and the real kernel.

use futures_lite::future::{poll_once, zip};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use sheave::io::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{UnixDatagram, UnixListener, UnixStream};
use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::pin::pin;

/// A path that no other test uses, removed again at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("sheave-{}-{name}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[sheave::test]
async fn a_listener_accepts_streams() {
    let place = Place::new("listener");
    let listener = UnixListener::bind(&place.0).unwrap();
    assert_eq!(UnixListener::bind(&place.0).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*place.0));
    let mut accept = pin!(listener.accept());
    assert!(poll_once(&mut accept).await.is_none());
    let (client, accepted) = zip(UnixStream::connect(&place.0), accept).await;
    let (mut client, (server, peer)) = (client.unwrap(), accepted.unwrap());
    assert!(peer.is_unnamed());
    assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*place.0));
    let echo = sheave::spawn(async move {
        let (reader, writer) = server.into_split();
        sheave::io::copy(reader, writer).await.unwrap()
    });
    client.write_all(b"hello").await.unwrap();
    client.close().await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!((text.as_str(), echo.await.unwrap()), ("hello", 5));
}

#[cfg(target_os = "linux")]
#[sheave::test]
async fn abstract_names_work() {
    let name = format!("\0sheave-{}", std::process::id());
    let listener = UnixListener::bind(&name).unwrap();
    let (client, accepted) = zip(UnixStream::connect(&name), listener.accept()).await;
    client.unwrap();
    accepted.unwrap();
}

#[sheave::test]
async fn nobody_there_is_an_error() {
    let place = Place::new("nobody");
    let error = UnixStream::connect(&place.0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[sheave::test]
async fn a_pair_moves_more_than_it_holds() {
    let (a, b) = UnixStream::pair().unwrap();
    let data: Vec<u8> = (0..4 << 20).map(|at: u32| (at >> 4) as u8).collect();
    let tasks: Vec<_> = [a, b]
        .into_iter()
        .map(|stream| {
            let data = data.clone();
            sheave::spawn(async move {
                let (mut reader, mut writer) = stream.into_split();
                let mut received = vec![0; data.len()];
                let read = async { reader.read_exact(&mut received).await.unwrap() };
                zip(async { writer.write_all(&data).await.unwrap() }, read).await;
                assert!(received == data);
                writer.reunite(reader).unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// A read stops at a message with descriptors although more has arrived, and nothing announces the
/// rest again. A stream that takes the short read for an empty buffer hangs here.
#[sheave::test]
async fn descriptors_from_the_peer_do_not_stop_the_stream() {
    let (a, mut b) = UnixStream::pair().unwrap();
    let mut buffer = [0; 64];
    assert!(poll_once(b.read(&mut buffer)).await.is_none(), "registered");
    for text in [b"one", b"two"] {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [a.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
        sendmsg(&a, &[IoSlice::new(text)], &mut control, SendFlags::empty()).unwrap();
    }
    b.read_exact(&mut buffer[..6]).await.unwrap();
    assert_eq!(&buffer[..6], b"onetwo");
}

#[sheave::test]
async fn datagrams_keep_their_bounds_and_wait_for_room() {
    let (a, b) = UnixDatagram::pair().unwrap();
    let mut sent = 0u32;
    while a.try_send(&sent.to_le_bytes()).is_ok() {
        sent += 1;
    }
    assert!(sent > 0);
    let mut waiting = pin!(a.send(b"last"));
    assert!(poll_once(&mut waiting).await.is_none(), "the receiver is full");
    let mut buffer = [0; 16];
    for expected in 0..sent {
        assert_eq!(b.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(buffer[..4], expected.to_le_bytes());
    }
    waiting.await.unwrap();
    assert_eq!(b.recv(&mut buffer).await.unwrap(), 4);
    assert_eq!(&buffer[..4], b"last");
    assert_eq!(b.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[sheave::test]
async fn datagrams_have_addresses() {
    let (server_place, client_place) = (Place::new("server"), Place::new("client"));
    let server = UnixDatagram::bind(&server_place.0).unwrap();
    let client = UnixDatagram::bind(&client_place.0).unwrap();
    client.send_to(b"ping", &server_place.0).await.unwrap();
    let mut buffer = [0; 16];
    let (n, peer) = server.recv_from(&mut buffer).await.unwrap();
    assert_eq!((&buffer[..n], peer.as_pathname()), (&b"ping"[..], Some(&*client_place.0)));
    let anonymous = UnixDatagram::unbound().unwrap();
    anonymous.connect(&server_place.0).unwrap();
    anonymous.send(b"x").await.unwrap();
    assert!(server.recv_from(&mut buffer).await.unwrap().1.is_unnamed());
    assert!(anonymous.try_send_to(b"x", "/no/such/socket").is_err());
    anonymous.shutdown(std::net::Shutdown::Both).unwrap();
}
