//! UDP: datagrams with and without a connection.

use futures_lite::future::{poll_fn, poll_once, zip};
use sheave::net::UdpSocket;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[sheave::test]
async fn datagrams_find_their_way_back() {
    let (server, address) = socket().await;
    let (client, client_address) = socket().await;
    let echo = async {
        let mut buffer = [0; 64];
        for _ in 0..10 {
            let (n, peer) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!(server.send_to(&buffer[..n], peer).await.unwrap(), n);
        }
    };
    let ask = async {
        client.connect(address).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), address);
        let mut buffer = [0; 64];
        for i in 0..10u8 {
            assert_eq!(client.send(&[i; 20]).await.unwrap(), 20);
            assert_eq!(client.recv(&mut buffer).await.unwrap(), 20);
            assert_eq!(buffer[..20], [i; 20]);
        }
    };
    zip(echo, ask).await;
    assert_eq!(client.local_addr().unwrap(), client_address);
}

#[sheave::test]
async fn a_cancelled_receive_loses_no_datagram() {
    let (server, address) = socket().await;
    let (client, _) = socket().await;
    let mut buffer = [0; 8];
    {
        let mut receive = pin!(server.recv_from(&mut buffer));
        assert!(poll_once(&mut receive).await.is_none());
        client.send_to(b"kept", address).await.unwrap();
    }
    let (n, _) = server.recv_from(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..n], b"kept");
}

#[sheave::test]
async fn peeks_and_tries() {
    let (server, address) = socket().await;
    let (client, client_address) = socket().await;
    let mut buffer = [0; 8];
    assert_eq!(server.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    client.try_send_to(b"abc", address).unwrap();
    server.readable().await.unwrap();
    assert_eq!(server.peek_from(&mut buffer).await.unwrap(), (3, client_address));
    let peeked = poll_fn(|cx| server.poll_peek_from(cx, &mut buffer)).await.unwrap();
    assert_eq!(peeked, (3, client_address));
    assert_eq!(server.peek(&mut buffer).await.unwrap(), 3);
    assert_eq!(server.try_recv_from(&mut buffer).unwrap(), (3, client_address));
    assert_eq!(server.try_recv_from(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);

    server.connect(client_address).await.unwrap();
    assert_eq!(server.try_send(b"").unwrap(), 0, "an empty datagram is a datagram");
    assert_eq!(poll_fn(|cx| client.poll_recv(cx, &mut buffer)).await.unwrap(), 0);
    poll_fn(|cx| server.poll_send(cx, b"x")).await.unwrap();
    assert_eq!(poll_fn(|cx| client.poll_recv_from(cx, &mut buffer)).await.unwrap().0, 1);
    assert!(server.send_to(b"x", &[][..]).await.is_err());
}

#[sheave::test]
async fn two_tasks_wait_for_one_socket() {
    let (server, address) = socket().await;
    let server = Arc::new(server);
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let server = server.clone();
            sheave::spawn(async move { server.recv(&mut [0; 8]).await.unwrap() })
        })
        .collect();
    let (client, _) = socket().await;
    client.send_to(b"1", address).await.unwrap();
    client.send_to(b"1", address).await.unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
}

#[sheave::test]
async fn options_are_kept() {
    let (socket, _) = socket().await;
    socket.set_broadcast(true).unwrap();
    assert!(socket.broadcast().unwrap());
    socket.set_ttl(9).unwrap();
    assert_eq!(socket.ttl().unwrap(), 9);
    socket.set_multicast_loop_v4(false).unwrap();
    assert!(!socket.multicast_loop_v4().unwrap());
    socket.set_multicast_ttl_v4(3).unwrap();
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
    let socket = UdpSocket::from_std(socket.into_std().unwrap()).unwrap();
    assert!(socket.take_error().unwrap().is_none());
}
