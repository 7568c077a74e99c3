//! The sources of one reactor, found by the key that the operating system hands back with an event.
//!
//! A key is a slab index and a generation. The index is used again after a source has gone, the
//! generation is not: an event that was fetched before its source was removed finds either nothing
//! or a source of another generation, and is dropped (T21).

use super::interest::Ready;
use super::source::{Source, shut_down_error};
use super::sys::Event;
use super::wakes::Wakes;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Mutex};
use slab::Slab;
use std::io;
use std::os::fd::RawFd;

/// The low bits of a key. The rest is the generation.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
/// Above it lie indices whose keys a platform may use for itself (`sys::NOTIFY_KEY`, polling's own).
const LAST_INDEX: usize = INDEX_MASK - 2;

/// The sources of one reactor.
pub(super) struct Registry {
    entries: Mutex<Entries>,
    /// Stored under the lock; loaded by `len` without it.
    len: AtomicUsize,
}

struct Entries {
    slab: Slab<Arc<Source>>,
    generation: usize,
    shut_down: bool,
}

/// Whether there are other sources beside a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Company {
    Alone,
    Others,
}

impl Registry {
    pub(super) fn new() -> Self {
        let entries = Entries { slab: Slab::new(), generation: 0, shut_down: false };
        Self { entries: Mutex::new(entries), len: AtomicUsize::new(0) }
    }

    pub(super) fn len(&self) -> usize {
        // ORDERING: Relaxed. The number feeds a policy (is this reactor worth a look?) and guards
        // nothing. A worker that registers a source sees its own store; another worker that
        // learns of the source through a task has synchronised with it by the task (W1).
        self.len.load(Relaxed)
    }

    /// Enters a new source, and tells whether it is the only one.
    pub(super) fn insert(&self, fd: RawFd, assumed: Ready) -> io::Result<(Arc<Source>, Company)> {
        let mut entries = self.entries.lock();
        if entries.shut_down {
            return Err(shut_down_error());
        }
        let generation = entries.generation;
        let vacancy = entries.slab.vacant_entry();
        if vacancy.key() > LAST_INDEX {
            let message = "too many sources on one reactor: use more with `Builder::reactors`";
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, message));
        }
        let key = vacancy.key() | (generation << INDEX_BITS);
        let source = Arc::new(Source::new(key, fd, assumed));
        vacancy.insert(source.clone());
        entries.generation = generation.wrapping_add(1);
        // ORDERING: Relaxed, see `len`.
        self.len.store(entries.slab.len(), Relaxed);
        let company = if entries.slab.len() == 1 { Company::Alone } else { Company::Others };
        Ok((source, company))
    }

    /// Forgets a source. Later events with its key are ignored.
    pub(super) fn remove(&self, source: &Source) {
        let mut entries = self.entries.lock();
        let removed = entries.slab.try_remove(source.key() & INDEX_MASK);
        // ORDERING: Relaxed, see `len`.
        self.len.store(entries.slab.len(), Relaxed);
        drop(entries);
        // The last reference may drop wakers, which must not happen under the lock (W10).
        drop(removed);
    }

    /// Marks the sources of a turn's events and collects the tasks that wait for them.
    pub(super) fn mark(&self, events: impl Iterator<Item = Event>, wakes: &mut Wakes) {
        let entries = self.entries.lock();
        for event in events {
            let Some(source) = entries.slab.get(event.key & INDEX_MASK) else { continue };
            if source.key() == event.key || seeded::on("registry_ignores_generation") {
                source.mark(&event, wakes);
            }
        }
    }

    /// Refuses new sources and ends every wait.
    pub(super) fn shut_down(&self, wakes: &mut Wakes) {
        let mut entries = self.entries.lock();
        entries.shut_down = true;
        for (_, source) in &entries.slab {
            source.shut_down(wakes);
        }
    }
}
