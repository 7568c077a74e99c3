#[sheave::test(flavor = "local")]
async fn unknown_flavor() {}

#[sheave::test(flavor = 1)]
async fn flavor_is_no_number() {}

#[sheave::main(worker_threads = "four")]
async fn threads_are_a_number() {}

#[sheave::main(worker_threads = 0)]
async fn zero_threads() {}

#[sheave::main(worker_threads = 99999999999999999999)]
async fn too_many_threads() {}

#[sheave::test(start_paused = "yes")]
async fn paused_is_a_bool() {}

#[sheave::main(crate = "not-a-path")]
async fn crate_is_a_path() {}

fn main() {}
