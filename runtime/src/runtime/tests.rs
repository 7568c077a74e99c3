//! What an observer of a runtime hears.

use super::{Builder, Runtime};
use crate::scheduler::{Event, Lane, Observer};
use crate::task::{block_in_place, yield_now};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::time::Instant;
use std::time::Duration;

/// Writes down what it hears.
#[derive(Default)]
struct Diary(Mutex<Vec<(Lane, Instant, String)>>);

impl Observer for Diary {
    fn observe(&self, lane: Lane, at: Instant, event: Event<'_>) {
        let entry = match event {
            Event::PollBegins(task) => format!("begins {}", task.id()),
            Event::Queues(task) => format!("queues {}", task.id()),
            Event::PollEnds(id) => format!("ends {id}"),
            other => format!("{other:?}"),
        };
        self.0.lock().push((lane, at, entry));
    }
}

impl Diary {
    fn of(runtime: &Runtime) -> Arc<Self> {
        let diary = Arc::new(Self::default());
        assert!(runtime.handle().shared.try_appoint_observer(diary.clone()));
        diary
    }

    fn entries(&self) -> Vec<(Lane, String)> {
        let entries = self.0.lock();
        let times = entries.iter().filter(|(lane, ..)| *lane == Lane::Worker(0));
        assert!(times.is_sorted_by_key(|(_, at, _)| *at), "a lane's events come in order");
        entries.iter().map(|(lane, _, entry)| (*lane, entry.clone())).collect()
    }
}

fn position(entries: &[(Lane, String)], entry: &str) -> usize {
    let found = entries.iter().position(|(_, other)| other == entry);
    found.unwrap_or_else(|| panic!("no `{entry}` in {entries:#?}"))
}

#[test]
fn an_observer_hears_of_the_whole_life_of_a_task() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let diary = Diary::of(&runtime);
    let (outer, inner) = runtime.block_on(async {
        let outer = crate::spawn(async {
            let inner = crate::spawn(async {});
            (inner.id(), inner.await)
        });
        let id = outer.id();
        let (inner, ended) = outer.await.unwrap();
        ended.unwrap();
        (id, inner)
    });
    let entries = diary.entries();
    let expected = [
        format!("queues {outer}"),
        format!("begins {outer}"),
        format!("queues {inner}"),
        format!("ends {outer}"),
        format!("begins {inner}"),
        format!("ends {inner}"),
    ];
    let places: Vec<_> = expected.iter().map(|entry| position(&entries, entry)).collect();
    assert!(places.is_sorted(), "{entries:#?}");
    assert!(places.iter().all(|place| entries[*place].0 == Lane::Worker(0)));
}

#[test]
fn an_observer_that_was_sent_away_hears_no_more() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let diary = Diary::of(&runtime);
    runtime.handle().shared.dismiss_observer();
    runtime.block_on(async { crate::spawn(async {}).await.unwrap() });
    assert!(diary.entries().is_empty(), "{:?}", diary.entries());
    assert_eq!(Arc::strong_count(&diary), 1);
}

#[test]
fn an_observer_hears_of_sleep_and_of_wakes_from_outside() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let diary = Diary::of(&runtime);
    let task = runtime.spawn(async { crate::time::sleep(Duration::from_millis(20)).await });
    let id = task.id();
    runtime.block_on(task).unwrap();
    // It may have come too late to sleep at the timer; it sleeps before one of these.
    let hears = |what: &str| diary.entries().iter().any(|(_, entry)| entry == what);
    while !hears("Parks") || !hears("Unparks") {
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    let entries = diary.entries();
    let (queued, begun) = (format!("queues {id}"), format!("begins {id}"));
    assert_eq!(entries[position(&entries, &queued)].0, Lane::Outside);
    assert_eq!(entries.iter().filter(|(_, entry)| *entry == begun).count(), 2);
    // The timer queued it the second time, on the worker.
    let queued = entries.iter().filter(|(_, entry)| *entry == queued);
    assert_eq!(queued.map(|(lane, _)| *lane).collect::<Vec<_>>(), [Lane::Outside, Lane::Worker(0)]);
}

#[test]
fn a_poll_ends_for_its_worker_when_it_is_handed_on() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let diary = Diary::of(&runtime);
    let task = runtime.spawn(async {
        // Runs while this one blocks, so the worker is elsewhere by then.
        let other = crate::spawn(async {});
        let id = other.id();
        block_in_place(|| while !other.is_finished() {});
        yield_now().await;
        id
    });
    let id = task.id();
    let other = runtime.block_on(task).unwrap();
    // The output is there before the end of its poll is told.
    drop(runtime);
    let entries = diary.entries();
    let hands_on = position(&entries, "HandsOn");
    assert!(position(&entries, &format!("begins {id}")) < hands_on);
    assert!(hands_on < position(&entries, &format!("begins {other}")));
    assert!(!entries.iter().any(|(_, entry)| entry == "TakesBack"), "{entries:#?}");
    let ends = entries.iter().filter(|(_, entry)| *entry == format!("ends {id}"));
    assert_eq!(ends.count(), 1, "only that of the second poll: {entries:#?}");
}
