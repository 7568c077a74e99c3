//! Models of the monitor's service and of its end.

use super::super::Shared;
use super::super::config::Config;
use super::super::loom::{config, shared, spawn};
use super::super::vacancy::Offer;
use super::super::worker;
use super::run;
use sheave_facade::deque::Steal;
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
        worker::run(shared.clone(), 0, Offer::FIRST);
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

/// Claim: a stand-in that leaves, because the poll it stands for has ended, leaves no task behind: what
/// it has queued goes to the workers, also to one that is falling asleep. Threads 2, bound 2.
/// Control: `stand_in_keeps_its_queue`.
#[test]
fn stand_in_leaves_nothing_behind() {
    Model::new("monitor::stand_in_leaves_nothing_behind").check(|| {
        let shared = Shared::new(Config { max_stand_ins: 1, ..config(1) }).unwrap();
        shared.lifecycle.worker_enters();
        shared.lifecycle.worker_enters();
        let end = shared.clone();
        spawn(&shared, async move { end.close() });
        // The task is in the queue of the stand-in, whose duty is over.
        let Steal::Success(task) = shared.injector.steal() else { unreachable!("just spawned") };
        let core = shared.remotes[1].vacancy.lock().take_any().unwrap();
        core.queue.push(task);
        let offer = shared.remotes[1].vacancy.lay_down(core);
        shared.include(1);
        shared.remotes[1].duty.begin(0, 1);
        let stand_in = {
            let shared = shared.clone();
            thread::spawn(move || {
                worker::run(shared.clone(), 1, offer);
                assert_eq!(shared.relieve_stand_ins(), 0, "it is still on duty");
            })
        };
        worker::run(shared.clone(), 0, Offer::FIRST);
        stand_in.join().unwrap();
        assert!(shared.remotes[1].vacancy.offer().is_some(), "no core for the next duty");
    });
}

#[test]
fn control_stand_in_keeps_its_queue() {
    let model = "scheduler::monitor::loom::stand_in_leaves_nothing_behind";
    must_catch(model, "stand_in_keeps_its_queue", &["deadlock"]);
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
