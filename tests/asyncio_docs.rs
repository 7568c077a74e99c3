//! The pages on asyncio, checked: each item, statement and program has its row, the tests that a row names
//! exist and run, and the names that it links are public. Each rule is shown able to fail, in
//! `asyncio_docs/controls.rs`.

#[path = "asyncio_docs/controls.rs"]
mod controls;
#[path = "asyncio_docs/evidence.rs"]
mod evidence;
#[path = "asyncio_docs/names.rs"]
mod names;
#[path = "asyncio_docs/page.rs"]
mod page;

use std::fs;
use std::path::Path;

use evidence::Evidence;
use page::{Page, Row};

const ITEMS: &str = "docs/src/asyncio.md";
const STATEMENTS: &str = "docs/src/asyncio-statements.md";
const EXAMPLES: &str = "docs/src/asyncio-examples.md";
const NEWCOMERS: &str = "docs/src/from-python.md";

/// What excuses a row from naming a test. Each says why.
const EXCUSES: [&str; 2] = ["not applicable in Rust, because ", "A later part of the project"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is a folder of the workspace")
}

fn read(path: &str) -> Page {
    Page::parse(&fs::read_to_string(root().join(path)).expect("the page exists"))
}

fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn each_item_has_its_row() {
    let mut wanted: Vec<String> = (1..=69).map(|item| item.to_string()).collect();
    wanted.insert(13, "13b".to_owned());
    none(&rows_are(&read(ITEMS), &wanted));
}

#[test]
fn each_statement_has_its_row() {
    let wanted: Vec<String> = (1..=65).map(|statement| format!("B{statement}")).collect();
    none(&rows_are(&read(STATEMENTS), &wanted));
}

#[test]
fn each_program_has_its_row() {
    let wanted: Vec<String> = (1..=33).map(|program| format!("E{program}")).collect();
    none(&rows_are(&read(EXAMPLES), &wanted));
}

#[test]
fn each_row_has_a_test_or_says_why_not() {
    none(&items_are_shown(&read(ITEMS)));
    none(&items_are_shown(&read(EXAMPLES)));
    none(&statements_are_shown(&read(STATEMENTS)));
}

#[test]
fn tests_that_are_named_exist_and_run() {
    let evidence = Evidence::of(root());
    let mut offences = Vec::new();
    for path in [ITEMS, STATEMENTS, EXAMPLES, NEWCOMERS] {
        let page = read(path);
        assert!(page.tests.len() > 10, "{path} names {:?} only", page.tests);
        let faults = page.tests.iter().filter_map(|test| evidence.fault_of(test));
        offences.extend(faults.map(|fault| format!("{path}: {fault}")));
    }
    none(&offences);
}

#[test]
fn names_that_are_linked_are_public() {
    for path in [ITEMS, STATEMENTS] {
        let page = read(path);
        none(&links_are_whole(&page));
        let faults = page.links.iter().filter_map(|(name, url)| evidence::link(root(), name, url));
        none(&faults.collect::<Vec<_>>());
        none(&links_are_public(&page, &names::public()));
    }
}

/// The rows of the page are these, in this order.
fn rows_are(page: &Page, wanted: &[String]) -> Vec<String> {
    let found: Vec<&str> = page.rows.iter().map(Row::id).collect();
    let missing = wanted.iter().filter(|id| !found.contains(&id.as_str()));
    let mut offences: Vec<String> = missing.map(|id| format!("{id} has no row")).collect();
    if offences.is_empty() && found != wanted {
        offences.push(format!("rows twice, unknown or out of order: {found:?}"));
    }
    offences
}

/// Columns: number, asyncio's name or what a program shows, sheave's, tests, difference.
fn items_are_shown(page: &Page) -> Vec<String> {
    let mut offences = Vec::new();
    for row in &page.rows {
        let [_, asyncio, sheave, _, difference] = &row.cells[..] else {
            offences.push(format!("{}: {} cells, not five", row.id(), row.cells.len()));
            continue;
        };
        let excused = EXCUSES.iter().any(|excuse| difference.contains(excuse));
        if asyncio.is_empty() || (!excused && (sheave.is_empty() || row.tests().is_empty())) {
            offences.push(format!("{}: neither names and a test, nor a reason", row.id()));
        }
    }
    offences
}

/// Columns: statement's number, statement, verdict, what holds here, tests. The verdict of one that is
/// false stands alone.
fn statements_are_shown(page: &Page) -> Vec<String> {
    let mut offences = Vec::new();
    for row in &page.rows {
        let [_, statement, verdict, here, _] = &row.cells[..] else {
            offences.push(format!("{}: {} cells, not five", row.id(), row.cells.len()));
            continue;
        };
        let excused = EXCUSES.iter().any(|excuse| here.contains(excuse));
        let shown = match verdict.as_str() {
            "T" => excused || !row.tests().is_empty(),
            "P" | "F" => true,
            _ => false,
        };
        if statement.is_empty() || !shown {
            offences.push(format!("{}: true, and no test shows it", row.id()));
        }
    }
    offences
}

/// What is linked, or the type whose method it is, is among `public`.
fn links_are_public(page: &Page, public: &[String]) -> Vec<String> {
    let unknown = page.links.iter().filter(|(name, _)| {
        let name = name.trim_end_matches('!');
        let of_type = name.rsplit_once("::").map_or("", |(above, _)| above);
        !public.iter().any(|known| known == name || known == of_type)
    });
    unknown.map(|(name, _)| format!("asyncio_docs/names.rs does not list {name}")).collect()
}

/// What is written as a link has a target, and each target is linked to.
fn links_are_whole(page: &Page) -> Vec<String> {
    let mut offences = Vec::new();
    for name in page.rows.iter().flat_map(Row::linked) {
        if !page.links.iter().any(|(defined, _)| *defined == name) {
            offences.push(format!("[`{name}`] leads nowhere"));
        }
    }
    for (name, _) in &page.links {
        if !page.text.contains(&format!("[`{name}`]")) {
            offences.push(format!("nobody links to {name}"));
        }
    }
    offences
}
