//! The future that runs another one in a scope.

use super::sections::{Section, current, within};
use super::shared::{Event, Shared};
use crate::cancel::Cancelled;
use crate::front::aside::Aside;
use crate::time::{Sleep, sleep_until};
use crate::util::contain::catch;
use pin_project_lite::pin_project;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// Future of [`CancelScope::run`](super::CancelScope::run).
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<F> {
        #[pin]
        body: Option<F>,
        scope: Arc<Shared>,
        has_entered: bool,
        // How often it has given way.
        ways_given: usize,
        timer: Option<Sleep>,
        // The section that a shielded scope is for those around it; ends after the body is gone.
        section: Option<Section>,
    }

    impl<F> PinnedDrop for Run<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end(false);
        }
    }
}

impl<F> Run<F> {
    pub(super) fn new(scope: Arc<Shared>, body: F) -> Self {
        Self {
            body: Some(body),
            scope,
            has_entered: false,
            ways_given: 0,
            timer: None,
            section: None,
        }
    }

    /// Drops the body, in its scope.
    fn end(self: Pin<&mut Self>, is_caught: bool) {
        let mut this = self.project();
        if this.body.is_none() {
            return;
        }
        let dropped = catch(|| within(Some(this.scope.clone()), || this.body.set(None)));
        if *this.has_entered {
            this.scope.leave(is_caught);
        }
        *this.timer = None;
        *this.section = None;
        if let Err(payload) = dropped {
            resume_unwind(payload);
        }
    }

    fn enter(self: Pin<&mut Self>) {
        let this = self.project();
        if !*this.has_entered {
            let around = current();
            this.scope.enter(around.clone());
            *this.has_entered = true;
            if this.scope.is_shielded() {
                *this.section = Some(Section::begin(around));
            }
        }
    }

    /// Whether a scope around, which is cancelled too, is to drop this with its own future now. It was told,
    /// and does that as soon as this waits. Each that is around may poll this once more before, for those who
    /// wait for it; who polls this more often is another one, for whom it ends.
    fn gives_way(self: Pin<&mut Self>) -> bool {
        let ways_given = self.project().ways_given;
        let gives_way = current()
            .is_some_and(|around| around.is_about_to_drop() && *ways_given <= around.depth());
        *ways_given += usize::from(gives_way);
        gives_way
    }

    /// Waits until the body shall be dropped: why, and whether somebody waited for that.
    fn poll_cancelled(
        self: Pin<&mut Self>,
        aside: &Aside,
        cx: &mut Context<'_>,
    ) -> Poll<(Cancelled, bool)> {
        let this = self.project();
        loop {
            let filed = this.timer.as_ref().map(Sleep::deadline);
            match this.scope.poll_event(filed, cx) {
                Poll::Ready(Event::Dropped(cause, has_observers)) => {
                    return Poll::Ready((cause, has_observers));
                }
                Poll::Ready(Event::Deadline(deadline)) => {
                    *this.timer = deadline.map(sleep_until);
                    continue;
                }
                Poll::Pending => {}
            }
            let Some(timer) = this.timer else { return Poll::Pending };
            if aside.poll(|| Pin::new(timer).poll(cx)).is_pending() {
                return Poll::Pending;
            }
            if this.scope.own_cause().is_some() {
                return Poll::Pending;
            }
            this.scope.expire(filed);
        }
    }
}

impl<F: Future> Future for Run<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.as_mut().enter();
        loop {
            let aside = Aside::begin();
            let this = self.as_mut().project();
            let was_told = this.scope.is_told();
            let body = this.body.as_pin_mut();
            let body = body.expect("a `CancelScope::run` was polled again after it was ready");
            let polled = within(Some(this.scope.clone()), || body.poll(cx));
            let output = match polled {
                Poll::Ready(output) => Ok(output),
                Poll::Pending => match self.as_mut().poll_cancelled(&aside, cx) {
                    // It came since the poll began: who waits for it in the body is polled once more.
                    Poll::Ready((_, true)) if !was_told => continue,
                    Poll::Ready(_) if self.as_mut().gives_way() => {
                        // For who polls this elsewhere than in the scope around.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready((cause, _)) => Err(cause),
                    Poll::Pending => return Poll::Pending,
                },
            };
            self.end(output.is_err());
            return Poll::Ready(output);
        }
    }
}

impl<F> fmt::Debug for Run<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("is_running", &self.body.is_some()).finish_non_exhaustive()
    }
}
