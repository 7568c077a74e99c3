//! `BoundedSemaphore`: what is released too often, order, dropped grants.

use super::Driven;
use sheave::sync::{BoundedSemaphore, OverRelease, TryAcquireError};

#[test]
fn over_release_is_an_error_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(2);
    assert_eq!(semaphore.release(), Err(OverRelease));
    let held = semaphore.try_acquire().expect("there are two");
    // Somebody else's permit cannot be released either.
    assert_eq!(semaphore.release(), Err(OverRelease));
    semaphore.try_acquire().expect("one is left").forget();
    assert!(semaphore.locked());
    assert_eq!(semaphore.release(), Ok(()));
    assert_eq!(semaphore.release(), Err(OverRelease));
    drop(held);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn permits_are_given_in_the_order_of_arrival() {
    let semaphore = BoundedSemaphore::new(1);
    let held = semaphore.try_acquire().expect("there is one");
    let (mut first, mut second) =
        (Driven::new(semaphore.acquire()), Driven::new(semaphore.acquire()));
    first.assert_pending();
    second.assert_pending();
    drop(held);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    drop(first);
    second.assert_ready().forget();
    assert!(semaphore.locked());
    assert_eq!(semaphore.release(), Ok(()));
    assert!(!semaphore.locked());
}

#[test]
fn without_permits_all_wait() {
    let semaphore = BoundedSemaphore::new(0);
    Driven::new(semaphore.acquire()).assert_pending();
    assert_eq!(semaphore.release(), Err(OverRelease));
}

#[test]
#[should_panic(expected = "a semaphore has at most")]
fn too_many_permits_are_refused() {
    _ = BoundedSemaphore::new(usize::MAX);
}
