//! How waits end that nobody answers: the socket, the task or the runtime goes away.

use futures_lite::future::{block_on, poll_once};
use sheave::io::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{TcpListener, TcpStream, UdpSocket};
use sheave::runtime::{Builder, Runtime};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn connected() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[sheave::test]
async fn the_last_half_closes_under_the_eyes_of_an_aborted_task() {
    let (client, server) = connected();
    let (mut client, server) =
        (TcpStream::from_std(client).unwrap(), TcpStream::from_std(server).unwrap());
    let (mut reader, writer) = server.into_split();
    let waiting = sheave::spawn(async move { reader.read(&mut [0]).await });
    sheave::task::yield_now().await;
    drop(writer);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "one half is gone, the other one waits");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    // Now the socket is closed, and the peer's answer to a write is a reset.
    while client.write(&[0; 1024]).await.is_ok() {
        sheave::task::yield_now().await;
    }
}

#[sheave::test]
async fn a_descriptor_number_used_again_is_another_socket() {
    for _ in 0..100 {
        // An address of its own, so that no other test takes the port in between.
        let socket = Arc::new(UdpSocket::bind("127.0.0.77:0").await.unwrap());
        let address = socket.local_addr().unwrap();
        let other = socket.clone();
        let waiting = sheave::spawn(async move { other.recv(&mut [0]).await });
        sheave::task::yield_now().await;
        waiting.abort();
        let _ = waiting.await;
        drop(socket);
        let socket = bind_once_free(address).await;
        let mut buffer = [0; 4];
        let mut receive = pin!(socket.recv(&mut buffer));
        assert!(poll_once(&mut receive).await.is_none());
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.send_to(b"new", address).await.unwrap();
        assert_eq!(receive.await.unwrap(), 3);
    }
}

/// Binds an address whose socket has been closed. Only a child that another test has forked and
/// that has yet to execute its program may hold the socket a moment longer.
async fn bind_once_free(address: SocketAddr) -> UdpSocket {
    loop {
        match UdpSocket::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => sheave::task::yield_now().await,
            bound => return bound.unwrap(),
        }
    }
}

#[test]
fn a_runtime_ends_while_its_tasks_wait_for_sockets() {
    let runtime = runtime();
    let (dropped, drops) = mpsc::channel::<()>();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..50 {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let dropped = dropped.clone();
            drop(sheave::spawn(async move {
                let _dropped = dropped;
                let _ = client.read(&mut [0]).await;
            }));
            clients.push(server);
        }
        drop(sheave::spawn(async move {
            let _dropped = (dropped, clients);
            let _ = listener.accept().await;
        }));
    });
    drop(runtime);
    let closed = drops.recv_timeout(Duration::from_secs(10)).unwrap_err();
    assert_eq!(closed, mpsc::RecvTimeoutError::Disconnected, "every task has been dropped");
}

#[test]
fn a_wait_on_another_thread_ends_with_the_runtime() {
    let runtime = runtime();
    let (client, _server) = connected();
    let mut client = TcpStream::from_std(client).unwrap();
    let registered = runtime.block_on(async {
        assert!(poll_once(client.read(&mut [0])).await.is_none());
        client
    });
    client = registered;
    let (ready, is_ready) = mpsc::channel();
    let waiting = thread::spawn(move || {
        block_on(async {
            let mut byte = [0];
            let mut read = client.read(&mut byte);
            assert!(poll_once(&mut read).await.is_none());
            ready.send(()).unwrap();
            let error = read.await.unwrap_err();
            assert!(error.to_string().contains("shut down"), "{error}");
            let error = client.write(b"x").await.unwrap_err();
            assert!(error.to_string().contains("shut down"), "{error}");
        });
    });
    is_ready.recv().unwrap();
    drop(runtime);
    waiting.join().unwrap();
}
