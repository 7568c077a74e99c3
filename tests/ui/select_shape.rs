use std::future::ready;

async fn no_pattern() {
    sheave::select! {
        ready(1) => {}
    }
}

async fn no_branch() {
    sheave::select! {}
}

async fn no_handler() {
    sheave::select! {
        n = ready(1) =>
    }
}

async fn no_arrow() {
    sheave::select! {
        n = ready(1) {}
    }
}

async fn no_if() {
    sheave::select! {
        n = ready(1), true => {}
    }
}

async fn no_comma() {
    sheave::select! {
        _ = ready(1) => 1
        _ = ready(2) => 2
    }
}

async fn after_else() {
    sheave::select! {
        else => {}
        _ = ready(2) => {}
    }
}

fn main() {}
