//! A task blocks on an answer that its own runtime must give: a call of a blocking client to a server on
//! the same runtime, made by the task that a timer has just woken.
//!
//! The worker that has turned the I/O driver runs that task and is gone. Another worker sleeps, but on
//! tokio nothing tells it to turn the driver in the first one's stead (tokio-rs/tokio#4730; its unstable
//! `enable_eager_driver_handoff` does, at the price of a wake per turn), so the answer never comes. There
//! is no ratio of something to never: the case prints who answered, and when.

use crate::contest::{Contest, WORKERS};
use crate::rt::{Rt, Sheave, Smol, Tokio};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const NAME: &str = "a task blocks on its own runtime's answer";
/// An answer takes milliseconds at most.
const NEVER: Duration = Duration::from_secs(2);

pub(crate) fn run(contest: &Contest) {
    if contest.wants(NAME) {
        println!("{NAME}:");
        tell(Tokio::NAME, answered::<Tokio>());
        tell(Smol::NAME, answered::<Smol>());
        tell(Sheave::NAME, answered::<Sheave>());
    }
}

fn tell(name: &str, answered: Option<Duration>) {
    match answered {
        Some(time) => println!("  {name}: answered after {time:.1?}"),
        None => println!("  {name}: hangs, no answer in {NEVER:?}"),
    }
}

/// How long the blocked task waited for its answer. `None`: it gave up, and only then its runtime went
/// on.
fn answered<R: Rt>() -> Option<Duration> {
    let rt: &'static R = Box::leak(Box::new(R::start(WORKERS)));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    rt.detach(rt.echo(listener));
    let (tell, told) = mpsc::channel();
    rt.detach(async move {
        R::sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        let answer = ask(address).is_ok().then(|| start.elapsed());
        tell.send(answer).expect("the case waits");
    });
    told.recv_timeout(2 * NEVER + Duration::from_secs(10)).expect("the client gives up in time")
}

/// What a blocking client does.
fn ask(server: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(NEVER))?;
    stream.write_all(b"?")?;
    stream.read_exact(&mut [0])
}
