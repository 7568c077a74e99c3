//! Context variables: values that follow a task to the tasks it spawns.

use crate::tasks::{Context, Key, Value, try_with_context};
use sheave_facade::sync::Arc;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ptr;

/// A variable whose value belongs to the [`Context`] that reads it: asyncio's `ContextVar`.
///
/// Each task has a context of its own. It begins as a copy of its spawner's, whichever way it is
/// spawned: [`spawn`](crate::spawn), [`spawn_local`](crate::task::spawn_local()), a
/// [`JoinSet`](crate::task::JoinSet), [`spawn_blocking`](crate::task::spawn_blocking()),
/// [`to_thread`](crate::to_thread), and the root of
/// [`block_on`](crate::runtime::Runtime::block_on) likewise. A future that is awaited in place, or
/// joined by [`join!`](crate::join), shares the context of its task. While no variable is set, all
/// this costs a spawn a comparison, and a poll one load of a word that it needs anyway and a few
/// instructions around it; nothing is allocated.
///
/// A variable is a `static`: its address is its identity. For values that are not inherited, or that
/// are bound to a scope, see [`task_local!`](crate::task_local).
///
/// # Differences from asyncio
/// - A variable cannot be made at run time; asyncio discourages that, because contexts keep it alive.
/// - [`get`](Self::get) returns a clone. Keep a large value in an [`Arc`](std::sync::Arc).
/// - Closures on the blocking pool inherit the context in every way of starting them; in asyncio
///   `to_thread` propagates it and `run_in_executor` does not.
///
/// # Examples
/// ```
/// use sheave::asyncio::ContextVar;
///
/// static REQUEST: ContextVar<u64> = ContextVar::new("request");
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// REQUEST.set(17);
/// let child = sheave::spawn(async {
///     let inherited = REQUEST.get();
///     REQUEST.set(18);
///     inherited
/// });
/// assert_eq!(child.await?, 17);
/// assert_eq!(REQUEST.get(), 17, "the child has a context of its own");
/// # Ok(())
/// # }
/// ```
pub struct ContextVar<T: 'static> {
    name: &'static str,
    default: Option<T>,
}

impl<T> ContextVar<T> {
    /// A variable without a default value. The name is for messages; several may have the same.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, default: None }
    }

    /// A variable with a value for contexts in which it is not set.
    ///
    /// ```
    /// use sheave::asyncio::ContextVar;
    ///
    /// static RETRIES: ContextVar<u32> = ContextVar::with_default("retries", 3);
    ///
    /// assert_eq!(RETRIES.get(), 3);
    /// ```
    #[must_use]
    pub const fn with_default(name: &'static str, default: T) -> Self {
        Self { name, default: Some(default) }
    }

    /// The name it was given.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn key(&'static self) -> Key {
        Key { address: ptr::from_ref(self).addr(), name: self.name }
    }
}

