//! Models of the slot of a task's record.

use super::super::Id;
use super::{Extras, ExtrasSlot};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::ptr;
use std::sync::Arc;

/// Claim: threads that need a record at the same time get the same one, whole, and the task has its parent
/// all the time. Threads 2; bound: none. Controls: `task_extras_relaxed`, `task_extras_orphan`.
#[test]
fn two_threads_make_a_record() {
    Model::new("task_two_threads_make_a_record").unbounded().check(|| {
        let slot = Arc::new(ExtrasSlot::new(Some(PARENT), None, None));
        let other = {
            let slot = slot.clone();
            thread::spawn(move || look(&slot))
        };
        let here = look(&slot);
        let there = other.join().expect("the other thread ends");
        assert_eq!(here, there, "two records");
    });
}

const PARENT: Id = Id::from_u64(7);

/// The address of the record, of which every part is there.
fn look(slot: &ExtrasSlot) -> usize {
    assert_eq!(slot.parent(), Some(PARENT));
    let extras = slot.get_or_make();
    assert_eq!(slot.parent(), Some(PARENT));
    // SAFETY: the model's cell counts the record's making as a write, and nobody writes later.
    assert!(extras.context.with(|context| unsafe { (*context).is_none() }));
    ptr::from_ref::<Extras>(extras).addr()
}

#[test]
fn must_catch_a_record_that_forgets_the_parent() {
    let model = "tasks::extras::loom::two_threads_make_a_record";
    must_catch(model, "task_extras_orphan", &["left: None"]);
}

#[test]
fn must_catch_a_record_that_is_not_published() {
    must_catch(
        "tasks::extras::loom::two_threads_make_a_record",
        "task_extras_relaxed",
        &["Causality violation"],
    );
}
