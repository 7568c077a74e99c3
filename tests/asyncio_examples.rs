//! The programs of `runtime/examples/asyncio`, each as a process: what it prints and how long it takes.
//!
//! Their numbers are those of the list they come from. E22 and E25 are missing: they need servers of others,
//! and come with those. E31 compares loops, in a table. E19 is in `asyncio_examples/processes.rs`.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, unreachable_pub)]

#[path = "server/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "asyncio_examples/process.rs"]
mod process;
#[path = "asyncio_examples/processes.rs"]
mod processes;

use client::get;
use process::{Example, number, run};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn e01_a_nested_await_runs_in_place() {
    let ended = run("nested_await");
    let expected: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
    assert_eq!(ended.lines, expected);
    ended.took(0.03, 2.0);
}

#[test]
fn e02_hello_world() {
    assert_eq!(run("hello_world").lines, ["Hello World!"]);
}

#[test]
fn e03_chained_coroutines() {
    let ended = run("chained_coroutines");
    assert_eq!(ended.lines, ["Compute 1 + 2 ...", "1 + 2 = 3"]);
    ended.took(1.0, 3.0);
}

#[test]
fn e04_gather_two_sums() {
    let ended = run("gather_sums");
    assert_eq!(ended.lines[..2], ["Compute 1 + 2 ...", "Compute 3 + 4 ..."]);
    // Both are due in the same moment.
    let mut sums = ended.lines[2..].to_vec();
    sums.sort();
    assert_eq!(sums, ["1 + 2 = 3", "3 + 4 = 7"]);
    ended.took(1.0, 2.0);
}

#[test]
fn e05_generators_send_to_each_other() {
    let expected = ["我拿到了5!", "我拿到了4!", "我拿到了3!", "我只要3,4,5就行啦"];
    assert_eq!(run("generator_send").lines, expected);
}

#[test]
fn e06_a_toy_event_loop() {
    let ended = run("toy_event_loop");
    let expected = ["first waits", "second waits", "second goes on", "first goes on"];
    assert_eq!(ended.lines[..4], expected);
    assert!(number(&ended.lines[4]) >= 0.3, "{}", ended.lines[4]);
    ended.took(0.3, 2.0);
}

#[test]
fn e07_awaits_in_a_row() {
    let ended = run("await_in_a_row");
    let (once, twice) = ended.lines.split_at(4);
    assert_eq!(once[..3], ["A", "end", "返回值"]);
    assert_eq!(twice[..6], ["A", "end", "返回值", "A", "end", "返回值"]);
    assert!(number(&once[3]) >= 2.0 && number(&twice[6]) >= 4.0, "{:?}", ended.lines);
    ended.took(6.0, 12.0);
}

#[test]
fn e08_say_after_in_a_row() {
    let ended = run("say_after");
    assert_eq!(ended.without_clock(), ["started", "hello", "world", "finished"]);
    ended.took(3.0, 6.0);
}

#[test]
fn e09_say_after_in_tasks_and_in_a_group() {
    let ended = run("say_after_tasks");
    let once = ["started", "hello", "world", "finished"];
    assert_eq!(ended.without_clock(), [once, once].concat());
    ended.took(4.0, 6.0);
}

#[test]
fn e10_a_loop_in_a_thread() {
    let ended = run("loop_in_thread");
    let mut lines = ended.lines.clone();
    // Which of the two threads is first, nobody knows; but it goes on before anything ends.
    let goes_on = lines.iter().position(|line| line == "main goes on").expect("it does");
    assert!(goes_on < 3, "{lines:?}");
    lines.remove(goes_on);
    let begin = ["func 2 begins in the loop's thread", "func 1 begins in the loop's thread"];
    assert_eq!(lines[..2], begin);
    assert_eq!(lines[2], "func 1 ends in the loop's thread");
    assert_eq!(lines[3], "func 2 ends in the loop's thread");
    assert_eq!(lines[4..], ["result of func 2", "result of func 1"]);
    ended.took(2.0, 3.0);
}

#[test]
fn e11_tasks_start_in_the_order_of_their_creation() {
    let ended = run("create_task");
    let expected = ["main开始", "main结束", "1", "3", "2", "4", "返回值 返回值"];
    assert_eq!(ended.lines, expected);
    ended.took(2.0, 4.0);
}

