//! E24: an HTTP client. One request takes the 2 s that the server sleeps; requests of 1 s and 2 s at the
//! same time take 2 s too. The server is that of `timeit_server`, in this process.

use super::timeit_server::app;
use axum::body::{Body, to_bytes};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use sheave::asyncio::{create_task, gather, run};
use sheave::net::{TcpListener, TcpStream};
use sheave::time::Instant;
use std::error::Error;
use std::net::SocketAddr;

type Failure = Box<dyn Error + Send + Sync>;

/// The longest answer that is read, in bytes.
const LIMIT: usize = 64 * 1024;

/// Python: `await client.get(f"http://127.0.0.1:8000/timeit/{seconds}")`.
async fn get_timeit(server: SocketAddr, seconds: u64) -> Result<String, Failure> {
    let stream = TcpStream::connect(server).await?;
    let (mut client, connection) = handshake(stream).await?;
    let connection = create_task(connection);
    let request = Request::get(format!("/timeit/{seconds}"))
        .header("host", server.to_string())
        .body(Body::empty())?;
    let response = client.send_request(request).await?;
    let body = to_bytes(Body::new(response.into_body()), LIMIT).await?;
    // The connection ends with its client.
    drop(client);
    connection.await??;
    Ok(String::from_utf8(body.to_vec())?)
}

async fn single(server: SocketAddr) -> Result<(), Failure> {
    let start = Instant::now();
    println!("{}", get_timeit(server, 2).await?);
    println!("whole time is: {:.3}", start.elapsed().as_secs_f64());
    Ok(())
}

async fn several(server: SocketAddr) -> Result<(), Failure> {
    let start = Instant::now();
    for answer in gather([get_timeit(server, 1), get_timeit(server, 2)]).await? {
        println!("{}", answer?);
    }
    println!("total time is: {:.3}", start.elapsed().as_secs_f64());
    Ok(())
}

async fn main_coroutine() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    let serving = sheave::hyper::serve(listener, sheave::hyper::from_tower(app()));
    let serving = create_task(serving.into_future());
    single(server).await?;
    several(server).await?;
    serving.abort();
    Ok(())
}

pub fn main() {
    run(main_coroutine()).expect("the server answers");
}
