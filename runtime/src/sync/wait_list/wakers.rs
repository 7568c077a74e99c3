//! Who is to be woken when the lock is released.

use crate::util::contain::contain;
use std::iter::{Chain, Flatten};
use std::task::Waker;
use std::{array, vec};

/// So many are kept without an allocation.
const FEW: usize = 4;

/// The wakers of those who were answered, in their order. Allocates for a crowd only.
#[derive(Default)]
#[must_use = "they are to be woken, unlocked"]
pub(crate) struct Wakers {
    few: [Option<Waker>; FEW],
    others: Vec<Waker>,
}

impl FromIterator<Waker> for Wakers {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Waker>>(wakers: I) -> Self {
        let mut wakers = wakers.into_iter();
        let mut few = [const { None }; FEW];
        for place in &mut few {
            match wakers.next() {
                Some(waker) => *place = Some(waker),
                None => return Self { few, others: Vec::new() },
            }
        }
        Self { few, others: wakers.collect() }
    }
}

impl IntoIterator for Wakers {
    type Item = Waker;
    type IntoIter = Chain<Flatten<array::IntoIter<Option<Waker>, FEW>>, vec::IntoIter<Waker>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.few.into_iter().flatten().chain(self.others)
    }
}

/// Wakes those who were answered, to be called without any lock. A waker that panics does not cost the
/// others their wake (T13).
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(|waker| contain(|| waker.wake()));
}
