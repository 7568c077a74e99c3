//! Cancelling by leaving a block.

use super::CancellationToken;
use std::mem::ManuallyDrop;

/// Cancels its token when dropped: the result of [`CancellationToken::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token: Some(token) }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        self.token.as_ref().expect("only `disarm` takes it, with the guard")
    }

    /// Gives the token back without cancelling it. Other guards of the token still cancel it.
    ///
    /// # Examples
    /// ```
    /// let guard = sheave::cancel::CancellationToken::new().drop_guard();
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    #[must_use]
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("only this call takes it, and it takes the guard")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

/// Cancels a borrowed token when dropped: the result of [`CancellationToken::drop_guard_ref`].
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuardRef<'a> {
    token: &'a CancellationToken,
}

impl<'a> DropGuardRef<'a> {
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        Self { token }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        self.token
    }

    /// Gives the token back without cancelling it. Other guards of the token still cancel it.
    ///
    /// # Examples
    /// ```
    /// let token = sheave::cancel::CancellationToken::new();
    /// assert!(!token.drop_guard_ref().disarm().is_cancelled());
    /// drop(token.drop_guard_ref());
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use]
    pub fn disarm(self) -> &'a CancellationToken {
        ManuallyDrop::new(self).token
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        self.token.cancel();
    }
}
