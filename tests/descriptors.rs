//! `AsyncFd` and `Async` on a real runtime.

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use sheave::io::{Async, AsyncFd, Interest};
use sheave::runtime::Runtime;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::task::Poll;

fn pair() -> (AsyncFd<UnixStream>, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    (AsyncFd::new(here).unwrap(), there)
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    future::poll_once(future).await.is_none()
}

#[test]
fn a_guard_clears_what_would_block_and_nothing_else() {
    Runtime::new().unwrap().block_on(async {
        let (here, mut there) = pair();
        let mut wait = Box::pin(here.readable());
        assert!(is_pending(&mut wait).await);
        there.write_all(b"xy").unwrap();
        let mut guard = wait.await.unwrap();
        assert!(guard.ready().is_readable() && !guard.ready().is_writable());
        let mut byte = [0];
        assert_eq!(guard.try_io(|fd| fd.get_ref().read(&mut byte)).unwrap().unwrap(), 1);
        // Not cleared: there may be more, and there is.
        let mut guard = here.readable().await.unwrap();
        assert_eq!(guard.try_io(|fd| fd.get_ref().read(&mut byte)).unwrap().unwrap(), 1);
        assert!(guard.try_io(|fd| fd.get_ref().read(&mut byte)).is_err());
        assert!(is_pending(&mut Box::pin(here.readable())).await);
        // The other direction was not cleared with it.
        assert!(here.writable().await.unwrap().ready().is_writable());
    });
}

#[test]
fn clearing_keeps_news_that_came_since() {
    Runtime::new().unwrap().block_on(async {
        let (here, mut there) = pair();
        there.write_all(b"x").unwrap();
        let mut old = here.readable().await.unwrap();
        // The end of the stream is a newer event; its arrival shows in the readiness.
        drop(there);
        loop {
            let guard = here.readable().await.unwrap();
            if guard.ready().is_read_closed() {
                break;
            }
            sheave::task::yield_now().await;
        }
        old.clear_ready();
        assert!(!is_pending(&mut Box::pin(here.readable())).await);
    });
}

#[test]
fn async_io_waits_and_tries_until_done() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let (here, mut there) = pair();
        let reader = sheave::spawn(async move {
            let mut buf = [0; 16];
            let len = here.async_io(Interest::READABLE, |mut s| s.read(&mut buf)).await.unwrap();
            let mut here = here;
            let more = here.async_io_mut(Interest::READABLE, |s| s.read(&mut buf[len..])).await;
            (len, more.unwrap(), buf)
        });
        sheave::task::yield_now().await;
        there.write_all(b"hello").unwrap();
        while !reader.is_finished() {
            // The second piece, whenever the first has been read.
            let _ = there.write(b"!");
            sheave::task::yield_now().await;
        }
        let (len, more, buf) = reader.await.unwrap();
        assert!(buf[..len + more].starts_with(b"hello!"));
    });
}

#[test]
fn outside_a_runtime_the_value_comes_back_with_the_error() {
    let (here, _there) = UnixStream::pair().unwrap();
    let (_here, error) = AsyncFd::try_new(here).unwrap_err().into_parts();
    assert!(error.to_string().contains("runtime"), "{error}");
}

#[test]
fn the_end_of_the_runtime_ends_a_wait() {
    let runtime = Runtime::new().unwrap();
    let (here, _there) = runtime.block_on(async { pair() });
    let mut wait = Box::pin(here.readable());
    assert!(future::block_on(future::poll_once(&mut wait)).is_none());
    drop(runtime);
    let error = future::block_on(wait).unwrap_err();
    assert_eq!(error.to_string(), "the runtime was shut down");
}

#[test]
fn halves_of_an_async_stream_echo_megabytes() {
    const LEN: usize = 4 << 20;
    Runtime::new().unwrap().block_on(async {
        let listener = Async::new(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let server = sheave::spawn(async move {
            let (stream, _) = listener.read_with(|listener| listener.accept()).await?;
            let stream = Async::new(stream)?;
            futures_lite::io::copy(&stream, &stream).await
        });
        let client = Async::new(TcpStream::connect(address).unwrap()).unwrap();
        let sent: Vec<u8> = (0..LEN).map(|n| (n % 251) as u8).collect();
        let write = async {
            (&client).write_all(&sent).await?;
            client.get_ref().shutdown(std::net::Shutdown::Write)
        };
        let mut got = Vec::new();
        let read = async { (&client).read_to_end(&mut got).await };
        let (written, read) = future::zip(write, read).await;
        written.unwrap();
        assert_eq!(read.unwrap(), LEN);
        assert!(got == sent, "the bytes came back in order");
        assert_eq!(server.await.unwrap().unwrap(), LEN as u64);
    });
}

#[test]
fn a_thousand_sockets_on_all_workers() {
    Runtime::new().unwrap().block_on(async {
        let tasks: Vec<_> = (0..500)
            .map(|n: u32| {
                let (a, b) = UnixStream::pair().unwrap();
                let (mut a, mut b) = (Async::new(a).unwrap(), Async::new(b).unwrap());
                let ponger = sheave::spawn(async move {
                    let mut buf = [0; 4];
                    for _ in 0..20 {
                        b.read_exact(&mut buf).await?;
                        b.write_all(&buf).await?;
                    }
                    io::Result::Ok(())
                });
                sheave::spawn(async move {
                    for round in 0..20 {
                        let ping = (n + round).to_ne_bytes();
                        a.write_all(&ping).await?;
                        let mut pong = [0; 4];
                        a.read_exact(&mut pong).await?;
                        assert_eq!(ping, pong);
                    }
                    ponger.await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_socket_that_is_never_empty_leaves_room_for_others() {
    let runtime = sheave::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let zero = Async::new_nonblocking(UnixStream::pair().unwrap().0);
        let greedy = sheave::spawn(async move {
            loop {
                // An operation that never blocks.
                zero.read_with(|_| Ok(())).await.unwrap();
            }
        });
        sheave::spawn(async {}).await.unwrap();
        greedy.abort();
        assert!(greedy.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn poll_functions_wait_with_the_last_waker() {
    Runtime::new().unwrap().block_on(async {
        let (here, mut there) = pair();
        let first = future::poll_once(future::poll_fn(|cx| here.poll_read_ready(cx).map_ok(drop)));
        assert!(first.await.is_none());
        there.write_all(b"x").unwrap();
        let ready = future::poll_fn(|cx| match here.poll_read_ready(cx) {
            Poll::Ready(guard) => Poll::Ready(guard.unwrap().ready()),
            Poll::Pending => Poll::Pending,
        });
        assert!(ready.await.is_readable());
    });
}
