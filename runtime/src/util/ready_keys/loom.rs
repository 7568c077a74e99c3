//! Models of keys that race with their waiter.

use super::ReadyKeys;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Bell(Mutex<bool>, Condvar);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock() = true;
        self.1.notify_one();
    }
}

fn wait_for_key(keys: &ReadyKeys) -> usize {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    loop {
        if let Poll::Ready(key) = keys.poll_pop(&mut Context::from_waker(&waker)) {
            return key;
        }
        let mut rung = bell.0.lock();
        while !*rung {
            bell.1.wait(&mut rung);
        }
        *rung = false;
    }
}

/// Claim: each of two keys that come while the waiter looks, stores its waker or sleeps is taken.
/// Threads 3, bound 2.
#[test]
fn no_key_is_lost() {
    Model::new("ready_keys_none_lost").check(|| {
        let keys = ReadyKeys::new();
        let wakers = [keys.waker(1), keys.waker(2)];
        let others = wakers.map(|waker| thread::spawn(move || waker.wake()));
        assert_eq!(wait_for_key(&keys) + wait_for_key(&keys), 3);
        assert_eq!(keys.pop(), None);
        others.into_iter().for_each(|other| other.join().expect("the wakers end"));
    });
}

#[test]
fn controls() {
    must_catch("util::ready_keys::loom::no_key_is_lost", "ready_keys_no_recheck", &["deadlock"]);
}
