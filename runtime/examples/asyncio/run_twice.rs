//! E32: one loop after the other in the same thread.

use sheave::runtime::Runtime;

async fn cc() {
    println!("cc");
}

async fn dd() {
    println!("dd");
}

pub fn main() {
    // Python: `asyncio.run(cc())`.
    Runtime::new().expect("the system has what it needs").block_on(cc());
    Runtime::new().expect("the system has what it needs").block_on(dd());
}
