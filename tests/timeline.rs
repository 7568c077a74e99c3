//! The timeline of a runtime: what it shows, and that a trace viewer can read it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, missing_docs)]

use serde_json::Value;
use sheave::runtime::{Builder, Runtime, Timeline};
use sheave::task::{self, spawn_blocking, yield_now};
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// All events of a trace, checked for what every event must have.
fn parse(trace: &[u8]) -> Vec<Value> {
    let trace: Value = serde_json::from_slice(trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("an array of events").clone();
    for event in &events {
        let phase = event["ph"].as_str().expect("a phase");
        assert!(event["pid"].is_u64() && event["name"].is_string(), "{event}");
        let is_timed = event["ts"].is_f64() && event["tid"].is_u64();
        let is_good = match phase {
            "M" => event["args"].is_object(),
            "X" => is_timed && event["dur"].as_f64().is_some_and(|time| time >= 0.0),
            "i" => is_timed && event["s"] == "t",
            "s" => is_timed && event["id"].is_u64(),
            "f" => is_timed && event["id"].is_u64() && event["bp"] == "e",
            _ => false,
        };
        assert!(is_good, "{event}");
    }
    events
}

fn events(timeline: &Timeline) -> Vec<Value> {
    let mut trace = Vec::new();
    timeline.write_to(&mut trace).unwrap();
    parse(&trace)
}

fn slices<'a>(events: &'a [Value], name: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == "X" && event["name"] == name)
}

/// The lane that is called so.
fn lane(events: &[Value], name: &str) -> u64 {
    let is_named = |event: &&Value| event["name"] == "thread_name" && event["args"]["name"] == name;
    let named = events.iter().find(is_named);
    named.unwrap_or_else(|| panic!("no lane {name}"))["tid"].as_u64().unwrap()
}

fn span(event: &Value) -> (f64, f64) {
    let begin = event["ts"].as_f64().unwrap();
    (begin, begin + event["dur"].as_f64().unwrap_or(0.0))
}

#[test]
fn polls_and_jobs_bear_the_names_of_their_tasks() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let timeline = Timeline::start(runtime.handle()).unwrap();
        let (entered, line) = (runtime.enter(), line!() + 1);
        let unnamed = runtime.spawn(async {});
        let named = task::Builder::new().name("counts \"sheep\"\n").spawn(async {
            for _ in 0..2 {
                yield_now().await;
            }
            spawn_blocking(|| ()).await.unwrap();
        });
        drop(entered);
        runtime.block_on(unnamed).unwrap();
        runtime.block_on(named).unwrap();
        let events = events(&timeline);
        // One for each yield, one for the end, and one more if the job took longer than the join.
        let polls = slices(&events, "counts \"sheep\"\n").count();
        assert!((3..=4).contains(&polls), "{polls} polls");
        let place = format!("{}:{line}:", file!());
        let is_there = |event: &&Value| event["name"].as_str().unwrap().starts_with(&place);
        let polls: Vec<_> = events.iter().filter(is_there).collect();
        assert_eq!(polls.len(), 1, "{polls:?}");
        let job = events.iter().find(|event| event["cat"] == "job").expect("the job");
        assert_eq!(job["tid"].as_u64().unwrap(), lane(&events, "blocking jobs 0"));
    });
}

#[test]
fn what_one_thread_does_does_not_overlap() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let timeline = Timeline::start(runtime.handle()).unwrap();
        runtime.block_on(async {
            let tasks = (0..100).map(|n| {
                sheave::spawn(async move {
                    sleep(Duration::from_micros(10 * n)).await;
                    sheave::spawn(yield_now()).await.unwrap();
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
        let events = events(&timeline);
        let mut lanes: HashMap<u64, Vec<(f64, f64)>> = HashMap::new();
        let slices = events.iter().filter(|event| event["ph"] == "X" && event["cat"] != "wake");
        for event in slices {
            lanes.entry(event["tid"].as_u64().unwrap()).or_default().push(span(event));
        }
        let is_worker = |event: &&Value| {
            event["name"] == "thread_name"
                && event["args"]["name"].as_str().is_some_and(|name| name.starts_with("worker "))
        };
        let mut workers = events.iter().filter(is_worker);
        assert!(workers.any(|worker| lanes.contains_key(&worker["tid"].as_u64().unwrap())));
        for spans in lanes.values_mut() {
            spans.sort_by(|one, other| one.partial_cmp(other).unwrap());
            // Times are written to the nanosecond; as floats they differ a little.
            let overlap = spans.windows(2).find(|pair| pair[0].1 > pair[1].0 + 0.001);
            assert_eq!(overlap, None);
        }
    });
}

#[test]
fn arrows_lead_from_wakes_to_the_polls_of_the_woken() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let timeline = Timeline::start(runtime.handle()).unwrap();
        let child = runtime.block_on(async {
            let parent = task::Builder::new().name("parent").spawn(async {
                let child = task::Builder::new().name("child").spawn(async {});
                let id = child.id();
                child.await.unwrap();
                id
            });
            parent.await.unwrap()
        });
        let events = events(&timeline);
        let polled = slices(&events, "child").next().expect("the child was polled");
        assert_eq!(polled["args"]["task"].to_string(), child.to_string());
        let end = |phase: &str, id: &Value| {
            let mut ends = events.iter().filter(|event| event["ph"] == phase && event["id"] == *id);
            (ends.next().expect("both ends").clone(), assert_eq!(ends.count(), 0)).0
        };
        let arrows = events.iter().filter(|event| event["ph"] == "f");
        let mut to_child =
            arrows.filter(|arrow| arrow["ts"] == polled["ts"] && arrow["tid"] == polled["tid"]);
        let arrow = to_child.next().expect("an arrow to the child");
        let from = end("s", &arrow["id"]);
        assert!(from["ts"].as_f64() <= arrow["ts"].as_f64());
        let is_source = |poll: &Value| {
            let (begin, end) = span(poll);
            let at = from["ts"].as_f64().unwrap();
            poll["tid"] == from["tid"] && begin <= at && at <= end
        };
        assert!(slices(&events, "parent").any(is_source), "it begins in the parent's poll");
    });
}

