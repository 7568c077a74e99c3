#[sheave::main]
fn main() {}
