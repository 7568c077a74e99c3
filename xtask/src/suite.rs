//! `cargo xtask test`: what must be green before a change lands.

use crate::step::{Step, Summary};
use crate::{dependencies, loom};

/// The crates that are never published.
pub(crate) const INTERNAL: [&str; 3] = ["sheave-tests", "sheave-benches", "xtask"];

/// Whether `cargo nextest` is installed: it runs one process per test, so that a test that hangs
/// or aborts is named and costs only itself.
pub(crate) fn has_nextest() -> bool {
    Step::cargo("nextest version", "nextest --version").capture().green
}

/// Runs all steps. Returns whether all were green.
pub(crate) fn run() -> bool {
    let mut summary = Summary::new();
    summary.run(&Step::cargo("format", "fmt --all --check"));
    summary.run(&Step::cargo(
        "clippy",
        "clippy --workspace --all-features --all-targets -- -D warnings",
    ));
    summary.run(&loom::banned_types());
    // Tests start them. Built here, their minutes do not count against a test's time limit.
    summary.run(&Step::cargo("example server", "build --release -p sheave --example server"));
    summary.run(&Step::cargo("example prometheus", "build -p sheave --example prometheus"));
    summary.run(&Step::cargo("examples of asyncio", "build -p sheave --example asyncio"));
    summary.run(&tests());
    summary.run(&Step::cargo("doc tests", "test --doc --workspace --all-features"));
    loom::run_in(&mut summary);
    summary.run(
        &Step::cargo("documentation", "doc --no-deps --workspace --all-features")
            .variable("RUSTDOCFLAGS", "-Dwarnings"),
    );
    summary.check("dependencies", "dependencies", dependencies::check);
    if dependencies::has_cargo_deny() {
        summary.run(&Step::cargo("cargo deny", "deny check licenses bans sources"));
    }
    summary.run(&package());
    summary.finish()
}

fn tests() -> Step {
    if has_nextest() {
        Step::cargo("tests", "nextest run --workspace --all-features --no-tests=pass")
    } else {
        Step::cargo("tests", "test --workspace --all-features --lib --bins --tests --examples")
    }
}

/// Packages the published crates together, so that they find each other before any of them is on
/// a registry. Nothing is compiled: cargo unpacks packages into its home by name and version, and would
/// verify ours against those of an earlier run.
fn package() -> Step {
    let step = Step::cargo("package", "package --workspace --allow-dirty --no-verify --quiet");
    INTERNAL.iter().fold(step, |step, name| step.argument("--exclude").argument(*name))
}
