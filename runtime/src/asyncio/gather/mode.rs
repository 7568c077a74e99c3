//! What a gather yields: values or the first error, or an outcome for each.

use crate::tasks::JoinError;
use std::convert::Infallible;
use std::fmt;

/// What a [`Gather`](super::Gather) of tasks with output `T` makes of them. Chosen by the function that
/// makes the gather, and by [`return_exceptions`](super::Gather::return_exceptions).
pub trait Mode<T> {
    /// What is kept of a task that has not failed.
    type Value;
    /// What ends the wait.
    type Error;
    /// What the gather yields.
    type Output;

    #[doc(hidden)]
    fn sort(outcome: Result<T, JoinError>) -> Result<Self::Value, Self::Error>;

    #[doc(hidden)]
    fn finish(gathered: Result<Vec<Self::Value>, Self::Error>) -> Self::Output;
}

/// [`gather`](super::gather()): all values, or the first [`JoinError`].
#[derive(Debug)]
pub struct Values(Infallible);

/// `gather(…).return_exceptions()`: a `Result` for each task.
#[derive(Debug)]
pub struct Outcomes(Infallible);

/// [`try_gather`](super::try_gather): all values, or the first [`GatherError`].
#[derive(Debug)]
pub struct TryValues(Infallible);

/// `try_gather(…).return_exceptions()`: a `Result` for each task.
#[derive(Debug)]
pub struct TryOutcomes(Infallible);

impl<T> Mode<T> for Values {
    type Value = T;
    type Error = JoinError;
    type Output = Result<Vec<T>, JoinError>;

    fn sort(outcome: Result<T, JoinError>) -> Result<T, JoinError> {
        outcome
    }

    fn finish(gathered: Result<Vec<T>, JoinError>) -> Self::Output {
        gathered
    }
}

impl<T> Mode<T> for Outcomes {
    type Value = Result<T, JoinError>;
    type Error = Infallible;
    type Output = Vec<Result<T, JoinError>>;

    fn sort(outcome: Result<T, JoinError>) -> Result<Self::Value, Infallible> {
        Ok(outcome)
    }

    fn finish(gathered: Result<Self::Output, Infallible>) -> Self::Output {
        let Ok(outcomes) = gathered;
        outcomes
    }
}

impl<T, E> Mode<Result<T, E>> for TryValues {
    type Value = T;
    type Error = GatherError<E>;
    type Output = Result<Vec<T>, GatherError<E>>;

    fn sort(outcome: Result<Result<T, E>, JoinError>) -> Result<T, GatherError<E>> {
        outcome.map_err(GatherError::Join)?.map_err(GatherError::Err)
    }

    fn finish(gathered: Result<Vec<T>, GatherError<E>>) -> Self::Output {
        gathered
    }
}

impl<T, E> Mode<Result<T, E>> for TryOutcomes {
    type Value = Result<T, GatherError<E>>;
    type Error = Infallible;
    type Output = Vec<Result<T, GatherError<E>>>;

    fn sort(outcome: Result<Result<T, E>, JoinError>) -> Result<Self::Value, Infallible> {
        Ok(TryValues::sort(outcome))
    }

    fn finish(gathered: Result<Self::Output, Infallible>) -> Self::Output {
        let Ok(outcomes) = gathered;
        outcomes
    }
}

/// Why a task of [`try_gather`](super::try_gather) has no value.
#[derive(Debug)]
pub enum GatherError<E> {
    /// It yielded this error.
    Err(E),
    /// It panicked or was cancelled.
    Join(JoinError),
}

impl<E: fmt::Display> fmt::Display for GatherError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Err(error) => error.fmt(f),
            Self::Join(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for GatherError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Err(error) => error.source(),
            Self::Join(error) => error.source(),
        }
    }
}