#[test]
fn e12_wait_with_and_without_a_limit() {
    let ended = run("wait_timeout");
    let all = ["1", "1", "2", "2", "done: [0, 1], pending: []", "返回值", "返回值"];
    let none = ["1", "1", "done: [], pending: [0, 1]"];
    assert_eq!(ended.lines, [&all[..], &none, &all].concat());
    ended.took(5.0, 9.0);
}

#[test]
fn e13_an_interrupt_cancels_all_tasks() {
    let mut example = Example::start("cancel_on_interrupt", &[]);
    assert_eq!(example.line(), "Done after 0s");
    assert_eq!(example.line(), "press Ctrl-C");
    example.interrupt();
    assert_eq!(example.end().lines, ["true", "true", "true"]);
}

#[test]
fn e14_a_thread_beside_a_sleep() {
    let ended = run("to_thread");
    let expected = ["started main", "start blocking_io", "blocking_io complete", "finished main"];
    assert_eq!(ended.without_clock(), expected);
    ended.took(1.0, 2.0);
}

#[test]
fn e15_a_future_that_nobody_sets() {
    let ended = run("abandoned_future");
    assert_eq!(ended.lines, ["Elapsed: deadline has elapsed", "Abandoned"]);
    ended.took(0.1, 2.0);
}

#[test]
fn e16_a_future_that_is_set_later() {
    let ended = run("set_result_later");
    assert_eq!(ended.lines, ["666"]);
    ended.took(2.0, 4.0);
}

#[test]
fn e17_a_callback_when_a_task_is_done() {
    let ended = run("done_callback");
    assert_eq!(ended.lines, ["Waiting:  2", "Callback:  Done after 2s"]);
    ended.took(2.0, 4.0);
}

#[test]
fn e18_ten_jobs_for_five_threads() {
    let ended = run("thread_pool");
    five_run_and_five_wait(&ended.lines[..10]);
    let values: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    assert_eq!(ended.lines[10..], values);
    ended.took(2.0, 10.0);
}

fn five_run_and_five_wait(lines: &[String]) {
    for (place, line) in lines.iter().enumerate() {
        let state = if place < 5 { "running" } else { "pending" };
        assert!(line.starts_with("<Future at 0x"), "{line}");
        assert!(line.ends_with(&format!(" state={state}>")), "{place}: {line}");
    }
}

