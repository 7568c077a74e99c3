//! The import ladder of the runtime: a module may use what stands below it.

use crate::source::Source;

/// Whether the modules of one rung may use each other.
#[derive(Clone, Copy, PartialEq)]
enum Peers {
    Apart,
    Together,
}

/// The rungs, lowest first. The longest matching path decides, so that one file of a module can
/// stand on a rung of its own. Whoever adds
/// a module says here, once, where it stands.
const LADDER: &[(&str, Peers, &[&str])] = &[
    // Without any knowledge of tasks or workers.
    ("leaves", Peers::Apart, &["util", "coop"]),
    // The parts of the machine. They meet only in the scheduler: `reactor` wakes through
    // `std::task::Waker`, `tasks` knows its scheduler as a trait.
    ("parts", Peers::Apart, &["tasks", "reactor"]),
    // A parker chooses between a condition variable and the wait of a reactor.
    ("park", Peers::Apart, &["park"]),
    // Timers unpark whoever sleeps beyond a new deadline.
    ("timers", Peers::Apart, &["timers"]),
    ("scheduler", Peers::Apart, &["scheduler"]),
    // What users await. It finds the current worker through the scheduler.
    ("front", Peers::Together, FRONT),
    ("assembly", Peers::Together, &["runtime", "asyncio::runner", "asyncio::running_loop", ""]),
];

const FRONT: &[&str] = &[
    "asyncio",
    "cancel",
    "concurrent",
    "fs",
    "front",
    "future",
    "generator",
    "hyper",
    "io",
    "macros",
    "net",
    "process",
    "signal",
    "stream",
    "sync",
    "task",
    "time",
    "tokio_io",
];

/// Names every import that goes up the ladder, and every module without a place on it.
pub(crate) fn check(source: &Source) -> Vec<String> {
    let module = source.module();
    let Some(own) = rung(&module) else {
        return vec![format!(
            "1: module `{}` has no place on the import ladder",
            module.join("::")
        )];
    };
    let mentions = source.mentions();
    let upward = mentions.iter().filter_map(|mention| {
        let target = resolve(&module, &mention.path)?;
        // Children and parents are one module; what `crate::` names at the root are re-exports.
        let (rung, place) = rung(&target).filter(|(_, place)| !place.is_empty())?;
        let fine =
            place == own.1 || rung < own.0 || (rung == own.0 && LADDER[rung].1 == Peers::Together);
        (!fine).then(|| {
            let (from, to) = (LADDER[own.0].0, LADDER[rung].0);
            format!(
                "{}: `{}` ({from}) uses `{place}` ({to}), which is not below it",
                mention.line, own.1
            )
        })
    });
    upward.collect()
}

/// The rung of a module path and the entry that decided.
fn rung(path: &[String]) -> Option<(usize, &'static str)> {
    let places = LADDER.iter().enumerate();
    let places =
        places.flat_map(|(rung, (_, _, places))| places.iter().map(move |place| (rung, *place)));
    let matching = places.filter(|(_, place)| {
        let mut parts = place.split("::").filter(|part| !part.is_empty());
        if place.is_empty() {
            path.is_empty()
        } else {
            path.len() >= parts.clone().count() && parts.by_ref().zip(path).all(|(a, b)| a == b)
        }
    });
    matching.max_by_key(|(_, place)| place.len())
}

/// The module path within the crate that `path` means in `module`; `None` for other crates.
fn resolve(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => {
            let parents = module.len().checked_sub(supers)?;
            Some([&module[..parents], &path[supers..]].concat())
        }
        _ => None,
    }
}
