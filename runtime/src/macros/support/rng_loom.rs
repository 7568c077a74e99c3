//! Which branch of a fair `select!` is polled first in a model: always the first, because an
//! execution that is replayed must take the same way.

/// 0, which is below every `n` that has branches.
pub fn thread_rng_n(_n: u32) -> u32 {
    0
}
