#[sheave::main(flavor = "current_thread", worker_threads = 2)]
async fn no_workers() {}

#[sheave::test(worker_threads = 2)]
async fn a_test_has_no_workers_by_default() {}

#[sheave::main(start_paused = true)]
async fn main_has_workers_by_default() {}

#[sheave::test(flavor = "multi_thread", start_paused = true)]
async fn only_one_thread_can_be_paused() {}

fn main() {}
