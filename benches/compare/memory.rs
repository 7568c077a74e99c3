//! How many bytes does a task hold that waits for something?

use crate::contest::{Spec, WORKERS, Work};
use crate::latch::Latch;
use crate::rt::Rt;
use sheave_benches::Sample;
use std::alloc::{GlobalAlloc, Layout, System};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};
use std::task::Poll;

/// Whether bytes are counted now: the other rows pay one load of a flag that nobody writes.
static COUNTING: AtomicBool = AtomicBool::new(false);
/// Bytes that were allocated and not freed since counting began.
static BYTES: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, with a count of the bytes asked for.
pub(crate) struct Counting;

fn count(bytes: isize) {
    if COUNTING.load(Relaxed) {
        BYTES.fetch_add(bytes, Relaxed);
    }
}

// SAFETY: every call is passed on unchanged to the system's allocator, which upholds the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Tasks that were polled once and wait for ever, their handles dropped. What is counted is the
/// runtime's share (cell, registry, queues), that is without the future's own bytes, averaged over
/// futures of several sizes: a runtime that rounds cells up to cache lines has good and bad ones.
pub(crate) struct IdleTask;

impl IdleTask {
    /// Of each size.
    const TASKS: usize = 2_000;
    const SIZES: f64 = 8.0;
}

impl Work for IdleTask {
    const SPEC: Spec = Spec::alone("bytes per idle task beside its future", "B", 2.0);

    /// Needs a fresh runtime, for the queues and the registry of one that has run are grown already.
    fn measure<R: Rt>(_: &'static R) -> Sample {
        let rt = R::start(WORKERS);
        idle::<0>(&rt, 1);
        let counted = [
            counted(|| idle::<0>(&rt, Self::TASKS)),
            counted(|| idle::<32>(&rt, Self::TASKS)),
            counted(|| idle::<64>(&rt, Self::TASKS)),
            counted(|| idle::<96>(&rt, Self::TASKS)),
            counted(|| idle::<128>(&rt, Self::TASKS)),
            counted(|| idle::<160>(&rt, Self::TASKS)),
            counted(|| idle::<192>(&rt, Self::TASKS)),
            counted(|| idle::<224>(&rt, Self::TASKS)),
        ];
        let all = counted.iter().sum::<f64>();
        Sample { cost: all / Self::SIZES / Self::TASKS as f64, beside: None }
    }
}

/// The bytes that `work` leaves allocated, less what it says it has asked for itself.
fn counted(work: impl FnOnce() -> usize) -> f64 {
    BYTES.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let own = work();
    COUNTING.store(false, Relaxed);
    BYTES.load(Relaxed) as f64 - own as f64
}

/// Spawns tasks and returns when all of them wait, with the size of all their futures.
fn idle<const SIZE: usize>(rt: &impl Rt, tasks: usize) -> usize {
    let (latch, waiter) = Latch::new(tasks);
    let future = move |ballast: [u8; SIZE]| {
        poll_fn(move |_| {
            std::hint::black_box(&ballast);
            latch.hit();
            Poll::<()>::Pending
        })
    };
    let size = size_of_val(&future([0; SIZE]));
    for _ in 0..tasks {
        rt.detach(future([0; SIZE]));
    }
    waiter.wait();
    tasks * size
}
