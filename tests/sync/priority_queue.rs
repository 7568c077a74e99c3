//! `PriorityQueue`: the order, and comparisons that panic or use the queue.

use super::queue::{drain, fill};
use sheave::sync::PriorityQueue;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Compares by the first field only.
#[derive(Clone, Copy, Debug)]
struct Job(u32, usize);

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

/// Whatever is put and got in between, the smallest comes first, and of equal ones the oldest.
#[test]
fn priorities_agree_with_a_sorted_list() {
    let queue = PriorityQueue::<Job>::new(0);
    let mut sorted: Vec<Job> = Vec::new();
    let mut random = 1_u32;
    for number in 0..4000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if random >> 30 == 0 {
            let expected = (!sorted.is_empty()).then(|| sorted.remove(0).1);
            assert_eq!(queue.get_nowait().ok().map(|job| job.1), expected);
        } else {
            let job = Job((random >> 16) % 20, number);
            sorted.insert(sorted.partition_point(|other| other.0 <= job.0), job);
            queue.put_nowait(job).expect("there is no limit");
        }
    }
    let numbers = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.1).collect::<Vec<_>>();
    assert_eq!(numbers(drain(&queue)), numbers(sorted));
}

/// An item whose comparison panics on demand.
#[derive(Debug)]
struct Touchy<'a>(u32, &'a AtomicBool, &'a AtomicUsize);

impl Drop for Touchy<'_> {
    fn drop(&mut self) {
        self.2.fetch_add(1, SeqCst);
    }
}

impl PartialEq for Touchy<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Touchy<'_> {}

impl PartialOrd for Touchy<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Touchy<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        assert!(!self.1.load(SeqCst), "a comparison of the test");
        self.0.cmp(&other.0)
    }
}

#[track_caller]
fn assert_panics<R: Debug>(run: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "expected a panic");
}

/// A comparison that panics changes nothing, and loses neither an item nor room.
#[test]
fn a_panic_in_a_comparison_leaves_the_queue_sound() {
    let (is_touchy, drops) = (AtomicBool::new(false), AtomicUsize::new(0));
    let item = |n| Touchy(n, &is_touchy, &drops);
    let queue = PriorityQueue::new(4);
    fill(&queue, [3, 1, 2].map(item));
    is_touchy.store(true, SeqCst);
    assert_panics(|| queue.put_nowait(item(0)));
    assert_eq!(drops.load(SeqCst), 1, "the item of the put");
    assert_panics(|| queue.get_nowait());
    assert_eq!((drops.load(SeqCst), queue.qsize()), (1, 3));
    is_touchy.store(false, SeqCst);
    fill(&queue, [item(0)]);
    assert!(queue.full());
    let got: Vec<u32> = drain(&queue).iter().map(|item| item.0).collect();
    assert_eq!(got, [0, 1, 2, 3]);
}

/// An item that looks at its queue when it is compared.
struct Curious<'a>(&'a Mutex<Option<Arc<PriorityQueue<Curious<'a>>>>>);

impl PartialEq for Curious<'_> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Curious<'_> {}

impl PartialOrd for Curious<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Curious<'_> {
    fn cmp(&self, _: &Self) -> Ordering {
        let queue = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        _ = queue.expect("set by the test").qsize();
        Ordering::Equal
    }
}

/// A comparison that uses its queue would wait for itself. It panics instead.
#[test]
fn a_comparison_cannot_use_the_queue() {
    let place = Mutex::new(None);
    let queue = Arc::new(PriorityQueue::new(0));
    *place.lock().unwrap() = Some(queue.clone());
    queue.put_nowait(Curious(&place)).expect("nothing to compare with");
    let panicked = catch_unwind(AssertUnwindSafe(|| queue.put_nowait(Curious(&place))));
    let text = *panicked.expect_err("it panics").downcast::<&str>().expect("with a text");
    assert!(text.contains("within a comparison of its items"), "{text}");
    assert_eq!(queue.qsize(), 1);
    *place.lock().unwrap() = None; // They hold each other.
}
