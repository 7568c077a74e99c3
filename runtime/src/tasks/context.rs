//! The values of context variables that a piece of code runs with.
//!
//! A [`Context`] is a place that holds a *snapshot*: an immutable list in an `Arc`. To copy a context
//! is to share its snapshot; the first change after that copies the list. So a spawn costs the same
//! however many variables are set, and a change costs time in proportion to their number.

use sheave_facade::sync::{Arc, Mutex};
use std::any::Any;
use std::fmt;

/// A value as a context keeps it.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// Names a variable: the address of its `static`, which no other variable has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) address: usize,
    pub(crate) name: &'static str,
}

/// The values of all context variables, for one task or for several: asyncio's `Context`.
///
/// Every task, blocking closure and callback runs in a context of its own, which begins as a copy of
/// the context of whoever spawned it. What it sets is not seen by its parent, and what the parent
/// sets later is not seen by it. A task that is given a context with
/// [`task::Builder::context`](crate::task::Builder::context) runs in that one itself, not in a copy:
/// two tasks that are given the same context see what the other sets.
///
/// A clone is the same context once more; [`copy`](Self::copy) makes another one.
///
/// # Differences from asyncio
/// A context may be entered several times, also on several threads at once.
///
/// # Examples
/// ```
/// use sheave::asyncio::{Context, ContextVar, copy_context};
///
/// static USER: ContextVar<&str> = ContextVar::new("user");
///
/// USER.set("Ada");
/// let copy = copy_context();
/// copy.run(|| USER.set("Grace"));
/// assert_eq!(copy.get(&USER), Some("Grace"));
/// assert_eq!(USER.get(), "Ada");
/// assert_eq!(Context::new().run(|| USER.try_get()), None);
/// ```
#[derive(Clone)]
pub struct Context(Arc<Mutex<Snapshot>>);

/// What is set. `None` for nothing, which needs no memory.
#[derive(Clone, Default)]
struct Snapshot(Option<Arc<Vec<Entry>>>);

#[derive(Clone)]
struct Entry {
    key: Key,
    value: Value,
}

impl Context {
    /// A context in which nothing is set: for a task that is to inherit nothing from its spawner.
    #[must_use]
    pub fn new() -> Self {
        Self::holding(Snapshot::default())
    }

    fn holding(snapshot: Snapshot) -> Self {
        Self(Arc::new(Mutex::new(snapshot)))
    }

    /// Another context with the same values. Its cost does not depend on how many there are.
    #[must_use]
    pub fn copy(&self) -> Self {
        let snapshot = self.0.lock().clone();
        Self::holding(snapshot)
    }

    /// As [`copy`](Self::copy), unless there is nothing to copy.
    pub(super) fn copy_unless_empty(&self) -> Option<Self> {
        let snapshot = self.0.lock().clone();
        snapshot.0.is_some().then(|| Self::holding(snapshot))
    }

    /// How many variables are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().entries().len()
    }

    /// Whether no variable is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a variable.
    pub(crate) fn value(&self, key: Key) -> Option<Value> {
        let snapshot = self.0.lock();
        snapshot.entries().iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
    }

    /// Sets or clears a variable and returns its former value. To drop that is the caller's: it runs
    /// code of a user.
    pub(crate) fn replace(&self, key: Key, value: Option<Value>) -> Option<Value> {
        self.0.lock().replace(key, value)
    }

    /// Whether both are the same context, rather than equal ones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Snapshot {
    fn entries(&self) -> &[Entry] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Copies the list if it is shared. That drops no value: the copy holds all of them.
    fn replace(&mut self, key: Key, value: Option<Value>) -> Option<Value> {
        let index = self.entries().iter().position(|entry| entry.key == key);
        match (index, value) {
            (None, None) => None,
            (None, Some(value)) => {
                Arc::make_mut(self.0.get_or_insert_default()).push(Entry { key, value });
                None
            }
            (Some(index), value) => {
                let entries = Arc::make_mut(self.0.as_mut().expect("an entry was found"));
                match value {
                    Some(value) => Some(std::mem::replace(&mut entries[index].value, value)),
                    None => Some(entries.swap_remove(index).value),
                }
            }
        }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

/// Names the variables that are set. Their values need not be `Debug`.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.0.lock().clone();
        let names = snapshot.entries().iter().map(|entry| entry.key.name);
        f.debug_tuple("Context").field(&names.collect::<Vec<_>>()).finish()
    }
}
