//! What the example server's tests do not reach.

use super::{from_tower, serve};
use crate::net::TcpListener;
use crate::runtime::Runtime;
use crate::time::sleep;
use axum::{Router, routing::get};
use std::future::IntoFuture;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A whole request is shorter than HTTP/2's preface, and must not be taken for a silent client.
#[test]
fn a_short_request_may_be_answered_late() {
    const TIMEOUT: Duration = Duration::from_millis(50);
    Runtime::new().unwrap().block_on(async {
        let late = async || {
            sleep(4 * TIMEOUT).await;
            "late"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = crate::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let app = from_tower(Router::new().route("/", get(late)));
        let server = crate::spawn(serve(listener, app).header_read_timeout(TIMEOUT).into_future());
        let answer = client.await.unwrap();
        server.abort();
        assert!(answer.ends_with("late"), "{answer:?}");
    });
}
