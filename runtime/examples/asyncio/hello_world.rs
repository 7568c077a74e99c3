//! E2: calling a coroutine runs nothing; a loop that is given it does.

use sheave::runtime::Builder;

async fn hello_world() {
    println!("Hello World!");
}

pub fn main() {
    // Python: `loop = asyncio.new_event_loop()`.
    let runtime = Builder::new_current_thread().build().expect("the system has what it needs");
    // Prints nothing yet.
    let coroutine = hello_world();
    // Python: `loop.run_until_complete(coroutine)`.
    runtime.block_on(coroutine);
    // Python: `loop.close()`.
    drop(runtime);
}
