//! Forty thousand tasks cost four times what ten thousand do, in time and in memory.

use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::{ReturnWhen, as_completed, gather, wait};
use sheave::runtime::Builder;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending};
use std::time::Duration;

const FEW: usize = 10_000;
const MANY: usize = 4 * FEW;

/// The system's allocator, counting per thread: tests run beside each other.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn hold(bytes: isize) {
    HELD.set(HELD.get() + bytes);
    PEAK.set(PEAK.get().max(HELD.get()));
}

// SAFETY: every call goes to `System` with the caller's arguments; the counters need no allocation
// and no destructor, so that they can be used from inside an allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        hold(isize::try_from(layout.size()).unwrap_or(0));
        // SAFETY: the caller promises a layout of non-zero size, as `System` asks.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        hold(-isize::try_from(layout.size()).unwrap_or(0));
        // SAFETY: the pointer came from `alloc` above with this layout, that is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What one call of `work` costs this thread, which does all of it.
struct Cost {
    allocations: usize,
    peak_bytes: isize,
    time: Duration,
}

fn cost<F: Future<Output = ()>>(work: impl Fn(usize) -> F, tasks: usize) -> Cost {
    let runtime = Builder::new_current_thread().build().expect("no thread");
    runtime.block_on(work(100)); // What is set up once.
    let (allocations, held, start) = (ALLOCATIONS.get(), HELD.get(), thread_time());
    PEAK.set(held);
    runtime.block_on(work(tasks));
    Cost {
        allocations: ALLOCATIONS.get() - allocations,
        peak_bytes: PEAK.get() - held,
        time: thread_time() - start,
    }
}

/// The processor time that this thread has had.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a `timespec` of ours.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(answer, 0, "Linux has this clock");
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Four times the tasks: linear is 4, quadratic 16.
fn assert_linear<F: Future<Output = ()>>(what: &str, work: impl Fn(usize) -> F) {
    let fastest = |tasks| (0..3).map(|_| cost(&work, tasks)).min_by_key(|cost| cost.time).unwrap();
    let (few, many) = (fastest(FEW), fastest(MANY));
    let allocations = many.allocations as f64 / few.allocations as f64;
    let bytes = many.peak_bytes as f64 / few.peak_bytes as f64;
    let time = many.time.as_secs_f64() / few.time.as_secs_f64();
    println!(
        "{what}: {FEW} tasks took {} allocations, {} bytes at most and {:?}; \
         {MANY} took {allocations:.2} times, {bytes:.2} times and {time:.2} times as much",
        few.allocations, few.peak_bytes, few.time,
    );
    assert!(allocations < 4.2, "{what}: allocations grew {allocations:.2} times");
    // Retired blocks of a queue are freed by whichever thread comes by, also of other tests.
    assert!(bytes < 8.0, "{what}: memory grew {bytes:.2} times");
    assert!(time < 8.0, "{what}: time grew {time:.2} times");
}

async fn numbered(n: usize) -> usize {
    yield_now().await;
    n
}

#[test]
fn gather_is_linear() {
    assert_linear("gather", |tasks| async move {
        let values = gather((0..tasks).map(numbered)).await.expect("none fails");
        assert!(values.into_iter().eq(0..tasks));
    });
}

#[test]
fn cancelling_a_gather_is_linear() {
    assert_linear("gather, cancelled", |tasks| async move {
        let mut gathered = gather((0..tasks).map(|_| pending::<()>()));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
}

#[test]
fn wait_is_linear() {
    assert_linear("wait", |tasks| async move {
        let mut tasks: Vec<_> = (0..tasks).map(|n| sheave::spawn(numbered(n))).collect();
        let ended = wait(&mut tasks, ReturnWhen::AllCompleted).await.expect("there are some");
        assert_eq!((ended.done.len(), ended.pending.len()), (tasks.len(), 0));
    });
}

#[test]
fn as_completed_is_linear() {
    assert_linear("as_completed", |tasks| async move {
        let mut sum = 0;
        let mut completed = as_completed((0..tasks).map(numbered));
        while let Some(n) = completed.next().await {
            sum += n.expect("none fails");
        }
        assert_eq!(sum, tasks * (tasks - 1) / 2);
    });
}
