use std::future::ready;

async fn not_a_future() {
    sheave::select! {
        n = 5 => {}
    }
}

async fn handlers_differ() -> u8 {
    sheave::select! {
        n = ready(1_u8) => n,
        text = ready("2") => text,
    }
}

async fn pattern_of_another_type() {
    sheave::select! {
        Some(_) = ready(1_u8) => {}
    }
}

async fn guard_is_no_bool() {
    sheave::select! {
        _ = ready(()), if 1 => {}
    }
}

fn not_async() {
    sheave::select! {
        _ = ready(()) => {}
    }
}

fn main() {}
