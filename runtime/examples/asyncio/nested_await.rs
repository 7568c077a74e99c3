//! E1: a coroutine that awaits another one, ten times. All of it is one task: `.await` runs the other
//! coroutine in place.
//!
//! Old Python: `@asyncio.coroutine` and `yield from`. New Python: `async def` and `await`. The original
//! sleeps for 3 s each time, this one for 3 ms.

use sheave::asyncio::run;
use sheave::time::{Duration, sleep};

async fn func1() {
    sleep(Duration::from_millis(3)).await;
}

async fn func2() {
    for i in 1..=10 {
        func1().await;
        println!("{i}");
    }
}

pub fn main() {
    run(func2());
}
