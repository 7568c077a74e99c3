//! Many tasks that each sleep once. A hundred thousand by default; a million with `SHEAVE_FULL=1`.

use sheave::runtime::Builder;
use sheave_tests::{Census, Drops, watchdog};
use std::time::{Duration, Instant};

#[test]
fn many_tasks_sleep_at_once() {
    let count = if std::env::var_os("SHEAVE_FULL").is_some() { 1_000_000 } else { 100_000 };
    watchdog(Duration::from_secs(300), || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (drops, before, start) = (Drops::new(), Census::take(), Instant::now());
        let witnesses = drops.clone();
        let spawned = runtime.spawn(async move {
            let deadline = sheave::time::Instant::now() + Duration::from_millis(500);
            let tasks: Vec<_> = (0..count)
                .map(|_| {
                    let witness = witnesses.witness();
                    sheave::spawn(async move {
                        sheave::time::sleep_until(deadline).await;
                        drop(witness);
                        u64::from(sheave::time::Instant::now() >= deadline)
                    })
                })
                .collect();
            (start.elapsed(), tasks)
        });
        let (spawning, tasks) = runtime.block_on(spawned).unwrap();
        let full = Census::take();
        let in_time = runtime.block_on(async {
            let mut in_time = 0;
            for task in tasks {
                in_time += task.await.unwrap();
            }
            in_time
        });
        assert_eq!(in_time, count, "a sleep ended early");
        drops.assert_all();
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
        let bytes = (full.resident_kib - before.resident_kib) * 1024 / count as usize;
        println!(
            "{count} tasks: spawned in {spawning:?}, all over after {:?}, {bytes} bytes each",
            start.elapsed()
        );
    });
}
