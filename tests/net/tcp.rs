//! TCP: connections, transfers, their two halves, and how they end.

use futures_lite::future::{self, poll_once, zip};
use sheave::io::{AsyncReadExt, AsyncWriteExt, Interest};
use sheave::net::{TcpListener, TcpStream};
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::pin;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = zip(TcpStream::connect(address), listener.accept()).await;
    let (server, peer) = accepted.unwrap();
    let client = client.unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    (client, server)
}

/// Fills the buffers between the two ends, so that the next write must wait.
fn fill(writer: &TcpStream) -> usize {
    let mut written = 0;
    loop {
        match writer.try_write(&[7; 65536]) {
            Ok(n) => written += n,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return written;
            }
        }
    }
}

#[sheave::test]
async fn echo_and_half_close() {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = sheave::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let (reader, writer) = stream.into_split();
        sheave::io::copy(reader, writer).await
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"hello ").await.unwrap();
    client.write_all(b"world").await.unwrap();
    client.close().await.unwrap();
    let mut echo = String::new();
    client.read_to_string(&mut echo).await.unwrap();
    assert_eq!(echo, "hello world");
    assert_eq!(server.await.unwrap().unwrap(), 11);
}

#[sheave::test]
async fn futures_of_sockets_can_be_spawned() {
    fn spawnable<T: Send + 'static>(value: T) -> T {
        value
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = spawnable(TcpStream::connect(address)).await.unwrap();
    spawnable(async move { listener.accept().await }).await.unwrap();
    spawnable(async move { client.ready(Interest::WRITABLE).await }).await.unwrap();
}

/// Both directions at once, through buffers that hold a fraction of it: every write is partial.
#[sheave::test]
async fn big_transfers_pass_each_other() {
    const SIZE: usize = 8 << 20;
    let pattern = |seed: usize| (0..SIZE).map(move |at| ((at * 31 + seed) >> 3) as u8);
    let (a, b) = pair().await;
    let tasks: Vec<_> = [(a, 1, 2), (b, 2, 1)]
        .into_iter()
        .map(|(stream, mine, theirs)| {
            let (mut reader, mut writer) = stream.into_split();
            let send = sheave::spawn(async move {
                writer.write_all(&pattern(mine).collect::<Vec<_>>()).await.unwrap();
            });
            let receive = sheave::spawn(async move {
                let mut received = Vec::new();
                reader.read_to_end(&mut received).await.unwrap();
                assert!(received.iter().copied().eq(pattern(theirs)), "{} bytes", received.len());
            });
            (send, receive)
        })
        .collect();
    for (send, receive) in tasks {
        send.await.unwrap();
        receive.await.unwrap();
    }
}

#[sheave::test]
async fn a_refused_connection_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[sheave::test]
async fn connect_tries_every_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let live = listener.local_addr().unwrap();
    let stream = TcpStream::connect(&[dead, live][..]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), live);
    let error = TcpStream::connect(&[][..]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[sheave::test]
async fn a_cancelled_accept_loses_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut accept = Box::pin(listener.accept());
    assert!(poll_once(&mut accept).await.is_none());
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    // Perhaps woken by now, but not polled again.
    drop(accept);
    let (_, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
}

#[sheave::test]
async fn a_cancelled_connect_leaves_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The kernel may have finished the handshake already: then the connection reads as ended.
    drop(poll_once(TcpStream::connect(address)).await);
    let client = TcpStream::connect(address).await.unwrap();
    loop {
        let (mut stream, peer) = listener.accept().await.unwrap();
        if peer == client.local_addr().unwrap() {
            break;
        }
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
}

#[sheave::test]
async fn owned_halves_reunite_or_end_the_stream() {
    let (client, mut server) = pair().await;
    let (other, _other_server) = pair().await;
    let (reader, writer) = client.into_split();
    let (other_reader, other_writer) = other.into_split();
    let error = reader.reunite(other_writer).unwrap_err();
    assert!(error.to_string().contains("same stream"));
    let reader = error.0;
    drop(other_reader);
    let mut client = writer.reunite(reader).unwrap();
    client.write_all(b"a").await.unwrap();
    let mut byte = [0];
    server.read_exact(&mut byte).await.unwrap();

    let (reader, writer) = client.into_split();
    writer.forget();
    assert!(poll_once(server.read(&mut byte)).await.is_none(), "a forgotten half ends nothing");
    drop(reader);
    assert_eq!(server.read(&mut byte).await.unwrap(), 0, "with the last half the stream is closed");

    let (client, mut server) = pair().await;
    let (_reader, writer) = client.into_split();
    drop(writer);
    assert_eq!(server.read(&mut byte).await.unwrap(), 0, "the dropped half ended the stream");
}

#[sheave::test]
async fn borrowed_halves_work_at_once() {
    let (mut client, server) = pair().await;
    let echo = sheave::spawn(async move {
        let (reader, writer) = server.into_split();
        sheave::io::copy(reader, writer).await.unwrap();
    });
    let data = vec![5; 4 << 20];
    let (mut reader, mut writer) = client.split();
    let write = async {
        writer.write_all(&data).await.unwrap();
        writer.close().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, read) = zip(write, reader.read_to_end(&mut back)).await;
    read.unwrap();
    assert!(back == data);
    echo.await.unwrap();
}

#[sheave::test]
async fn peek_leaves_the_bytes() {
    let (mut client, mut server) = pair().await;
    let mut buffer = [0; 8];
    {
        let mut peek = pin!(server.peek(&mut buffer));
        assert!(poll_once(&mut peek).await.is_none());
        client.write_all(b"abc").await.unwrap();
        assert_eq!(peek.await.unwrap(), 3);
    }
    let n = future::poll_fn(|cx| server.poll_peek(cx, &mut buffer)).await.unwrap();
    assert_eq!(&buffer[..n], b"abc");
    let n = server.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..n], b"abc");
    assert_eq!(server.peek(&mut []).await.unwrap(), 0, "an empty buffer waits for nothing");
    assert_eq!(server.read(&mut []).await.unwrap(), 0);
}

