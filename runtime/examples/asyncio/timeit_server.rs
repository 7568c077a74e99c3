//! E23: a server that says hello, and sleeps for as long as it is asked to.
//!
//! ```text
//! cargo run --example asyncio -- timeit_server [PORT]
//! curl http://127.0.0.1:8000/timeit/2
//! ```

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sheave::asyncio::to_thread;
use sheave::net::TcpListener;
use sheave::time::{Duration, sleep};
use sheave::{hyper, signal};

type Answer = Result<Json<String>, StatusCode>;

/// The routes, which the client's example serves too.
pub fn app() -> Router {
    Router::new()
        .route("/", get(read_root))
        .route("/timeit/{seconds}", get(timeit))
        .route("/timeit-async/{seconds}", get(timeit_async))
}

async fn read_root() -> Json<Value> {
    Json(json!({ "Hello": "World" }))
}

/// Python: a handler that is a plain `def`, which FastAPI calls in a thread.
async fn timeit(seconds: Result<Path<u64>, PathRejection>) -> Answer {
    let seconds = number(seconds)?;
    to_thread(move || std::thread::sleep(Duration::from_secs(seconds))).await;
    Ok(Json(format!("sleep seconds: {seconds}")))
}

/// Python: a handler that is an `async def`.
async fn timeit_async(seconds: Result<Path<u64>, PathRejection>) -> Answer {
    let seconds = number(seconds)?;
    sleep(Duration::from_secs(seconds)).await;
    Ok(Json(format!("sleep seconds: {seconds}")))
}

/// As FastAPI: 422 for what is no number.
fn number(seconds: Result<Path<u64>, PathRejection>) -> Result<u64, StatusCode> {
    let Path(seconds) = seconds.map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    Ok(seconds)
}

#[sheave::main]
pub async fn main() {
    let port = std::env::args().nth(2).map_or(8000, |port| port.parse().expect("a port"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    let address = listener.local_addr().expect("it is bound");
    println!("listening on http://{address}");
    hyper::serve(listener, hyper::from_tower(app()))
        .with_graceful_shutdown(async { _ = signal::ctrl_c().await })
        .await
        .expect("it can accept");
}
