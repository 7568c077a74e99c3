//! A model of the announcement. Thread 0 listens.

use super::{Announcement, Listener};
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

/// Claim: a listener hears of the announcement, whether it listens before, during or after it.
/// Threads 2; bound: none. Control: `announcement_unheard`.
#[test]
fn listening_races_the_announcement() {
    Model::new("announcement::listening_races_the_announcement").unbounded().check(|| {
        let announcement = Arc::new(Announcement::default());
        let maker = {
            let announcement = announcement.clone();
            thread::spawn(move || announcement.make())
        };
        let (bell, mut listener) = (Arc::new(Bell::default()), Listener::default());
        if announcement.listen(&mut listener, &Waker::from(bell.clone())).is_pending() {
            let mut rung = bell.0.lock();
            while !*rung {
                bell.1.wait(&mut rung);
            }
        }
        announcement.leave(&mut listener);
        maker.join().unwrap();
    });
}

#[test]
fn control_unheard() {
    let model = "scheduler::announcement::loom::listening_races_the_announcement";
    must_catch(model, "announcement_unheard", &["deadlock"]);
}
