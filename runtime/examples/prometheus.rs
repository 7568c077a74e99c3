//! A runtime's metrics in Prometheus: a task samples them into the facade `metrics`, and `/metrics` says
//! what its exporter has gathered.
//!
//! ```text
//! cargo run --example prometheus -- [port] [milliseconds between samples]
//! ```
//!
//! Whatever else the program counts with `metrics::counter!` and the like is on the same page.

use axum::Router;
use axum::routing::get;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sheave::net::TcpListener;
use sheave::runtime::{Handle, RuntimeMetrics};
use sheave::time::{Duration, interval};
use std::error::Error;

#[sheave::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(9000), |port| port.parse())?;
    let period = arguments.next().map_or(Ok(1_000), |millis| millis.parse())?;

    let exporter = PrometheusBuilder::new().build_recorder();
    let page = exporter.handle();
    metrics::set_global_recorder(exporter)?;
    drop(sheave::spawn(sample(Handle::current(), page.clone(), Duration::from_millis(period))));

    let app = Router::new().route("/metrics", get(async move || page.render()));
    // Polls to count, for who has no other work at hand.
    let app = app.route("/spawn", get(async || sheave::spawn(async {}).await.map_err(|_| "")));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    sheave::hyper::serve(listener, sheave::hyper::from_tower(app)).await?;
    Ok(())
}

/// Takes a snapshot now and then.
async fn sample(runtime: Handle, page: PrometheusHandle, period: Duration) {
    let mut ticks = interval(period);
    loop {
        ticks.tick().await;
        record(&runtime.metrics());
        // What the exporter does in the background where it has a runtime of its own.
        page.run_upkeep();
    }
}

/// Enters a snapshot. Counts that never fall are counters, moments are gauges, times are in seconds.
fn record(now: &RuntimeMetrics) {
    gauge!("sheave_workers").set(now.num_workers() as f64);
    gauge!("sheave_alive_tasks").set(now.num_alive_tasks() as f64);
    gauge!("sheave_global_queue_depth").set(now.global_queue_depth() as f64);
    gauge!("sheave_stand_ins").set(now.num_stand_ins() as f64);
    gauge!("sheave_longest_poll_seconds").set(now.longest_poll().as_secs_f64());
    counter!("sheave_spawned_tasks_total").absolute(now.spawned_tasks_count());
    counter!("sheave_stuck_polls_total").absolute(now.stuck_poll_count());
    counter!("sheave_takeovers_total").absolute(now.takeover_count());
    gauge!("sheave_blocking_threads").set(now.num_blocking_threads() as f64);
    gauge!("sheave_blocking_idle_threads").set(now.num_idle_blocking_threads() as f64);
    gauge!("sheave_blocking_queue_depth").set(now.blocking_queue_depth() as f64);
    counter!("sheave_blocking_jobs_total").absolute(now.completed_blocking_jobs_count());
    for worker in 0..now.num_workers() {
        record_worker(now, worker);
    }
    for reactor in 0..now.num_reactors() {
        let sources = gauge!("sheave_reactor_sources", "reactor" => reactor.to_string());
        sources.set(now.reactor_source_count(reactor) as f64);
    }
}

fn record_worker(now: &RuntimeMetrics, worker: usize) {
    let label = [("worker", worker.to_string())];
    let busy = now.worker_total_busy_duration(worker);
    // A counter of this facade is a whole number; its unit is in its name.
    counter!("sheave_worker_busy_microseconds_total", &label).absolute(busy.as_micros() as u64);
    counter!("sheave_worker_polls_total", &label).absolute(now.worker_poll_count(worker));
    counter!("sheave_worker_parks_total", &label).absolute(now.worker_park_count(worker));
    counter!("sheave_worker_steals_total", &label).absolute(now.worker_steal_operations(worker));
    let queued = now.worker_local_schedule_count(worker);
    counter!("sheave_worker_local_schedules_total", &label).absolute(queued);
    counter!("sheave_worker_io_wakes_total", &label).absolute(now.worker_io_wake_count(worker));
    let timers = now.worker_timer_wake_count(worker);
    counter!("sheave_worker_timer_wakes_total", &label).absolute(timers);
    let depth = now.worker_local_queue_depth(worker);
    gauge!("sheave_worker_queue_depth", &label).set(depth as f64);
}
