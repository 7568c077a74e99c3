//! The twins of `programs.py`.

use sheave::asyncio::{create_task, gather};
use sheave::io::{AsyncReadExt, AsyncWriteExt, Result};
use sheave::net::{TcpListener, TcpStream};
use sheave::runtime::Runtime;
use sheave::sync::mpsc;
use sheave::time::{Duration, sleep};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Instant;

/// A program: its name in both languages, what it does, and its run on a runtime.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) seconds: fn(&Runtime) -> f64,
}

pub(crate) const PROGRAMS: [Program; 6] = [
    Program {
        name: "spawn_and_join",
        does: "100,000 tasks made and awaited",
        seconds: |rt| timed(rt, spawn_and_join()),
    },
    Program { name: "yields", does: "`sleep(0)` 100,000 times", seconds: |rt| timed(rt, yields()) },
    Program {
        name: "sleeps",
        does: "10,000 sleeps of 1 ms, gathered",
        seconds: |rt| timed(rt, sleeps()),
    },
    Program {
        name: "queue",
        does: "100,000 messages through a queue of 64",
        seconds: |rt| timed(rt, queue()),
    },
    Program {
        name: "echo",
        does: "echo of 64 bytes, 50 connections, 10,000 round trips",
        seconds: |rt| timed(rt, async { echo().await.expect("the sockets work") }),
    },
    Program {
        name: "to_thread",
        does: "`to_thread` 1,000 times, in a row",
        seconds: |rt| timed(rt, to_thread()),
    },
];

/// As a task, which Python's main is too.
fn timed(runtime: &Runtime, program: impl Future<Output = ()> + Send + 'static) -> f64 {
    let task = runtime.spawn(async {
        let start = Instant::now();
        program.await;
        start.elapsed().as_secs_f64()
    });
    runtime.block_on(task).expect("the program does not panic")
}

async fn nothing() {}

async fn spawn_and_join() {
    let tasks: Vec<_> = (0..100_000).map(|_| create_task(nothing())).collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

async fn yields() {
    for _ in 0..100_000 {
        sleep(Duration::ZERO).await;
    }
}

async fn sleeps() {
    let all = (0..10_000).map(|_| sleep(Duration::from_millis(1)));
    gather(all).await.expect("no task panics");
}

async fn queue() {
    let (messages, mut received) = mpsc::channel(64);
    let producer = create_task(async move {
        for n in 0..100_000 {
            messages.send(n).await.expect("the receiver is there");
        }
    });
    for _ in 0..100_000 {
        received.recv().await.expect("the sender is there");
    }
    producer.await.expect("it does not panic");
}

async fn echo() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = create_task(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            drop(create_task(serve(stream)));
        }
    });
    let all = gather((0..50).map(|_| connect(address))).await.expect("no task panics");
    server.abort();
    all.into_iter().collect()
}

async fn serve(mut stream: TcpStream) {
    let mut buffer = [0; 1024];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

async fn connect(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut received = [0; 64];
    for _ in 0..200 {
        stream.write_all(&[0; 64]).await?;
        stream.read_exact(&mut received).await?;
    }
    Ok(())
}

async fn to_thread() {
    for _ in 0..1000 {
        sheave::to_thread(|| 0).await;
    }
}
