//! The main job: an axum application on sheave, with timers, blocking work, a database and a
//! graceful end.
//!
//! ```text
//! cargo run --release --example server -- [--port 8000] [--workers N] [--db FILE]
//!     [--request-timeout SECONDS] [--drain SECONDS] [--header-timeout SECONDS]
//! ```
#![allow(unreachable_pub)]

mod app;
mod notes;
mod options;

use options::Options;
use sheave::net::TcpListener;
use sheave::runtime::{Builder, Handle};
use sheave::signal::unix::{SignalKind, signal};
use sheave::{hyper, select};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::from_args(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n{}", Options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = options.workers {
        builder = builder.worker_threads(workers);
    }
    // The listener's task runs on a worker too: `block_on` only waits for it.
    let runtime = builder.build()?;
    runtime.block_on(runtime.spawn(serve(options)))?
}

async fn serve(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let notes = notes::Notes::open(options.db.as_deref()).await?;
    let app = app::router(notes, Handle::current(), options.request_timeout);
    // Listen for signals before saying that we are there.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);

    let served = hyper::serve(listener, hyper::from_tower(app))
        .drain_timeout(options.drain)
        .header_read_timeout(options.header_timeout)
        .with_graceful_shutdown(async move {
            select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            println!("draining");
        })
        .await?;
    println!(
        "served {} requests on {} connections; {} connections cut off",
        served.requests, served.connections, served.cut_off
    );
    Ok(())
}
