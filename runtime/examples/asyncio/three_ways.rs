//! E30: three ways to be asynchronous. The same job, which waits for half a second, is done four times:
//! in a row, in threads, in processes, and in tasks of one loop.

use sheave::asyncio::gather;
use sheave::time::{Duration, Instant, sleep};
use std::process::{Child, Command};
use std::{env, thread};

const JOBS: usize = 4;
const WAIT: Duration = Duration::from_millis(500);

fn job() {
    thread::sleep(WAIT);
}

fn in_a_row() {
    for _ in 0..JOBS {
        job();
    }
}

fn threads() {
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(job);
        }
    });
}

/// Each process is this program, told to do one job.
fn processes() {
    let program = env::current_exe().expect("this program is somewhere");
    let start = |_| Command::new(&program).args(["three_ways", "job"]).spawn();
    let children: Vec<Child> =
        (0..JOBS).map(start).collect::<Result<_, _>>().expect("the system has room for them");
    for mut child in children {
        assert!(child.wait().expect("it is our child").success());
    }
}

#[sheave::main(flavor = "current_thread")]
async fn event_loop() {
    gather((0..JOBS).map(|_| sleep(WAIT))).await.expect("no task panics");
}

pub fn main() {
    if env::args().nth(2).as_deref() == Some("job") {
        return job();
    }
    let ways: [(&str, fn()); 4] = [
        ("in a row", in_a_row),
        ("threads", threads),
        ("processes", processes),
        ("event loop", event_loop),
    ];
    println!("| way | {JOBS} jobs of {WAIT:?} |");
    println!("|---|---|");
    for (name, way) in ways {
        let start = Instant::now();
        way();
        println!("| {name} | {:.2} s |", start.elapsed().as_secs_f64());
    }
}
