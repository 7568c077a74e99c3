//! E7: the line after an `.await` runs when the value is there. Two in a row take twice as long.

use sheave::time::{Duration, Instant, sleep};

async fn others() -> &'static str {
    println!("A");
    sleep(Duration::from_secs(2)).await;
    println!("end");
    "返回值"
}

async fn once() {
    let response = others().await;
    println!("{response}");
}

async fn twice() {
    let response1 = others().await;
    println!("{response1}");
    let response2 = others().await;
    println!("{response2}");
}

#[sheave::main]
pub async fn main() {
    let start = Instant::now();
    once().await;
    println!("once: {:.1} s", start.elapsed().as_secs_f64());

    let start = Instant::now();
    twice().await;
    println!("twice: {:.1} s", start.elapsed().as_secs_f64());
}
