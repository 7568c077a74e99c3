//! The architecture, enforced: what the compiler and clippy do not check about the shape of the
//! code. Each rule is shown able to fail on a small bad example, in `architecture/controls.rs`.

#[path = "architecture/controls.rs"]
mod controls;
#[path = "architecture/ladder.rs"]
mod ladder;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use rules::Rule;
use source::Source;

/// The folders with code that ships and is modelled. The facade is exempt by name from the rules
/// that send others to it.
const CONCURRENT: [&str; 2] = ["runtime/src", "blocking-pool/src"];
/// All folders with code that ships.
const SHIPPED: [&str; 5] = [
    "runtime/src",
    "blocking-pool/src",
    "timer-wheel/src",
    "runtime/facade/src",
    "runtime/macros/src",
];

#[test]
fn imports_go_down_the_ladder() {
    enforce(&["runtime/src"], ladder::check);
}

#[test]
fn orderings_are_argued() {
    enforce(&CONCURRENT, rules::orderings_are_argued);
}

#[test]
fn unsafe_is_argued() {
    enforce(&SHIPPED, rules::unsafe_is_argued);
}

#[test]
fn files_are_short() {
    enforce(&SHIPPED, rules::files_are_short);
}

#[test]
fn functions_are_short() {
    enforce(&SHIPPED, rules::functions_are_short);
}

#[test]
fn cfg_chooses_modules() {
    enforce(&CONCURRENT, rules::cfg_chooses_modules);
}

#[test]
fn primitives_come_from_the_facade() {
    enforce(&CONCURRENT, rules::primitives_come_from_the_facade);
}

#[test]
fn state_machines_have_tables() {
    enforce(&CONCURRENT, rules::state_machines_have_tables);
}

#[test]
fn models_have_controls() {
    enforce(&SHIPPED, rules::models_have_controls);
}

/// Applies a rule to every file below the folders and shows all offences at once.
fn enforce(folders: &[&str], rule: Rule) {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is a folder of the workspace");
    let mut offences = Vec::new();
    for folder in folders {
        let files = files_below(&root.join(folder));
        assert!(!files.is_empty(), "{folder} has no Rust files: is the rule's table out of date?");
        for file in files {
            let text = fs::read_to_string(&file).expect("the file was just listed");
            let path = file.strip_prefix(root).expect("the file is below the root");
            let source = Source::parse(path, &text);
            offences.extend(rule(&source).iter().map(|o| format!("{}:{o}", path.display())));
        }
    }
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
