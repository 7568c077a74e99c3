//! Models of the monitor's rest.

use super::super::idle::Idle;
use super::Watch;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

/// Claim: no worker is awake while the monitor rests: the monitor sees that it has got up, or is woken
/// by it. Threads 2, unbounded. Control: `watch_no_fence`, a busy worker with nobody watching.
#[test]
fn rest_races_a_worker_that_gets_up() {
    Model::new("watch::rest_races_a_worker_that_gets_up").unbounded().check(|| {
        let everything = Arc::new((Idle::new(1, 0), Watch::new()));
        everything.0.fall_asleep(0, false);
        let worker = {
            let everything = everything.clone();
            thread::spawn(move || {
                let (idle, watch) = &*everything;
                let _awakened = idle.get_up(0);
                watch.worker_got_up();
                // And here it is stuck in its first poll.
            })
        };
        let (idle, watch) = &*everything;
        while idle.all_asleep() {
            watch.rest(|| !idle.all_asleep());
        }
        worker.join().unwrap();
    });
}

#[test]
fn control_no_fence() {
    let model = "scheduler::watch::loom::rest_races_a_worker_that_gets_up";
    must_catch(model, "watch_no_fence", &["deadlock"]);
}
