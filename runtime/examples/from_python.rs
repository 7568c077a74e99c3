//! Visits pages, two at a time, and weighs them while a heart beats.
use sheave::asyncio::{TaskGroup, as_completed, create_task, gather, task_group};
use sheave::sync::Semaphore;
use sheave::time::{Duration, Instant, sleep, timeout};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

const PAGES: [(&str, u64); 4] = [("about", 50), ("index", 100), ("news", 150), ("slow", 60_000)];

async fn fetch(page: &'static str) -> String {
    // Stands for a request that takes so many milliseconds.
    let (_, millis) = PAGES.iter().find(|(name, _)| *name == page).expect("a known page");
    sleep(Duration::from_millis(*millis)).await;
    format!("<h1>{page}</h1>")
}

fn weigh(text: &str) -> u32 {
    // Stands for a library that blocks.
    std::thread::sleep(Duration::from_millis(10));
    text.bytes().map(u32::from).sum()
}

async fn visit(page: &'static str, slots: Arc<Semaphore>) -> String {
    let slot = slots.acquire().await.expect("nobody closes it");
    let Ok(text) = timeout(Duration::from_secs(2), fetch(page)).await else {
        return "too slow".to_owned();
    };
    drop(slot);
    sheave::to_thread(move || weigh(&text)).await.to_string()
}

struct Heart;

impl Drop for Heart {
    fn drop(&mut self) {
        println!("the heart stops");
    }
}

async fn beat(ticks: Arc<Mutex<Vec<Instant>>>) {
    let _finally = Heart;
    loop {
        sleep(Duration::from_millis(5)).await;
        ticks.lock().unwrap().push(Instant::now());
    }
}

#[sheave::main]
pub(crate) async fn main() {
    let ticks = Arc::default();
    let heart = create_task(beat(Arc::clone(&ticks)));

    let slots = Arc::new(Semaphore::new(2));
    let weights = Arc::new(Mutex::new(BTreeMap::new()));
    let group = task_group(async |group: TaskGroup<Infallible>| {
        for (page, _) in PAGES {
            let (slots, weights) = (Arc::clone(&slots), Arc::clone(&weights));
            let member = group.spawn(async move {
                let weight = visit(page, slots).await;
                weights.lock().unwrap().insert(page, weight);
                Ok(())
            });
            drop(member.expect("the group is open"));
        }
        Ok(())
    });
    group.await.expect("no member fails");
    for (page, weight) in weights.lock().unwrap().iter() {
        println!("{page}: {weight}");
    }

    heart.cancel_with_message("all pages are there");
    let error = heart.await.expect_err("it beats for ever");
    let beats = if ticks.lock().unwrap().len() > 5 { "many" } else { "few" };
    println!("cancelled: {}, after {beats} beats", error.cancel_message().unwrap());

    let pair = gather([fetch("index"), fetch("about")]).await.expect("no task panics");
    println!("{} {}", pair[0], pair[1]);

    let mut pages = as_completed(["news", "about", "index"].map(fetch));
    while let Some(page) = pages.next().await {
        println!("arrived: {}", page.expect("no task panics"));
    }
}
