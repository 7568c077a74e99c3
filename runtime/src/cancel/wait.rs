//! Waiting for a token.

use super::CancellationToken;
use crate::coop;
use crate::sync::wait_list::Key;
use crate::util::waits;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Future of [`CancellationToken::cancelled`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFuture<'a> {
    token: &'a CancellationToken,
    key: Option<Key>,
}

/// Future of [`CancellationToken::cancelled_owned`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFutureOwned {
    token: CancellationToken,
    key: Option<Key>,
}

impl<'a> WaitForCancellationFuture<'a> {
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        Self { token, key: None }
    }

    /// Polls without a look at the task's budget.
    /// For those who wait for something else at the same time, which is what dumps show.
    pub(crate) fn poll_unbudgeted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        waits::secondary(|| self.token.poll_cancelled(&mut self.key, cx))
    }
}

impl WaitForCancellationFutureOwned {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token, key: None }
    }

    /// Polls without a look at the task's budget.
    /// For those who wait for something else at the same time, which is what dumps show.
    pub(crate) fn poll_unbudgeted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { token, key } = self;
        waits::secondary(|| token.poll_cancelled(key, cx))
    }
}

fn poll_fairly(token: &CancellationToken, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
    let progress = ready!(coop::poll_proceed(cx));
    ready!(token.poll_cancelled(key, cx));
    progress.made_progress();
    Poll::Ready(())
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        poll_fairly(self.token, &mut self.key, cx)
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { token, key } = &mut *self;
        poll_fairly(token, key, cx)
    }
}

impl Drop for WaitForCancellationFuture<'_> {
    fn drop(&mut self) {
        self.token.leave(&mut self.key);
    }
}

impl Drop for WaitForCancellationFutureOwned {
    fn drop(&mut self) {
        self.token.leave(&mut self.key);
    }
}
