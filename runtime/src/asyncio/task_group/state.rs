//! The word on a task group: who is in it, and whether it lets anybody in.
//!
//! | phase         | call                          | phase   | and                                            |
//! |---------------|-------------------------------|---------|------------------------------------------------|
//! | Open          | `enter`                       | Open    | one more member                                |
//! | Closing, Cut, Over | `enter`                  | same    | refused                                        |
//! | Open, Closing | `settle`                      | same    | keeps the abort handle of a member that is still there |
//! | Cut, Over     | `settle`                      | same    | tells the caller to abort the member           |
//! | any           | `abort_members`               | same    | members to be aborted, some of them when they settle |
//! | Open          | `request`                     | Closing | wakes the group, which waits for the grace     |
//! | Open, Closing | `fail`, `cut`                 | Cut     | members to be aborted, wakes the group         |
//! | Cut           | `fail`                        | Cut     | keeps the error                                |
//! | Over          | `fail`                        | Over    | refused: nobody will read it                   |
//! | Cut, Over     | `cut`                         | same    |                                                |
//! | any           | `leave`                       | same    | one member less; the last one wakes the group once its body is over |
//! | Open, Closing, Cut | `try_finish`, the body is over and nobody is in | Over |                                |
//! | any           | `abandon`                     | Over    | members to be aborted                          |
//!
//! A member that is being spawned enters first, so that the group waits for it, and settles when it is a
//! task. If the group was cut in between, whoever spawned it aborts it.

use super::error::{SpawnErrorKind, TaskFailure};
use crate::tasks::AbortHandle;
use crate::util::contain::contain;
use sheave_facade::seeded;
use slab::Slab;
use std::task::Waker;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The body runs, or members do.
    Open,
    /// Asked to end; what runs may take its time.
    Closing,
    /// Everything in it is to end now.
    Cut,
    /// The group is over, or nobody waits for it any more.
    Over,
}

#[derive(Debug)]
pub(super) struct State<E> {
    phase: Phase,
    members: Slab<Member>,
    /// The serial number of the next member.
    serial: u64,
    errors: Vec<TaskFailure<E>>,
    grace: Option<Duration>,
    is_body_over: bool,
    /// The future of the group.
    pub(super) waiter: Option<Waker>,
}

#[derive(Debug)]
struct Member {
    /// Tells this member from later ones with the same key.
    serial: u64,
    /// `None` until it has settled.
    abort: Option<AbortHandle>,
    /// Whether it is to be aborted when it settles.
    is_doomed: bool,
}

/// Names a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    at: usize,
    serial: u64,
}

/// What is left to do without the lock.
#[derive(Debug, Default)]
#[must_use = "members are aborted and the group is woken without the lock"]
pub(super) struct Todo {
    abort: Vec<AbortHandle>,
    wake: Option<Waker>,
}

impl Todo {
    /// Aborts and wakes.
    pub(super) fn run(self) {
        self.abort.iter().for_each(AbortHandle::abort);
        if let Some(waker) = self.wake {
            contain(|| waker.wake());
        }
    }
}

impl<E> State<E> {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Open,
            members: Slab::new(),
            serial: 0,
            errors: Vec::new(),
            grace: None,
            is_body_over: false,
            waiter: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Why nobody may enter.
    pub(super) fn refusal(&self) -> Option<SpawnErrorKind> {
        match self.phase {
            Phase::Open => None,
            Phase::Closing | Phase::Cut => Some(SpawnErrorKind::ShuttingDown),
            Phase::Over => Some(SpawnErrorKind::Finished),
        }
    }

    /// Whether everything in the group is to end now.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.phase, Phase::Cut | Phase::Over)
    }

    /// Whether the group was asked to end.
    pub(super) fn is_ending(&self) -> bool {
        self.phase != Phase::Open
    }

    /// Whether the group is over and all its members have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Over && self.members.is_empty()
    }

    /// The grace that was asked for.
    pub(super) fn grace(&self) -> Option<Duration> {
        self.grace
    }

    pub(super) fn enter(&mut self) -> Result<Key, SpawnErrorKind> {
        if let Some(kind) = self.refusal().filter(|_| !seeded::on("task_group_enters_closed")) {
            return Err(kind);
        }
        let serial = self.serial;
        self.serial += 1;
        Ok(Key {
            at: self.members.insert(Member { serial, abort: None, is_doomed: false }),
            serial,
        })
    }

    /// A member has become a task.
    pub(super) fn settle(&mut self, key: Key, abort: AbortHandle) -> Todo {
        let here = self.members.get_mut(key.at).filter(|member| member.serial == key.serial);
        let Some(member) = here else {
            // It has ended already.
            return Todo::default();
        };
        let is_cut = matches!(self.phase, Phase::Cut | Phase::Over)
            && !seeded::on("task_group_settles_unseen");
        if is_cut || member.is_doomed {
            return Todo { abort: vec![abort], wake: None };
        }
        member.abort = Some(abort);
        Todo::default()
    }

    /// A member has ended.
    pub(super) fn leave(&mut self, key: Key) -> Todo {
        self.members.remove(key.at);
        let is_last = self.members.is_empty() && self.is_body_over;
        Todo { abort: Vec::new(), wake: if is_last { self.waiter.take() } else { None } }
    }

    /// A member has failed. The failure comes back if the group was abandoned.
    pub(super) fn fail(&mut self, failure: TaskFailure<E>) -> Result<Todo, TaskFailure<E>> {
        if self.phase == Phase::Over {
            return Err(failure);
        }
        self.errors.push(failure);
        Ok(self.cut())
    }

    /// Everything is to end.
    pub(super) fn cut(&mut self) -> Todo {
        if self.is_cut() {
            return Todo::default();
        }
        self.phase = Phase::Cut;
        Todo { abort: self.settled(), wake: self.waiter.take() }
    }

    /// Everything is to end within the grace.
    pub(super) fn request(&mut self, grace: Duration) -> Todo {
        if self.phase != Phase::Open {
            return Todo::default();
        }
        self.phase = Phase::Closing;
        self.grace = Some(grace);
        Todo { abort: Vec::new(), wake: self.waiter.take() }
    }

    /// The body has ended; from now on the last member wakes the group.
    pub(super) fn end_body(&mut self) {
        self.is_body_over = true;
    }

    /// Closes the group if nobody is in it; then no later spawn can enter.
    pub(super) fn try_finish(&mut self) -> bool {
        let is_over = self.is_body_over && self.members.is_empty();
        if is_over {
            self.phase = Phase::Over;
        }
        is_over
    }

    /// Nobody waits for the group any more.
    pub(super) fn abandon(&mut self) -> Todo {
        self.phase = Phase::Over;
        // A waker is dropped without the lock, too; to wake it as well does no harm.
        Todo { abort: self.settled(), wake: self.waiter.take() }
    }

    pub(super) fn take_errors(&mut self) -> Vec<TaskFailure<E>> {
        std::mem::take(&mut self.errors)
    }

    /// Takes the abort handles of all who have settled.
    fn settled(&mut self) -> Vec<AbortHandle> {
        self.members.iter_mut().filter_map(|(_, member)| member.abort.take()).collect()
    }

    /// The abort handles of all who have settled; who has not will be aborted then.
    pub(super) fn abort_members(&mut self) -> Todo {
        let mut abort = Vec::new();
        for (_, member) in &mut self.members {
            match &member.abort {
                Some(handle) => abort.push(handle.clone()),
                None => member.is_doomed = !seeded::on("task_group_aborts_settled_only"),
            }
        }
        Todo { abort, wake: None }
    }
}
