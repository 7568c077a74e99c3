//! Streams under tokio's traits, driven by tokio's own helpers and without its runtime.

use sheave::net::{TcpListener, TcpStream, UnixStream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

#[sheave::test]
async fn a_stream_reads_and_writes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let echo = sheave::spawn(async move {
        let (mut reader, mut writer) = server.into_split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    assert!(tokio::io::AsyncWrite::is_write_vectored(&client));
    client.write_all(b"one line\nand more").await.unwrap();
    client.shutdown().await.unwrap();
    let mut lines = BufReader::new(client).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "one line");
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "and more");
    assert!(lines.next_line().await.unwrap().is_none());
    echo.await.unwrap();
}

#[sheave::test]
async fn a_read_waits_and_appends_to_what_is_filled() {
    let (mut a, mut b) = UnixStream::pair().unwrap();
    let reading = sheave::spawn(async move {
        let mut all = Vec::with_capacity(4);
        b.read_to_end(&mut all).await.map(|_| all)
    });
    for part in ["ab", "cdef", "ghijklmn"] {
        sheave::task::yield_now().await;
        a.write_all(part.as_bytes()).await.unwrap();
    }
    drop(a);
    assert_eq!(reading.await.unwrap().unwrap(), b"abcdefghijklmn");
}
