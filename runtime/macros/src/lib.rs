//! The procedural macros of the `sheave` runtime.
//!
//! Use them through `sheave`, which re-exports the attributes and wraps the function-like macros:
//! the wrappers pass `[$crate]` as the first token, so that expansions name the runtime whatever it
//! is called in the user's crate. Every expansion is free of `unsafe` and of allocation.

use proc_macro::TokenStream;

mod entry;
mod join;
mod options;
mod select;
mod syntax;

/// Runs an `async fn` on a new runtime.
///
/// The function becomes an ordinary one that builds a runtime, blocks on the body and shuts the
/// runtime down. Use it on `main`, or on any function that should bridge into async code; only
/// `main` itself is refused arguments. It must not be called from inside a runtime.
///
/// # Options
///
/// | option | values | default |
/// |---|---|---|
/// | `flavor` | `"multi_thread"`, `"current_thread"` | `"multi_thread"` |
/// | `worker_threads` | an integer of at least 1; `multi_thread` only | what the builder chooses |
/// | `start_paused` | `true`, `false`; `current_thread` only | `false` |
/// | `crate` | the path of a renamed or re-exported `sheave` | `"::sheave"` |
///
/// # Panics
///
/// The function panics if the runtime cannot be built, for example because the system has no more
/// threads to give, and it passes on the panics of its body.
///
/// # Examples
///
/// ```
/// #[sheave::main(worker_threads = 2)]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let task = sheave::task::spawn(async { "42".parse::<u32>() });
///     assert_eq!(task.await??, 42);
///     Ok(())
/// }
/// ```
///
/// It expands to:
///
/// ```
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let runtime = sheave::runtime::Builder::new_multi_thread()
///         .worker_threads(2)
///         .build()
///         .expect("failed to build the sheave runtime");
///     runtime.block_on(async move {
///         let task = sheave::task::spawn(async { "42".parse::<u32>() });
///         assert_eq!(task.await??, 42);
///         Ok(())
///     })
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    entry::expand(entry::Kind::Main, options.into(), function.into()).into()
}

/// Runs an `async fn` as a test, on a runtime of its own.
///
/// It takes the [options of `main`](macro@main), but its default flavor is `"current_thread"`.
/// The built-in `#[test]` is added, so `#[should_panic]`, `#[ignore]` and a `Result` as return type
/// work as they do there.
///
/// # Examples
///
/// ```
/// #[sheave::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn a_task_yields_its_value() -> Result<(), sheave::task::JoinError> {
///     let task = sheave::task::spawn(async { 6 * 7 });
///     assert_eq!(task.await?, 42);
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    entry::expand(entry::Kind::Test, options.into(), function.into()).into()
}

/// The expansion of `sheave::select!`, which documents it.
#[doc(hidden)]
#[proc_macro]
pub fn select_expand(input: TokenStream) -> TokenStream {
    select::expand(input.into()).into()
}

/// The expansion of `sheave::join!`, which documents it.
#[doc(hidden)]
#[proc_macro]
pub fn join_expand(input: TokenStream) -> TokenStream {
    join::expand(join::Outcome::All, input.into()).into()
}

/// The expansion of `sheave::try_join!`, which documents it.
#[doc(hidden)]
#[proc_macro]
pub fn try_join_expand(input: TokenStream) -> TokenStream {
    join::expand(join::Outcome::FirstError, input.into()).into()
}
