//! The lanes beside the suite: benchmarks, chaos, and the storm test plain and under sanitisers.

use crate::step::{Step, root};

/// Sanitisers need a target of their own, so that build scripts are not instrumented.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// How the storm test is built.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Build {
    Optimised,
    AddressSanitizer,
    ThreadSanitizer,
}

/// Runs the benchmarks.
pub(crate) fn bench(arguments: &[String]) -> bool {
    with_rest(Step::cargo("bench", "bench -p sheave-benches"), arguments).stream()
}

/// Runs the comparison with Python's loops.
pub(crate) fn python(arguments: &[String]) -> bool {
    let step = Step::cargo("python", "run --release -p sheave-benches --example python");
    with_rest(step, arguments).stream()
}

/// Runs the test binary `chaos`.
pub(crate) fn chaos(arguments: &[String]) -> bool {
    let step = Step::cargo("chaos", "test --release -p sheave-tests --test chaos");
    with_rest(step, arguments).stream()
}

/// Runs the test binary `storm`.
pub(crate) fn storm(build: Build, arguments: &[String]) -> bool {
    if !root().join("tests/storm.rs").exists() {
        eprintln!("tests/storm.rs does not exist, so there is nothing to run");
        return false;
    }
    let step = match build {
        Build::Optimised => Step::cargo("soak", "test --release"),
        Build::AddressSanitizer => sanitised("asan", "-Zsanitizer=address"),
        Build::ThreadSanitizer => thread_sanitised(),
    };
    let step = step.argument("-p").argument("sheave-tests").argument("--test").argument("storm");
    with_rest(step, arguments).stream()
}

fn thread_sanitised() -> Step {
    let suppressions = root().join("tests/tsan.supp");
    // ThreadSanitizer knows no fences: under these two flags they are replaced by accesses.
    sanitised("tsan", "-Zsanitizer=thread --cfg rt_tsan --cfg crossbeam_sanitize_thread")
        .variable("TSAN_OPTIONS", format!("suppressions={}", suppressions.display()))
}

fn sanitised(name: &'static str, flags: &str) -> Step {
    Step::cargo(name, "test --release")
        .argument("--target")
        .argument(TARGET)
        .argument("--target-dir")
        .argument(format!("target/{name}"))
        // The sanitiser flags are unstable, but the stable compiler ships the runtimes.
        .variable("RUSTC_BOOTSTRAP", "1")
        .variable("RUSTFLAGS", format!("{flags} -Cunsafe-allow-abi-mismatch=sanitizer"))
}

fn with_rest(step: Step, arguments: &[String]) -> Step {
    if arguments.is_empty() {
        return step;
    }
    arguments.iter().fold(step.argument("--"), |step, argument| step.argument(argument))
}
