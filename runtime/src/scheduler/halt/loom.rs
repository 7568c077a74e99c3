//! Models of a stop. Thread 0 runs.

use super::Halt;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;
use std::task::{Wake, Waker};

#[derive(Default)]
struct Bell(Mutex<bool>, Condvar);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock() = true;
        self.1.notify_one();
    }
}

/// Claim: a run ends, whether it is stopped before it begins, while it looks, or while it sleeps; and
/// two who stop it end it once.
/// Threads 2; bound: none. Controls: `halt_unheard`, `halt_forgets_an_early_stop`.
#[test]
fn a_stop_races_the_beginning_and_the_sleep_of_a_run() {
    Model::new("halt::a_stop_races_the_beginning_and_the_sleep_of_a_run").unbounded().check(|| {
        let halt = Arc::new(Halt::default());
        let stopper = {
            let halt = halt.clone();
            thread::spawn(move || halt.ask().into_iter().for_each(|run| halt.end(run)))
        };
        let (number, is_asked) = halt.begin();
        if is_asked {
            halt.end(number);
        }
        let bell = Arc::new(Bell::default());
        if halt.listen(number, &Waker::from(bell.clone())).is_pending() {
            let mut rung = bell.0.lock();
            while !*rung {
                bell.1.wait(&mut rung);
            }
        }
        halt.leave(number);
        stopper.join().unwrap();
        assert!(!halt.begin().1, "a stop ends one run");
    });
}

const MODEL: &str = "scheduler::halt::loom::a_stop_races_the_beginning_and_the_sleep_of_a_run";

#[test]
fn control_unheard() {
    must_catch(MODEL, "halt_unheard", &["deadlock"]);
}

#[test]
fn control_forgets_an_early_stop() {
    must_catch(MODEL, "halt_forgets_an_early_stop", &["deadlock"]);
}
