#[sheave::test]
async fn takes_something(something: u8) {}

fn main() {}
