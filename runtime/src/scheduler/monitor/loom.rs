//! Models of the monitor's service and of its end.

use super::super::loom::{shared, spawn};
use super::super::worker;
use super::run;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;

/// Claim: a task in the slot is taken by its worker or by the monitor that serves that worker, and
/// polled once (W3); if the monitor took it, its worker hears of it, also while falling asleep.
/// Threads 2, bound 3. Control: `slot_take_by_halves`.
#[test]
fn service_races_the_owner_of_the_slot() {
    Model::new("monitor::service_races_the_owner_of_the_slot").bound(3).check(|| {
        let shared = shared(1);
        let (inner, end) = (shared.clone(), shared.clone());
        spawn(&shared, async move {
            // Woken on its own worker, so it goes to the slot.
            spawn(&inner, async move { end.close() });
        });
        let monitor = {
            let shared = shared.clone();
            thread::spawn(move || shared.serve(0))
        };
        worker::run(shared.clone(), 0);
        monitor.join().unwrap();
        assert_eq!(shared.remotes[0].metrics.polls.get(), 2, "two tasks, each polled once");
    });
}

/// Claim: the monitor ends with its runtime, also if it is just going to rest. Threads 2, bound 3.
/// Control: `close_leaves_the_monitor`.
#[test]
fn close_races_the_monitors_rest() {
    Model::new("monitor::close_races_the_monitors_rest").bound(3).check(|| {
        let shared = shared(1);
        // The worker sleeps, so that the monitor may rest.
        shared.idle.fall_asleep(0, false);
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || shared.close())
        };
        run(&shared);
        closer.join().unwrap();
    });
}

#[test]
fn control_slot_take_by_halves() {
    let model = "scheduler::monitor::loom::service_races_the_owner_of_the_slot";
    must_catch(model, "slot_take_by_halves", &["panicked"]);
}

#[test]
fn control_close_leaves_the_monitor() {
    let model = "scheduler::monitor::loom::close_races_the_monitors_rest";
    must_catch(model, "close_leaves_the_monitor", &["deadlock"]);
}
