#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod level;
mod slots;
mod tick;
mod wheel;

pub use slots::Key;
pub use tick::{Resolution, Tick};
pub use wheel::Wheel;