#[test]
fn e20_three_downloads_with_a_blocking_client() {
    let directory = std::env::temp_dir().join(format!("sheave-images-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let ended = Example::start("download_images", &[directory.to_str().unwrap()]).end();
    assert_eq!(ended.lines.len(), 6, "{:?}", ended.lines);
    assert!(ended.lines[..3].iter().all(|line| line.starts_with("开始下载: http://127.0.0.1:")));
    assert_eq!(ended.lines[3..], ["下载完成"; 3]);
    for number in 1..=3 {
        let image = fs::read(directory.join(format!("{number}.jpg"))).unwrap();
        let name = format!("autohomecar_{number}.jpg").into_bytes();
        let expected: Vec<u8> = name.into_iter().cycle().take(64 * 1024).collect();
        assert!(image == expected, "image {number} is another one");
    }
    fs::remove_dir_all(&directory).unwrap();
    ended.took(0.5, 1.5);
}

#[test]
fn e21_the_default_executor_and_two_others() {
    let example = Example::start("run_in_executor", &[]);
    let own = example.id();
    let ended = example.end();
    let [default, threads, processes] = &ended.lines[..] else { panic!("{:?}", ended.lines) };
    assert!(default.starts_with("default thread pool: slept 1 s in "), "{default}");
    assert_eq!(threads, "custom thread pool: slept 2 s in custom-0");
    let process = processes.strip_prefix("custom process pool: slept 1 s in process ");
    let process: u32 = process.expect("it is the third one").parse().expect("a number");
    assert_ne!(process, own);
    ended.took(4.0, 8.0);
}

#[test]
fn e23_a_server_that_sleeps() {
    let mut server = Example::start("timeit_server", &["0"]);
    let line = server.line();
    let address = line.strip_prefix("listening on http://").expect("it says where");
    let address = address.parse().expect("an address");
    assert_eq!(get(address, "/").body, r#"{"Hello":"World"}"#);
    assert_eq!(get(address, "/timeit/two").status, 422);

    // Handlers that block, in threads, and handlers that do not: none waits for another one.
    let start = Instant::now();
    std::thread::scope(|scope| {
        for path in ["/timeit/2", "/timeit/2", "/timeit-async/2", "/timeit-async/2"] {
            let ask = move || assert_eq!(get(address, path).body, r#""sleep seconds: 2""#);
            scope.spawn(ask);
        }
    });
    let took = start.elapsed();
    let range = Duration::from_secs(2)..Duration::from_secs(4);
    assert!(range.contains(&took), "four at the same time took {took:?}");
    server.interrupt();
    assert_eq!(server.end().lines, [""; 0]);
}

#[test]
fn e24_a_client_of_that_server() {
    let ended = run("timeit_client");
    let [one, whole, first, second, total] = &ended.lines[..] else { panic!("{:?}", ended.lines) };
    assert_eq!(
        [one, first, second],
        [2, 1, 2].map(|n| format!(r#""sleep seconds: {n}""#)).each_ref()
    );
    assert!(whole.starts_with("whole time is: ") && number(whole) >= 2.0, "{whole}");
    let took = number(total);
    assert!(total.starts_with("total time is: ") && (2.0..3.0).contains(&took), "{total}");
    ended.took(4.0, 6.0);
}

#[test]
fn e26_an_async_iterator() {
    let expected: Vec<String> = (1..=99).map(|n| n.to_string()).collect();
    assert_eq!(run("async_iterator").lines, expected);
}

#[test]
fn e27_an_async_context_manager() {
    let ended = run("async_context_manager");
    assert_eq!(ended.lines[..3], ["enter", "6666", "exit: Ok"]);
    assert!(number(&ended.lines[3]) >= 2.0, "{}", ended.lines[3]);
    let others = ["enter", "exit: the query failed", "enter", "exit: Cancelled"];
    assert_eq!(ended.lines[4..], others);
    ended.took(2.0, 5.0);
}

#[test]
fn e28_a_lock_around_shared_state() {
    assert_eq!(run("lock").lines, ["10000"]);
}

#[test]
fn e29_a_sleep_that_blocks() {
    let ended = run("blocking_sleep");
    let [stuck, one, stuck_too, two] = &ended.lines[..] else { panic!("{:?}", ended.lines) };
    assert_eq!([stuck, stuck_too], ["task ill_behaved is stuck"; 2]);
    assert!(one.starts_with("one thread: ") && number(one) >= 1.0, "{one}");
    assert!(two.starts_with("two workers: "), "{two}");
    assert!((0.1..1.0).contains(&number(two)), "{two}");
    ended.took(2.0, 5.0);
}

#[test]
fn e30_three_ways_to_be_asynchronous() {
    let ended = run("three_ways");
    assert_eq!(ended.lines[..2], ["| way | 4 jobs of 500ms |", "|---|---|"]);
    let ways = ["in a row", "threads", "processes", "event loop"];
    for (line, way) in ended.lines[2..].iter().zip(ways) {
        assert!(line.starts_with(&format!("| {way} | ")), "{line}");
        let range = if way == "in a row" { 2.0..4.0 } else { 0.5..2.0 };
        assert!(range.contains(&number(line)), "{line}");
    }
    assert_eq!(ended.lines.len(), 2 + ways.len());
}

#[test]
fn e32_one_loop_after_the_other() {
    assert_eq!(run("run_twice").lines, ["cc", "dd"]);
}

#[test]
fn e33_sleeps_measure_themselves() {
    let ended = run("measured_sleep");
    assert_eq!(ended.lines.len(), 2);
    for (line, asked) in ended.lines.iter().zip([1.0, 2.0]) {
        assert!(line.starts_with("end sleep "), "{line}");
        assert!((asked..asked + 1.0).contains(&number(line)), "{line}");
    }
    ended.took(2.0, 3.0);
}
