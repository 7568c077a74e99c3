//! What the tests share.
#![allow(dead_code, unreachable_pub)]

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longer than anything here takes, on any machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Polls until the condition holds; for what has no event to wait for, such as a metric.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::yield_now();
    }
}

/// A door that jobs wait at, and that tells how many wait.
#[derive(Clone, Default)]
pub struct Door(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Door {
    /// Waits until the door is open.
    pub fn pass(&self) {
        let (lock, changed) = &*self.0;
        let mut door = lock.lock().unwrap();
        door.0 += 1;
        changed.notify_all();
        while !door.1 {
            door = changed.wait(door).unwrap();
        }
        door.0 -= 1;
    }

    /// Waits until `count` threads stand at the door.
    #[track_caller]
    pub fn await_crowd(&self, count: usize) {
        let (lock, changed) = &*self.0;
        let door = lock.lock().unwrap();
        let (door, timeout) =
            changed.wait_timeout_while(door, PATIENCE, |door| door.0 < count).unwrap();
        assert!(!timeout.timed_out(), "only {} of {count} came to the door", door.0);
    }

    pub fn crowd(&self) -> usize {
        self.0.0.lock().unwrap().0
    }

    pub fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }
}
