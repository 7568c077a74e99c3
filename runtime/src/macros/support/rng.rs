//! Which branch of a fair `select!` is polled first: a small generator per thread.
//!
//! xorshift64*, seeded by the standard library's per-process random keys. It spreads load over
//! branches; it is no source of secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

thread_local! {
    /// The state; 0, which xorshift never reaches, means not seeded yet.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A number below `n`; 0 if `n` is 0.
pub fn thread_rng_n(n: u32) -> u32 {
    let high = next() >> 32;
    u32::try_from((high * u64::from(n)) >> 32).expect("below n, which is a u32")
}

fn next() -> u64 {
    STATE.with(|state| {
        let mut x = match state.get() {
            0 => RandomState::new().build_hasher().finish() | 1,
            seeded => seeded,
        };
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_n_comes_up() {
        let mut seen = [false; 7];
        for _ in 0..1_000 {
            seen[thread_rng_n(7) as usize] = true;
        }
        // Each misses a thousand draws with probability (6/7)^1000, about 10^-67.
        assert_eq!(seen, [true; 7]);
    }

    #[test]
    fn the_smallest_ranges_hold_only_zero() {
        assert_eq!(thread_rng_n(0), 0);
        assert_eq!(thread_rng_n(1), 0);
    }

    #[test]
    fn threads_draw_different_numbers() {
        fn draw() -> [u32; 4] {
            std::array::from_fn(|_| thread_rng_n(u32::MAX))
        }
        let there = std::thread::scope(|scope| scope.spawn(draw).join().unwrap());
        assert_ne!(draw(), there);
    }
}
