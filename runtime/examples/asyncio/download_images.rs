//! E20: three downloads with a client that blocks, at the same time, in the default pool.
//!
//! The server is in this process and takes half a second for each image. Images are saved in the
//! directory that is given, or the system's one for temporary files.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use sheave::asyncio::{create_task, gather, run_in_executor, to_thread};
use sheave::net::TcpListener;
use sheave::time::{Duration, sleep};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{self, PathBuf};
use std::sync::Arc;

/// Python: `requests.get(url).content`. It blocks.
fn requests_get(server: SocketAddr, target: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let end_of_head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    match end_of_head {
        Some(head) if response.starts_with(b"HTTP/1.1 200 ") => Ok(response.split_off(head + 4)),
        _ => Err(io::Error::other(format!("no image at {target}"))),
    }
}

async fn download_image(server: SocketAddr, target: &'static str, directory: Arc<path::Path>) {
    println!("开始下载: http://{server}{target}");
    let future = run_in_executor(None, move || requests_get(server, target));
    let content = future.await.expect("the client does not panic").expect("the server answers");
    println!("下载完成");
    // The name is what comes after the last underscore.
    let (_, name) = target.rsplit_once('_').expect("every target has one");
    let path = directory.join(name);
    to_thread(move || fs::write(path, content)).await.expect("the directory can be written");
}

/// An image of 64 KiB.
async fn image(Path(name): Path<String>) -> Vec<u8> {
    sleep(Duration::from_millis(500)).await;
    name.into_bytes().into_iter().cycle().take(64 * 1024).collect()
}

#[sheave::main]
pub async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = listener.local_addr().expect("it is bound");
    let app = Router::new().route("/images/{name}", get(image));
    let serving = sheave::hyper::serve(listener, sheave::hyper::from_tower(app));
    let serving = create_task(serving.into_future());

    let directory = std::env::args_os().nth(2).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory: Arc<path::Path> = directory.into();
    let targets =
        ["/images/autohomecar_1.jpg", "/images/autohomecar_2.jpg", "/images/autohomecar_3.jpg"];
    let downloads = targets.map(|target| download_image(server, target, directory.clone()));
    gather(downloads).await.expect("no download fails");
    serving.abort();
}
