//! `docs/src/from-python.md`: the two programs on the page are those in their files, and print the same.

#[path = "../runtime/examples/from_python.rs"]
mod twin;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MARK: &str = "--- the twin prints ---";

fn path(below_root: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests is a folder of the workspace").join(below_root)
}

fn read(below_root: &str) -> String {
    fs::read_to_string(path(below_root)).expect("the file exists")
}

fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What the page says that both print.
fn expected() -> String {
    let page = read("docs/src/from-python.md");
    let (_, block) = page.split_once("```text\n").expect("the page shows what is printed");
    block.split_once("```").expect("the block ends").0.to_owned()
}

/// The twin, run as a process of its own: this test binary with nothing but `child_runs_the_twin`.
fn run_twin() -> String {
    let mut child = Command::new(std::env::current_exe().expect("this is a program"));
    child.args(["--exact", "child_runs_the_twin", "--ignored", "--nocapture"]);
    let text = printed(&child.output().expect("it starts"));
    text.split(MARK).nth(1).expect("the child marks what it prints").trim_start().to_owned()
}

#[test]
#[ignore = "a part of the other test"]
fn child_runs_the_twin() {
    println!("{MARK}");
    twin::main();
    print!("{MARK}");
}

#[test]
fn the_twin_prints_what_the_page_says() {
    assert_eq!(run_twin(), expected());
}

/// Where there is no Python that has `asyncio.timeout`, there is nothing to compare with.
#[test]
fn both_programs_print_the_same() {
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    let has_python = Command::new("python3").args(["-c", version]).status();
    if !has_python.is_ok_and(|status| status.success()) {
        eprintln!("there is no Python 3.11 here, so its program was not run");
        return;
    }
    let python = Command::new("python3").arg(path("docs/src/from-python/visit.py")).output();
    assert_eq!(printed(&python.expect("it was found a moment ago")), run_twin());
}

#[test]
fn the_page_shows_the_programs_as_they_are() {
    let page = read("docs/src/from-python.md");
    for program in ["docs/src/from-python/visit.py", "runtime/examples/from_python.rs"] {
        assert!(page.contains(&read(program)), "the page shows another text than {program}");
    }
}