impl<T: Send + Sync + 'static> ContextVar<T> {
    /// The value in the current context, or the default.
    ///
    /// # Panics
    /// If there is neither: asyncio's `LookupError`. See [`try_get`](Self::try_get).
    #[must_use]
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        match self.try_get() {
            Some(value) => value,
            None => panic!(
                "the context variable `{}` is not set and has no default: set it before, or use \
                 `try_get`",
                self.name
            ),
        }
    }

    /// The value in the current context, or the default, if there is either.
    #[must_use]
    pub fn try_get(&'static self) -> Option<T>
    where
        T: Clone,
    {
        self.with(|value| value.cloned())
    }

    /// Calls `f` with the value in the current context or the default, without a clone.
    ///
    /// ```
    /// use sheave::asyncio::ContextVar;
    ///
    /// static PATH: ContextVar<String> = ContextVar::new("path");
    ///
    /// PATH.set("/tmp".to_string());
    /// assert_eq!(PATH.with(|path| path.map(String::len)), Some(4));
    /// ```
    pub fn with<R>(&'static self, f: impl FnOnce(Option<&T>) -> R) -> R {
        // A counted reference, so that `f` may set the variable: no lock is held.
        let value = try_with_context(|context| context?.value(self.key()));
        f(value.as_deref().map(of_type).or(self.default.as_ref()))
    }

    /// Sets the value in the current context. The token can [`reset`](Self::reset) it to what it was
    /// before; drop it if you need not.
    pub fn set(&'static self, value: T) -> Token<T> {
        let context = Context::current();
        let former = context.replace(self.key(), Some(Arc::new(value)));
        Token { var: self, context, former }
    }

    /// Undoes the [`set`](Self::set) that returned `token`: the variable has the value that it had
    /// before, or none.
    ///
    /// # Panics
    /// If the token is another variable's, or was made in another context. See
    /// [`try_reset`](Self::try_reset).
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::ContextVar;
    ///
    /// static LEVEL: ContextVar<u32> = ContextVar::new("level");
    ///
    /// let token = LEVEL.set(1);
    /// assert_eq!(LEVEL.get(), 1);
    /// LEVEL.reset(token);
    /// assert_eq!(LEVEL.try_get(), None);
    /// ```
    #[track_caller]
    pub fn reset(&'static self, token: Token<T>) {
        if let Err(error) = self.try_reset(token) {
            panic!("cannot reset the context variable `{}`: {error}", self.name);
        }
    }

    /// As [`reset`](Self::reset), for tokens that may come from elsewhere.
    ///
    /// # Errors
    /// If the token is another variable's, or was made in another context.
    pub fn try_reset(&'static self, token: Token<T>) -> Result<(), ResetError> {
        if !ptr::eq(self, token.var) {
            return Err(ResetError::OtherVariable);
        }
        let is_here =
            try_with_context(|context| context.is_some_and(|here| here.is_same(&token.context)));
        if !is_here {
            return Err(ResetError::OtherContext);
        }
        let replaced = token.context.replace(self.key(), token.former);
        drop(replaced);
        Ok(())
    }
}

/// The type of a value follows from its variable's.
fn of_type<T: 'static>(value: &(dyn Any + Send + Sync)) -> &T {
    value.downcast_ref().expect("a variable's values are of its type")
}

/// Keeps `const` items from being used as variables: a value with a destructor is not promoted to a
/// `static`, so `CONST.get()` does not compile, where each use might have an address of its own.
impl<T> Drop for ContextVar<T> {
    fn drop(&mut self) {}
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a variable was before it was [set](ContextVar::set).
///
/// It is used up by [`ContextVar::reset`], so it cannot be used twice.
pub struct Token<T: 'static> {
    var: &'static ContextVar<T>,
    context: Context,
    former: Option<Value>,
}

impl<T: Send + Sync + 'static> Token<T> {
    /// The variable that was set.
    #[must_use]
    pub fn var(&self) -> &'static ContextVar<T> {
        self.var
    }

    /// The value before that; `None` if there was none, asyncio's `Token.MISSING`. A default is no
    /// such value.
    #[must_use]
    pub fn old_value(&self) -> Option<&T> {
        self.former.as_deref().map(of_type)
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("var", &self.var.name).finish_non_exhaustive()
    }
}

/// Why a token cannot reset a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetError {
    /// Another variable was set when the token was made.
    OtherVariable,
    /// The variable was set in another context: in another task, for example.
    OtherContext,
}

impl fmt::Display for ResetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherVariable => "the token was made by another variable",
            Self::OtherContext => {
                "the token was made in another context: reset a variable in the task that set it"
            }
        })
    }
}

impl Error for ResetError {}

/// Another context with the values of the current one: asyncio's `contextvars.copy_context`.
///
/// Its cost does not depend on how many variables are set.
#[must_use]
pub fn copy_context() -> Context {
    try_with_context(|context| context.map(Context::copy)).unwrap_or_default()
}

impl Context {
    /// The value of a variable in this context; its default does not count.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, var: &'static ContextVar<T>) -> Option<T> {
        let value = self.value(var.key())?;
        Some(of_type::<T>(&*value).clone())
    }
}
