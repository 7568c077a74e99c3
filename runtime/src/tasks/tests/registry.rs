//! The registry on one thread.

use super::*;

#[test]
fn the_registry_aborts_all_and_shows_all() {
    let queue = Queue::new();
    let joins: Vec<_> = (0..100).map(|_| queue.spawn(pending::<()>())).collect();
    queue.run_all();
    let mut shown = 0;
    queue.0.registry.for_each(|task| {
        assert!(!task.is_finished());
        shown += 1;
    });
    assert_eq!((shown, queue.0.registry.len()), (100, 100));
    queue.0.registry.close();
    let _ = queue.0.registry.usher_out(0);
    assert_eq!(queue.len(), 0, "counted, not aborted");
    queue.0.registry.abort_all(0);
    assert_eq!(queue.len(), 100);
    queue.run_all();
    assert_eq!((queue.0.registry.remaining(), queue.0.registry.len()), (Remaining::Nobody, 0));
    for join in joins {
        assert!(finished(join).unwrap_err().is_cancelled());
    }
}

#[test]
fn tasks_leave_the_registry_in_any_order() {
    let queue = Queue::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let joins: Vec<_> = (0..3).map(|_| queue.spawn(pending::<()>())).collect();
        queue.run_all();
        for (left, which) in [2, 1, 0].into_iter().zip(order) {
            joins[which].abort();
            queue.run_all();
            let mut shown = 0;
            queue.0.registry.for_each(|_| shown += 1);
            assert_eq!((queue.0.registry.len(), shown), (left, left));
        }
    }
}

#[test]
fn a_task_refused_by_the_registry_ends_and_leaves_nothing() {
    let (queue, census) = (Queue::new(), Census::default());
    queue.0.registry.close();
    for first_to_go in 0..3 {
        let member = census.member();
        let future = async move { drop(member) };
        let (task, runnable, join) = new_task(future, queue.clone(), id(1), spec());
        let mut task = Some(queue.0.registry.bind_outside(0, task).unwrap_err());
        let (mut runnable, mut join) = (Some(runnable), Some(join));
        // Whatever is dropped first, nothing is used after it is freed (the sanitisers look).
        match first_to_go {
            0 => drop(task.take()),
            1 => drop(runnable.take()),
            _ => drop(join.take()),
        }
        drop((join, task, runnable));
        assert_eq!(census.alive(), 0);
    }
    assert_eq!(Arc::strong_count(&queue.0), 1, "each task gave its scheduler back");
}

#[test]
fn rosters_grow_and_their_seats_are_used_again() {
    let queue = Queue::new();
    for _ in 0..3 {
        let joins: Vec<_> = (0..1000).map(|_| queue.spawn(pending::<()>())).collect();
        queue.run_all();
        assert_eq!(queue.0.registry.len(), 1000);
        for join in &joins {
            join.abort();
        }
        queue.run_all();
        assert_eq!(queue.0.registry.len(), 0);
    }
}

#[test]
fn a_registry_that_is_never_closed_gives_its_references_up() {
    let (queue, census) = (Queue::new(), Census::default());
    let member = census.member();
    let join = queue.spawn(async move { drop(member) });
    queue.run_all();
    assert!(finished(join).is_ok());
    assert_eq!(census.alive(), 0);
}
