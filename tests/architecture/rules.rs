//! The rules besides the ladder. Each takes a file and returns its offences as `line: what`.

use crate::source::{Line, Source, is_word, item_end};

/// A rule: a file in, offences out.
pub(crate) type Rule = fn(&Source) -> Vec<String>;

/// How far above its use a tag may stand.
const TAG_REACH: usize = 8;
const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 40;
/// The word by which a file or function over budget introduces its reason.
const EXCUSE: &str = "longer";

/// Every ordering states what it publishes, its partner, and what breaks if it were weaker.
pub(crate) fn orderings_are_argued(source: &Source) -> Vec<String> {
    let orderings = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
    let imports = import_lines(source);
    let uses = source.shipped().filter(|(number, line)| {
        !imports[*number - 1] && orderings.iter().any(|o| has_word(&line.code, o))
    });
    let silent = uses.filter(|(number, _)| !source.has_tag(*number, TAG_REACH, "ORDERING:"));
    silent.map(|(number, _)| format!("{number}: an ordering without `// ORDERING:`")).collect()
}

/// Every unsafe block and impl states why it is sound.
pub(crate) fn unsafe_is_argued(source: &Source) -> Vec<String> {
    let uses = source.lines.iter().enumerate().filter(|(_, line)| {
        let words: Vec<&str> = line.code.split_whitespace().collect();
        let followed = |next: &str| {
            words.windows(2).any(|w| w[0].ends_with("unsafe") && w[1].starts_with(next))
        };
        followed("{") || followed("impl")
    });
    uses.filter(|(at, _)| !source.has_tag(at + 1, TAG_REACH, "SAFETY:"))
        .map(|(at, _)| format!("{}: unsafe without `// SAFETY:`", at + 1))
        .collect()
}

/// A file is read in one go, or says at its top why it cannot be.
pub(crate) fn files_are_short(source: &Source) -> Vec<String> {
    let excused = source.lines.iter().take(15).any(|line| line.comment.contains(EXCUSE));
    let lines = source.lines.len();
    if lines <= MAX_FILE || excused {
        return Vec::new();
    }
    vec![format!(
        "1: {lines} lines; {MAX_FILE} is the budget, a sentence at the top (`{EXCUSE} than …`) excuses"
    )]
}

/// A function fits on a screen, or says right above why it does not.
pub(crate) fn functions_are_short(source: &Source) -> Vec<String> {
    let starts =
        source.shipped().filter(|(_, line)| has_word(&line.code, "fn") && line.code.contains('('));
    let long = starts.filter_map(|(number, _)| {
        let end = item_end(&source.lines, number - 1);
        let open = (number - 1..=end).find(|at| source.lines[*at].code.contains('{'))?;
        let length = end.saturating_sub(open + 1);
        (length > MAX_FUNCTION && !is_excused(&source.lines, number - 1)).then(|| {
            format!("{number}: {length} lines in a function; {MAX_FUNCTION} is the budget, a comment above (`{EXCUSE} than …`) excuses")
        })
    });
    long.collect()
}

/// Whether the comments and attributes right above `at` contain the excuse.
fn is_excused(lines: &[Line], at: usize) -> bool {
    let above = lines[..at].iter().rev();
    above
        .take_while(|line| !line.comment.is_empty() || line.code.trim().starts_with("#["))
        .any(|line| line.comment.contains(EXCUSE))
}

/// Conditional compilation chooses modules and what they export, it does not bend code.
pub(crate) fn cfg_chooses_modules(source: &Source) -> Vec<String> {
    if source.is_below("facade") || source.is_below("sys") {
        return Vec::new();
    }
    let found = source.shipped().filter(|(number, line)| {
        let conditional = ["cfg", "cfg_attr"].iter().any(|name| {
            line.code.match_indices(name).any(|(at, _)| {
                let after = line.code[at + name.len()..].trim_start_matches('!');
                after.starts_with('(') && !line.code[..at].ends_with(is_word)
            })
        });
        conditional
            && !line.code.contains("cfg(doctest)")
            && !line.code.contains("docsrs")
            && !guards_module(source, *number)
    });
    found
        .map(|(number, _)| {
            format!("{number}: `cfg` on something else than a module or a re-export")
        })
        .collect()
}

/// Whether the attribute on this line belongs to a `mod`, a `use` or a capacity constant.
fn guards_module(source: &Source, number: usize) -> bool {
    let mut below = source.lines[number..].iter().map(|line| line.code.trim());
    let item = below.find(|code| !code.is_empty() && !code.starts_with("#[")).unwrap_or_default();
    let attribute = source.lines[number - 1].code.trim();
    let kinds = ["mod", "use", "const", "macro_rules"];
    attribute.starts_with("#[")
        && item.split(|c| !is_word(c)).take(6).any(|word| kinds.contains(&word))
}

/// Primitives come from the facade, or loom does not see them. Clippy bans the types; this also
/// catches an `allow`.
pub(crate) fn primitives_come_from_the_facade(source: &Source) -> Vec<String> {
    if source.is_below("facade") {
        return Vec::new();
    }
    let mentions = source.mentions();
    let found = mentions.iter().filter_map(|mention| {
        let path = mention.path.join("::");
        let banned = BANNED.iter().find(|banned| {
            path.strip_prefix(**banned)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })?;
        Some(format!("{}: `{banned}` instead of its name in sheave_facade", mention.line))
    });
    found.collect()
}

const BANNED: [&str; 20] = [
    "Instant::now",
    "std::time::Instant::now",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::Condvar",
    "std::sync::Once",
    "std::sync::OnceLock",
    "std::sync::LazyLock",
    "std::sync::Barrier",
    "std::sync::mpsc",
    "std::sync::atomic",
    "core::sync::atomic",
    "std::cell::UnsafeCell",
    "core::cell::UnsafeCell",
    "std::thread::spawn",
    "std::thread::park",
    "std::thread::sleep",
    "parking_lot",
    "crossbeam_deque",
    "loom",
];

/// A file that moves a word by compare-and-swap shows its transitions in a table at its top.
pub(crate) fn state_machines_have_tables(source: &Source) -> Vec<String> {
    let swaps = ["compare_exchange", "compare_exchange_weak", "fetch_update"];
    let first = source.shipped().find(|(_, line)| swaps.iter().any(|s| has_word(&line.code, s)));
    let table = source.lines.iter().any(|line| line.comment.trim_start().starts_with("//! |"));
    match first {
        Some((number, _)) if !table => {
            vec![format!("{number}: a compare-and-swap without a transition table at the top")]
        }
        _ => Vec::new(),
    }
}

/// A model file contains a control: a seeded bug that its models must catch.
pub(crate) fn models_have_controls(source: &Source) -> Vec<String> {
    let controlled = source.lines.iter().any(|line| has_word(&line.code, "must_catch"));
    if !source.is_named("loom.rs") || controlled {
        return Vec::new();
    }
    vec!["1: models without a control (`must_catch`)".to_owned()]
}

/// Which lines belong to a `use` item.
fn import_lines(source: &Source) -> Vec<bool> {
    let mut inside = false;
    let each = source.lines.iter().map(|line| {
        let starts = line.code.trim_start().starts_with("use ") || line.code.contains(" use ");
        let import = inside || starts;
        inside = import && !line.code.contains(';');
        import
    });
    each.collect()
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word)
    })
}
