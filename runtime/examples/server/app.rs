//! The routes.

use crate::notes::{Note, NoteError, Notes};
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sheave::runtime::Handle;
use sheave::time::{sleep, timeout};
use sheave::to_thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// The longest that `/timeit` may be asked for, in seconds.
const LONGEST: u64 = 3600;

#[derive(Clone)]
struct App {
    notes: Notes,
    runtime: Handle,
    in_flight: InFlight,
}

/// How many requests are being handled.
type InFlight = Arc<AtomicUsize>;

/// One request that is being handled.
struct Handling(InFlight);

impl Handling {
    fn begin(count: InFlight) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

pub fn router(notes: Notes, runtime: Handle, request_timeout: Duration) -> Router {
    let in_flight = InFlight::default();
    let app = App { notes, runtime, in_flight: in_flight.clone() };
    let limit = move |request, next| limit_time(request_timeout, in_flight.clone(), request, next);
    Router::new()
        .route("/", get(hello))
        .route("/timeit/{seconds}", get(timeit))
        .route("/timeit-blocking/{seconds}", get(timeit_blocking))
        .route("/notes", get(list_notes).post(create_note))
        .route("/notes/{id}", get(read_note).delete(delete_note))
        .route("/stats", get(stats))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(limit))
        .with_state(app)
}

/// Answers 504 to a request that takes too long; its handler is dropped.
async fn limit_time(
    limit: Duration,
    in_flight: InFlight,
    request: Request,
    next: Next,
) -> Response {
    let _handling = Handling::begin(in_flight);
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Failure(StatusCode::GATEWAY_TIMEOUT, "the request took too long".into()).into_response()
        }
    }
}

async fn hello() -> Json<Value> {
    Json(json!({ "Hello": "World" }))
}

/// Sleeps on the timer wheel: no thread waits.
async fn timeit(Number(seconds): Number) -> Json<String> {
    sleep(Duration::from_secs(seconds.min(LONGEST))).await;
    Json(format!("sleep seconds: {seconds}"))
}

/// Sleeps in a thread of the blocking pool, as synchronous code would.
async fn timeit_blocking(Number(seconds): Number) -> Json<String> {
    to_thread(move || std::thread::sleep(Duration::from_secs(seconds.min(LONGEST)))).await;
    Json(format!("sleep seconds: {seconds}"))
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn list_notes(State(app): State<App>) -> Result<Json<Vec<Note>>, Failure> {
    Ok(Json(app.notes.list().await?))
}

async fn create_note(
    State(app): State<App>,
    Body(new): Body<NewNote>,
) -> Result<(StatusCode, Json<Note>), Failure> {
    Ok((StatusCode::CREATED, Json(app.notes.create(new.text).await?)))
}

async fn read_note(State(app): State<App>, Number(id): Number) -> Result<Json<Note>, Failure> {
    Ok(Json(app.notes.read(id).await?))
}

async fn delete_note(State(app): State<App>, Number(id): Number) -> Result<StatusCode, Failure> {
    app.notes.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stats(State(app): State<App>) -> Json<Value> {
    let metrics = app.runtime.metrics();
    let workers: Vec<Value> = (0..metrics.num_workers())
        .map(|worker| {
            json!({
                "polls": metrics.worker_poll_count(worker),
                "parks": metrics.worker_park_count(worker),
                "steals": metrics.worker_steal_operations(worker),
                "spawns": metrics.worker_spawn_count(worker),
                "io_wakes": metrics.worker_io_wake_count(worker),
                "timer_wakes": metrics.worker_timer_wake_count(worker),
                "queued": metrics.worker_local_queue_depth(worker),
                "sources": metrics.worker_source_count(worker),
            })
        })
        .collect();
    Json(json!({
        "workers": workers,
        "in_flight": app.in_flight.load(Relaxed),
        "alive_tasks": metrics.num_alive_tasks(),
        "global_queue": metrics.global_queue_depth(),
        "blocking": {
            "threads": metrics.num_blocking_threads(),
            "idle": metrics.num_idle_blocking_threads(),
            "queued": metrics.blocking_queue_depth(),
        },
    }))
}

/// A path segment that must be a whole number; 422 if it is not.
struct Number(u64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Failure> {
        let path: Result<Path<u64>, PathRejection> = Path::from_request_parts(parts, state).await;
        path.map(|Path(number)| Self(number))
            .map_err(|rejection| Failure(StatusCode::UNPROCESSABLE_ENTITY, rejection.body_text()))
    }
}

/// A JSON body whose rejections are JSON too.
struct Body<T>(T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        body.map(|Json(body)| Self(body))
            .map_err(|rejection| Failure(rejection.status(), rejection.body_text()))
    }
}

/// An error as the client sees it.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "detail": self.1 }))).into_response()
    }
}

impl From<NoteError> for Failure {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Missing(id) => Self(StatusCode::NOT_FOUND, format!("there is no note {id}")),
            NoteError::Database(error) => {
                eprintln!("database: {error}");
                Self(StatusCode::INTERNAL_SERVER_ERROR, "the database failed".into())
            }
        }
    }
}
