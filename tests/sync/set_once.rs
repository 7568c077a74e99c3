//! `SetOnce`: who waits, who is refused, and what is dropped when.

use super::Driven;
use sheave::sync::{SetOnce, SetOnceError};
use std::sync::Arc;
use std::thread;

#[test]
fn all_who_wait_get_the_one_value() {
    static VALUE: SetOnce<u32> = SetOnce::const_new();
    let mut waits = [Driven::new(VALUE.wait()), Driven::new(VALUE.wait())];
    waits.iter_mut().for_each(Driven::assert_pending);
    assert!(!VALUE.initialized() && VALUE.get().is_none());
    assert_eq!(VALUE.set(7), Ok(()));
    assert_eq!(VALUE.set(8), Err(SetOnceError(8)));
    for wait in &mut waits {
        assert_eq!((wait.wakes(), wait.assert_ready()), (1, &7));
    }
    assert_eq!(Driven::new(VALUE.wait()).assert_ready(), &7);
    assert!(VALUE.initialized());
}

#[test]
fn a_dropped_wait_leaves_nothing_behind() {
    let value = SetOnce::new();
    let mut quitter = Driven::new(value.wait());
    quitter.assert_pending();
    let wakes = quitter.wakes.clone();
    drop(quitter);
    let mut wait = Driven::new(value.wait());
    wait.assert_pending();
    value.set(1).expect("first");
    assert_eq!(wakes.0.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(wait.assert_ready(), &1);
}

#[test]
fn a_value_from_the_start_is_there() {
    static VALUE: SetOnce<u32> = SetOnce::const_new_with(7);
    assert_eq!(Driven::new(VALUE.wait()).assert_ready(), &7);
    assert_eq!(VALUE.set(8), Err(SetOnceError(8)));
    assert_eq!(SetOnce::from(1), SetOnce::new_with(Some(1)));
    assert_ne!(SetOnce::from(1), SetOnce::new());
    let clone = SetOnce::from(1).clone();
    assert_eq!(format!("{clone:?}"), "SetOnce { value: Some(1), .. }");
}

#[test]
fn each_value_is_dropped_once() {
    let token = Arc::new(());
    let value = SetOnce::new();
    value.set(token.clone()).expect("first");
    drop(value.set(token.clone()));
    assert_eq!(Arc::strong_count(&token), 2);
    assert!(value.into_inner().is_some());
    assert_eq!(Arc::strong_count(&token), 1);
    drop(SetOnce::from(token.clone()));
    assert_eq!(Arc::strong_count(&token), 1);
    assert_eq!(SetOnce::<u32>::new().into_inner(), None);
}

#[test]
fn who_loses_a_race_finds_the_value() {
    for _ in 0..500 {
        let value = SetOnce::new();
        let won = thread::scope(|scope| {
            let setters = [1, 2].map(|own| {
                let value = &value;
                scope.spawn(move || {
                    let won = value.set(own).is_ok();
                    assert_eq!(won, value.get() == Some(&own));
                    won
                })
            });
            setters.map(|setter| setter.join().expect("no panic"))
        });
        assert!(won[0] != won[1]);
    }
}
