//! Models of a worker that lies vacant.

use super::super::Shared;
use super::super::loom::config;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

/// Claim: of a thread that was sent for and the one that has sent for it, one gets the core. If it is the
/// former, and it lays the core down for good, the latter does not find it. Threads 2, unbounded. Control:
/// `vacancy_old_offers_are_good`.
#[test]
fn an_offer_is_good_once() {
    Model::new("vacancy::an_offer_is_good_once").unbounded().check(|| {
        let shared = Shared::new(config(1)).unwrap();
        let core = shared.remotes[0].vacancy.lock().take_any().unwrap();
        let offer = shared.remotes[0].vacancy.lay_down(core);
        let sent_for = {
            let shared = shared.clone();
            thread::spawn(move || {
                let vacancy = &shared.remotes[0].vacancy;
                vacancy.take(offer).map(|core| vacancy.lay_down(core))
            })
        };
        let mine = shared.remotes[0].vacancy.take(offer);
        let new = sent_for.join().unwrap();
        assert_ne!(mine.is_some(), new.is_some(), "one of them runs the worker");
        assert_eq!(shared.remotes[0].vacancy.offer(), new, "whoever ran it has left");
    });
}

#[test]
fn control_old_offers_are_good() {
    let model = "scheduler::vacancy::loom::an_offer_is_good_once";
    must_catch(model, "vacancy_old_offers_are_good", &["panicked"]);
}
