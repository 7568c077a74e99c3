#[sheave::main]
struct Main;

fn main() {}
