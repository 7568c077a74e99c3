//! Models of a bounded semaphore: what is released at the same time.

use super::BoundedSemaphore;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

/// Claim: of two who release the one forgotten permit, one succeeds, and one waiter gets it.
/// Threads 3, bound 2.
#[test]
fn one_of_two_releases_succeeds() {
    Model::new("bounded_semaphore_releases").check(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        block_on(semaphore.acquire()).forget();
        let releasers: [_; 2] = std::array::from_fn(|_| {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release().is_ok())
        });
        let permit = block_on(semaphore.acquire());
        let released = releasers.map(|releaser| releaser.join().expect("it does not wait"));
        assert_ne!(released[0], released[1], "one of them came too late");
        drop(permit);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn controls() {
    let model = "sync::bounded_semaphore::loom::one_of_two_releases_succeeds";
    must_catch(model, "bounded_semaphore_without_bound", &["one of them came too late"]);
}
