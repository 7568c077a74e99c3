//! The method of `LocalSet` that names a runtime, which is above the set.

use super::Runtime;
use crate::front::local_set::LocalSet;
use std::future::Future;

impl LocalSet {
    /// Runs `future` to completion on this thread, in the context of `runtime`, and the tasks of the
    /// set meanwhile: `runtime.block_on(set.run_until(future))`.
    ///
    /// # Panics
    /// If `future` panics, if this thread drives futures already, or if it drives this set.
    ///
    /// # Examples
    /// ```
    /// use sheave::task::{LocalSet, spawn_local};
    ///
    /// let runtime = sheave::runtime::Builder::new_current_thread().build()?;
    /// let text = LocalSet::new().block_on(&runtime, async {
    ///     spawn_local(async { std::rc::Rc::<str>::from("local") }).await
    /// });
    /// assert_eq!(&*text?, "local");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        assert!(
            !self.tasks().is_driven(),
            "`LocalSet::block_on` inside the same set: its other tasks could not run while this one \
             blocks. Use `.await`"
        );
        runtime.block_on(self.run_until(future))
    }
}
