//! The contestants: what the rows need of a runtime, as each one's users write it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A runtime under test. `start` builds it with so many workers and otherwise its defaults.
pub(crate) trait Rt: Send + Sync + Sized + 'static {
    const NAME: &'static str;

    fn start(workers: usize) -> Self;

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Spawns from a thread outside the runtime.
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static;

    /// Spawns from inside a task, with the function that users call there.
    fn spawn_within<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static;

    /// As `spawn`, for a task nobody waits for.
    fn detach(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn(future));
    }

    /// As `spawn_within`, for a task nobody waits for.
    fn detach_within(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn_within(future));
    }

    /// Runs a closure on the blocking pool, called inside a task.
    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    /// Accepts connections for ever and echoes what they send, a task for each.
    fn echo(
        &'static self,
        listener: std::net::TcpListener,
    ) -> impl Future<Output = ()> + Send + 'static;
}

/// The size of an echo server's buffer.
const BUFFER: usize = 1024;

/// A join handle whose task neither panics nor is cancelled.
struct Joined<H>(H);

impl<H, T, E> Future for Joined<H>
where
    H: Future<Output = Result<T, E>> + Unpin,
    E: Debug,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(cx)).expect("the task has an output"))
    }
}

pub(crate) struct Sheave(sheave::runtime::Runtime);

impl Rt for Sheave {
    const NAME: &'static str = "sheave";

    fn start(workers: usize) -> Self {
        let mut builder = sheave::runtime::Builder::new_multi_thread();
        builder = builder.worker_threads(workers);
        Self(builder.build().expect("sheave starts"))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(self.0.spawn(future))
    }

    fn spawn_within<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(sheave::spawn(future))
    }

    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(sheave::task::spawn_blocking(f))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        sheave::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        sheave::time::sleep(duration)
    }

    async fn echo(&'static self, listener: std::net::TcpListener) {
        use futures_lite::{AsyncReadExt, AsyncWriteExt};
        let listener = sheave::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            self.detach_within(async move {
                let mut buffer = [0; BUFFER];
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..n]).await.expect("the client reads");
                }
            });
        }
    }
}

pub(crate) struct Tokio(tokio::runtime::Runtime);

impl Rt for Tokio {
    const NAME: &'static str = "tokio";

    fn start(workers: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(workers).enable_all().build().expect("tokio starts"))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(self.0.spawn(future))
    }

    fn spawn_within<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(tokio::spawn(future))
    }

    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Joined(tokio::task::spawn_blocking(f))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    async fn echo(&'static self, listener: std::net::TcpListener) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        listener.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            self.detach_within(async move {
                let mut buffer = [0; BUFFER];
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..n]).await.expect("the client reads");
                }
            });
        }
    }
}

/// smol as multi-threaded programs have it: threads that run one executor, each in the `block_on`
/// that turns the reactor.
pub(crate) struct Smol {
    executor: Arc<async_executor::Executor<'static>>,
    stop: tokio::sync::watch::Sender<()>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.stop.send_replace(());
        for thread in self.threads.drain(..) {
            thread.join().expect("no task panics");
        }
    }
}

impl Rt for Smol {
    const NAME: &'static str = "smol";

    fn start(workers: usize) -> Self {
        let executor = Arc::new(async_executor::Executor::new());
        let stop = tokio::sync::watch::Sender::new(());
        let threads = (0..workers).map(|_| {
            let (executor, mut stopped) = (executor.clone(), stop.subscribe());
            std::thread::spawn(move || {
                let stopped = async_io::block_on(executor.run(stopped.changed()));
                stopped.expect("the sender waits for this thread");
            })
        });
        let threads = threads.collect();
        Self { executor, stop, threads }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        async_io::block_on(future)
    }

    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        self.executor.spawn(future)
    }

    fn spawn_within<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        self.executor.spawn(future)
    }

    // A dropped `Task` of smol is cancelled.
    fn detach(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(future).detach();
    }

    fn detach_within(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(future).detach();
    }

    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        blocking::unblock(f)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }

    async fn sleep(duration: Duration) {
        async_io::Timer::after(duration).await;
    }

    async fn echo(&'static self, listener: std::net::TcpListener) {
        use futures_lite::{AsyncReadExt, AsyncWriteExt};
        let listener = async_io::Async::new(listener).expect("a listener");
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            self.detach_within(async move {
                let mut buffer = [0; BUFFER];
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..n]).await.expect("the client reads");
                }
            });
        }
    }
}
