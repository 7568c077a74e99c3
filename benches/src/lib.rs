//! The arithmetic and the printed form of the side-by-side benchmarks. What is measured is in the
//! bench target `compare`: `cargo bench -p sheave-benches`.

mod json;
mod row;
mod statistics;
mod summary;

pub use json::to_json;
pub use row::{Contestant, Row, Sample, Target};
pub use statistics::{Spread, geometric_mean};
pub use summary::{print_header, print_row, print_summary};
