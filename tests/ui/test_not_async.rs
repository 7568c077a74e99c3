#[sheave::test]
fn waits_for_nothing() {}

fn main() {}