#[sheave::test]
async fn tries_do_not_wait_and_readiness_does() {
    let (client, server) = pair().await;
    let mut buffer = [0; 8];
    assert_eq!(server.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut readable = pin!(server.readable());
    assert!(poll_once(&mut readable).await.is_none());
    let written = client.try_write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cd")]).unwrap();
    assert_eq!(written, 4);
    readable.await.unwrap();
    let (mut one, mut rest) = ([0; 1], [0; 8]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut rest)];
    assert_eq!(server.try_read_vectored(&mut buffers).unwrap(), 4);
    assert_eq!((&one[..], &rest[..3]), (&b"a"[..], &b"bcd"[..]));
    assert_eq!(server.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);

    // A full pipe: not writable until the other end has read.
    let written = fill(&client);
    let mut writable = pin!(client.writable());
    assert!(poll_once(&mut writable).await.is_none());
    let mut sink = vec![0; 65536];
    let mut read = 0;
    while read < written {
        server.readable().await.unwrap();
        match server.try_read(&mut sink) {
            Ok(n) => read += n,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    writable.await.unwrap();
    assert!(client.try_write(b"more").is_ok());
}

#[sheave::test]
async fn ready_tells_of_the_end() {
    let (client, server) = pair().await;
    drop(client);
    let ready = server.ready(Interest::READABLE).await.unwrap();
    assert!(ready.is_readable());
    assert_eq!(server.try_read(&mut [0; 4]).unwrap(), 0);
}

#[sheave::test]
async fn own_system_calls_note_what_blocks() {
    let (client, server) = pair().await;
    let either = Interest::READABLE | Interest::WRITABLE;
    assert!(server.ready(either).await.unwrap().is_writable());
    let blocked = || Err::<(), _>(ErrorKind::WouldBlock.into());
    let error = server.try_io(Interest::READABLE, blocked).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.try_write(b"x").unwrap();
    server.readable().await.unwrap();
    assert_eq!(server.try_io(Interest::READABLE, || Ok(1)).unwrap(), 1);
}

#[sheave::test]
async fn shutdown_ends_what_it_says() {
    let (client, mut server) = pair().await;
    let reader = sheave::spawn(async move {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.map(|_| all)
    });
    client.try_write(b"last words").unwrap();
    client.shutdown_now(Shutdown::Both).unwrap();
    assert_eq!(reader.await.unwrap().unwrap(), b"last words");
    let error = (&client).write(b"more").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "and no signal");
    let slices = [IoSlice::new(b"more")];
    let error = (&client).write_vectored(&slices).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "and no signal");
}

#[sheave::test]
async fn options_are_kept() {
    let (client, _server) = pair().await;
    client.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());
    client.set_ttl(33).unwrap();
    assert_eq!(client.ttl().unwrap(), 33);
    let linger = Some(std::time::Duration::ZERO);
    client.set_linger(linger).unwrap();
    assert_eq!(client.linger().unwrap(), linger);
    assert!(client.take_error().unwrap().is_none());
}

#[sheave::test]
async fn sockets_come_from_std_and_go_back() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let address = listener.local_addr().unwrap();
    let blocking = std::net::TcpStream::connect(address).unwrap();
    let mut client = TcpStream::from_std(blocking).unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    assert!(poll_once(client.read(&mut [0])).await.is_none(), "registered, and waits");
    server.write_all(b"x").await.unwrap();
    let back = client.into_std().unwrap();
    // A second registration of the same descriptor works: the first one is gone.
    let mut client = TcpStream::try_from(back).unwrap();
    let mut byte = [0];
    client.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"x");
    drop(listener.into_std().unwrap());
}
