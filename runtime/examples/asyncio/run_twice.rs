//! E32: one loop after the other in the same thread.

use sheave::asyncio::run;

async fn cc() {
    println!("cc");
}

async fn dd() {
    println!("dd");
}

pub fn main() {
    run(cc());
    run(dd());
}
