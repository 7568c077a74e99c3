//! E15: a future whose result nobody sets. In Python it hangs. Here it hangs as long as somebody could
//! still set it, and then says that nobody will.

use sheave::asyncio::create_future;
use sheave::time::{Duration, timeout};
use std::convert::Infallible;

#[sheave::main]
pub async fn main() {
    let (completer, mut future) = create_future::<(), Infallible>();
    match timeout(Duration::from_millis(100), &mut future).await {
        Ok(outcome) => println!("{outcome:?}"),
        Err(elapsed) => println!("Elapsed: {elapsed}"),
    }
    drop(completer);
    match future.await {
        Ok(()) => println!("set"),
        Err(error) => println!("{error:?}"),
    }
}
