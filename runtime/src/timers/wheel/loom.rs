//! Models of the timers of one worker: fire against drop, renewal and reset, and the owner's sleep
//! against a stranger's earlier deadline.
//!
//! What is promised about a waker, precisely: of firing and removal exactly one gets it. If a timer
//! is dropped while its owner fires, the wake may come after the drop has returned, as a spurious
//! one; if the removal got the waker, no wake comes any more.

use super::*;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::{thread, time};
use std::task::Wake;

/// A waker that counts.
struct Count(AtomicUsize);

impl Count {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0)))
    }

    fn woken(&self) -> usize {
        self.0.load(Acquire)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, AcqRel);
    }
}

const LATER: Duration = Duration::from_millis(1);

fn timers() -> Arc<Timers> {
    Arc::new(Timers::new(Arc::new(Clock::new()), Arc::new(Parker::new(None))))
}

/// Files a timer that is due already; returns its key and its waker's count.
fn due_timer(timers: &Timers) -> (Key, Arc<Count>) {
    let count = Count::new();
    let key = timers.file(timers.clock().now(), count.clone().into(), FiledBy::Owner);
    (key.expect("open"), count)
}

/// Fires what is due, on another thread.
fn fire_elsewhere(timers: &Arc<Timers>) -> thread::JoinHandle<usize> {
    let timers = timers.clone();
    thread::spawn(move || timers.fire_due(timers.clock().now()))
}

/// Claim: of firing and removal exactly one gets the waker. Threads 2, unbounded.
#[test]
fn fire_races_drop() {
    Model::new("timers::fire_races_drop").unbounded().check(|| {
        let timers = timers();
        let (key, count) = due_timer(&timers);
        let owner = fire_elsewhere(&timers);
        let removed = timers.remove(key).is_some();
        let fired = owner.join().unwrap();
        assert_eq!((fired, count.woken()), if removed { (0, 0) } else { (1, 1) }, "not one of two");
        assert!(timers.remove(key).is_none());
    });
}

/// Claim: a task that renews its waker while the timer fires is told so, or its new waker is woken.
/// Threads 2, unbounded. Control: `timers_renew_late` says "filed" of a timer that fired while the
/// waker was cloned.
#[test]
fn fire_races_renewal() {
    Model::new("timers::fire_races_renewal").unbounded().check(|| {
        let timers = timers();
        let (key, old) = due_timer(&timers);
        let owner = fire_elsewhere(&timers);
        let new = Count::new();
        let renewal = timers.renew(key, &new.clone().into());
        owner.join().unwrap();
        match renewal {
            Renewal::Filed => assert_eq!((old.woken(), new.woken()), (0, 1), "a wake is lost"),
            Renewal::Fired => assert_eq!((old.woken(), new.woken()), (1, 0)),
            Renewal::Closed => unreachable!("nobody closes"),
        }
    });
}

/// Claim: a timer that is moved to later while it is due has fired, or fires at the new deadline and
/// not before. Threads 2, unbounded.
#[test]
fn fire_races_reset() {
    Model::new("timers::fire_races_reset").unbounded().check(|| {
        let timers = timers();
        let (key, count) = due_timer(&timers);
        let owner = fire_elsewhere(&timers);
        let renewal = timers.reset(key, timers.clock().now() + LATER, FiledBy::Stranger);
        owner.join().unwrap();
        assert_eq!(count.woken(), usize::from(renewal == Renewal::Fired), "fired early, or lost");
        time::advance(2 * LATER);
        timers.fire_due(timers.clock().now());
        assert_eq!(count.woken(), 1);
    });
}

/// Claim: who files while the owner leaves is refused, or woken. Threads 2, unbounded. Control:
/// `timers_close_open` empties the wheel and lets it accept timers still.
#[test]
fn close_races_file() {
    Model::new("timers::close_races_file").unbounded().check(|| {
        let timers = timers();
        let owner = {
            let timers = timers.clone();
            thread::spawn(move || timers.close())
        };
        let count = Count::new();
        let deadline = timers.clock().now() + LATER;
        let filed = timers.file(deadline, count.clone().into(), FiledBy::Stranger);
        owner.join().unwrap();
        assert_eq!(count.woken(), usize::from(filed.is_ok()), "accepted and not woken");
        if let Ok(key) = filed {
            assert_eq!(timers.renew(key, Waker::noop()), Renewal::Closed);
        }
    });
}

