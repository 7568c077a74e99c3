//! `task_local!`: values that follow a future rather than a thread.
//!
//! A [`TaskLocalFuture`] keeps its value beside the future it wraps. Around each poll, and around
//! the drop of the wrapped future, it trades the value for what the thread-local cell of the key
//! holds, and trades back afterwards, also when the wrapped code panics. So the cell always holds
//! the value of the innermost scope that runs on this thread, and nothing outlives its scope.
//!
//! The cell is the standard library's, so the models do not see it: no other thread ever does.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use scope::Entered;

mod scope;

/// Declares task-local values.
///
/// Each `static` becomes a [`LocalKey`]. It has no initial value: a value is there only inside
/// [`scope`](LocalKey::scope) or [`sync_scope`](LocalKey::sync_scope), and tasks spawned in a scope
/// do not inherit it. Attributes and visibility are kept.
///
/// # Examples
///
/// ```
/// sheave::task_local! {
///     /// Who is asking.
///     pub static USER: String;
///     static DEPTH: u32;
/// }
///
/// # futures_lite::future::block_on(async {
/// let greeting = USER.scope("Ada".into(), async { USER.with(|user| format!("Hello, {user}")) });
/// assert_eq!(greeting.await, "Hello, Ada");
///
/// let nested = DEPTH.scope(1, async {
///     let inner = DEPTH.scope(2, async { DEPTH.get() }).await;
///     (inner, DEPTH.get())
/// });
/// assert_eq!(nested.await, (2, 1));
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis static $name:ident: $type:ty
    );* $(;)?) => {$(
        $(#[$attribute])*
        $visibility static $name: $crate::macros::task_local::LocalKey<$type> = {
            ::std::thread_local! {
                static CELL: $crate::macros::support::TaskLocalCell<$type> = const {
                    $crate::macros::support::TaskLocalCell::new(::core::option::Option::None)
                };
            }
            $crate::macros::task_local::LocalKey::from_cell(&CELL)
        };
    )*};
}

/// Where the value of the innermost scope on this thread is.
#[doc(hidden)]
pub type TaskLocalCell<T> = RefCell<Option<T>>;

/// The key of a task-local value, declared by [`task_local!`](crate::task_local!).
///
/// # Examples
///
/// ```
/// sheave::task_local! {
///     static REQUEST: u64;
/// }
///
/// async fn log(text: &str) -> String {
///     match REQUEST.try_get() {
///         Ok(id) => format!("[{id}] {text}"),
///         Err(_) => text.to_owned(),
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// assert_eq!(log("started").await, "started");
/// assert_eq!(REQUEST.scope(7, log("accepted")).await, "[7] accepted");
/// # });
/// ```
pub struct LocalKey<T: 'static> {
    cell: &'static std::thread::LocalKey<TaskLocalCell<T>>,
}

impl<T: 'static> LocalKey<T> {
    /// For `task_local!` alone.
    #[doc(hidden)]
    pub const fn from_cell(cell: &'static std::thread::LocalKey<TaskLocalCell<T>>) -> Self {
        Self { cell }
    }

    /// Runs `future` with `value` as the value of this key.
    ///
    /// The value is there whenever the future is polled, and when it is dropped, on whatever thread
    /// that happens. It is dropped with the returned future, after the wrapped one.
    ///
    /// # Cancel safety
    ///
    /// That of `future`. Dropping the returned future drops the value too; to keep it, see
    /// [`TaskLocalFuture::take_value`].
    ///
    /// # Panics
    ///
    /// The returned future panics when it is polled inside [`with`](Self::with) of the same key, or
    /// after it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// NUMBER.scope(1, async { assert_eq!(NUMBER.get(), 1) }).await;
    /// # });
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
            _pinned: PhantomPinned,
        }
    }

    /// Runs `f` with `value` as the value of this key, and drops the value afterwards.
    ///
    /// # Panics
    ///
    /// Inside [`with`](Self::with) of the same key, and if this thread is being torn down. A panic
    /// of `f` is passed on.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.get() * 2), 6);
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        match Entered::enter(self, &mut value) {
            Ok(_scope) => f(),
            Err(refusal) => refusal.panic(),
        }
    }

    /// Calls `f` with the value of the innermost scope.
    ///
    /// # Panics
    ///
    /// Outside every scope of this key; [`try_with`](Self::try_with) returns an error instead.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NAME: String;
    /// }
    ///
    /// let length = NAME.sync_scope("wheel".into(), || NAME.with(|name| name.len()));
    /// assert_eq!(length, 5);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls `f` with the value of the innermost scope, if there is one.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside every scope of this key. `f` is not called then.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert!(NUMBER.try_with(|number| number + 1).is_err());
    /// assert_eq!(NUMBER.sync_scope(1, || NUMBER.try_with(|number| number + 1)), Ok(2));
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let call = |cell: &TaskLocalCell<T>| cell.borrow().as_ref().map(f);
        // While the thread is torn down no scope is left on it.
        self.cell.try_with(call).ok().flatten().ok_or(AccessError { _private: () })
    }

    /// A clone of the value of the innermost scope.
    ///
    /// # Panics
    ///
    /// Outside every scope of this key; [`try_get`](Self::try_get) returns an error instead.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.get()), 3);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A clone of the value of the innermost scope, if there is one.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside every scope of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// sheave::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert!(NUMBER.try_get().is_err());
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.try_get()), Ok(3));
    /// ```
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that runs with a task-local value; made by [`LocalKey::scope`].
    ///
    /// Dropping it drops the wrapped future while the value is still to be seen, then the value.
    pub struct TaskLocalFuture<T: 'static, F> {
        key: &'static LocalKey<T>,
        // `None` while the wrapped code runs, and after `take_value`.
        value: Option<T>,
        // `None` once it is done.
        #[pin]
        future: Option<F>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_none() {
                return;
            }
            // If the scope cannot be entered, for instance because `with` is running further up,
            // the future is dropped outside it: a destructor must not panic for that.
            let _scope = Entered::enter(*this.key, this.value);
            this.future.set(None);
        }
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a `TaskLocalFuture` was polled after it was done");
        };
        let _scope = match Entered::enter(*this.key, this.value) {
            Ok(scope) => scope,
            Err(refusal) => refusal.panic(),
        };
        let polled = future.poll(context);
        if polled.is_ready() {
            // Here, because what the future held may look at the value as it is dropped.
            this.future.set(None);
        }
        polled
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out; `None` if it was taken before.
    ///
    /// Meant for a future that is done. One that is not runs on without a value: what it asks of
    /// the key then is answered as if there were no scope.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::cell::Cell;
    /// sheave::task_local! {
    ///     static COUNT: Cell<u32>;
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let counting = COUNT.scope(Cell::new(0), async { COUNT.with(|count| count.set(5)) });
    /// sheave::pin!(counting);
    /// counting.as_mut().await;
    /// assert_eq!(counting.as_mut().take_value().map(Cell::into_inner), Some(5));
    /// assert!(counting.take_value().is_none());
    /// # });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: fmt::Debug, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").field("value", &self.value).finish_non_exhaustive()
    }
}

/// There is no value: the code does not run inside a scope of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    _private: (),
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this task-local has no value here; call this inside `LocalKey::scope` or `sync_scope`",
        )
    }
}

impl Error for AccessError {}
