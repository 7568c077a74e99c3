//! The programs with which people learn asyncio, on sheave. One file each; run one by its name:
//!
//! ```text
//! cargo run --example asyncio -- gather_sums
//! ```
//!
//! Without a name, this lists them; `docs/src/asyncio-examples.md` says what each of them shows. They use
//! the names of asyncio where there are any, so that each line can be laid beside the line in Python, and
//! print what the Python programs print. Where Python has `async def main()` and `asyncio.run(main())`, they
//! have `#[sheave::main]`.
#![allow(unreachable_pub)]

mod abandoned_future;
mod async_context_manager;
mod async_iterator;
mod await_in_a_row;
mod blocking_sleep;
mod cancel_on_interrupt;
mod chained_coroutines;
mod clock;
mod create_task;
mod done_callback;
mod download_images;
mod gather_sums;
mod generator_send;
mod hello_world;
mod lock;
mod loop_in_thread;
mod measured_sleep;
mod nested_await;
mod process_pool;
mod processes;
mod run_in_executor;
mod run_twice;
mod say_after;
mod say_after_tasks;
mod set_result_later;
mod thread_pool;
mod three_ways;
mod timeit_client;
mod timeit_server;
mod to_thread;
mod toy_event_loop;
mod wait_timeout;

use std::process::ExitCode;

/// A program, under the name of its file.
type Example = (&'static str, fn());

const EXAMPLES: [Example; 30] = [
    ("abandoned_future", abandoned_future::main),
    ("async_context_manager", async_context_manager::main),
    ("async_iterator", async_iterator::main),
    ("await_in_a_row", await_in_a_row::main),
    ("blocking_sleep", blocking_sleep::main),
    ("cancel_on_interrupt", cancel_on_interrupt::main),
    ("chained_coroutines", chained_coroutines::main),
    ("create_task", create_task::main),
    ("done_callback", done_callback::main),
    ("download_images", download_images::main),
    ("gather_sums", gather_sums::main),
    ("generator_send", generator_send::main),
    ("hello_world", hello_world::main),
    ("lock", lock::main),
    ("loop_in_thread", loop_in_thread::main),
    ("measured_sleep", measured_sleep::main),
    ("nested_await", nested_await::main),
    ("process_pool", process_pool::main),
    ("run_in_executor", run_in_executor::main),
    ("run_twice", run_twice::main),
    ("say_after", say_after::main),
    ("say_after_tasks", say_after_tasks::main),
    ("set_result_later", set_result_later::main),
    ("thread_pool", thread_pool::main),
    ("three_ways", three_ways::main),
    ("timeit_client", timeit_client::main),
    ("timeit_server", timeit_server::main),
    ("to_thread", to_thread::main),
    ("toy_event_loop", toy_event_loop::main),
    ("wait_timeout", wait_timeout::main),
];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1);
    if let Some((_, run)) = EXAMPLES.iter().find(|(name, _)| Some(*name) == wanted.as_deref()) {
        run();
        return ExitCode::SUCCESS;
    }
    if let Some(name) = &wanted {
        eprintln!("there is no example {name:?}");
    }
    eprintln!("usage: cargo run --example asyncio -- NAME, where NAME is one of");
    for (name, _) in EXAMPLES {
        eprintln!("    {name}");
    }
    ExitCode::from(2)
}