/// Sleeps as a worker does until a timer has woken `count`.
fn sleep_until_woken(timers: &Timers, count: &Count) {
    loop {
        timers.fire_due(timers.clock().now());
        if count.woken() > 0 {
            return;
        }
        let left = timers.time_to_next(timers.clock().now());
        timers.owner.park(left);
        // Only a model's clock has to be told that a timed sleep takes time.
        time::advance(left.unwrap_or_default());
    }
}

/// Claim: an owner that goes to sleep without a timer is woken for one that a stranger files.
/// Threads 2, unbounded. Control: `timers_no_unpark`.
#[test]
fn owner_sleeps_stranger_files() {
    Model::new("timers::owner_sleeps_stranger_files").unbounded().check(|| {
        let timers = timers();
        let count = Count::new();
        let stranger = {
            let (timers, count) = (timers.clone(), count.clone());
            thread::spawn(move || {
                let deadline = timers.clock().now() + LATER;
                timers.file(deadline, count.into(), FiledBy::Stranger).expect("open")
            })
        };
        sleep_until_woken(&timers, &count);
        stranger.join().unwrap();
    });
}

/// Claim: the same for a timer that a stranger moves to an earlier deadline, from one that never
/// comes. Threads 2, unbounded. Control: `timers_no_unpark`.
#[test]
fn owner_sleeps_stranger_resets() {
    Model::new("timers::owner_sleeps_stranger_resets").unbounded().check(|| {
        let timers = timers();
        let count = Count::new();
        let never = timers.clock().now() + Duration::from_secs(1 << 50);
        let key = timers.file(never, count.clone().into(), FiledBy::Owner).expect("open");
        assert_eq!(timers.time_to_next(timers.clock().now()), None);
        let stranger = {
            let timers = timers.clone();
            thread::spawn(move || {
                timers.reset(key, timers.clock().now() + LATER, FiledBy::Stranger)
            })
        };
        sleep_until_woken(&timers, &count);
        assert_eq!(stranger.join().unwrap(), Renewal::Filed);
    });
}

/// Claim: whoever serves the wheel of a stuck owner leaves it the right deadline. The owner that comes back
/// meanwhile, files a timer and sleeps, is woken for that one, and the due one fires once. Threads 2,
/// unbounded. Control: `timers_next_after_unlock`.
#[test]
fn service_races_the_owners_return() {
    Model::new("timers::service_races_the_owners_return").unbounded().check(|| {
        let timers = timers();
        let (_, due) = due_timer(&timers);
        let service = fire_elsewhere(&timers);
        let count = Count::new();
        let deadline = timers.clock().now() + LATER;
        timers.file(deadline, count.clone().into(), FiledBy::Owner).expect("open");
        sleep_until_woken(&timers, &count);
        service.join().unwrap();
        assert_eq!(due.woken(), 1);
    });
}

#[test]
fn control_next_after_unlock() {
    let model = "timers::wheel::loom::service_races_the_owners_return";
    must_catch(model, "timers_next_after_unlock", &["deadlock"]);
}

#[test]
fn control_renew_late() {
    let model = "timers::wheel::loom::fire_races_renewal";
    must_catch(model, "timers_renew_late", &["a wake is lost"]);
}

#[test]
fn control_close_open() {
    let model = "timers::wheel::loom::close_races_file";
    must_catch(model, "timers_close_open", &["accepted and not woken", "right: Closed"]);
}

#[test]
fn control_no_unpark() {
    for model in ["owner_sleeps_stranger_files", "owner_sleeps_stranger_resets"] {
        let model = format!("timers::wheel::loom::{model}");
        must_catch(&model, "timers_no_unpark", &["deadlock"]);
    }
}
