//! The macros allocate nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::ready;

use futures_lite::future::yield_now;

use crate::support::poll_once;

/// The system's allocator, counting per thread: tests run beside each other.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to `System` with the caller's arguments; the counter needs no allocation
// and no destructor, so that it can be used from inside an allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller promises a layout of non-zero size, as `System` asks.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with this layout, that is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocations_of<T>(f: impl FnOnce() -> T) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

sheave::task_local! {
    static NUMBER: u32;
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations_of(|| Box::new(1_u8)), 1);
}

#[test]
fn no_macro_allocates() {
    let allocations = allocations_of(|| {
        sheave::pin! {
            let all = NUMBER.scope(1, async {
                let (a, b) = sheave::join!(ready(1), async { yield_now().await; 2 });
                let c = sheave::try_join!(ready(Ok::<_, ()>(3)), ready(Ok(4)));
                let d = sheave::select! {
                    n = ready(5) => n,
                    () = yield_now() => 0,
                };
                a + b + c.map_or(0, |(c, _)| c) + d + NUMBER.get()
            });
        }
        while poll_once(all.as_mut()).is_pending() {}
    });
    assert_eq!(allocations, 0);
}
