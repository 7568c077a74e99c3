//! Addresses: numeric ones need no runtime, names need its blocking pool.

use futures_lite::future::{block_on, poll_once};
use sheave::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, lookup_host};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[test]
fn numbers_are_known_at_once() {
    fn check(address: impl ToSocketAddrs, expected: &str) {
        let found = block_on(poll_once(lookup_host(address))).expect("no waiting").unwrap();
        let expected: SocketAddr = expected.parse().unwrap();
        assert_eq!(found.collect::<Vec<_>>(), [expected]);
    }
    check("1.2.3.4:5", "1.2.3.4:5");
    check("[::1]:5", "[::1]:5");
    check(String::from("1.2.3.4:5"), "1.2.3.4:5");
    check(("::1", 5), "[::1]:5");
    check((String::from("1.2.3.4"), 5), "1.2.3.4:5");
    check((Ipv4Addr::LOCALHOST, 5), "127.0.0.1:5");
    check((IpAddr::V6(Ipv6Addr::LOCALHOST), 5), "[::1]:5");
    let address: SocketAddr = "1.2.3.4:5".parse().unwrap();
    check(address, "1.2.3.4:5");
    check([address], "1.2.3.4:5");
    check(vec![address], "1.2.3.4:5");
    check(&[address][..], "1.2.3.4:5");
}

#[sheave::test]
async fn names_are_looked_up() {
    let found: Vec<_> = lookup_host("localhost:80").await.unwrap().collect();
    assert!(!found.is_empty() && found.iter().all(|a| a.ip().is_loopback() && a.port() == 80));
    let found = lookup_host(("localhost", 81)).await.unwrap();
    assert!(found.into_iter().all(|address| address.port() == 81));
    assert!(lookup_host("no-such-host.invalid:80").await.is_err());
}

#[test]
fn malformed_names_and_a_missing_runtime_are_errors_that_say_so() {
    let error = |host: &str| block_on(lookup_host(host)).err().expect("an error");
    for malformed in ["localhost", "localhost:http", "localhost:70000", ""] {
        let error = error(malformed);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{malformed}");
        assert!(error.to_string().contains("host:port"), "{error}");
    }
    assert!(error("localhost:80").to_string().contains("Runtime::block_on"));
}

#[test]
fn sockets_need_a_runtime_only_to_wait() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        let (stream, _) = listener.accept().await.expect("there is one: no waiting");
        drop(client);
        assert_eq!(stream.try_read(&mut [0]).unwrap(), 0);
        let error = listener.accept().await.unwrap_err();
        assert!(error.to_string().contains("Runtime::block_on"), "{error}");
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let error = udp.recv(&mut [0]).await.unwrap_err();
        assert!(error.to_string().contains("Runtime::block_on"), "{error}");
    });
}

#[sheave::test]
async fn a_socket_takes_options_before_it_connects_or_listens() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    assert!(socket.reuseaddr().unwrap() && socket.reuseport().unwrap());
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let listener = socket.listen(16).unwrap();
    let second = TcpSocket::new_v4().unwrap();
    second.set_reuseport(true).unwrap();
    second.bind(address).expect("`SO_REUSEPORT` on both");

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_keepalive(true).unwrap();
    socket.set_linger(None).unwrap();
    socket.set_send_buffer_size(16 << 10).unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket.set_tos(0x10).unwrap();
    assert!(socket.keepalive().unwrap() && socket.linger().unwrap().is_none());
    assert!(socket.send_buffer_size().unwrap() >= 16 << 10);
    assert!(socket.recv_buffer_size().unwrap() >= 16 << 10);
    assert_eq!(socket.tos().unwrap(), 0x10);
    let stream: TcpStream = socket.connect(address).await.unwrap();
    assert!(stream.nodelay().unwrap());
    listener.accept().await.unwrap();
}

#[sheave::test]
async fn ipv6_works() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return eprintln!("skipped: no IPv6 on this machine");
    };
    let socket = TcpSocket::new_v6().unwrap();
    let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (_, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, stream.local_addr().unwrap());
}
