//! `gather` as the main of `asyncio::run`, and its end: by Ctrl-C, by a cancellation, by a panic.

use crate::support::{Reluctant, endless, reluctant};
use futures_lite::future::poll_once;
use sheave::asyncio::{self, RunError, Runner, create_task, gather};
use sheave::runtime::Builder;
use sheave::sync::Barrier;
use sheave::task::yield_now;
use sheave_tests::{Drops, watchdog};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const CHILDREN: usize = 4;

fn builders() -> [Builder; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread().worker_threads(2)]
}

/// B64, B65: `run` takes a gather, wherever it was made; asyncio wants a coroutine around it.
#[test]
fn run_takes_a_gather() {
    watchdog(LIMIT, || {
        let made_outside = gather([1, 2].map(|n| async move { n }));
        assert_eq!(asyncio::run(made_outside).expect("none fails"), [1, 2]);
        let made_outside = sheave::gather!(async { 1 }, async { "two" });
        assert_eq!(asyncio::run(made_outside).expect("none fails"), (1, "two"));
        for builder in builders() {
            let inside = async { gather([1, 2].map(|n| async move { n })).await };
            assert_eq!(asyncio::run_with(builder, inside).expect("none fails"), [1, 2]);
        }
    });
}

/// A child that fails ends the run with its error, and the end of the run ends its siblings.
#[test]
fn a_gather_that_fails_ends_the_run_and_its_siblings() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let drops = Drops::new();
            let siblings: Vec<_> = (0..4).map(|_| Reluctant::new(&drops)).collect();
            let main = async {
                let failing = create_task(async { panic!("out of paper") });
                let tasks = siblings.into_iter().map(|held| create_task(endless(held)));
                gather::<(), _>(tasks.chain([failing])).await
            };
            assert!(asyncio::run_with(builder, main).expect_err("one fails").is_panic());
            drops.assert_all();
        }
    });
}

/// A panic beside a gather goes on after the gathered have ended.
#[test]
fn a_panic_of_main_ends_what_it_gathers() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let drops = Drops::new();
            let main = async {
                let mut gathered = gather((0..4).map(|_| reluctant::<()>(&drops)));
                assert!(poll_once(&mut gathered).await.is_some(), "out of paper");
            };
            let run = AssertUnwindSafe(|| asyncio::run_with(builder, main));
            catch_unwind(run).expect_err("the panic goes on");
            assert_eq!(drops.made(), 4);
            drops.assert_all();
        }
    });
}

/// Children that all have begun when `all` is passed, and never end.
fn waiting(
    all: &Arc<Barrier>,
    drops: &Drops,
) -> [impl Future<Output = ()> + Send + 'static + use<>; CHILDREN] {
    [(); CHILDREN].map(|()| {
        let (all, held) = (all.clone(), drops.witness());
        async move {
            all.wait().await;
            endless(held).await
        }
    })
}

/// Ready when the children have ended. Their ends need nobody's help.
async fn ended(drops: &Drops) {
    while drops.dropped() < CHILDREN {
        yield_now().await;
    }
}

/// Who cancels a task that gathers cancels what it gathers, and not only the wait for it.
#[test]
fn cancelling_main_cancels_what_it_gathers() {
    watchdog(LIMIT, || {
        for builder in builders() {
            asyncio::run_with(builder, async {
                let (drops, all) = (Drops::new(), Arc::new(Barrier::new(CHILDREN + 1)));
                let children = waiting(&all, &drops);
                let main = create_task(async { gather(children).await.map(drop) });
                all.wait().await;
                assert!(main.cancel_with_message("the user left"));
                let error = main.await.expect_err("it was cancelled");
                assert_eq!(error.cancel_message(), Some("the user left"));
                ended(&drops).await;
            });
        }
    });
}

/// Names what the child process plays.
const SCENE: &str = "SHEAVE_GATHER_SCENE";

/// What the child processes do; nothing in a run of all tests.
#[test]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    for builder in builders() {
        let (drops, all) = (Drops::new(), Arc::new(Barrier::new(CHILDREN + 1)));
        let children = waiting(&all, &drops);
        let mut runner = Runner::with_builder(builder).on_ctrl_c();
        drop(runner.handle().expect("a runtime").spawn(async move {
            all.wait().await;
            signal_hook::low_level::raise(signal_hook::consts::SIGINT).expect("it is heeded");
        }));
        let interrupted = match scene.as_str() {
            "gather" => runner.try_run(gather(children)).map(drop),
            _ => runner.try_run(async { gather(children).await.map(drop) }).map(drop),
        };
        assert!(matches!(interrupted, Err(RunError::Interrupted)));
        runner.run(ended(&drops));
        println!("- {}", runner.run(async { "another run" }));
    }
}

/// C27: Ctrl-C in a run that gathers ends what it gathers, and the runner goes on.
#[test]
fn ctrl_c_ends_what_a_run_gathers() {
    watchdog(LIMIT, || {
        for scene in ["gather", "main that gathers"] {
            let mut child = Command::new(std::env::current_exe().expect("its path"));
            let child = child.args(["--exact", "run::scene", "--nocapture"]).env(SCENE, scene);
            let output = child.output().expect("a process");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{scene}, {}: {said}", output.status);
            assert_eq!(said.matches("- another run").count(), 2, "{scene}: {said}");
        }
    });
}
