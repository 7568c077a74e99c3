//! Which scope the code on this thread runs in, and which part of it is shielded.

use super::shared::Shared;
use crate::front::spawn::try_id;
use crate::tasks::Id;
use pin_project_lite::pin_project;
use sheave_facade::sync::Arc;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The innermost scope whose future is being polled or dropped, and the task to which that future
/// belongs: a task that is polled within the poll of another one is in no scope of that one.
#[derive(Clone)]
struct Frame {
    scope: Arc<Shared>,
    task: Option<Id>,
}

sheave_facade::thread_local! {
    static CURRENT: RefCell<Option<Frame>> = RefCell::new(None);
}

/// Makes `frame` the current one and returns the former. On a thread that is ending there is none.
fn replace(frame: Option<Frame>) -> Option<Frame> {
    CURRENT.try_with(|current| current.replace(frame)).unwrap_or(None)
}

/// The scope of the calling code.
pub(super) fn current() -> Option<Arc<Shared>> {
    let frame = CURRENT.try_with(|current| current.borrow().clone()).ok()??;
    (frame.task == try_id()).then_some(frame.scope)
}

/// Runs `work` in `scope`.
pub(super) fn within<R>(scope: Option<Arc<Shared>>, work: impl FnOnce() -> R) -> R {
    let frame = scope.map(|scope| Frame { scope, task: try_id() });
    let _restored = Restored(replace(frame));
    work()
}

struct Restored(Option<Frame>);

impl Drop for Restored {
    fn drop(&mut self) {
        // Not under the borrow: a scope may be dropped.
        drop(replace(self.0.take()));
    }
}

/// A shielded section that has begun. Ends when dropped.
pub(super) struct Section {
    scope: Option<Arc<Shared>>,
}

impl Section {
    /// Begins one in `scope`, if there is a scope.
    pub(super) fn begin(scope: Option<Arc<Shared>>) -> Self {
        if let Some(scope) = &scope {
            scope.begin_section();
        }
        Self { scope }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        if let Some(scope) = &self.scope {
            scope.end_section();
        }
    }
}

pin_project! {
    /// Future of [`CancelScope::shielded`](super::CancelScope::shielded).
    #[must_use = "futures do nothing unless polled"]
    pub struct Shielded<F> {
        // Dropped before the section ends.
        #[pin]
        body: Option<F>,
        section: Option<Section>,
    }
}

impl<F> Shielded<F> {
    pub(super) fn new(body: F) -> Self {
        Self { body: Some(body), section: None }
    }
}

impl<F: Future> Future for Shielded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.section.get_or_insert_with(|| Section::begin(current()));
        within(None, || {
            let body = this.body.as_mut().as_pin_mut();
            let body = body.expect("a shielded future was polled again after it was ready");
            let polled = body.poll(cx);
            if polled.is_ready() {
                this.body.set(None);
                *this.section = None;
            }
            polled
        })
    }
}

impl<F> fmt::Debug for Shielded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shielded")
            .field("has_begun", &self.section.is_some())
            .finish_non_exhaustive()
    }
}
