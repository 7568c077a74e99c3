#[sheave::main]
async fn wrong_tail() -> Result<(), String> {
    5
}

#[sheave::main]
async fn missing_tail() -> Result<(), String> {
    std::future::ready(()).await;
}

#[sheave::main]
async fn wrong_return() -> u8 {
    if true {
        return "five";
    }
    5
}

#[sheave::main]
async fn wrong_error() -> Result<(), std::num::ParseIntError> {
    std::fs::read("hosts")?;
    Ok(())
}

#[sheave::main]
async fn unknown_type() {
    let numbers = Vec::new();
}

fn main() {}
