//! The example `prometheus` as a process: what is scraped from it is what its runtime does.

#[path = "server/client.rs"]
#[allow(dead_code, unreachable_pub)]
mod client;

use client::Connection;
use sheave_tests::{eventually, watchdog};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The example may have to be built.
const LIMIT: Duration = Duration::from_secs(600);

/// The running example, killed when dropped.
struct Example {
    child: Child,
    address: SocketAddr,
}

impl Example {
    /// Builds and starts it with two workers, on a free port, with a sample every 10 ms.
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "sheave", "--example", "prometheus"])
            .args(["--", "0", "10"])
            .env("SHEAVE_WORKER_THREADS", "2")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("the example said {line:?}"));
        Self { child, address: address.parse().unwrap() }
    }

    /// The sum of a metric over its labels; `None` if it is not there.
    fn scrape(&self, metric: &str) -> Option<f64> {
        let page = Connection::open(self.address).request("GET", "/metrics", "");
        assert_eq!(page.status, 200);
        let samples = page.body.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            let (name, _labels) = name.split_once('{').unwrap_or((name, ""));
            (name == metric).then(|| value.parse::<f64>().expect("a value is a number"))
        });
        samples.fold(None, |sum, sample| Some(sum.unwrap_or(0.0) + sample))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // On Unix `cargo run` becomes the program it runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn scraped_values_follow_the_runtime() {
    watchdog(LIMIT, || {
        let example = Example::start();
        let scraped = |metric| example.scrape(metric).unwrap_or(f64::NAN);
        eventually("the first sample is there", || scraped("sheave_workers") == 2.0);
        for metric in ["sheave_stuck_polls_total", "sheave_takeovers_total", "sheave_stand_ins"] {
            assert!(scraped(metric) >= 0.0, "{metric} is missing");
        }
        let spawned = scraped("sheave_spawned_tasks_total");
        let polls = scraped("sheave_worker_polls_total");
        let busy = scraped("sheave_worker_busy_microseconds_total");
        let mut client = Connection::open(example.address);
        for _ in 0..50 {
            assert_eq!(client.request("GET", "/spawn", "").status, 200);
        }
        eventually("fifty tasks are counted", || {
            scraped("sheave_spawned_tasks_total") >= spawned + 50.0
        });
        assert!(scraped("sheave_worker_polls_total") >= polls + 50.0);
        assert!(scraped("sheave_worker_busy_microseconds_total") > busy);
        // This connection and the listener, at least.
        assert!(scraped("sheave_reactor_sources") >= 2.0);
        assert_eq!(example.scrape("sheave_no_such_metric"), None);
    });
}
