//! `#[sheave::main]` and `#[sheave::test]` on the real runtime.

use std::num::ParseIntError;

use futures_lite::future::yield_now;
use sheave::runtime::{Handle, RuntimeFlavor};

/// Another name for the runtime's crate, as a library that re-exports it would have.
mod facade {
    pub(crate) use sheave as runtime_crate;
}

#[sheave::main]
async fn parse(text: &str) -> Result<u8, ParseIntError> {
    yield_now().await;
    let n = text.parse::<u8>()?;
    Ok(n)
}

#[sheave::main(flavor = "current_thread")]
async fn increment(mut n: u8, total: &mut u8) {
    yield_now().await;
    n += 1;
    *total += n;
}

#[sheave::main(worker_threads = 2)]
async fn spawn_and_join() -> u8 {
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    assert_eq!(Handle::current().metrics().num_workers(), 2);
    let task = sheave::task::spawn(async { 5 });
    task.await.expect("the task does not panic")
}

#[sheave::main(crate = "facade::runtime_crate")]
async fn renamed() -> bool {
    Handle::try_current().is_ok()
}

struct Greeting(String);

impl Greeting {
    #[sheave::main(flavor = "current_thread")]
    async fn text(&self) -> &str {
        &self.0
    }

    #[sheave::main(flavor = "current_thread")]
    async fn of<T: Into<String>>(name: T) -> Self {
        Self(name.into())
    }

    #[sheave::main(flavor = "current_thread")]
    async fn letters(self) -> impl Iterator<Item = char> {
        self.0.chars().collect::<Vec<_>>().into_iter()
    }
}

#[test]
fn main_passes_results_and_errors_on() {
    assert_eq!(parse("7"), Ok(7));
    assert!(parse("seven").is_err());
}

#[test]
fn main_may_take_arguments_if_it_has_another_name() {
    let mut total = 1;
    increment(1, &mut total);
    assert_eq!(total, 3);
}

#[test]
fn main_is_inside_its_runtime() {
    assert_eq!(spawn_and_join(), 5);
    assert!(renamed());
    assert!(Handle::try_current().is_err(), "and only there");
}

#[test]
fn methods_and_generics_work() {
    let greeting = Greeting::of("hi");
    assert_eq!(greeting.text(), "hi");
    assert_eq!(greeting.letters().count(), 2);
}

#[sheave::test]
async fn a_test_is_inside_its_runtime() {
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
    let task = sheave::task::spawn(async { 6 });
    assert_eq!(task.await.expect("the task does not panic"), 6);
}

#[sheave::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_may_have_workers() {
    assert_eq!(Handle::current().metrics().num_workers(), 2);
    let task = sheave::task::spawn(async { std::thread::current().id() });
    assert_ne!(task.await.expect("the task does not panic"), std::thread::current().id());
}

#[sheave::test]
async fn a_test_may_return_a_result() -> Result<(), ParseIntError> {
    assert_eq!("8".parse::<u8>()?, 8);
    Ok(())
}

#[sheave::test]
#[should_panic(expected = "on purpose")]
async fn a_test_may_be_expected_to_panic() {
    yield_now().await;
    panic!("on purpose");
}

#[sheave::test]
#[ignore = "to show that the attribute arrives: run, it would fail"]
async fn a_test_may_be_ignored() {
    panic!("this test is ignored");
}
