//! The model runner: a bound and a budget per model, and running out of budget is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The variable that carries a seeded bug into a child process.
const SEED: &str = "SHEAVE_SEEDED_BUG";

/// One model: its name, its preemption bound and its time budget.
#[derive(Debug)]
pub struct Model {
    name: &'static str,
    bound: Option<usize>,
    budget: Duration,
}

impl Model {
    /// A model at the default bound of two preemptions and a budget of 120 s.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, bound: Some(2), budget: Duration::from_secs(120) }
    }

    /// Sets the preemption bound.
    #[must_use]
    pub fn bound(mut self, preemptions: usize) -> Self {
        self.bound = Some(preemptions);
        self
    }

    /// Explores every interleaving. Feasible for two threads.
    #[must_use]
    pub fn unbounded(mut self) -> Self {
        self.bound = None;
        self
    }

    /// Explores all executions within the bound.
    ///
    /// # Panics
    /// If an execution fails, or if the budget is spent before all were explored (loom itself
    /// would report a truncated search as a pass).
    pub fn check(self, body: impl Fn() + Send + Sync + 'static) {
        crate::seeded::set(&std::env::var(SEED).unwrap_or_default());
        let executions = Arc::new(AtomicUsize::new(0));
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = self.bound;
        builder.max_branches = 10_000;
        let report =
            Report { model: self, executions: executions.clone(), started: Instant::now() };
        let (started, budget) = (report.started, report.model.budget);
        builder.check(move || {
            executions.fetch_add(1, Relaxed);
            assert!(
                started.elapsed() < budget,
                "model budget exceeded: the search was not exhaustive"
            );
            crate::time::restart();
            body();
        });
    }
}

/// Prints one line when the model ends, also when it ends by a panic.
struct Report {
    model: Model,
    executions: Arc<AtomicUsize>,
    started: Instant,
}

impl Drop for Report {
    fn drop(&mut self) {
        let verdict = if std::thread::panicking() { "FAILED" } else { "ok" };
        let bound = self.model.bound.map_or("none".into(), |b| b.to_string());
        eprintln!(
            "MODEL {:40} bound {bound:4} {:>8} executions {:6.2} s {verdict}",
            self.model.name,
            self.executions.load(Relaxed),
            self.started.elapsed().as_secs_f64(),
        );
    }
}

/// Runs the test `test` of this binary again with a seeded bug, and demands that it fails saying
/// one of `expected`. `test` is the path that the test harness prints.
///
/// # Panics
/// If the model passes in spite of the bug, or fails for another reason.
pub fn must_catch(test: &str, bug: &str, expected: &[&str]) {
    // The child runs one test only; a control that met itself there would recurse.
    if std::env::var_os(SEED).is_some() {
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", test, "--nocapture"])
        .env(SEED, bug)
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("the test binary starts again");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!said.contains("running 0 tests"), "there is no test named `{test}`");
    assert!(!output.status.success(), "`{test}` did not notice the seeded bug `{bug}`:\n{said}");
    assert!(
        expected.iter().any(|words| said.contains(words)),
        "`{test}` failed under `{bug}`, but with none of {expected:?}:\n{said}"
    );
}