#[test]
fn a_stuck_poll_is_there_before_it_ends_and_the_monitor_beside_it() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let timeline = Timeline::start(runtime.handle()).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let entered = runtime.enter();
        let stuck = task::Builder::new().name("stuck").spawn(async move {
            // In the slot of a worker that is stuck: the monitor must take it.
            drop(sheave::spawn(async {}));
            released.recv().unwrap_err();
        });
        drop(entered);
        eventually("it is served", || {
            events(&timeline).iter().any(|event| event["name"] == "takes over")
        });
        let now = events(&timeline);
        let poll = slices(&now, "stuck").next().expect("its poll goes on");
        assert_eq!(poll["args"]["goes on"], true);
        let monitor = lane(&now, "monitor");
        let served = now.iter().find(|event| event["name"] == "takes over").unwrap();
        assert_eq!(served["tid"], monitor);
        drop(release);
        runtime.block_on(stuck).unwrap();
    });
}

#[test]
fn a_timeline_keeps_the_last_marks() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let timeline = Timeline::with_capacity(runtime.handle(), 50).unwrap();
        let entered = runtime.enter();
        for n in 0..1_000 {
            let task = task::Builder::new().name(&format!("task {n}")).spawn(async {});
            runtime.block_on(task).unwrap();
        }
        drop(entered);
        let events = events(&timeline);
        let worker = lane(&events, "worker 0");
        let of_worker = events.iter().filter(|event| event["tid"] == worker && event["ph"] == "X");
        assert!(of_worker.count() <= 51, "fifty, and one that goes on");
        assert_eq!(slices(&events, "task 0").count(), 0);
        let kept = |n: &u32| slices(&events, &format!("task {n}")).count() > 0;
        assert!((990..1_000).filter(kept).count() > 5, "of the last ten");
    });
}

#[test]
fn there_is_one_timeline_at_a_time() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let first = Timeline::start(runtime.handle()).unwrap();
        let refused = Timeline::start(runtime.handle()).unwrap_err();
        assert!(refused.to_string().contains("drop that one first"), "{refused}");
        drop(first);
        let second = Timeline::start(runtime.handle()).unwrap();
        let entered = runtime.enter();
        let task = task::Builder::new().name("seen").spawn(async {});
        runtime.block_on(task).unwrap();
        drop(entered);
        assert_eq!(slices(&events(&second), "seen").count(), 1);
    });
}

#[test]
fn the_builder_writes_a_file_at_the_end() {
    watchdog(LIMIT, || {
        let path = std::env::temp_dir().join(format!("sheave-timeline-{}", std::process::id()));
        for current_thread in [false, true] {
            let builder = match current_thread {
                true => Builder::new_current_thread(),
                false => Builder::new_multi_thread().worker_threads(2),
            };
            let runtime = builder.record_timeline(&path).build().unwrap();
            let entered = runtime.enter();
            // Begun before the end, and dropped in it.
            drop(sheave::spawn(sleep(Duration::from_secs(1_000))));
            let task = task::Builder::new().name("the work").spawn(yield_now());
            runtime.block_on(task).unwrap();
            drop(entered);
            drop(runtime);
            let events = parse(&std::fs::read(&path).unwrap());
            assert_eq!(slices(&events, "the work").count(), 2);
            std::fs::remove_file(&path).unwrap();
        }
    });
}

/// A pool whose threads come and go has more of them, over time, than a timeline tells apart.
#[test]
fn jobs_one_after_the_other_share_a_lane_whatever_their_threads() {
    const JOBS: usize = 200;
    watchdog(LIMIT, || {
        let builder = Builder::new_current_thread();
        let runtime = builder.thread_keep_alive(Duration::ZERO).build().unwrap();
        let timeline = Timeline::start(runtime.handle()).unwrap();
        let threads = runtime.block_on(async {
            let mut threads = HashSet::new();
            for _ in 0..JOBS {
                threads.insert(spawn_blocking(|| thread::current().id()).await.unwrap());
            }
            threads.len()
        });
        assert!(threads > 1, "a thread for each job, or nearly so");
        // The last one has returned, and is about to end.
        let jobs = || {
            let events = events(&timeline);
            let is_done =
                |event: &&Value| event["cat"] == "job" && event["args"]["goes on"] == false;
            events.iter().filter(is_done).map(|job| job["tid"].clone()).collect::<Vec<_>>()
        };
        eventually("all are recorded", || jobs().len() == JOBS);
        let lanes: HashSet<String> = jobs().iter().map(Value::to_string).collect();
        // A job may begin before the threads of the last ones have told their ends.
        assert!(lanes.len() < JOBS / 10, "{lanes:?}");
    });
}
