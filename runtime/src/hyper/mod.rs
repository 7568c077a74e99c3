//! [hyper] on sheave: its I/O traits for our streams, its executor and timer, and an accept loop
//! that drains.
//!
//! Feature `hyper`. No tokio runtime is involved.
//!
//! [hyper]: https://hyper.rs
//!
//! # Examples
//! ```no_run
//! use axum::{Router, routing::get};
//! use sheave::{hyper, net::TcpListener, signal};
//!
//! #[sheave::main]
//! async fn main() -> std::io::Result<()> {
//!     let app = Router::new().route("/", get(|| async { "hello" }));
//!     let listener = TcpListener::bind("127.0.0.1:8000").await?;
//!     let served = hyper::serve(listener, hyper::from_tower(app))
//!         .with_graceful_shutdown(async { _ = signal::ctrl_c().await })
//!         .await?;
//!     println!("served {} requests", served.requests);
//!     Ok(())
//! }
//! ```

mod connection;
mod drain;
mod io;
mod rt;
mod serve;
#[cfg(all(test, not(loom)))]
mod tests;

pub use hyper_util::service::TowerToHyperService;
pub use rt::{Executor, Timer};
pub use serve::{Listener, Serve, Served, serve};

/// Makes a hyper service of a tower service, such as an axum `Router`.
pub fn from_tower<S>(service: S) -> TowerToHyperService<S> {
    TowerToHyperService::new(service)
}
