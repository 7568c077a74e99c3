//! Models of the packet: a result meets a poll.

use super::{Outcome, Packet, pack};
use crate::error::JobError;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;
use std::task::{Wake, Waker};

/// A waker that a thread can wait for.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn await_ring(&self) {
        let mut rung = self.rung.lock();
        while !*rung {
            self.changed.wait(&mut rung);
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock() = true;
        self.changed.notify_one();
    }
}

fn await_packet<F: Send, T: Send>(packet: &Packet<F, T>) -> Result<T, JobError> {
    let bell = Arc::new(Bell::default());
    loop {
        if let Some(result) = packet.collect_or_register(Waker::from(bell.clone())) {
            return result;
        }
        bell.await_ring();
    }
}

/// Claim: whoever polls while the job ends gets the result or a wake. Threads 2, no bound.
/// Control: a poll that leaves its waker after it has let go of the lock.
#[test]
fn result_races_poll() {
    Model::new("result_races_poll").unbounded().check(|| {
        let (packet, job) = pack(|| 7);
        let running = thread::spawn(move || job.run());
        assert_eq!(await_packet(&packet).unwrap(), 7);
        running.join().unwrap();
    });
}

#[test]
fn result_races_poll_control() {
    must_catch("handle::loom::result_races_poll", "handle_registers_late", &["deadlock"]);
}

/// Claim: whoever waits while the job is cancelled learns of it. Threads 2, no bound.
/// Control: a delivery that notifies nobody.
#[test]
fn cancellation_races_wait() {
    Model::new("cancellation_races_wait").unbounded().check(|| {
        let (packet, job) = pack(|| 7);
        let cancelling = thread::spawn(move || job.cancel());
        assert!(Outcome::wait(&*packet).unwrap_err().is_cancelled());
        cancelling.join().unwrap();
    });
}

#[test]
fn cancellation_races_wait_control() {
    must_catch("handle::loom::cancellation_races_wait", "handle_delivers_silently", &["deadlock"]);
}
