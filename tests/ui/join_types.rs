use std::future::ready;

async fn not_a_future() {
    sheave::join!(ready(1), 5);
}

async fn not_a_result() {
    let _: Result<_, ()> = sheave::try_join!(ready(Ok(1)), ready(2));
}

async fn errors_differ() {
    let _ = sheave::try_join!(ready(Err::<(), u8>(1)), ready(Err::<(), &str>("2")));
}

async fn no_comma() {
    sheave::join!(ready(1) ready(2));
}

fn main() {}
