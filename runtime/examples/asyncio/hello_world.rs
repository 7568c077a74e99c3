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
    runtime.run_until_complete(coroutine).expect("nobody stops the loop");
    // Python: `loop.close()`.
    drop(runtime);
}
