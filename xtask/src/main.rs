//! The checks of the project, as `cargo xtask <lane>`. [`USAGE`] lists the lanes.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod dependencies;
mod instructions;
mod json;
mod lanes;
mod loom;
mod step;
mod suite;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <lane> [arguments]

  test            everything that must be green before a change lands
  loom [name]     the loom models (those whose path contains `name`), with a table of their sizes
  bench [args]    the side-by-side benchmarks
  python [n]      the same programs in asyncio, uvloop and sheave, as a table; n rounds
  soak [args]     the `storm` test of sheave-tests, optimised
  chaos [seconds] the `chaos` test of sheave-tests, optimised; ten minutes are the real thing
  asan [args]     the same under AddressSanitizer (stable compiler)
  tsan [args]     the same under ThreadSanitizer (stable compiler, tests/tsan.supp)
  instructions    what a poll and a spawn cost, counted by valgrind
  dependencies    licences, sources, bans and minimum Rust version of what users would build

loom's own variables, such as LOOM_CHECKPOINT_FILE and LOOM_LOCATION, reach the models.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let lane = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    // Every command below runs at the root, wherever the caller stands.
    std::env::set_current_dir(step::root()).expect("the workspace root exists");
    let green = match lane.as_str() {
        "test" => suite::run(),
        "loom" => loom::run(rest.first().map(String::as_str)),
        "bench" => lanes::bench(&rest),
        "python" => lanes::python(&rest),
        "soak" => lanes::storm(lanes::Build::Optimised, &rest),
        "chaos" => lanes::chaos(&rest),
        "asan" => lanes::storm(lanes::Build::AddressSanitizer, &rest),
        "tsan" => lanes::storm(lanes::Build::ThreadSanitizer, &rest),
        "instructions" => instructions::run(),
        "dependencies" => dependencies::run(),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            true
        }
        unknown => {
            eprintln!("there is no lane `{unknown}`\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if green { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
