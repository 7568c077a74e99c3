//! sheave, tokio and smol side by side: the same work, the same settings, in the same run.
//!
//! ```text
//! cargo bench -p sheave-benches -- [--quick] [--rounds N] [--json FILE] [words of a row's name…]
//! ```
//!
//! Each round measures every contestant once, and who comes first rotates. The table shows medians
//! of the ratios *within* a round, with their quartiles: a busy machine slows all contestants of a
//! round, so its ratio still says something where absolute times do not. All costs are "less is
//! better", all ratios are the peer's cost by ours. Linux only: it pins, and reads CPU clocks.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]
#![allow(missing_docs)]

#[path = "compare/blocking.rs"]
mod blocking;
#[path = "compare/clocks.rs"]
mod clocks;
#[path = "compare/contest.rs"]
mod contest;
#[path = "compare/echo.rs"]
mod echo;
#[path = "compare/echo_process.rs"]
mod echo_process;
#[path = "compare/handoff.rs"]
mod handoff;
#[path = "compare/latch.rs"]
mod latch;
#[path = "compare/memory.rs"]
mod memory;
#[path = "compare/messages.rs"]
mod messages;
#[path = "compare/raw_epoll.rs"]
mod raw_epoll;
#[path = "compare/rt.rs"]
mod rt;
#[path = "compare/spawning.rs"]
mod spawning;
#[path = "compare/stuck.rs"]
mod stuck;
#[path = "compare/sync.rs"]
mod sync;
#[path = "compare/timers.rs"]
mod timers;

use contest::Contest;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if echo_process::played(&arguments) {
        return;
    }
    let mut contest = Contest::new(&arguments);
    contest.row::<spawning::FromWorker>();
    contest.row::<spawning::FromOutside>();
    contest.row::<spawning::Chained>();
    contest.row::<spawning::SpawnAndJoin>();
    contest.row::<messages::Yields>();
    contest.row::<messages::PingPong>();
    contest.row::<messages::RootAndTask>();
    contest.row::<timers::ManySleeps>();
    contest.row::<timers::RegisterAndDrop>();
    contest.row::<timers::Lateness>();
    contest.row::<blocking::RoundTrip>();
    contest.row::<blocking::Batch>();
    contest.row::<memory::IdleTask>();
    contest.row::<stuck::Wakes>();
    contest.row::<stuck::Sleeps>();
    sync::run(&mut contest);
    echo::run(&mut contest);
    handoff::run(&contest);
    contest.finish();
}
