#[sheave::main(colour = "red")]
fn main() {}
